"""Distributions of a piece, and how far they are from those of a corpus.

A profile is a set of histograms over fixed supports: pitch classes above the tonic, lengths of notes, melodic intervals
of each voice, chords above their bass, parallels, repetition. Two histograms are compared by the Wasserstein distance:
the least work that turns one distribution into the other. Lengths and intervals lie on a line and the work is measured
along it; kinds without an order (pitch classes, chords, yes and no) are all equally far from each other, and the
distance is then the share of mass that has to be moved, which is the total variation.

The idea of judging chorales by such distances is that of A. Fang, A. Liu, P. Seetharaman and B. Pardo, "Bach or Mock? A
grading function for chorales in the style of J. S. Bach" (2020); features and weights here are our own. A short piece
is far from any corpus by chance alone, so a distance only says something beside those of pieces of the same length.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.formats.melody_file import skyline
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import parallel_fifths, parallel_octaves
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.keys import pitch_class_durations
from biaxial.music.score import Key, Note, Score

MAX_INTERVAL: Final = 24
"""Semitones; wider melodic intervals count as this."""
LENGTHS_PER_DOUBLING: Final = 4
"""Lengths of notes are rounded to a quarter of a doubling."""
MAX_DOUBLINGS: Final = 4
"""Doublings of a quarter note, up and down; shorter and longer notes count as the last."""
PATTERN_NOTES: Final = 4
"""Notes of a melodic pattern whose return is a repetition."""


class Feature(NamedTuple):
    """One histogram: its number of bins, what lies between two neighbouring bins, and the unit of that.

    ``spacing`` is 0 for kinds without an order.
    """

    num_bins: int
    spacing: float
    label: str
    unit: str


def _intervals(label: str) -> Feature:
    return Feature(2 * MAX_INTERVAL + 1, 1.0, f"intervals, {label}", "semitones")


FEATURES: Final[dict[str, Feature]] = {
    "pitch_classes_major": Feature(12, 0, "pitch classes above the tonic, major", "share of time"),
    "pitch_classes_minor": Feature(12, 0, "pitch classes above the tonic, minor", "share of time"),
    "rhythm": Feature(
        2 * MAX_DOUBLINGS * LENGTHS_PER_DOUBLING + 1, 1 / LENGTHS_PER_DOUBLING, "note lengths", "doublings"
    ),
    **{f"intervals_{name.lower()}": _intervals(name.lower()) for name in VOICE_NAMES},
    "chords": Feature(2**12, 0, "chords above their bass", "share of time"),
    "parallels": Feature(2, 0, "parallel fifths and octaves", "share of chord changes"),
    "repetition": Feature(2, 0, f"patterns of {PATTERN_NOTES} notes heard before", "share of notes"),
}
"""Every histogram, by name. Intervals are those of four voices, or of the top line as the soprano's."""

_DIGITS: Final = 4
"""What is left of a distance; smaller differences come from the piece that was taken out of the corpus."""

Profile = dict[str, NDArray[np.float64]]
"""Histograms that apply to a piece, by the names of :data:`FEATURES`; each is a vector of weights, not normalised."""


def profile(score: Score, key: Key | None, slices: Slices | None) -> Profile:
    """Count what the distributions of a piece are made of.

    Parameters
    ----------
    score
        The piece.
    key
        Its key; pitch classes are left out where there is none.
    slices
        The piece cut into slices, ``None`` where it has no voices; parallels are then left out.

    Returns
    -------
    The histograms that apply.
    """
    sounding, lengths = sonorities(score)
    lines = voice_lines(score)
    found: Profile = {
        "rhythm": _rhythm(score),
        "chords": _chords(sounding, lengths),
        "repetition": np.sum([_repetition(line) for line in lines], axis=0, initial=0.0),
    }
    if key is not None:
        found[f"pitch_classes_{key.mode}"] = np.roll(pitch_class_durations(score), -key.tonic)
    parts = VOICE_NAMES if score.num_voices == NUM_VOICES else VOICE_NAMES[:1]
    for name, line in zip(parts, lines, strict=False):
        found[f"intervals_{name.lower()}"] = _moves(line)
    if slices is not None:
        wrong = len(parallel_fifths(slices)) + len(parallel_octaves(slices))
        found["parallels"] = np.array([max(0, slices.num_changes - wrong), wrong], dtype=np.float64)
    return found


def distance(name: str, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Wasserstein distance of two histograms of one feature, in its unit; NaN where one of them is empty."""
    if not first.sum() or not second.sum():
        return float("nan")
    difference = first / first.sum() - second / second.sum()
    spacing = FEATURES[name].spacing
    work = spacing * np.abs(np.cumsum(difference)).sum() if spacing else np.abs(difference).sum() / 2
    return round(float(work), _DIGITS)


def pooled(profiles: Iterable[Profile]) -> Profile:
    """The histograms of many pieces together; each piece that has one weighs as much as it is long."""
    total: Profile = {}
    for each in profiles:
        for name, counts in each.items():
            total[name] = total[name] + counts if name in total else counts.copy()
    return total


def sonorities(score: Score) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """What sounds between two moments at which something begins or ends, with voices or without.

    Returns
    -------
    Whether each MIDI pitch sounds, shape ``(s, 128)``, and how long in quarter notes, shape ``(s,)``. Silence is left
    out.
    """
    onsets = np.array([note.onset_ticks for note in score.notes], dtype=np.int64)
    ends = np.array([note.end_ticks for note in score.notes], dtype=np.int64)
    pitches = np.array([note.pitch for note in score.notes], dtype=np.int64)
    edges = np.unique(np.concatenate([onsets, ends]))
    changes = np.zeros((len(edges), 128), dtype=np.int64)
    np.add.at(changes, (np.searchsorted(edges, onsets), pitches), 1)
    np.add.at(changes, (np.searchsorted(edges, ends), pitches), -1)
    sounding = changes.cumsum(axis=0)[:-1] > 0
    heard = sounding.any(axis=1)
    return sounding[heard], (np.diff(edges) / score.ticks_per_quarter)[heard]


def voice_lines(score: Score) -> list[list[Note]]:
    """The notes of each voice in order; of music without voices its highest line."""
    if score.num_voices:
        return [list(score.voice_notes(voice)) for voice in range(score.num_voices)]
    top, _, _ = skyline(score.notes)
    return [list(top)] if top else []


def _rhythm(score: Score) -> NDArray[np.float64]:
    quarters = np.array([note.length_ticks for note in score.notes], dtype=np.float64) / score.ticks_per_quarter
    doublings = np.clip(np.log2(quarters), -MAX_DOUBLINGS, MAX_DOUBLINGS) + MAX_DOUBLINGS
    bins = np.rint(LENGTHS_PER_DOUBLING * doublings).astype(np.int64)
    return np.bincount(bins, minlength=FEATURES["rhythm"].num_bins).astype(np.float64)


def _moves(line: list[Note]) -> NDArray[np.float64]:
    """Intervals from each note to the next one, a rest between them or not."""
    moves = np.diff([note.pitch for note in line]).clip(-MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL
    return np.bincount(moves.astype(np.int64), minlength=2 * MAX_INTERVAL + 1).astype(np.float64)


def _chords(sounding: NDArray[np.bool_], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quarter notes that each set of pitch classes above the bass sounds; bit 0 is the bass itself."""
    bass = sounding.argmax(axis=1)
    above = (np.arange(128) - bass[:, None]) % 12  # s 128
    bits = np.bitwise_or.reduce(np.where(sounding, 1 << above, 0), axis=1)
    return np.bincount(bits, lengths, minlength=FEATURES["chords"].num_bins).astype(np.float64)


def _repetition(line: list[Note]) -> NDArray[np.float64]:
    """Notes that do not, and that do, end a pattern of intervals and lengths heard before in their voice."""
    steps = [(b.pitch - a.pitch, b.onset_ticks - a.onset_ticks) for a, b in pairwise(line)]
    seen: set[tuple[tuple[int, int], ...]] = set()
    counts = [0, 0]
    for end in range(PATTERN_NOTES - 1, len(steps) + 1):
        pattern = tuple(steps[end - PATTERN_NOTES + 1 : end])
        counts[pattern in seen] += 1
        seen.add(pattern)
    return np.array(counts, dtype=np.float64)
