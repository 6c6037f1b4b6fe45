"""The key of a part of a piece: how long each pitch class sounds in spans of time, and the nearest key to that.

Keys change within a piece, so that a dominant is one of the key that holds there. Spans are in ticks, from their first
to before their last one; they may overlap and reach beyond the piece. No measure here needs voices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.music.keys import key_correlations
from biaxial.music.score import Key, Score

HOME_BONUS = 0.1
"""What is added to the correlation of the key of the piece where that is given: what little music says is doubtful,
and most of it is at home. Read against Bach's phrase ends, this takes i - V for a half cadence and not for iv - I."""


def pitch_class_time(score: Score, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ticks that each pitch class sounds in each span, summed over notes, shape ``(spans, 12)``."""
    onsets = np.array([note.onset_ticks for note in score.notes], dtype=np.int64)
    offsets = onsets + np.array([note.length_ticks for note in score.notes], dtype=np.int64)
    classes = np.array([note.pitch % 12 for note in score.notes], dtype=np.int64)
    edges, places = np.unique(np.concatenate([[0], onsets, offsets]), return_inverse=True)
    first, last = places[1 : len(onsets) + 1], places[len(onsets) + 1 :]
    sounding = np.zeros((len(edges), 12))
    np.add.at(sounding, (first, classes), 1)
    np.add.at(sounding, (last, classes), -1)
    sounding = np.cumsum(sounding, axis=0)  # notes of each class from this edge to the next
    total = np.zeros_like(sounding)  # ticks of each class before this edge
    np.cumsum(sounding[:-1] * np.diff(edges)[:, None], axis=0, out=total[1:])

    def before(ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        ticks = np.maximum(ticks, 0)
        edge = np.searchsorted(edges, ticks, side="right") - 1
        passed: NDArray[np.float64] = total[edge] + sounding[edge] * (ticks - edges[edge])[:, None]
        return passed

    return before(np.asarray(ends)) - before(np.asarray(starts))


class LocalKeys(NamedTuple):
    """A key for each of several spans.

    Parameters
    ----------
    tonics
        Pitch classes, shape ``(spans,)``; -1 where no key is nearer than another.
    minor
        Whether it is a minor key, shape ``(spans,)``.
    """

    tonics: NDArray[np.int64]
    minor: NDArray[np.bool_]


def local_keys(score: Score, starts: NDArray[np.int64], ends: NDArray[np.int64], home: Key | None = None) -> LocalKeys:
    """The key of each span, by the method of :func:`~biaxial.music.keys.detect_key`.

    Parameters
    ----------
    score
        The piece.
    starts, ends
        The spans, in ticks, shape ``(spans,)``.
    home
        The key of the piece, favoured by :data:`HOME_BONUS`; by default notes alone decide.
    """
    durations = pitch_class_time(score, starts, ends)
    some = np.ptp(durations, axis=1) > 0
    correlations = key_correlations(durations[some])
    if home is not None:
        correlations[:, home.tonic + (12 if home.mode == "minor" else 0)] += HOME_BONUS
    best = np.zeros(len(durations), dtype=np.int64)
    best[some] = correlations.argmax(axis=1)
    return LocalKeys(np.where(some, best % 12, -1), some & (best >= 12))
