"""What the context encoder tells, worked out without PyTorch, is what PyTorch works out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import Condition, unknown_conditions
from biaxial.features.known_arrays import KnownArrays
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import arrays_of
from biaxial.sampling.told_context import ContextWeights, ToldContext
from biaxial.sampling.weight_tables import Weights

STEPS = 50


@pytest.fixture(params=["tiny", "chorale"])
def network(request: pytest.FixtureRequest) -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS[request.param]).eval()


def given(network: BiaxialLSTM) -> tuple[KnownArrays, NDArray[np.int16]]:
    """A soprano in a piece, nothing in another, all voices of some steps in a third; keys, metre and a plan."""
    rng, n, alphabet = np.random.default_rng(0), network.config.num_notes, network.config.alphabet
    outcomes = np.zeros((3, STEPS, n), np.uint8)
    for piece in (0, 2):
        outcomes[piece, np.arange(STEPS), rng.integers(20, 40, STEPS)] = 16  # struck, the first voice
    voices = np.zeros_like(outcomes)
    voices[0], voices[2, 10:20] = 1, alphabet.everything
    known = KnownArrays.stacked([KnownArrays.of(o, v, alphabet) for o, v in zip(outcomes, voices, strict=True)])
    rows = unknown_conditions(STEPS)[None].repeat(3, axis=0)
    rows[0, :, Condition.TONIC], rows[0, :, Condition.MODE] = 7, 1
    rows[2, :, Condition.STEP_IN_BAR], rows[2, :, Condition.BAR_STEPS] = np.arange(STEPS) % 16, 16
    rows[2, 5:, Condition.PHRASE_TONIC], rows[2, 5:, Condition.PHRASE_MODE] = 2, 0
    return known, rows


def told(network: BiaxialLSTM, stretch: int | None = None) -> ToldContext:
    arrays = arrays_of(network)
    weights = ContextWeights(arrays.config, Weights(arrays, "float32").inputs, arrays.weights)
    return ToldContext(weights, *given(network), stretch)


@pytest.mark.parametrize("stretch", [None, 1, 7, 49])
def test_what_is_told_is_what_the_encoder_tells(network: BiaxialLSTM, stretch: int | None) -> None:
    known, rows = given(network)
    with torch.inference_mode():
        expected: Any = network.encode(known.to("cpu"), torch.from_numpy(rows))
    assert expected is not None
    assert expected[2].abs().max() > 0
    context = told(network, stretch)
    found = np.stack([context.at(step) for step in range(STEPS)], axis=1)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5, rtol=1e-4)
    assert not found[1].any()


def test_steps_are_asked_for_in_their_order(network: BiaxialLSTM) -> None:
    context = told(network, 10)
    context.at(25)
    with pytest.raises(ValueError, match="left behind"):
        context.at(19)
