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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biaxial.judge.judge import Judgement
from biaxial.judge.measures import GROUPS, MEASURES, Group
from biaxial.judge.reference import Reference
from biaxial.metrics.figures.report import markdown_table


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


def compare(judgements: Sequence[Judgement], reference: Reference) -> list[Row]:
    """Rows for all measures that any of the pieces has, in the order of the tables."""
    cut = most_common_cut(judgements)
    rows = []
    for measure in MEASURES:
        having = [each for each in judgements if not math.isnan(each.values.get(measure, math.nan))]
        if not having:
            continue
        values = np.array([each.values[measure] for each in having])
        standard = np.array([each.standard.get(measure, math.nan) for each in having])
        corpus = reference.values(measure, cut)
        rows.append(
            Row(
                measure,
                len(having),
                float(values.mean()),
                float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan,
                float(corpus.mean()) if len(corpus) else math.nan,
                float(corpus.std(ddof=1)) if len(corpus) > 1 else math.nan,
                float(np.nanmean(standard)) if not np.isnan(standard).all() else math.nan,
                area_under_curve(values, corpus),
            )
        )
    return rows


def most_common_cut(judgements: Sequence[Judgement]) -> int:
    """The length at which most of the pieces are compared."""
    return Counter(each.cut for each in judgements).most_common(1)[0][0]


def grades_table(judgements: Sequence[Judgement]) -> str:
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


def ranked(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The nearest to the corpus first; those without a grade last."""
    return sorted(judgements, key=lambda each: (math.isnan(each.grade), each.grade, each.name))


def number(value: float, *, signed: bool = False) -> str:
    """A figure with two decimals, none from 100 on; a dash for NaN."""
    if math.isnan(value):
        return "-"
    digits = 2 if abs(value) < 100 else 0
    return f"{value:{'+' if signed else ''}.{digits}f}"
