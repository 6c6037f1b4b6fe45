"""What the context encoder tells, in stretches and at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from biaxial.features.conditions import unknown_conditions
from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.whole_context import WholeContext

STEPS = 50


@pytest.fixture
def network() -> BiaxialLSTM:
    torch.manual_seed(0)
    network = BiaxialLSTM(PRESETS["tiny"])
    assert network.context is not None
    return network.eval()


def given(network: BiaxialLSTM) -> tuple[Known, torch.Tensor]:
    """A soprano in one of two pieces, nothing in the other."""
    rng, n = np.random.default_rng(0), network.config.num_notes
    outcomes = np.zeros((STEPS, n), np.uint8)
    outcomes[np.arange(STEPS), rng.integers(20, 40, STEPS)] = 16  # struck, the first voice
    some = Known.of(outcomes, np.ones_like(outcomes), network.config.alphabet)
    known = Known(*(torch.stack([one, torch.zeros_like(one)]) for one in some))
    return known, torch.from_numpy(unknown_conditions(STEPS)).expand(2, -1, -1)


def test_one_stretch_is_what_training_sees(network: BiaxialLSTM) -> None:
    known, conditions = given(network)
    with torch.inference_mode():
        expected = network.encode(known, conditions)
    context = network.whole_context(known, conditions)
    assert expected is not None
    assert context is not None
    assert expected[0].abs().max() > 0
    assert expected[1].abs().max() == 0
    assert torch.equal(torch.stack([context.at(step) for step in range(STEPS)], 1), expected)


@pytest.mark.parametrize("stretch", [1, 7, 25, 49])
def test_stretches_tell_the_same(network: BiaxialLSTM, stretch: int) -> None:
    known, conditions = given(network)
    assert network.context is not None
    with torch.inference_mode():
        expected = network.encode(known, conditions)
    context = WholeContext(network.context, known, conditions, network.time_features, stretch)
    assert expected is not None
    found = torch.stack([context.at(step) for step in range(STEPS)], 1)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="left behind"):
        context.at(0)


@pytest.mark.parametrize("stretch", [None, 1, 7, 25, 49])
def test_what_is_worked_out_again_is_what_the_whole_tells(network: BiaxialLSTM, stretch: int | None) -> None:
    known, conditions = given(network)
    assert network.context is not None
    context = WholeContext(network.context, known, conditions, network.time_features, stretch)
    for step in range(12):
        context.at(step)
    for step in range(12, STEPS):
        if step in (12, 31):
            outcomes, voices = known.outcomes.clone(), known.voices.clone()
            outcomes[1, step + 2, 5], voices[1, step : step + 9] = 16, 1
            known = Known(outcomes, voices, known.ended)
            context.again(known, step + 8)
            with torch.inference_mode():
                expected: Any = network.encode(known, conditions)
        found = context.at(step)
        torch.testing.assert_close(found, expected[:, step], atol=1e-5, rtol=1e-4)
        assert found.any(dim=-1).all()
