"""A network as arrays: the parameters that a config means, and a style put into the biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.models.network_arrays import arrays_of, parameter_shapes, settled
from biaxial.tokens.config import SEQUENCE_PRESETS
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.token_shapes import token_shapes

STYLED = replace(PRESETS["tiny"], styles=("bach", "hymn"), dynamics=True)
CONFIGS = PRESETS | {"styled": STYLED, "two walks": replace(STYLED, order="both", note_hidden=(12, 8))}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_means_the_parameters_of_its_network(name: str) -> None:
    config: ModelConfig = CONFIGS[name]
    expected = {name: tuple(tensor.shape) for name, tensor in BiaxialLSTM(config).state_dict().items()}
    assert parameter_shapes(config) == expected


@pytest.mark.parametrize("name", ["melody", "chord"])
def test_a_config_means_the_parameters_of_its_token_network(name: str) -> None:
    config = SEQUENCE_PRESETS[name]
    expected = {name: tuple(tensor.shape) for name, tensor in SequenceLSTM(config).state_dict().items()}
    assert token_shapes(config) == expected


@pytest.mark.parametrize("shares", [(1.0, 0.0), (0.3, 0.7), (0.0, 0.0)])
def test_arrays_settle_into_the_style_that_the_network_does(shares: tuple[float, float]) -> None:
    torch.manual_seed(0)
    network = BiaxialLSTM(STYLED).eval()
    for stack in (network.time_axis, network.walk(0).axis):
        for projection in stack.of_style:
            torch.nn.init.normal_(projection.get_parameter("weight"))
    expected, found = arrays_of(network.in_style(shares)), settled(arrays_of(network), shares)
    assert found.config == expected.config
    assert found.weights.keys() == expected.weights.keys()
    for name, array in found.weights.items():
        np.testing.assert_allclose(array, expected.weights[name], atol=1e-5)
