"""The pitch of one voice, frame by frame -> its notes in seconds.

Four things are told apart, in this order:

- *Tuning*: nobody sings to a fork, and who sings alone drifts. Where the voice stands between the keys of a piano is
  the circular mean of what its pitches leave over, in a window that moves with the tune.
- *Pitches*: the cheapest way through the semitones, a frame at a time (Viterbi): away from a semitone costs, by the
  confidence of the tracker, and so does every change, which a vibrato or a scoop is not worth.
- *Repeats*: one pitch is several notes where the level falls and rises again, as a consonant, a breath or a hammer has
  it. Where it falls and stays low, the note ends and a rest begins.
- *Beginnings*: where the note before goes on ringing, its pitch is heard longer than it is sung. A note begins where
  those of its overtones rise that the one before has not.

Pitches are MIDI numbers with fractions, levels decibels, times seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VOICED: Final = 0.5
"""Confidence from which a frame has a pitch."""
_TUNING_SECONDS: Final = 6.0
"""Half the width of the window in which the tuning is one."""
_WIDTH: Final = 0.5
"""Semitones beside its pitch at which a frame costs one."""
_MOST: Final = 3.0
"""What a frame costs at most: as much as one without a pitch says for none."""
_CHANGE: Final = 7.0
_OVERTONES: Final = 5
_BAND: Final = 0.035
"""How far beside an overtone its level is looked for, as a share of its frequency: 60 cents."""
_SILENCE: Final = 1e-9
_SMOOTH_SECONDS: Final = 0.08
"""What a level is the mean of: voices that sing together beat, and a beat is not a new note."""
_DIP_DB: Final = 7.0
"""How far the level falls, and rises again, between two notes of one pitch."""
_DIP_SECONDS: Final = 0.35
"""The longest way down to the bottom of a dip, and up from there."""
_QUIET_DB: Final = 20.0
"""So far below its loudest moment a note is over."""
_SHORTEST_SECONDS: Final = 0.07
_OVERTONES_BEFORE: Final = 8
"""Overtones of the note before that are left out of a note's own."""
_AT_ONCE_SECONDS: Final = 0.1
_LATE_SECONDS: Final = 0.25
"""How much later than a note begins its pitch may be heard, in a room that rings."""
_RISE_SECONDS: Final = 0.15
_BRIEF_SECONDS: Final = 0.05
_RISE_DB: Final = 12.0
"""So far below where it comes to a note has not begun."""


@dataclass(frozen=True)
class PitchFrames:
    """What a tracker hears, a frame at a time.

    Parameters
    ----------
    hop_seconds
        From one frame to the next; the first is at 0.
    pitches
        MIDI numbers with fractions, shape ``(t,)``.
    confidences
        From 0 to 1.
    powers
        Spectra, shape ``(t, f)``, from 0 Hz on.
    bin_hertz
        From one ``f`` to the next.
    """

    hop_seconds: float
    pitches: Floats
    confidences: Floats
    powers: NDArray[np.float32]
    bin_hertz: float

    def overtones(self, pitch: float, count: int, beside: int = 0) -> NDArray[np.bool_]:
        """Which bins have the first overtones of a pitch, and so many bins to either side of them, shape ``(f,)``."""
        hertz = 440 * 2 ** ((pitch - 69) / 12) * np.arange(1, count + 1)[:, None]
        away = np.abs(np.arange(self.powers.shape[1]) * self.bin_hertz - hertz)  # overtones, f
        near = away <= np.maximum(self.bin_hertz, hertz * _BAND) + beside * self.bin_hertz
        found: NDArray[np.bool_] = near.any(axis=0)
        return found

    def levels(self, first: int, last: int, bins: NDArray[np.bool_], seconds: float) -> Floats:
        """Decibels of some bins from one frame to before another, means of so many seconds."""
        powers = self.powers[first:last, bins].sum(axis=1, dtype=np.float64)
        width = max(1, round(seconds / self.hop_seconds))
        padded = np.pad(powers, (width // 2, width - 1 - width // 2), mode="edge")
        return 10 * np.log10(np.convolve(padded, np.ones(width) / width, mode="valid") + _SILENCE)


@dataclass(frozen=True)
class SungNote:
    """A note as it was sung.

    Parameters
    ----------
    onset_seconds, end_seconds
        When it begins and ends.
    pitch
        MIDI number.
    cents
        How far above the piano's pitch it is, on average.
    """

    onset_seconds: float
    end_seconds: float
    pitch: int
    cents: float


def tuning(frames: PitchFrames) -> Floats:
    """Semitones that the voice is above the nearest pitches of a piano around each frame, without jumps, ``(t,)``."""
    weights = np.where(frames.confidences >= VOICED, frames.confidences, 0.0)
    turns = weights * np.exp(2j * np.pi * frames.pitches)
    width = max(1, round(_TUNING_SECONDS / frames.hop_seconds))
    padded = np.concatenate(([0], np.cumsum(turns)))
    last = np.minimum(np.arange(len(turns)) + width + 1, len(turns))
    first = np.maximum(np.arange(len(turns)) - width, 0)
    turned: Floats = np.unwrap(np.angle(padded[last] - padded[first]))
    return turned / (2 * np.pi)


def sung_notes(frames: PitchFrames) -> tuple[SungNote, ...]:
    """The notes of one voice, in order; none where there is no pitch."""
    voiced = frames.confidences >= VOICED
    if not voiced.any():
        return ()
    above = tuning(frames)
    above -= round(float(np.median(above)))
    pitches = frames.pitches - above
    path = _semitones(pitches, frames.confidences)
    notes = []
    for first, last in _runs(path):
        bins = frames.overtones(path[first] + float(np.median(above[first:last])), _OVERTONES)
        levels = frames.levels(first, last, bins, _SMOOTH_SECONDS)
        for start, end in _strikes(levels, frames.hop_seconds):
            a, b = first + start, first + end
            if (b - a) * frames.hop_seconds < _SHORTEST_SECONDS or not voiced[a:b].any():
                continue
            pitch = int(path[first])
            cents = 100 * float(np.median(frames.pitches[a:b][voiced[a:b]]) - pitch)
            notes.append(SungNote(a * frames.hop_seconds, b * frames.hop_seconds, pitch, cents))
    begun = notes[:1]
    for before, note in pairwise(notes):
        begun.append(replace(note, onset_seconds=_begins(frames, before, note)))
    return tuple(begun)


def _begins(frames: PitchFrames, before: SungNote, note: SungNote) -> float:
    """When a note begins that follows another at once, in seconds: where overtones rise that are its own."""
    hop = frames.hop_seconds
    start = round(note.onset_seconds / hop)
    first = max(round((before.onset_seconds + _SHORTEST_SECONDS) / hop), start - round(_LATE_SECONDS / hop))
    last = min(start + round(_RISE_SECONDS / hop), round(note.end_seconds / hop))
    own = frames.overtones(note.pitch + note.cents / 100, _OVERTONES)
    own &= ~frames.overtones(before.pitch + before.cents / 100, _OVERTONES_BEFORE, beside=1)
    apart = note.pitch == before.pitch or note.onset_seconds - before.end_seconds > _AT_ONCE_SECONDS
    if apart or not first < start < last or not own.any():
        return note.onset_seconds
    levels = frames.levels(first, last, own, _BRIEF_SECONDS)
    low = np.flatnonzero(levels[: start - first] < levels[start - first :].max() - _RISE_DB)
    return (first + int(low[-1]) + 1) * hop if len(low) else note.onset_seconds


def _semitones(pitches: Floats, confidences: Floats) -> NDArray[np.int64]:
    """The semitone of each frame, -1 where there is none, shape ``(t,)``."""
    sure = pitches[confidences >= VOICED]
    states = np.arange(int(np.floor(sure.min())), int(np.ceil(sure.max())) + 1)
    away = np.minimum(np.square((pitches[:, None] - states) / _WIDTH), _MOST)  # t n
    costs = np.column_stack((away * confidences[:, None], _MOST * np.clip(2 * confidences - 0.5, 0, 1)))
    total, origins = costs[0].copy(), np.zeros(costs.shape, np.int64)
    for time in range(1, len(costs)):
        best = int(np.argmin(total))
        change = total[best] + _CHANGE < total
        origins[time] = np.where(change, best, np.arange(len(total)))
        total = np.where(change, total[best] + _CHANGE, total) + costs[time]
    path = np.empty(len(costs), np.int64)
    path[-1] = int(np.argmin(total))
    for time in range(len(costs) - 1, 0, -1):
        path[time - 1] = origins[time, path[time]]
    return np.append(states, -1)[path]


def _runs(path: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First frame and the one after the last of every stretch on one semitone."""
    edges = np.flatnonzero(np.diff(path)) + 1
    bounds = zip([0, *edges.tolist()], [*edges.tolist(), len(path)], strict=True)
    return [(first, last) for first, last in bounds if path[first] >= 0]


def _strikes(levels: Floats, hop_seconds: float) -> list[tuple[int, int]]:
    """Where the notes of a stretch on one pitch begin and end, in frames from its start."""
    reach = max(1, round(_DIP_SECONDS / hop_seconds))
    lows = [
        time
        for time in range(1, len(levels) - 1)
        if levels[time] == levels[max(0, time - 3) : time + 4].min()
        and levels[max(0, time - reach) : time].max() - levels[time] >= _DIP_DB
        and levels[time + 1 : time + reach + 1].max() - levels[time] >= _DIP_DB
    ]
    starts = [0, *lows]
    found = []
    for start, end in zip(starts, [*lows, len(levels)], strict=True):
        loud = np.flatnonzero(levels[start:end] >= levels[start:end].max() - _QUIET_DB)
        found.append((start + int(loud[0]), start + int(loud[-1]) + 1))
    return found
