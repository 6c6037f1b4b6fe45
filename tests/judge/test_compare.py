"""Sets of pieces beside a corpus."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from biaxial.corpora.splits import FolderItem
from biaxial.judge.compare import area_under_curve, compare, grades_table, measures_table, number, ranked
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.reference import Reference
from biaxial.music.score import Score


@pytest.fixture(scope="module")
def judged(reference: Reference, hymns: list[FolderItem]) -> list[Judgement]:
    return Judge(reference).judge([(item.name, item.score) for item in hymns])


def test_the_area_is_how_often_the_one_exceeds_the_other() -> None:
    generator = np.random.default_rng(0)
    more, less = generator.integers(6, size=20).astype(float), generator.integers(5, size=30).astype(float)
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(more, less)]
    assert area_under_curve(more, less) == pytest.approx(np.mean(pairs))
    assert area_under_curve(less, more) == pytest.approx(1 - np.mean(pairs))
    assert math.isnan(area_under_curve(more, np.empty(0)))
    assert math.isnan(area_under_curve(np.empty(0), more))


def test_rows_are_means_over_the_pieces_that_have_a_measure(
    judged: list[Judgement], reference: Reference, tune: Score
) -> None:
    both = [*judged, *Judge(reference).judge([("tune", tune)])]
    rows = {row.measure: row for row in compare(both, reference)}
    assert rows["parallel_fifths"].num_pieces == 8
    assert rows["pitch_entropy"].num_pieces == 9
    values = [each.values["pitch_entropy"] for each in both]
    assert rows["pitch_entropy"].mean == pytest.approx(np.mean(values))
    assert rows["pitch_entropy"].standard_error == pytest.approx(np.std(values, ddof=1) / 3)
    corpus = reference.values("pitch_entropy", 4)
    assert rows["pitch_entropy"].corpus_mean == pytest.approx(corpus.mean())
    assert rows["pitch_entropy"].corpus_deviation == pytest.approx(corpus.std(ddof=1))
    assert "nats_per_step" not in rows


def test_a_corpus_is_in_the_middle_of_itself(judged: list[Judgement], reference: Reference) -> None:
    own = [each for each in judged if each.name.startswith("train")]
    rows = {row.measure: row for row in compare(own, reference)}
    assert rows["pitch_entropy"].standard == pytest.approx(0, abs=1e-9)
    assert rows["pitch_entropy"].more_often == pytest.approx(0.5)


def test_the_nearest_piece_comes_first(judged: list[Judgement], reference: Reference) -> None:
    order = ranked(judged)
    assert [each.grade for each in order] == sorted(each.grade for each in judged)
    lines = grades_table(judged).splitlines()
    assert len(lines) == 2 + len(judged)
    assert lines[2].split("|")[1].strip() == order[0].name
    assert len({len(line) for line in lines}) == 1


def test_tables_have_a_row_for_each_measure(judged: list[Judgement], reference: Reference) -> None:
    rows = compare(judged, reference)
    lines = measures_table(rows, reference.name).splitlines()
    assert len(lines) == 2 + len(rows)
    assert "hymns" in lines[0]
    single = measures_table(compare(judged[:1], reference), "hymns")
    assert "± -" in single


def test_figures_are_short() -> None:
    assert [number(value) for value in (0.123, -4.5, 123.4, math.nan)] == ["0.12", "-4.50", "123", "-"]
    assert number(0.5, signed=True) == "+0.50"
