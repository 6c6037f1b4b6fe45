"""An untrained network as a public model: it writes noise, but by the same road."""

from __future__ import annotations

import pytest
import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.tasks.model import Model


@pytest.fixture(scope="session")
def noise() -> Model:
    torch.manual_seed(0)
    history = {"keys": {"G major": 2, "A minor": 1}, "density_biases": [[0.5, 0.1, 0.1], [1.0, 0.0, 0.0]]}
    return Model(BiaxialLSTM(PRESETS["tiny"]).eval(), history, "noise")
