"""Key and chord of spans of time: how long each pitch class sounds in them, and what is nearest to that.

Keys change within a piece, so that a dominant is one of the key that holds there. Spans are in ticks, from their first
to before their last one; they may overlap and reach beyond the piece.

Chords are found by templates, and with them the tones that belong to none. A span of time has the chord whose template
fits what sounds in it best, by the score of B. Pardo and W. P. Birmingham, "Algorithms for chordal analysis", Computer
Music Journal 26:2 (2002): the weight of the tones in the template, less the weight of those outside it, less one for
each of its tones that does not sound. Their six templates are used, in their order of how usual they are: major triad,
dominant seventh, minor triad, diminished seventh, half-diminished seventh, diminished triad. Ties go to the chord whose
root weighs more, then to the more usual one. Theirs is the score; the spans are given here (beats), and a tone weighs
the time it sounds, summed over notes, as a share of the span, so that a tone that is missing costs as much as one voice
on a wrong pitch throughout.

The minor and the major seventh on other degrees have no template: in this style they are suspensions or pass by, and
count as non-chord tones. A seventh that passes above a major triad does not, since it makes a dominant seventh. No
measure here needs voices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.writing.slices import Slices
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


MAJOR, DOMINANT_SEVENTH, MINOR, DIMINISHED_SEVENTH, HALF_DIMINISHED, DIMINISHED = range(6)
"""Kinds of chord: places in :data:`TEMPLATES`."""
TEMPLATES = ((0, 4, 7), (0, 4, 7, 10), (0, 3, 7), (0, 3, 6, 9), (0, 3, 6, 10), (0, 3, 6))
"""Semitones above the root, of each kind of chord."""
NO_CHORD = -1
"""Root and kind of a span in which nothing sounds."""

_ROOT_WEIGHT = 1e-6  # enough to decide a tie, too little to decide anything else


def _members() -> NDArray[np.float64]:
    members = np.zeros((len(TEMPLATES), 12, 12))
    for kind, degrees in enumerate(TEMPLATES):
        for root in range(12):
            members[kind, root, [(root + degree) % 12 for degree in degrees]] = 1
    return members.reshape(-1, 12)


_MEMBERS = _members()  # (kinds * 12, pitch classes): what belongs to each chord


class FittedChords(NamedTuple):
    """The chord of each of several spans.

    Parameters
    ----------
    roots
        Pitch classes, shape ``(spans,)``; :data:`NO_CHORD` in silence.
    kinds
        Places in :data:`TEMPLATES`, shape ``(spans,)``; :data:`NO_CHORD` in silence.
    inside, sounding
        Ticks that chord tones sound, and all tones, summed over notes, shape ``(spans,)``.
    """

    roots: NDArray[np.int64]
    kinds: NDArray[np.int64]
    inside: NDArray[np.float64]
    sounding: NDArray[np.float64]


def fit_chords(score: Score, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> FittedChords:
    """The chord that fits each span best; the module says how."""
    time = pitch_class_time(score, starts, ends)  # spans 12
    weights = time / np.maximum(ends - starts, 1)[:, None]
    inside = weights @ _MEMBERS.T  # spans chords
    missing = (time == 0) @ _MEMBERS.T
    fit = 2 * inside - weights.sum(axis=1, keepdims=True) - missing  # in, less out, less missing
    best = (fit + _ROOT_WEIGHT * np.tile(weights, len(TEMPLATES))).argmax(axis=1)
    sounding = time.sum(axis=1)
    silent = sounding == 0
    return FittedChords(
        np.where(silent, NO_CHORD, best % 12),
        np.where(silent, NO_CHORD, best // 12),
        (time * _MEMBERS[best]).sum(axis=1),
        sounding,
    )


def beat_edges(score: Score) -> NDArray[np.int64]:
    """Where beats begin, and the end of the last one: quarter notes, counted from the end of the pickup both ways.

    Parts of a quarter at either end of the piece are beats too.
    """
    quarter = score.ticks_per_quarter
    inner = np.arange(score.pickup_ticks % quarter, score.length_ticks, quarter, dtype=np.int64)
    return np.unique(np.concatenate([[0], inner, [score.length_ticks]]))


def non_chord_share(music: Score | Slices) -> float:
    """Share of the sounding time of all notes that is outside the chord of its beat; NaN where nothing sounds."""
    score = music.score if isinstance(music, Slices) else music
    edges = beat_edges(score)
    chords = fit_chords(score, edges[:-1], edges[1:])
    sounding = float(chords.sounding.sum())
    return 1 - float(chords.inside.sum()) / sounding if sounding else float("nan")
