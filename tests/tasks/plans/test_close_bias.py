"""Phrases lean towards the cadences that are planned."""

from __future__ import annotations

import numpy as np
import pytest

import biaxial
from biaxial.metrics.harmony.endings import closes
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.constants import SILENT
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import Key
from biaxial.sampling.constraints import StepBias
from biaxial.tasks.model import Model
from biaxial.tasks.plans.close_bias import NATS, close_bias, closing_chords

CONFIG = PRESETS["tiny"]
C, A_MINOR = Key(0), Key(0, "minor")


@pytest.mark.parametrize(
    ("cadence", "key", "before", "root", "last"),
    [
        ("authentic", C, {7, 11, 2, 5}, 0, {0, 4, 7}),
        ("authentic", A_MINOR, {4, 8, 11, 2}, 9, {9, 0, 1, 4}),
        ("half", C, None, 7, {7, 11, 2}),
        ("half", A_MINOR, None, 4, {4, 8, 11}),
        ("plagal", C, {5, 8, 9, 0}, 0, {0, 4, 7}),
        ("deceptive", C, {7, 11, 2, 5}, 9, {9, 0, 4}),
        ("deceptive", A_MINOR, {4, 8, 11, 2}, 5, {5, 9, 0}),
    ],
)
def test_the_chords_of_a_cadence(cadence: str, key: Key, before: set[int] | None, root: int, last: set[int]) -> None:
    found = closing_chords(cadence, key)
    assert (found[0] and set(found[0]), found[1], set(found[2])) == (before, root, last)


def test_notes_of_the_planned_chords_gain_and_others_lose() -> None:
    bias = close_bias(phrase_plan("A=I:half@8/2 B=V:auth@8/2"), C, CONFIG)
    alphabet = CONFIG.alphabet
    felt = [step for step in range(64) if bias.is_felt(step)]
    assert felt == [24, 25, 26, 27, 52, 54, 56, 57, 58, 59]
    fermata = bias.at(56)
    assert not fermata[:, alphabet.states == SILENT].any()
    bass = alphabet.voice_matrix[:, -1]
    g, d, f = (pitch - CONFIG.low_pitch for pitch in (43, 50, 53))
    for place, cells, nats in (
        (g, bass, NATS["last"][0] + NATS["bass"][0]),
        (d, bass, NATS["last"][0] + NATS["bass"][1]),
        (f, ~bass & (alphabet.states != SILENT), NATS["last"][1]),
    ):
        assert fermata[place][cells].tolist() == pytest.approx([nats] * cells.sum())


def test_an_open_phrase_leans_nowhere() -> None:
    bias = close_bias(phrase_plan("A=I:open@8/2"), C, CONFIG)
    assert not any(bias.is_felt(step) for step in range(32))


def test_biases_add_up_step_by_step() -> None:
    one, two = np.zeros((2, 3)), np.ones((2, 3))
    both = StepBias((one, two), [0, 1, 1]).plus(StepBias((one, 2 * two), [1, 1, 0]))
    assert [float(both.at(step)[0, 0]) for step in range(3)] == [2, 3, 1]
    assert len(both.biases) == 3


@pytest.mark.slow
def test_planned_cadences_arrive_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    def met() -> int:
        model = biaxial.load(device="cpu")
        plan = model.plan_composition(8, key="C major", plan="I:half V:auth vi:auth I:auth", n=12, seed=40, draft=True)
        found = 0
        for piece in model.draw(plan):
            assert piece.plan is not None
            heard = [(close.kind, close.tonic) for close in closes(piece.score)]
            found += sum(a == b for a, b in zip(heard, [("half", 0), ("authentic", 7), ("authentic", 9)], strict=False))
        return found

    leaning = met()
    monkeypatch.setattr("biaxial.tasks.plans.close_bias.NATS", dict.fromkeys(NATS, (0.0, 0.0)))
    assert leaning > 1.5 * met()


def phrase_plan(text: str) -> PhrasePlan:
    """A plan for C major of two or four bars."""
    model = Model(BiaxialLSTM(CONFIG).eval(), {}, "noise")
    (request,) = model.plan_composition(4 if " " in text else 2, key="C major", plan=text).requests
    assert request.phrase_plan is not None
    return request.phrase_plan
