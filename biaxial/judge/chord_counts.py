"""Chord vocabularies as counts that add up and can be stored: single chords, and pairs of successive ones.

A chord is a set of pitch classes above the tonic on a beat, in major or in minor
(:mod:`biaxial.metrics.harmony.agreement`). Counts are compared by the Jensen-Shannon divergence in bits
(:func:`biaxial.metrics.harmony.agreement.jensen_shannon`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.agreement import MINOR_MODE, Chord, chord_bigrams, chord_unigrams, jensen_shannon
from biaxial.music.constants import NUM_VOICES
from biaxial.music.score import Key, Score

Chords = dict[str, Counter[tuple[Chord, ...]]]
"""Counts of single chords (``unigrams``) and of pairs (``bigrams``)."""
KINDS: Final = {"unigrams": "chords", "bigrams": "pairs of chords"}

_MINOR_BIT: Final = 12


def chords_of(score: Score, key: Key | None) -> Chords:
    """The chords of a piece in four voices; nothing of other music, or without a key."""
    if key is None or score.num_voices != NUM_VOICES:
        return {}
    return {"unigrams": Counter(chord_unigrams(score, key)), "bigrams": Counter(chord_bigrams(score, key))}


def total(pieces: Iterable[Chords]) -> Chords:
    """The chords of many pieces."""
    found: Chords = {kind: Counter() for kind in KINDS}
    for piece in pieces:
        for kind, counts in piece.items():
            found[kind].update(counts)
    return found


def chord_distances(chords: Chords, corpus: Chords, without: Chords | None = None) -> dict[str, float]:
    """How far chords are from those of a corpus, as measures; of the corpus something can be taken out first."""
    found = {}
    for kind, counts in chords.items():
        others = corpus[kind]
        if without is not None:
            others = Counter(others)
            others.subtract(without.get(kind, Counter()))
            others = +others
        found[f"chord_{kind}"] = jensen_shannon(counts, others)
    return found


def to_arrays(chords: Chords) -> dict[str, NDArray[Any]]:
    """Counts as arrays: a row for each kind of chord, its bits and how often it came."""
    return {
        kind: np.array([[*map(_bits, names), count] for names, count in counts.items()], dtype=np.int32)
        for kind, counts in chords.items()
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Chords:
    """Read what :func:`to_arrays` made."""
    return {
        kind: Counter({tuple(map(_chord, bits)): count for *bits, count in arrays[kind].tolist()}) for kind in KINDS
    }


def _bits(chord: Chord) -> int:
    return sum(1 << (member % 13) for member in chord)  # the mode, -1, is bit 12


def _chord(bits: int) -> Chord:
    members = frozenset(place for place in range(12) if bits >> place & 1)
    return members | MINOR_MODE if bits >> _MINOR_BIT & 1 else members
