"""Biases that keep the density at any temperature."""

from __future__ import annotations

import pytest
import torch

from biaxial.tasks.drawing.sampling_options import density_biases as interpolate
from biaxial.training.density import fit_biases

GROUPS = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)  # silent, hold, strike


@pytest.mark.parametrize("temperature", [0.5, 0.8, 1.0, 1.5])
def test_expected_counts_stay_those_of_temperature_one(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(500, 3, generator=generator, dtype=torch.float64)
    log_probs = (logits + torch.tensor([2.0, 1.0, 0.0])).log_softmax(-1)  # silence is likely, as it is in music
    biases = fit_biases(log_probs, GROUPS, temperature)
    tempered = (log_probs / temperature + GROUPS @ biases).softmax(-1)
    assert torch.allclose((tempered @ GROUPS).sum(0), (log_probs.exp() @ GROUPS).sum(0), atol=1e-6)
    if temperature == 1.0:
        assert biases.abs().max() < 1e-8
    else:
        bare = (log_probs / temperature).softmax(-1)
        assert not torch.allclose((bare @ GROUPS).sum(0), (log_probs.exp() @ GROUPS).sum(0), rtol=0.01)


def test_two_states_need_one_bias() -> None:
    log_probs = torch.tensor([[0.9, 0.1], [0.8, 0.2]], dtype=torch.float64).log()
    biases = fit_biases(log_probs, torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64), 0.5)
    assert biases[1] == 0
    assert biases[0] > 0  # cooling thins out, so the bias lifts


def test_biases_are_interpolated_and_nothing_is_added_at_one() -> None:
    table = [[0.5, 0.4, 0.2], [1.0, 0.0, 0.0], [1.5, -0.3, -0.1]]
    assert interpolate(table, 0.75) == pytest.approx((0.2, 0.1))
    assert interpolate(table, 1.0) == (0.0, 0.0)
    assert interpolate(table, 3.0) == pytest.approx((-0.3, -0.1))
    assert interpolate([], 0.5) == (0.0, 0.0)
