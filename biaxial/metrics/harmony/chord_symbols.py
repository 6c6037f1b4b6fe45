"""Chord symbols for music that has none: the chord of every beat, named by root and kind, one name where it stays.

A beat is a quarter note, or what the metre counts where that is longer: a dotted quarter in 6/8, a half in 2/2. Chords
are those of :func:`~biaxial.metrics.harmony.local_harmony.fit_chords`; a beat of silence, or of a single tone, goes on
with the chord before it. A diminished seventh, whose tones are all as far from each other, is named by its lowest. A
root is spelled as the note of it that sounds is written, else by the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from biaxial.metrics.harmony.local_harmony import (
    DIMINISHED,
    DIMINISHED_SEVENTH,
    DOMINANT_SEVENTH,
    HALF_DIMINISHED,
    MAJOR,
    MINOR,
    NO_CHORD,
    TEMPLATES,
    fit_chords,
    pitch_class_time,
)
from biaxial.music.bar_lines import beamed_ticks
from biaxial.music.keys import key_of
from biaxial.music.score import ChordSymbol, Key, Score
from biaxial.music.spelling import class_name, spell

SUFFIXES: Final = {
    MAJOR: "",
    DOMINANT_SEVENTH: "7",
    MINOR: "m",
    DIMINISHED_SEVENTH: "dim7",
    HALF_DIMINISHED: "m7b5",
    DIMINISHED: "dim",
}
"""What a name has after its root, for each kind of chord."""

_MOST_SIGNS = 1
_LEAST_TONES = 2
"""Tones of a chord that sound in a beat that has its name."""


def with_chord_symbols(score: Score) -> Score:
    """The same music with the chords that are found in it; one that has symbols keeps its own."""
    return score if score.chords else replace(score, chords=chord_symbols(score))


def chord_symbols(score: Score) -> tuple[ChordSymbol, ...]:
    """The chord of each beat, left out where it is that of the beat before."""
    edges = np.array(list(_beats(score)), dtype=np.int64)
    if not score.notes or len(edges) < 2:
        return ()
    fitted = fit_chords(score, edges[:-1], edges[1:])
    heard = pitch_class_time(score, edges[:-1], edges[1:]) > 0
    key = key_of(score) or Key(0)
    spellings = spell(score, key)
    names: dict[int, list[tuple[int, int, str]]] = {}  # by pitch class: from when to when it is written so
    for note, spelling in zip(score.notes, spellings, strict=True):
        if abs(spelling.alter) <= _MOST_SIGNS:
            names.setdefault(note.pitch % 12, []).append((note.onset_ticks, note.end_ticks, spelling.class_name))
    found: list[ChordSymbol] = []
    last = NO_CHORD, NO_CHORD
    for index, (start, end) in enumerate(pairwise(edges.tolist())):
        root, kind = int(fitted.roots[index]), int(fitted.kinds[index])
        if root == NO_CHORD:
            continue
        classes = frozenset((root + degree) % 12 for degree in TEMPLATES[kind])
        if heard[index, sorted(classes)].sum() < _LEAST_TONES:
            continue
        if kind == DIMINISHED_SEVENTH:
            sounding = [note.pitch for note in score.notes if note.onset_ticks < end and note.end_ticks > start]
            root = next(pitch % 12 for pitch in sorted(sounding) if pitch % 12 in classes)
        if (root, kind) == last:
            continue
        last = root, kind
        written = (name for onset, until, name in names.get(root, ()) if onset < end and until > start)
        name = next(written, None) or class_name(root, key)
        found.append(ChordSymbol(start, classes, name=name + SUFFIXES[kind]))
    return tuple(found)


def _beats(score: Score) -> Iterator[int]:
    """Where beats begin, and the end of the last one; a pickup is counted from its end backwards."""
    beat = beamed_ticks(score.time_signatures[0], score.ticks_per_quarter)
    if score.pickup_ticks:
        yield 0
        yield from range(score.pickup_ticks % beat or beat, score.pickup_ticks, beat)
    for start, end in pairwise((*score.bar_starts(), score.length_ticks)):
        yield from range(start, end, beamed_ticks(score.time_signature_at(start), score.ticks_per_quarter))
    yield score.length_ticks
