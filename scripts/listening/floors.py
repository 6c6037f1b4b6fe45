"""Floors: music that is wrong in one known way, made in the outline of a chorale.

``scripts/make/make_floors.py`` says what each is. Scores have four voices, in range, and a key; ``random`` is where all
chance comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from biaxial.music.constants import NUM_VOICES, VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score

CORRUPTED_SHARE: Final = 0.05
STEPS: Final = (-2, -1, 1, 2)
"""Semitones by which a note may be moved."""
_TRIADS: Final = {
    "major": ((0, 4, 7), (2, 5, 9), (4, 7, 11), (5, 9, 0), (7, 11, 2), (9, 0, 4), (11, 2, 5)),
    "minor": ((0, 3, 7), (2, 5, 8), (3, 7, 10), (5, 8, 0), (7, 11, 2), (8, 0, 3), (11, 2, 5)),
}
"""Semitones above the tonic of each degree's root, third and fifth."""


class Chorale(NamedTuple):
    """A piece and its name."""

    name: str
    score: Score


def in_range(pitch: int, voice: int | None) -> bool:
    """Whether a voice can sing a pitch."""
    assert voice is not None
    low, high = VOICE_RANGES[voice]
    return low <= pitch <= high


def partners(host: Chorale, chorales: Sequence[Chorale]) -> list[Chorale]:
    """The other chorales that can lend a voice to this one: same mode, metre and pickup, and no shorter."""
    score = host.score
    return [
        other
        for other in chorales
        if other.name != host.name
        and _mode(other.score) == _mode(score)
        and other.score.pickup_ticks == score.pickup_ticks
        and other.score.length_ticks >= score.length_ticks
        and _signatures(other.score, score.length_ticks) == _signatures(score, score.length_ticks)
    ]


def _mode(score: Score) -> str | None:
    return score.key.mode if score.key else None


def _signatures(score: Score, end: int) -> tuple[tuple[str, int], ...]:
    return tuple((s.name, s.onset_ticks) for s in score.time_signatures if s.onset_ticks < end)


def borrowed(lender: Score, voice: int, key: Key, end: int) -> tuple[Note, ...]:
    """A voice of a chorale up to a tick, in a key, moved as little as its range allows; empty if it fits nowhere."""
    assert lender.key is not None
    notes = [note for note in lender.voice_notes(voice) if note.onset_ticks < end]
    up = (key.tonic - lender.key.tonic) % 12
    for shift in sorted((up - 24, up - 12, up, up + 12), key=abs):
        if notes and all(in_range(note.pitch + shift, voice) for note in notes):
            return tuple(
                replace(note, pitch=note.pitch + shift, length_ticks=min(note.end_ticks, end) - note.onset_ticks)
                for note in notes
            )
    return ()


def mixed(host: Chorale, chorales: Sequence[Chorale], random: np.random.Generator) -> Score:
    """Soprano and outline of a chorale, the other voices of three different ones.

    Raises
    ------
    InputError
        If no three of its partners have voices that fit.
    """
    key, others, notes = host.score.key, partners(host, chorales), list(host.score.voice_notes(0))
    assert key is not None
    order = [others[index] for index in random.permutation(len(others))]
    for voice in range(1, NUM_VOICES):
        fitting = ((lender, borrowed(lender.score, voice, key, host.score.length_ticks)) for lender in order)
        lender, line = next(((lender, line) for lender, line in fitting if line), (None, ()))
        if lender is None:
            raise InputError(f"{host.name}: no other chorale can lend it a voice; give a larger corpus")
        order.remove(lender)
        notes += line
    return replace(host.score, notes=tuple(notes))


@cache
def voicings(classes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """All ways to sing a triad: every voice in range, none below its lower neighbour, every pitch class there."""
    choices = [[p for p in range(low, high + 1) if p % 12 in classes] for low, high in VOICE_RANGES]
    return tuple(
        pitches
        for pitches in product(*choices)
        if list(pitches) == sorted(pitches, reverse=True) and {p % 12 for p in pitches} == set(classes)
    )


def diatonic(score: Score, random: np.random.Generator) -> Score:
    """Random triads of the key in the outline of a chorale, one for each beat on which it sounds."""
    assert score.key is not None
    notes = []
    for start, end in beats(score):
        if any(note.onset_ticks <= start < note.end_ticks for note in score.notes):
            degree = _TRIADS[score.key.mode][random.integers(7)]
            ways = voicings(tuple((tone + score.key.tonic) % 12 for tone in degree))
            pitches = ways[random.integers(len(ways))]
            notes += [Note(start, end - start, pitch, voice) for voice, pitch in enumerate(pitches)]
    return replace(score, notes=tuple(notes))


def beats(score: Score) -> list[tuple[int, int]]:
    """Start and end of each beat, the lower number of the metre, counted from the bar lines; the last may be short."""
    starts, edges = score.bar_starts(), []
    for bar, end in zip((0, *starts), (*starts, score.length_ticks), strict=True):
        metre = score.time_signature_at(bar)
        beat = metre.bar_ticks(score.ticks_per_quarter) // metre.numerator
        offset = (end - bar) % beat if bar == 0 and score.pickup_ticks else 0
        edges += ([bar] if offset else []) + list(range(bar + offset, end, beat))
    return list(zip(edges, [*edges[1:], score.length_ticks], strict=True))


def corrupted(score: Score, random: np.random.Generator) -> Score:
    """A chorale with some notes moved by a step."""
    lines = [list(score.voice_notes(voice)) for voice in range(NUM_VOICES)]
    places = [(voice, index) for voice, line in enumerate(lines) for index in range(len(line))]
    left = max(1, round(CORRUPTED_SHARE * len(places)))
    for place in random.permutation(len(places)):
        voice, index = places[place]
        line, note = lines[voice], lines[voice][index]
        beside = {line[near].pitch for near in (index - 1, index + 1) if 0 <= near < len(line)}
        moved = [note.pitch + step for step in STEPS]
        moved = [pitch for pitch in moved if in_range(pitch, voice) and pitch not in beside]
        if moved and left:
            line[index] = replace(note, pitch=moved[random.integers(len(moved))])
            left -= 1
    assert not left, "of two notes side by side one can always be moved"
    return replace(score, notes=tuple(note for line in lines for note in line))
