"""Statistics of a piece: of its time, of its notes as muspy has them, and of loops.

**Time**: silence, standing still, density, and the cut that makes pieces comparable. Lengths are in bars of the metre
that holds where the silence or the chord begins. Shares weigh every tick alike, which is the share of grid steps for
music that lies on the grid.

**Notes** of any score, under the names and by the definitions of muspy: H.-W. Dong, K. Chen, J. McAuley and T.
Berg-Kirkpatrick, "MusPy: a toolkit for symbolic music generation", ISMIR 2020, ``muspy.metrics`` of version 0.5.0, so
that figures can be put beside published ones. Some of what is defined there is worth knowing before a figure is read: a
piece is as long as its last note, whatever the length of the score; beats and measures are counted from the first tick,
pickup or not; there is one more of them than lie between the first tick and the last, and a note that ends where one
begins fills it; *polyphony* means **more than** two pitches. Two voices on one pitch are two notes and one sounding
pitch. Entropies are in bits.

None of these needs voices. Pieces without notes give 0 for counts and NaN for what divides by notes or by time. The
lengths of notes, at the end, are not from muspy.

**Loops**: a cycle of a few events that is played over and over, the well-known fault of note-by-note models. An event
is what begins at one moment: its pitches with their lengths, and the time to the next moment. A piece has a loop if a
cycle of at most eight events comes at least four times in a row, and these are at least sixteen events. Tunes repeat
notes and figures too; how often a corpus has what is counted here is told beside every figure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Score


def first_bars(score: Score, num_bars: int) -> Score:
    """The pickup, if there is one, and the first bars of a piece; all of it where it is no longer.

    A note that sounds across the cut ends there. Whatever else stands after the cut goes.

    Raises
    ------
    ValueError
        If ``num_bars`` is below 1.
    """
    if num_bars < 1:
        raise ValueError(f"a piece is cut to at least 1 bar, not {num_bars}")
    starts = score.bar_starts()
    if len(starts) <= num_bars:
        return score
    return score.cut(0, starts[num_bars])


def longest_silence_bars(music: Score | Slices) -> float:
    """The longest time in which no voice sounds, in bars.

    Silence before the first note and after the last one, up to the end of the score, counts.
    """
    chords = Slices.of(music).chords
    return _longest_bars(chords, np.logical_not(chords.is_sound))


def longest_chord_bars(music: Score | Slices) -> float:
    """The longest time in which something sounds and no voice changes its pitch, in bars.

    Repeated strikes of the same chord do not end it.
    """
    chords = Slices.of(music).chords
    return _longest_bars(chords, chords.is_sound)


def sounding_share(music: Score | Slices, num_voices: int = 4) -> float:
    """Share of the time in which at least ``num_voices`` voices sound; NaN in a score without length."""
    slices = Slices.of(music)
    return _time_share(slices, slices.sounding.sum(axis=1) >= num_voices)


def distinct_share(music: Score | Slices, num_pitches: int = 4) -> float:
    """Share of the time in which at least ``num_pitches`` different pitches sound; NaN in a score without length.

    Two voices in unison are one pitch, two an octave apart are two.
    """
    slices = Slices.of(music)
    ordered = np.sort(slices.pitches, axis=1)
    new = np.ones_like(ordered, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return _time_share(slices, (new & (ordered != REST)).sum(axis=1) >= num_pitches)


def _longest_bars(chords: Slices, wanted: NDArray[np.bool_]) -> float:
    score = chords.score
    bars = [
        length / score.time_signature_at(onset).bar_ticks(score.ticks_per_quarter)
        for onset, length in zip(chords.onsets[wanted].tolist(), chords.lengths[wanted].tolist(), strict=True)
    ]
    return max(bars, default=0.0)


def _time_share(slices: Slices, wanted: NDArray[np.bool_]) -> float:
    length = int(slices.lengths.sum())
    return int(slices.lengths[wanted].sum()) / length if length else float("nan")


MUSPY_RESOLUTION = 24
"""Time steps of a quarter note that muspy has unless told otherwise; groove depends on them."""

_NAN = float("nan")
_SCALES = np.array(
    [
        np.roll([degree in scale for degree in range(12)], root)
        for scale in ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
        for root in range(12)
    ]
)  # the twelve major and natural minor scales: scales, pitch classes


def _score(music: Score | Slices) -> Score:
    return music.score if isinstance(music, Slices) else music


def _pitches(music: Score | Slices) -> NDArray[np.int64]:
    return np.array([note.pitch for note in _score(music).notes], dtype=np.int64)


def _spans(score: Score) -> NDArray[np.int64]:
    """First tick of each note, and the first one after it, shape ``(2, notes)``."""
    spans = np.array([(note.onset_ticks, note.onset_ticks + note.length_ticks) for note in score.notes], dtype=np.int64)
    return spans.reshape(-1, 2).T


def _entropy(counts: NDArray[np.int64]) -> float:
    """Bits; NaN where nothing was counted."""
    if not counts.sum():
        return _NAN
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # no negative zero


def n_pitches_used(music: Score | Slices) -> int:
    """How many different pitches there are."""
    return len(np.unique(_pitches(music)))


def n_pitch_classes_used(music: Score | Slices) -> int:
    """How many different pitch classes there are."""
    return len(np.unique(_pitches(music) % 12))


def pitch_range(music: Score | Slices) -> int:
    """Semitones from the lowest pitch to the highest; 0 where there are no notes."""
    pitches = _pitches(music)
    return int(np.ptp(pitches)) if len(pitches) else 0


def pitch_entropy(music: Score | Slices) -> float:
    """Entropy of the pitches of all notes, however long."""
    return _entropy(np.bincount(_pitches(music), minlength=1))


def pitch_class_entropy(music: Score | Slices) -> float:
    """Entropy of the pitch classes of all notes, however long."""
    return _entropy(np.bincount(_pitches(music) % 12, minlength=1))


def scale_consistency(music: Score | Slices) -> float:
    """Share of notes in the major or natural minor scale that has the most of them."""
    counts = np.bincount(_pitches(music) % 12, minlength=12)
    return float((_SCALES @ counts).max() / counts.sum()) if counts.sum() else _NAN


def polyphony(music: Score | Slices) -> float:
    """Mean number of different pitches that sound, over the time in which any does."""
    sounding, lengths = _sounding(_score(music))
    heard = int(lengths[sounding > 0].sum())
    return float((sounding * lengths).sum() / heard) if heard else _NAN


def polyphony_rate(music: Score | Slices, threshold: int = 2) -> float:
    """Share of the time in which more than ``threshold`` different pitches sound."""
    sounding, lengths = _sounding(_score(music))
    total = int(lengths.sum())
    return float(lengths[sounding > threshold].sum() / total) if total else _NAN


def empty_beat_rate(music: Score | Slices) -> float:
    """Share of quarter notes, from the first tick on, that no note touches."""
    score = _score(music)
    return _empty_rate(score, score.ticks_per_quarter)


def empty_measure_rate(music: Score | Slices) -> float:
    """Share of bars, of the first metre and from the first tick on, that no note touches."""
    score = _score(music)
    return _empty_rate(score, score.time_signatures[0].bar_ticks(score.ticks_per_quarter))


def groove_consistency(music: Score | Slices, steps_per_quarter: int = MUSPY_RESOLUTION) -> float:
    """How alike the rhythms of successive bars are: 1 less the mean share of steps that differ in having an onset.

    Bars are those of the first metre, from the first tick on. What muspy calls ``measure_resolution`` is the number of
    steps in a bar, so that the figure comes nearer to 1 the more steps a quarter note has. NaN where there are fewer
    than two bars, or where a bar is no whole number of steps.

    Source: S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the front line", ISMIR 2020.
    """
    score = _score(music)
    metre = score.time_signatures[0]
    steps, rest = divmod(metre.numerator * 4 * steps_per_quarter, metre.denominator)
    onsets, ends = np.rint(_spans(score) * (steps_per_quarter / score.ticks_per_quarter)).astype(np.int64)
    bars = int(ends.max(initial=0)) // max(steps, 1) + 1
    if rest or bars < 2:
        return _NAN
    struck = np.zeros(bars * steps, dtype=bool)
    struck[onsets] = True
    pattern = struck.reshape(bars, steps)
    return 1 - int(np.count_nonzero(pattern[:-1] != pattern[1:])) / (steps * (bars - 1))


def mean_note_length(music: Score | Slices) -> float:
    """Mean length of a note, in quarter notes."""
    score = _score(music)
    lengths = [note.length_ticks for note in score.notes]
    return sum(lengths) / len(lengths) / score.ticks_per_quarter if lengths else _NAN


def note_length_entropy(music: Score | Slices) -> float:
    """Entropy of the lengths of all notes, in ticks: how varied the rhythm is."""
    lengths = np.array([note.length_ticks for note in _score(music).notes], dtype=np.int64)
    return _entropy(np.unique(lengths, return_counts=True)[1])


STATISTICS: dict[str, Callable[[Score | Slices], float]] = {
    "pitch_class_entropy": pitch_class_entropy,
    "pitch_entropy": pitch_entropy,
    "scale_consistency": scale_consistency,
    "groove_consistency": groove_consistency,
    "empty_beat_rate": empty_beat_rate,
    "empty_measure_rate": empty_measure_rate,
    "polyphony": polyphony,
    "polyphony_rate": polyphony_rate,
    "pitch_range": pitch_range,
    "n_pitches_used": n_pitches_used,
    "n_pitch_classes_used": n_pitch_classes_used,
    "mean_note_length": mean_note_length,
    "note_length_entropy": note_length_entropy,
}
"""Every statistic, by name."""


def note_statistics(music: Score | Slices) -> dict[str, float]:
    """All :data:`STATISTICS` of a piece."""
    return {name: statistic(music) for name, statistic in STATISTICS.items()}


def _sounding(score: Score) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Up to the end of the last note: how many pitches sound between two changes, and for how many ticks."""
    spans = _spans(score)
    edges, places = np.unique(np.concatenate([[0], *spans]), return_inverse=True)
    starts, ends = places[1:].reshape(spans.shape)
    pitches, column = np.unique(_pitches(score), return_inverse=True)
    notes = np.zeros((len(edges), len(pitches)), dtype=np.int32)
    np.add.at(notes, (starts, column), 1)
    np.add.at(notes, (ends, column), -1)
    sounding = (np.cumsum(notes, axis=0)[:-1] > 0).sum(axis=1)
    return sounding, np.diff(edges)


def _empty_rate(score: Score, size: int) -> float:
    """Share of spans of a size that no note touches, its last tick and the one after it included."""
    spans = _spans(score)
    if not spans.size:
        return _NAN
    first, last = spans // size
    touched = np.zeros(last.max() + 2, dtype=np.int64)
    np.add.at(touched, first, 1)
    np.add.at(touched, last + 1, -1)
    return float(1 - np.count_nonzero(np.cumsum(touched)[:-1]) / (last.max() + 1))


MAX_CYCLE_EVENTS: Final = 8
MIN_TIMES: Final = 4
MIN_EVENTS: Final = 16


@dataclass(frozen=True)
class Loop:
    """A stretch of a piece that repeats a cycle.

    Parameters
    ----------
    first
        Index of its first event.
    num_events
        Events in the stretch.
    cycle
        Events in the cycle.
    """

    first: int
    num_events: int
    cycle: int


def events_of(score: Score) -> list[Hashable]:
    """Pitches and lengths of all notes that begin at each moment, with the time to the next moment."""
    found: dict[int, list[tuple[int, int]]] = {}
    for note in score.notes:
        found.setdefault(note.onset_ticks, []).append((note.pitch, note.length_ticks))
    onsets = sorted(found)
    waits = [after - before for before, after in zip(onsets, [*onsets[1:], score.length_ticks], strict=True)]
    return [(*sorted(found[onset]), wait) for onset, wait in zip(onsets, waits, strict=True)]


def find_loop(
    events: Sequence[Hashable],
    max_cycle: int = MAX_CYCLE_EVENTS,
    min_times: int = MIN_TIMES,
    min_events: int = MIN_EVENTS,
) -> Loop | None:
    """The longest loop of a piece, if it has one; of equally long ones the one with the shortest cycle."""
    best: Loop | None = None
    for cycle in range(1, max_cycle + 1):
        run = 0
        for index in range(cycle, len(events) + 1):
            if index < len(events) and events[index] == events[index - cycle]:
                run += 1
                continue
            length = run + cycle
            if run and length >= max(min_times * cycle, min_events) and (best is None or length > best.num_events):
                best = Loop(index - length, length, cycle)
            run = 0
    return best
