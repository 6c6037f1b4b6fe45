"""The chords of a piece as names under it.

A chord is named at the quarter note where it begins, as :mod:`biaxial.metrics.harmony.local_harmony` fits it. What a
beat says too little about has no name: a single tone, and music in a single line.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from biaxial.metrics.harmony.local_harmony import TEMPLATES, beat_edges, fit_chords, pitch_class_time
from biaxial.music.score import Score
from biaxial.music.spelling import class_name

CHORD_SIGNS: Final = ("", "7", "m", "°7", "ø7", "°")
"""What follows the root, for each kind of chord in :data:`~biaxial.metrics.harmony.local_harmony.TEMPLATES`."""


def chord_names(score: Score) -> list[tuple[int, str]]:
    """Where chords begin, in ticks, and what they are, such as ``"F♯m"``; ``""`` where a silence begins.

    Only beats are looked at. One that says too little, with a single tone of its chord, goes with the chord before it.
    """
    if not any(later.onset_ticks < note.end_ticks for note, later in pairwise(score.notes)):
        return []  # nothing sounds together
    edges = beat_edges(score)
    chords = fit_chords(score, edges[:-1], edges[1:])
    sounds = pitch_class_time(score, edges[:-1], edges[1:]) > 0
    names: list[tuple[int, str]] = []
    beats = zip(edges[:-1].tolist(), chords.roots.tolist(), chords.kinds.tolist(), sounds, strict=True)
    for tick, root, kind, classes in beats:
        if classes.any() and sum(bool(classes[(root + degree) % 12]) for degree in TEMPLATES[kind]) < 2:
            continue
        name = class_name(root, score.key) + CHORD_SIGNS[kind] if classes.any() else ""
        name = name.replace("#", "♯").replace("b", "♭")
        if name != (names[-1][1] if names else ""):
            names.append((tick, name))
    return names
