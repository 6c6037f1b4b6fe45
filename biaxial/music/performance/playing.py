"""A piece as people play it: not quite together, not quite alike, and breathing where a phrase ends.

Everything grows with an amount from 0, the piece as it is written, to 1:

- Onsets: each voice is early or late by a normal deviate of 25 ms, so that two voices are 35 ms apart. In trios of
  recorders, of winds and of strings the onsets of two players lie apart by standard deviations of 27 to 49 ms (Rasch,
  "Synchronization in performed ensemble music", Acustica 43, 1979).
- Velocities: a normal deviate of 4, and an arch of 5 up and down over each phrase, which together stay within about one
  step from one written level to the next. That phrases grow and fade, slow down to their end and are parted from the
  next by a short silence are rules of Friberg, Bresin and Sundberg ("Overview of the KTH rule system for musical
  performance", Advances in Cognitive Psychology 2, 2006); how much they do was set here.
- The last two quarter notes of a phrase slow down to 88% of the tempo, and its last notes end 80 ms early.

Phrases end at fermatas, or where :mod:`biaxial.music.phrase_guess` guesses that they do. Deviates are cut at two
standard deviations, and no time moves by more than a quarter of a note that begins or ends there. What goes into the
next note without a gap still does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi, sin
from typing import Final

import numpy as np

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.phrase_guess import guessed_ends
from biaxial.music.score import Note, Score
from biaxial.music.written_out import written_out

ONSET_SECONDS: Final = 0.025
VELOCITY: Final = 4.0
ARCH: Final = 5.0
SLOWEST: Final = 0.88
RITARDANDO_QUARTERS: Final = 2
BREAK_SECONDS: Final = 0.08

_MOST_DEVIATION = 2.0
_STEPS_PER_QUARTER = 4
_MOST_SHARE = 4
"""A time moves by at most this part of a note."""

_Moment = tuple[int, int]
"""A tick, and a voice; -1 for none."""


@dataclass(frozen=True)
class Performance:
    """A piece as it is played.

    Parameters
    ----------
    score
        Its notes where they sound; all else, bars too, is where it is written. Repeats are written out.
    tempos
        In order, ticks from which the tempo is another share of the piece's own.
    """

    score: Score
    tempos: tuple[tuple[int, float], ...] = ()


def written_finely(score: Score) -> Score:
    """A piece with its repeats written out, at 480 ticks a quarter or more."""
    score = written_out(score)
    times = -(-TICKS_PER_QUARTER // score.ticks_per_quarter)
    return score if times == 1 else score.retimed(lambda tick: tick * times, score.ticks_per_quarter * times)


def humanised(score: Score, amount: float, seed: int = 0) -> Performance:
    """A piece as people might play it, the same for the same seed.

    Parameters
    ----------
    score
        Any music.
    amount
        0 to 1; with 0 it stays as it is.
    seed
        Of the random numbers.
    """
    if not amount or not score.notes:
        return Performance(score)
    score = written_finely(score)
    ends = _phrase_ends(score)
    moved = _moved_times(score, amount, np.random.Generator(np.random.Philox(key=seed)))
    noise = np.random.Generator(np.random.Philox(key=seed, counter=1 << 64)).standard_normal(len(score.notes))
    notes = []
    for note, deviate in zip(score.notes, noise.tolist(), strict=True):
        onset, end = (_moved(moved, note, tick) for tick in (note.onset_ticks, note.end_ticks))
        if note.end_ticks in ends:
            end -= min(_ticks(score, amount * BREAK_SECONDS), note.length_ticks // _MOST_SHARE)
        louder = ARCH * _arch(note.onset_ticks, ends) + VELOCITY * _cut(deviate)
        velocity = min(max(round(note.played_velocity + amount * louder), 1), 127)
        onset, end = max(onset, 0), min(end, score.length_ticks)
        notes.append(replace(note, onset_ticks=onset, length_ticks=max(end - onset, 1), velocity=velocity))
    return Performance(replace(score, notes=tuple(notes)), tuple(_tempos(score, ends, amount)))


def _phrase_ends(score: Score) -> list[int]:
    """The ticks at which phrases are over, the last of which is the end of the piece."""
    last = set(score.fermatas or guessed_ends(score))
    ends: dict[int, int] = {}
    for note in score.notes:  # in the order of voices
        ends.setdefault(note.onset_ticks, note.end_ticks)
    return sorted({*(ends[tick] for tick in last if tick in ends), score.length_ticks})


def _moved_times(score: Score, amount: float, draw: np.random.Generator) -> dict[_Moment, int]:
    """Where the notes of a voice begin that begin together."""
    room: dict[_Moment, int] = {}
    for note in score.notes:
        for tick in (note.onset_ticks, note.end_ticks):
            moment = _moment(note, tick)
            room[moment] = min(room.get(moment, note.length_ticks), note.length_ticks)
    begins = sorted({_moment(note, note.onset_ticks) for note in score.notes})
    deviates = draw.standard_normal(len(begins)).tolist()
    moved = {}
    for moment, deviate in zip(begins, deviates, strict=True):
        most = room[moment] // _MOST_SHARE
        away = _ticks(score, amount * ONSET_SECONDS * _cut(deviate))
        moved[moment] = moment[0] + min(max(away, -most), most)
    return moved


def _moved(moved: dict[_Moment, int], note: Note, tick: int) -> int:
    """Where a note begins or ends: with those that begin there, else as late as it began itself."""
    late = moved[_moment(note, note.onset_ticks)] - note.onset_ticks
    return moved.get(_moment(note, tick), tick + late)


def _moment(note: Note, tick: int) -> _Moment:
    return tick, -1 if note.voice is None else note.voice


def _arch(tick: int, ends: Sequence[int]) -> float:
    """From -1 where a phrase begins to 1 in its middle and back."""
    number = bisect_left(ends, tick + 1)
    start = ends[number - 1] if number else 0
    return 2 * sin(pi * (tick - start) / (ends[number] - start)) - 1


def _tempos(score: Score, ends: Sequence[int], amount: float) -> list[tuple[int, float]]:
    """The ritardando before each end, in steps of a sixteenth note, and the tempo after it."""
    tempos = []
    step = score.ticks_per_quarter // _STEPS_PER_QUARTER
    count = RITARDANDO_QUARTERS * _STEPS_PER_QUARTER
    for start, end in zip([0, *ends], ends, strict=False):
        for number in range(count):
            tick = end - (count - number) * step
            if tick > start:
                tempos.append((tick, 1 - amount * (1 - SLOWEST) * (number + 1) / count))
        if end < score.length_ticks:
            tempos.append((end, 1.0))
    return tempos


def _cut(deviate: float) -> float:
    return min(max(deviate, -_MOST_DEVIATION), _MOST_DEVIATION)


def _ticks(score: Score, seconds: float) -> int:
    return round(seconds * score.tempo_bpm / 60 * score.ticks_per_quarter)
