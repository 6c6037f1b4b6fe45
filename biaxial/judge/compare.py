"""A set of judged pieces beside the corpus, measure by measure.

Of each measure: the mean over the pieces and its standard error; the mean and the standard deviation over the corpus at
the length that most of the pieces were compared at; by how many standard deviations the pieces lie above the corpus in
the mean; and how often a piece drawn from the set has more of it than a piece drawn from the corpus (ties count half;
0.5 if the two are alike). This is the area under the receiver operating characteristic (D. Bamber, "The area above the
ordinal dominance graph and the area below the receiver operating characteristic graph", Journal of Mathematical
Psychology 12, 1975).
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from biaxial.judge.measures import GROUPS, MEASURES, Group
from biaxial.judge.reference import Reference
from biaxial.metrics.figures.report import markdown_table


class Judged(Protocol):
    """What of a :class:`~biaxial.judge.judge.Judgement` is compared."""

    @property
    def name(self) -> str:
        """What the piece is called."""

    @property
    def cut(self) -> int:
        """Bars of the corpus pieces that it is compared with."""

    @property
    def values(self) -> Mapping[str, float]:
        """Every measure that applies."""

    @property
    def standard(self) -> Mapping[str, float]:
        """By how many standard deviations each lies above the corpus."""

    @property
    def groups(self) -> Mapping[Group, float]:
        """How far each group of measures is from the corpus."""

    @property
    def grade(self) -> float:
        """How far the piece is."""


AnyJudged = TypeVar("AnyJudged", bound=Judged)


@dataclass(frozen=True)
class Row:
    """One measure over a set of pieces and over the corpus; fields as in the module's text.

    ``num_pieces`` is how many pieces of the set have the measure.
    """

    measure: str
    num_pieces: int
    mean: float
    standard_error: float
    corpus_mean: float
    corpus_deviation: float
    standard: float
    more_often: float

    @property
    def group(self) -> Group:
        """The group of the measure."""
        return MEASURES[self.measure].group


def area_under_curve(more: NDArray[np.float64], less: NDArray[np.float64]) -> float:
    """How often a value of the first set exceeds one of the second, ties counted half; NaN where one set is empty."""
    if not len(more) or not len(less):
        return math.nan
    ordered = np.sort(less)
    below = np.searchsorted(ordered, more, "left") + np.searchsorted(ordered, more, "right")
    return float(below.mean() / (2 * len(less)))


@dataclass
class Columns:
    """What a set of judgements has of each measure, eight bytes a value, so that there may be very many.

    Parameters
    ----------
    values, standard
        Values of each measure over the pieces that have it, and by how many standard deviations each lies above the
        corpus; NaN where that cannot be said.
    cuts
        How many pieces are compared at each length.
    grades
        The grades that there are.
    """

    values: dict[str, array[float]] = field(default_factory=dict)
    standard: dict[str, array[float]] = field(default_factory=dict)
    cuts: Counter[int] = field(default_factory=Counter)
    grades: array[float] = field(default_factory=lambda: array("d"))

    def add(self, judged: Judged) -> None:
        """Take in a judgement."""
        self.cuts[judged.cut] += 1
        if not math.isnan(judged.grade):
            self.grades.append(judged.grade)
        for name, value in judged.values.items():
            if not math.isnan(value):
                self.values.setdefault(name, array("d")).append(value)
                self.standard.setdefault(name, array("d")).append(judged.standard.get(name, math.nan))


def compare(judgements: Iterable[Judged], reference: Reference) -> list[Row]:
    """Rows for all measures that any of the pieces has, in the order of the tables."""
    columns = Columns()
    for judged in judgements:
        columns.add(judged)
    return compare_columns(columns, reference)


def compare_columns(columns: Columns, reference: Reference) -> list[Row]:
    """The same of judgements that were taken in before."""
    (cut, _), *_ = columns.cuts.most_common(1)
    rows = []
    for measure in MEASURES:
        if measure not in columns.values:
            continue
        values, standard = np.array(columns.values[measure]), np.array(columns.standard[measure])
        corpus = reference.values(measure, cut)
        rows.append(
            Row(
                measure,
                len(values),
                float(values.mean()),
                float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan,
                float(corpus.mean()) if len(corpus) else math.nan,
                float(corpus.std(ddof=1)) if len(corpus) > 1 else math.nan,
                float(np.nanmean(standard)) if not np.isnan(standard).all() else math.nan,
                area_under_curve(values, corpus),
            )
        )
    return rows


def most_common_cut(judgements: Sequence[Judged]) -> int:
    """The length at which most of the pieces are compared."""
    return Counter(each.cut for each in judgements).most_common(1)[0][0]


def grades_table(judgements: Sequence[Judged]) -> str:
    """Markdown, readable as plain text: a row for each piece, the nearest to the corpus first."""
    lines = [["piece", "grade", *GROUPS]]
    for each in ranked(judgements):
        groups = each.groups
        lines.append([each.name, number(each.grade), *(number(groups.get(group, math.nan)) for group in GROUPS)])
    return markdown_table(lines)


def measures_table(rows: Sequence[Row], corpus: str) -> str:
    """Markdown, readable as plain text: a row for each measure."""
    lines = [["", "unit", "pieces", corpus, "deviations", "more often"]]
    for row in rows:
        measure = MEASURES[row.measure]
        lines.append(
            [
                measure.label,
                measure.unit,
                f"{number(row.mean)} ± {number(row.standard_error)}",
                f"{number(row.corpus_mean)} ({number(row.corpus_deviation)})",
                number(row.standard, signed=True),
                number(row.more_often),
            ]
        )
    return markdown_table(lines)


def ranked(judgements: Sequence[AnyJudged]) -> list[AnyJudged]:
    """The nearest to the corpus first; those without a grade last."""
    return sorted(judgements, key=rank)


def rank(judged: Judged) -> tuple[bool, float, str]:
    """By what judgements are sorted."""
    return math.isnan(judged.grade), judged.grade, judged.name


def number(value: float, *, signed: bool = False) -> str:
    """A figure with two decimals, none from 100 on; a dash for NaN."""
    if math.isnan(value):
        return "-"
    digits = 2 if abs(value) < 100 else 0
    return f"{value:{'+' if signed else ''}.{digits}f}"
