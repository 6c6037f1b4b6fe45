"""What was expected: a distribution over all that might come next, in which what came has the share of its nats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from biaxial.likelihood.expectation import expectations
from biaxial.likelihood.surprise import surprises
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import arrays_of
from biaxial.music.score import Note, Score
from biaxial.sampling.piece_scorer import PieceScorer

Q = 480
PLAIN = {"num_voices": 0, "voice_neighbourhood": False, "voice_intervals": False, "parallels": False}


def network(**fields: Any) -> BiaxialLSTM:
    """A network of few notes with opinions."""
    torch.manual_seed(0)
    small = {"low_pitch": 60, "num_notes": 6, "num_voices": 2, "steps_per_quarter": 1}
    found = BiaxialLSTM(replace(PRESETS["tiny"], **{**small, **fields})).eval()
    for parameter in found.parameters():
        parameter.data *= 2
    return found


SCORE = Score(
    (Note(0, 2 * Q, 64, 0), Note(2 * Q, Q, 65, 0), Note(0, Q, 61, 1), Note(Q, Q, 60, 1), Note(2 * Q, Q, 65, 1))
)


@pytest.mark.parametrize(
    "fields", [{}, {"order": "low-to-high"}, PLAIN, {"num_states": 2}, {"num_states": 2, "echo": True}]
)
def test_what_came_and_what_might_have_come_add_up_to_one(fields: dict[str, Any]) -> None:
    net = network(**fields)
    (found,) = surprises(net, [SCORE])
    moments = found.moments()
    for moment, expected in zip(moments, expectations(net, found.roll, moments, 10_000), strict=True):
        shares = [one.probability for one in expected]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) + math.exp(-moment.nats) == pytest.approx(1, abs=1e-5)
        if moment.pitch is not None:
            came = [one for one in expected if one.pitch == moment.pitch and one.voices == moment.voices]
            assert all(one.happening != moment.happening for one in came) or net.config.num_states == 2


def test_nothing_is_expected_where_nobody_asks() -> None:
    net = network()
    (found,) = surprises(net, [SCORE])
    assert expectations(net, found.roll, []) == expectations(PieceScorer(arrays_of(net)), found.roll, []) == []


def test_the_most_probable_are_told_first() -> None:
    net = network()
    (found,) = surprises(net, [SCORE])
    moment = found.moments()[1:2]
    (every,), (three,) = (expectations(net, found.roll, moment, most) for most in (100, 3))
    assert three == every[:3]
    (nothing,) = [one for one in every if one.pitch is None]
    assert (nothing.voices, nothing.happening) == ((), "silent")


def test_after_a_placed_voice_only_the_others_are_expected_and_only_further_on() -> None:
    net = network()
    (found,) = surprises(net, [SCORE])
    soprano, alto = found.moments()[:2]
    (instead,) = expectations(net, found.roll, [alto], 100)
    sounding = [one for one in instead if one.pitch is not None and one.probability > 0]
    assert soprano.pitch == 64
    assert {one.voices for one in sounding} == {(1,)}
    assert {one.pitch for one in sounding} == {60, 61, 62, 63} - {61}
    assert {one.happening for one in sounding} == {"struck"}, "nothing sounded before the first step"


@pytest.mark.parametrize("fields", [{}, {"order": "low-to-high", "echo": True}, PLAIN])
def test_the_kernels_expect_what_the_network_does(fields: dict[str, Any]) -> None:
    net = network(**fields)
    (found,) = surprises(net, [SCORE])
    moments = found.moments()
    by_kernels = expectations(PieceScorer(arrays_of(net)), found.roll, moments, 10_000)
    for expected, told in zip(expectations(net, found.roll, moments, 10_000), by_kernels, strict=True):
        shares = {(one.pitch, one.voices, one.happening): one.probability for one in expected}
        again = {(one.pitch, one.voices, one.happening): one.probability for one in told}
        assert again == pytest.approx(shares, abs=1e-6)
