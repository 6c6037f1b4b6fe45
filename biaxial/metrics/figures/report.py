"""The figures of four-part composing over a set of pieces, and tables that put sets side by side.

Every figure is a ratio of sums over pieces, faults over chord changes or pieces that do something over pieces, so
that a long piece weighs more in a rate and no more in a share of pieces. Its standard error is that of a ratio whose
pieces are drawn independently (W. G. Cochran, *Sampling Techniques*, section 6.4): with faults ``y`` and denominators
``x`` of ``n`` pieces and ``r = sum(y) / sum(x)``, it is ``sqrt(n / (n - 1) * sum((y - r * x) ** 2)) / sum(x)``.

Pieces are compared at equal length: all but the final chord and the key is read from the first bars of each. The
final chord is that of the whole piece, since a cut is no ending, and so is the key that it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.figures.statistics import (
    distinct_share,
    first_bars,
    longest_chord_bars,
    longest_silence_bars,
    sounding_share,
)
from biaxial.metrics.harmony.endings import final_chord
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import faults
from biaxial.music.keys import nearest_key, pitch_class_durations
from biaxial.music.score import Score

COMPOSITION_BARS = 16
"""Bars at which pieces are compared."""

_PIECES, _TIME, _CHANGES = "% of pieces", "% of time", "per 100 chord changes"


class _Row(NamedTuple):
    label: str
    unit: str
    scale: float


_ROWS: dict[str, _Row] = {
    "silences": _Row("silence longer than a bar", _PIECES, 100),
    "chords_over_two_bars": _Row("chord held longer than two bars", _PIECES, 100),
    "chords_over_three_bars": _Row("chord held longer than three bars", _PIECES, 100),
    "final_on_strong_beat": _Row("final chord on a strong beat", _PIECES, 100),
    "final_tonic_triad": _Row("final chord a tonic triad", _PIECES, 100),
    "four_sounding": _Row("four voices sounding", _TIME, 100),
    "four_distinct": _Row("four distinct pitches", _TIME, 100),
    "crossings": _Row("crossings", _CHANGES, 100),
    "spacing": _Row("spacing", _CHANGES, 100),
    "parallel_fifths": _Row("parallel fifths", _CHANGES, 100),
    "parallel_octaves": _Row("parallel octaves", _CHANGES, 100),
    "parallels": _Row("parallel fifths and octaves", _CHANGES, 100),
    "out_of_range": _Row("notes out of range", _CHANGES, 100),
    "chord_changes": _Row("chord changes", "per quarter note", 1),
    "strikes": _Row("struck notes", "per quarter note", 1),
    "note_length": _Row("mean length of a note", "quarter notes", 1),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure over a set of pieces.

    Parameters
    ----------
    label, unit
        What it is, in words.
    value
        In the unit; NaN where there is nothing to divide by.
    standard_error
        In the unit; NaN below two pieces.
    count, total
        The two sums whose ratio it is, such as faults and chord changes.
    """

    label: str
    unit: str
    value: float
    standard_error: float
    count: float
    total: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ± {self.standard_error:.2f}"


@dataclass(frozen=True, slots=True)
class CompositionReport:
    """The figures of a set of pieces, by name, in the order in which they are printed.

    Parameters
    ----------
    num_pieces
        Pieces read.
    num_bars
        Bars of each piece that were read, after its pickup; ``None`` for whole pieces.
    figures
        All figures.
    """

    num_pieces: int
    num_bars: int | None
    figures: dict[str, Figure]


def composition_report(scores: Iterable[Score], num_bars: int | None = COMPOSITION_BARS) -> CompositionReport:
    """Measure a set of voiced four-part pieces.

    Parameters
    ----------
    scores
        The pieces.
    num_bars
        Cut each piece to this many bars first; ``None`` reads them whole.

    Raises
    ------
    ValueError
        If there are no pieces, or one of them has notes without voices.
    """
    counts = [_counts(score, num_bars) for score in scores]
    if not counts:
        raise ValueError("there are no pieces to report on")
    figures = {}
    for name, row in _ROWS.items():
        numerators, denominators = np.array([piece[name] for piece in counts], dtype=np.float64).T
        figures[name] = _ratio(row, numerators, denominators)
    return CompositionReport(len(counts), num_bars, figures)


def composition_table(reports: Mapping[str, CompositionReport]) -> str:
    """Markdown, readable as plain text: a row for each figure and a column for each report, by its heading.

    Values are followed by their standard errors.

    Raises
    ------
    ValueError
        If the reports read different numbers of bars.
    """
    columns = list(reports.values())
    if len({report.num_bars for report in columns}) != 1:
        raise ValueError("a table compares pieces that were cut alike")
    lines = [["", "unit", *reports], ["pieces", "", *(str(report.num_pieces) for report in columns)]]
    for name, row in _ROWS.items():
        lines.append([row.label, row.unit, *(str(report.figures[name]) for report in columns)])
    return markdown_table(lines)


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table that lines up as plain text; the first line is the heading."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    texts = [f"| {' | '.join(cells)} |" for cells in padded]
    texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(texts)


def _counts(whole: Score, num_bars: int | None) -> dict[str, tuple[float, float]]:
    """Of one piece, for each row: what is counted, and what it is divided by."""
    score = whole if num_bars is None else first_bars(whole, num_bars)
    slices = Slices.from_score(score)
    changes, quarters = slices.num_changes, score.length_ticks / score.ticks_per_quarter
    held = longest_chord_bars(slices)
    ending = final_chord(whole)
    key = nearest_key(pitch_class_durations(whole))  # the last note is what is asked about: it gets no bonus here
    broken = {rule: len(found) for rule, found in faults(slices).items()}
    broken["parallels"] = broken["parallel_fifths"] + broken["parallel_octaves"]
    rules = ("crossings", "spacing", "parallel_fifths", "parallel_octaves", "parallels", "out_of_range")
    return {
        "silences": (longest_silence_bars(slices) > 1, 1),
        "chords_over_two_bars": (held > 2, 1),
        "chords_over_three_bars": (held > 3, 1),
        "final_on_strong_beat": (ending is not None and ending.on_strong_beat, 1),
        "final_tonic_triad": (ending is not None and key is not None and ending.is_tonic_triad(key.tonic), 1),
        "four_sounding": (sounding_share(slices) * quarters if quarters else 0, quarters),
        "four_distinct": (distinct_share(slices) * quarters if quarters else 0, quarters),
        **{rule: (broken[rule], changes) for rule in rules},
        "chord_changes": (changes, quarters),
        "strikes": (len(score.notes), quarters),
        "note_length": (sum(note.length_ticks for note in score.notes) / score.ticks_per_quarter, len(score.notes)),
    }


def _ratio(row: _Row, numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> Figure:
    count, total, pieces = float(numerators.sum()), float(denominators.sum()), len(numerators)
    value = count / total if total else float("nan")
    error = float("nan")
    if total and pieces > 1:
        residuals = numerators - value * denominators
        error = float(np.sqrt(pieces / (pieces - 1) * (residuals**2).sum())) / total
    return Figure(row.label, row.unit, row.scale * value, row.scale * error, count, total)
