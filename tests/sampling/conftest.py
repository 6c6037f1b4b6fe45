"""A tiny network whose rolls can all be enumerated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig


def tiny_network(
    num_states: int = 3,
    num_voices: int = 0,
    num_notes: int = 3,
    order: str = "high-to-low",
    **inputs: bool | int | tuple[str, ...],
) -> BiaxialLSTM:
    """A network of few notes with weights large enough that every outcome matters."""
    torch.manual_seed(3)
    config = ModelConfig(
        low_pitch=60,
        num_notes=num_notes,
        num_states=num_states,
        num_voices=num_voices,
        order=order,  # type: ignore[arg-type]
        neighbourhood=2,
        time_hidden=(5,),
        note_hidden=(4,),
        dropout=0.0,
        **inputs,  # type: ignore[arg-type]
    )
    model = BiaxialLSTM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.0)
    return model.double()


@pytest.fixture(params=[(3, 0), (2, 0), (3, 2), (2, 2)], ids=lambda p: f"{p[0]} states, {p[1]} voices")
def network(request: pytest.FixtureRequest) -> BiaxialLSTM:
    """Networks of every kind: two or three states, without and with voices."""
    num_states, num_voices = request.param
    return tiny_network(num_states, num_voices, num_notes=3 if num_voices == 0 else 2)


@pytest.fixture
def make_network() -> Callable[..., BiaxialLSTM]:
    """:func:`tiny_network`, for tests that choose its kind."""
    return tiny_network
