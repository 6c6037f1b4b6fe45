"""Which of several pieces is kept."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from biaxial.judge.judge import Judge
from biaxial.judge.reference import shipped_reference
from biaxial.music.score import Note, Score
from biaxial.tasks.drawing.fill import RANKED_BY, ranked
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model

QUICK = SamplingOptions(cadence=False, best_of=3)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def test_the_lowest_score_comes_first_and_unmet_constraints_last(model: Model) -> None:
    judge = Judge(shipped_reference(), model.in_style())
    scores = [model.compose(bars=4, seed=seed, drawing=SamplingOptions(cadence=False)).score for seed in range(4)]
    found = ranked(scores, [1.0] * 4, [True, True, False, True], judge)
    assert [each.met for each in found] == [True, True, True, False]
    assert [each.score for each in found[:3]] == sorted(each.score for each in found[:3])
    assert found[-1].number == 3
    by_name = {str(n): each for n, each in enumerate(judge.judge([(str(n), s) for n, s in enumerate(scores)]))}
    for each in found:
        judged = by_name[str(each.number - 1)]
        wanted = {name: judged.groups[name] for name in RANKED_BY}
        wanted["likelihood"] = max(0.0, judged.standard["nats_per_step"])  # to be likelier than Bach is no fault
        assert each.parts == pytest.approx(wanted, rel=1e-5)
        assert each.score == pytest.approx(sum(each.parts.values()) / len(RANKED_BY))


def test_equal_scores_are_decided_by_the_likelihood(model: Model) -> None:
    score = Score((Note(0, 480, 60),))
    found = ranked([score] * 3, [2.0, 1.0, 3.0], [True] * 3, Judge(shipped_reference()))
    assert [each.number for each in found] == [2, 1, 3]


@pytest.mark.slow
def test_a_piece_is_the_first_of_its_ranking(model: Model) -> None:
    piece = model.compose(bars=4, seed=5, drawing=QUICK)
    assert sorted(each.number for each in piece.ranking) == [1, 2, 3]
    assert piece.nats_per_step == piece.ranking[0].nats_per_step
    assert model.compose(bars=4, seed=5, drawing=QUICK).score == piece.score
    alone = model.compose(bars=4, seed=5, drawing=replace(QUICK, best_of=1))
    assert alone.ranking == ()
    first = next(each for each in piece.ranking if each.number == 1)
    assert alone.nats_per_step == pytest.approx(first.nats_per_step)


def test_harmonising_ranks_its_alternatives_too(model: Model) -> None:
    tune = [(pitch, 1.0) for pitch in (67, 69, 71, 72)]
    drawing = SamplingOptions(cadence=False, temperature=0.5, best_of=2)
    pieces = list(model.draw(model.plan_harmonisation(tune, seed=1, drawing=drawing, n=2)))
    assert all(len(piece.ranking) == 2 for piece in pieces)
    assert not any(math.isnan(each.score) for piece in pieces for each in piece.ranking)


def test_a_piece_is_judged_beside_bach(model: Model) -> None:
    piece = model.compose(bars=4, seed=1)
    found = model.judge(piece)
    expected = Judge(shipped_reference(), model.in_style()).judge([("piece", piece.score)])[0]
    assert found.grade == pytest.approx(expected.grade)
    assert found.name == piece.score.title
