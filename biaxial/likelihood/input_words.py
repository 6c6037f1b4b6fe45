"""The inputs of a cell in words: what each named slice is, and what it says at one cell.

The texts are read back from the numbers that the network gets, so that they cannot say anything else. Slices are those
of :mod:`biaxial.features.time_axis` and :mod:`biaxial.features.note_axis`; the layouts are theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from biaxial.features.conditions import CADENCE_NAMES
from biaxial.features.config import FeatureConfig
from biaxial.features.input_layout import LAST_BOUNDS, LENGTH_BOUNDS
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.score import Key
from biaxial.music.spelling import class_name, pitch_name

Values = Sequence[float]

MEMORY = "memory"
TIME_AXIS = "time axis"

BITS = (
    ("first sixteenth of an eighth", "second sixteenth of an eighth"),
    ("first eighth of a beat", "second eighth of a beat"),
    ("first beat of a half bar", "second beat of a half bar"),
    ("first half of the bar", "second half of the bar"),
)
"""The four beat inputs of the published network, -1 and +1, as they are meant in 4/4 on a grid of sixteenths."""

_TIME_MEANINGS = {
    "position": "how high the note is: 0 for the lowest that the network knows, 1 for the highest",
    "pitch_class": "which of the twelve notes of an octave it is",
    "neighbourhood": "what sounded one step ago, on this note and on those around it",
    "chord": "which pitch classes sounded one step ago, counted upwards from this note",
    "key": "how far the note lies above the tonic, in major or in minor",
    "metre": "where in the bar the step stands, and how strong that place is",
    "clock": "how long the piece has gone on",
    "form": "the first step, the way to the end, and the phrase ends (fermatas) before and after",
    "plan": "how the phrase that runs is to end, how long its last note is, and whether it comes again",
    "beat": "whether the beat is dotted, and the place in it",
    "phrase_key": "how far the note lies above the tonic that the phrase closes in",
    "echo": "what followed when the piece last went as it has just gone",
    MEMORY: "what the time axis remembers of all earlier steps on this note",
}
_NOTE_MEANINGS = {
    "chosen_before": "the cell that the walk has just left",
    "running_chord": "what was chosen so far in this frame, counted upwards from this note, and how near it is",
    "to_come": "which voices still have no note",
    "voice_intervals": "how far off each placed voice is, and how it came there",
    "parallels": "whether a voice still to come would make a parallel fifth or octave here",
    "dissonance": "which voices still to come would make a second or seventh here, and how they would come to it",
    "next_voice": "how far the next voice would have to go to get here",
    "echo": "whether this frame goes as the echo does",
    TIME_AXIS: "all that the time axis says about this note",
    MEMORY: "what the note axis remembers of its walk through this frame",
}
_BITS_MEANING = "the four beat inputs: four bits of the step's number in the bar, each -1 or +1"


@dataclass(frozen=True)
class InputWeight:
    """One input of a cell.

    Parameters
    ----------
    axis
        Which of the two LSTMs reads it.
    name
        Name of the slice in :mod:`biaxial.features`; ``"memory"`` for what that axis remembers, and of the note axis
        ``"time axis"`` for all that the time axis tells it.
    values
        What it holds at this cell; empty for the two that are not slices.
    log_prob
        Change in log-probability of what the cell holds, in nats: above 0 the input spoke for it.
    log_sounding
        Change in log-probability that the cell sounds at all.
    """

    axis: Literal["time", "note"]
    name: str
    values: tuple[float, ...]
    log_prob: float
    log_sounding: float


@dataclass(frozen=True)
class InputWords:
    """What an input is, and what it says."""

    meaning: str
    value: str


def voice_name(voice: int) -> str:
    """``"Soprano"`` and so on; of music in more voices than four their number."""
    return VOICE_NAMES[voice] if voice < NUM_VOICES else f"Voice {voice + 1}"


def in_words(config: FeatureConfig, weighed: InputWeight, pitch: int, key: Key | None = None) -> InputWords:
    """What one input of a cell is, and what it says there.

    Parameters
    ----------
    config
        The inputs of the network.
    weighed
        The input with its values.
    pitch
        Pitch of the cell.
    key
        How pitches are spelled.
    """
    bits = weighed.name == "metre" and config.metre == "bits"
    meaning = _BITS_MEANING if bits else (_TIME_MEANINGS if weighed.axis == "time" else _NOTE_MEANINGS)[weighed.name]
    if not weighed.values:
        return InputWords(meaning, "")
    reader = _Reader(config, pitch, key)
    readers: dict[str, Callable[[Values], str]] = {
        "position": lambda values: f"{values[0]:.2f}",
        "pitch_class": lambda values: class_name(_place(values) or 0, key),
        "neighbourhood": reader.neighbourhood,
        "chord": reader.chord,
        "key": reader.key,
        "metre": reader.bits if bits else reader.metre,
        "clock": reader.clock,
        "form": reader.form,
        "plan": reader.plan,
        "beat": reader.beat,
        "phrase_key": reader.key,
        "echo": reader.echo if weighed.axis == "time" else reader.echo_so_far,
        "chosen_before": reader.chosen_before,
        "running_chord": reader.running_chord,
        "to_come": lambda values: reader.lines(values) or "none",
        "voice_intervals": reader.voice_intervals,
        "parallels": reader.parallels,
        "dissonance": reader.dissonance,
        "next_voice": reader.next_voice,
    }
    return InputWords(meaning, readers[weighed.name](weighed.values))


@dataclass(frozen=True)
class _Reader:
    """Numbers of a slice -> words."""

    config: FeatureConfig
    pitch: int
    of_key: Key | None

    def neighbourhood(self, values: Values) -> str:
        window = 2 * self.config.neighbourhood + 1
        found = []
        for away in range(window - 1, -1, -1):
            planes = values[away::window]
            if planes[0]:
                found.append(f"{pitch_name(self.pitch + away - window // 2, self.of_key)} {self._cell(planes)}")
        return ", ".join(found) or "silence"

    def _cell(self, planes: Values) -> str:
        """A cell as its planes show it: whether struck, where there is articulation, and its voices."""
        if not planes[0]:
            return "silent"
        articulated = self.config.num_states == 3
        word = "sounding" if not articulated else "struck" if planes[1] else "held"
        voices = self.lines(planes[2 if articulated else 1 :])
        return f"{word} ({voices})" if voices else word

    def lines(self, flags: Values) -> str:
        """The voices, or ranks, for which a flag is set."""
        return ", ".join(self._line(line) for line, flag in enumerate(flags) if flag)

    def _line(self, line: int) -> str:
        return voice_name(line) if self.config.num_voices else f"note {line + 1} of the walk"

    def chord(self, values: Values) -> str:
        found = []
        for away, count in enumerate(values[:12]):
            if count:
                times = f" {count:g} times" if count > 1 else ""
                found.append(f"{class_name(self.pitch + away, self.of_key)} (+{away}){times}")
        return ", ".join(found) or "nothing"

    def key(self, values: Values) -> str:
        major, minor = _place(values[:12]), _place(values[12:])
        degree = minor if major is None else major
        if degree is None:
            return "unknown"
        mode = "an unknown mode" if None not in (major, minor) else "major" if minor is None else "minor"
        return f"the tonic, {mode}" if degree == 0 else f"{degree} semitones above the tonic, {mode}"

    def bits(self, values: Values) -> str:
        if not any(values):
            return "unknown"
        return ", ".join(f"{value:+.0f} {names[value > 0]}" for value, names in zip(values, BITS, strict=True))

    def metre(self, values: Values) -> str:
        per_quarter = self.config.steps_per_quarter
        step, beat, left = (_place(part) for part in (values[:per_quarter], values[per_quarter:-10], values[-10:-2]))
        if step is None or beat is None or left is None:
            return "unknown"
        beats = {0: "the last", 7: "at least 7 more"}.get(left, f"{left} more")
        later = " or later" if beat == 7 else ""
        return (
            f"step {step + 1} of {per_quarter} in beat {beat + 1}{later}, {beats} in the bar; strength {values[-2]:g}"
        )

    def clock(self, values: Values) -> str:
        return "the first step" if values[-2] else f"{_far(values[-1] * 32, 64)} quarter notes since the beginning"

    def form(self, values: Values) -> str:
        per_quarter = self.config.steps_per_quarter
        to_end, to_fermata, since = values[18], values[36], values[45]
        said = ["the first step"] if values[0] else []
        if values[1]:
            said.append(f"{_quarters(_place(values[2:18]), to_end, per_quarter)} to the end")
        if values[19]:
            until = _quarters(_place(values[20:36]), to_fermata, per_quarter)
            said.append("a phrase end" if values[20] else f"{until} to the next phrase end")
            said.append(f"{_quarters(None, since, per_quarter)} since the last")
        return ", ".join(said) or "unknown"

    def plan(self, values: Values) -> str:
        lasts = len(LAST_BOUNDS) + 1
        cadences, last, again = values[: -lasts - 4], values[-lasts - 4 : -4], values[-4:-1]
        if not values[-1]:
            return "unknown"
        bound = _place(last)
        quarter = self.config.steps_per_quarter
        length = f"under {LAST_BOUNDS[0] / quarter:g}" if not bound else f"{LAST_BOUNDS[bound - 1] / quarter:g} or more"
        cadence = CADENCE_NAMES[_place(cadences) or 0]
        returns = ("new", "a melody that comes again", "all of it comes again")[_place(again) or 0]
        return f"{cadence}, {returns}, last note {length} quarter notes"

    def beat(self, values: Values) -> str:
        if values[-2]:
            return f"dotted, sixth {(_place(values[:-2]) or 0) + 1} of the beat"
        return "a beat begins" if values[-1] else "within a beat, or unknown"

    def echo(self, values: Values) -> str:
        planes = len(values) - len(LENGTH_BOUNDS) - 1
        heard = _place(values[planes : planes + len(LENGTH_BOUNDS)])
        if heard is None:
            return "none"
        return f"{self._cell(values[:planes])}, after at least {LENGTH_BOUNDS[heard]} equal steps"

    def echo_so_far(self, values: Values) -> str:
        heard = self.echo(values[:-1])
        return f"{heard}; the frame {'is' if values[-1] else 'is not'} like it so far" if heard != "none" else heard

    def chosen_before(self, values: Values) -> str:
        return self._cell(values)

    def running_chord(self, values: Values) -> str:
        near = _place(values[12:])
        return self.chord(values) + (f"; the nearest {near} semitones away" if near else "")

    def voice_intervals(self, values: Values) -> str:
        said = []
        for line in range(self.config.num_lines):
            own = values[18 * line : 18 * (line + 1)]
            if _place(own[:12]) is None:
                continue
            away, moved = round(12 * own[12]), round(12 * own[17])
            place = f"{away} above" if away > 0 else f"{-away} below" if away < 0 else "here"
            moves = ("newly come", f"down {-moved}", "not moved", f"up {moved}")
            said.append(f"{self._line(line)} {place}, {moves[_place(own[13:17]) or 0]}")
        return "; ".join(said) or "none is placed"

    def parallels(self, values: Values) -> str:
        count = len(values) // 2
        kinds = (("fifth", values[:count]), ("octave", values[count:]))
        return "; ".join(f"parallel {kind}: {self.lines(flags)}" for kind, flags in kinds if any(flags)) or "none"

    def dissonance(self, values: Values) -> str:
        count = len(values) // 3
        kinds = zip(("stays", "steps", "leaps"), (values[i * count : (i + 1) * count] for i in range(3)), strict=True)
        return "; ".join(f"{kind}: {self.lines(flags)}" for kind, flags in kinds if any(flags)) or "none"

    def next_voice(self, values: Values) -> str:
        if not values[-1]:
            return "no voice to come, or none that sounded"
        away = round(12 * values[-2])
        return "it was here" if away == 0 else f"{abs(away)} semitones {'up' if away > 0 else 'down'}"


def _place(values: Values) -> int | None:
    """Where a one-hot group is set."""
    return next((place for place, value in enumerate(values) if value), None)


def _quarters(steps: int | None, scaled: float, per_quarter: int) -> str:
    """A distance in quarter notes, from its exact steps or else from its share of 32 quarters."""
    text = _far(scaled * 32, 32) if steps is None else f"{steps / per_quarter:g}"
    return "1 quarter note" if text == "1" else f"{text} quarter notes"


def _far(quarters: float, most: float) -> str:
    return f"at least {most:g}" if quarters >= most - 1e-3 else f"{quarters:.4g}"
