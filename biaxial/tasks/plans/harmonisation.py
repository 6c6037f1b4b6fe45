"""Harmonising: a melody, or several given voices, and four-part music around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, MIN_PITCH, SILENT, VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.keys import detect_key
from biaxial.music.score import ChordSymbol, Key, Note, Score
from biaxial.sampling.constraints import Biases, StepBias
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.plans.composition import cadence
from biaxial.tasks.plans.plan import Ending, Request, num_steps, refined, within

CHORD_BIAS = -4.0
"""What a note outside the chord symbol is worth, in nats, that is struck between beats; on a beat it is forbidden."""


_Part = tuple[Any, ...]
"""A kind of bias, the pitches or pitch classes that it is about, and voices where they matter."""


@dataclass(frozen=True)
class Forbidden:
    """Pitches that are not to sound at a place; given notes are not asked.

    Parameters
    ----------
    first_beat, end_beat
        From where to where, in quarter notes from the first moment of the piece.
    pitches
        MIDI numbers.
    voices
        The voices concerned, 0 for the highest; all by default.
    """

    first_beat: float
    end_beat: float
    pitches: tuple[int, ...]
    voices: tuple[int, ...] = (0, 1, 2, 3)

    def __post_init__(self) -> None:
        if not 0 <= self.first_beat < self.end_beat:
            raise InputError(
                f"a place goes from a beat of at least 0 to a later one, not from {self.first_beat} to {self.end_beat}"
            )


def stated_key(score: Score) -> tuple[Key | None, str]:
    """The key of a score, and a remark: as stated, unless the notes say otherwise, or else estimated.

    C major is what programs write that were told nothing. It is believed only if no other key holds more of the notes.
    """
    guess = detect_key(score)
    if score.key is None or (
        score.key == Key(0) and guess is not None and _strange(score, Key(0)) > _strange(score, guess)
    ):
        return guess, "" if guess is None else f"taken to be in {guess.name}; state another key if it is not"
    return score.key, ""


def _strange(score: Score, key: Key) -> int:
    """Ticks that sound outside the scale of a key; in minor both sixths and sevenths belong to it."""
    scale = {0, 2, 4, 5, 7, 9, 11} if key.mode == "major" else {0, 2, 3, 5, 7, 8, 9, 10, 11}
    return sum(note.length_ticks for note in score.notes if (note.pitch - key.tonic) % 12 not in scale)


def harmonisation(
    melody: Score,
    config: ModelConfig,
    *,
    voices: Sequence[int] = (0,),
    key: Key | None = None,
    chords: Sequence[ChordSymbol] | None = None,
    forbid: Sequence[Forbidden] = (),
    phrase_ends: Sequence[int] | None = None,
    away: int = 0,
) -> Request:
    """A piece of which some voices are given from its beginning to its end.

    Parameters
    ----------
    melody
        One line without voices, which becomes the one voice that is given; or notes with voices, of which ``voices``
        are given all through, their rests too, and notes of others each for itself.
    config
        The network.
    voices
        The voices that are known all through.
    key
        The key; as stated, or estimated, by default.
    chords
        Chord symbols for the other voices; those of the melody by default.
    forbid
        Pitches forbidden at a place.
    phrase_ends
        Onsets of the notes that end phrases, for the network alone; the melody's fermatas by default.
    away
        Semitones by which the network hears everything higher; what it writes is moved back.

    Raises
    ------
    InputError
        If there is nothing to harmonise, or nothing left to write.
    """
    if not melody.notes:
        raise InputError("the melody has no notes; give one with at least one note")
    many = config.num_voices
    if not voices:
        raise InputError("no voice is given; name the one that the melody is")
    if many and (max(voices) >= many or len(set(voices)) >= many):
        raise InputError(f"{len(set(voices))} of {many} voices are given; leave at least one of them open")
    notes = melody.notes
    if any(note.voice is None for note in notes):
        if len(voices) != 1:
            raise InputError("a melody without voices is one voice; give its name alone")
        notes = tuple(replace(note, voice=voices[0]) for note in notes)
    notes = tuple(replace(note, locked=True) for note in notes)
    guessed, remark = (key, "") if key is not None else stated_key(melody)
    grid = Grid(config.steps_per_quarter)
    symbols = melody.chords if chords is None else tuple(chords)
    score = refined(replace(melody, notes=notes, key=guessed, chords=symbols), grid)
    played = score.transposed(away)
    heard, shift, moved = _into_voices(played.notes, config)
    told = played.outline
    if phrase_ends is not None:
        told = refined(replace(melody, notes=(), length_ticks=melody.length_ticks, fermatas=tuple(phrase_ends)), grid)
        told = replace(played.outline, fermatas=told.fermatas)
    known = np.zeros((num_steps(score, grid), max(1, many)), dtype=bool)
    if many:
        known[:, list(voices)] = True
    return Request(
        score,
        known,
        heard,
        told,
        -shift - away,
        on_top=not many,
        bias=place_bias(played, config, forbid, shift + away),
        remarks=tuple(text for text in (remark, moved) if text),
    )


def _into_voices(notes: tuple[Note, ...], config: ModelConfig) -> tuple[tuple[Note, ...], int, str]:
    """Given notes as the network hears them: moved by octaves together if that brings them into their voices' ranges.

    Returns
    -------
    The notes, the semitones they were moved by, and a remark.
    """
    ranges = VOICE_RANGES if config.num_voices == len(VOICE_RANGES) else ((config.low_pitch, config.high_pitch),)

    def outside(shift: int) -> int:
        bounds = [ranges[(note.voice or 0) % len(ranges)] for note in notes]
        return sum(not low <= note.pitch + shift <= high for note, (low, high) in zip(notes, bounds, strict=True))

    # the lowest drawn note has to stay a MIDI number when it is moved back
    shifts = [s for s in range(-120, 121, 12) if config.low_pitch - s >= MIN_PITCH and config.high_pitch - s <= 127]
    shift = min(shifts, key=lambda s: (outside(s), abs(s)))
    left = outside(shift)
    heard = tuple(
        replace(note, pitch=within(note.pitch + shift, config.low_pitch, config.high_pitch)) for note in notes
    )
    octaves = abs(shift) // 12
    words = []
    if shift:
        words.append(
            f"the given notes lie outside their voice: all was written {octaves} octave{'s' * (octaves > 1)} "
            f"{'higher' if shift > 0 else 'lower'} and moved back"
        )
    if left:
        words.append(f"{left} of {len(notes)} given notes leave the range of their voice, so that voices may cross")
    return heard, shift, "; ".join(words)


def ending(request: Request, config: ModelConfig, drawing: SamplingOptions) -> Ending | None:
    """The end as a constraint, from the last given note on: the tonic triad, where the given notes allow it.

    Nothing where they do not, where the piece goes on after them, where its key is unknown, or where chord symbols say
    how it ends.
    """
    score = request.score
    lines = {note.voice: note for note in score.notes}  # in order: the last note of each voice
    if not drawing.cadence or score.key is None or score.chords:
        return None
    triad = {0, 3, 4, 7} if score.key.mode == "minor" else {0, 4, 7}
    for voice, note in lines.items():
        degree = (note.pitch - score.key.tonic) % 12
        wrong = degree != 0 if voice == config.num_voices - 1 else degree not in triad
        if wrong or note.end_ticks < score.length_ticks:
            return None
    grid = Grid(config.steps_per_quarter)
    told = request.told or score
    heard, _ = grid.quantised(replace(score, notes=tuple(lines.values()), key=told.key))
    last = max(note.onset_ticks for note in heard.notes) // grid.step_ticks(heard.ticks_per_quarter)
    return cadence(heard, config, drawing, 0, last)


def place_bias(score: Score, config: ModelConfig, forbid: Sequence[Forbidden], shift: int) -> StepBias | None:
    """Static bias of every step from chord symbols and forbidden pitches; ``None`` without any.

    On the beats of a chord symbol nothing sounds but its notes, and where it has a bass this is in the lowest voice as
    it begins; between the beats other notes are unlikely to be struck.
    """
    if not forbid and not any(chord.pitch_classes for chord in score.chords):
        return None
    grid = Grid(config.steps_per_quarter)
    unit, steps = grid.step_ticks(score.ticks_per_quarter), num_steps(score, grid)
    parts: list[tuple[_Part, ...]] = [()] * steps  # what the bias of each step is the sum of
    ends = [*(chord.onset_ticks for chord in score.chords[1:]), score.length_ticks]
    for chord, end in zip(score.chords, ends, strict=False):  # an end too many where there are no chords
        if not chord.pitch_classes:
            continue
        first = -(-chord.onset_ticks // unit)
        for step in range(first, min(steps, -(-end // unit))):
            on_beat = (step - first) % config.steps_per_quarter == 0
            parts[step] += (("on the beat" if on_beat else "between beats", chord.pitch_classes),)
        if chord.bass is not None and config.num_voices and first < steps:
            parts[first] += (("bass", frozenset({chord.bass})),)
    for place in forbid:
        pitches, voices = (frozenset(pitch + shift for pitch in place.pitches), frozenset(place.voices))
        first, last = (round(beat * config.steps_per_quarter) for beat in (place.first_beat, place.end_beat))
        for step in range(first, min(steps, last)):
            parts[step] += (("forbidden", pitches, voices),)
    number = {one: index for index, one in enumerate(dict.fromkeys(parts))}
    return StepBias(tuple(_sum_of(one, config) for one in number), [number[one] for one in parts])


def _sum_of(parts: Sequence[_Part], config: ModelConfig) -> Biases:
    """The bias of a step out of its parts, shape ``(n, k)``."""
    alphabet = config.alphabet
    pitches = np.arange(config.num_notes) + config.low_pitch
    states, members = alphabet.states, alphabet.voice_matrix
    sounding = states != SILENT
    struck = sounding & (states != HOLD) if config.num_states == 3 else sounding
    bias = np.zeros((config.num_notes, len(alphabet)))
    for kind, of, *voices in parts:
        inside = np.isin(pitches if kind == "forbidden" else pitches % 12, sorted(of))
        wrong = (inside if kind == "forbidden" else ~inside)[:, None]
        if kind == "on the beat":
            bias += (wrong & sounding) * -1e3
        elif kind == "between beats":
            bias += (wrong & struck) * CHORD_BIAS
        elif kind == "bass":
            bias += (wrong & members[:, -1]) * -1e3
        elif config.num_voices:
            concerned = members[:, [voice for voice in sorted(*voices) if voice < config.num_voices]].any(axis=1)
            bias += (wrong & concerned) * -1e3
        else:
            bias += (wrong & sounding) * -1e3
    return np.where(bias <= -1e3, -np.inf, bias)
