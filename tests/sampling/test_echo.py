"""A network that hears echoes is a distribution, and its steps are its forward pass."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import StepState

NUM_STEPS = 5


@pytest.fixture
def model(make_network: Callable[..., BiaxialLSTM]) -> BiaxialLSTM:
    return make_network(2, 0, 2, "low-to-high", echo=True, ranks=2, next_voice=True, clock=True)


def conditions(batch: int) -> Tensor:
    rows = torch.full((batch, NUM_STEPS, len(Condition)), -1, dtype=torch.int16)
    rows[..., Condition.SINCE_START] = torch.arange(NUM_STEPS)
    return rows


def draw(stepper: Stepper, seeds: range) -> tuple[Tensor, StepState]:
    state, frames = stepper.start(len(seeds)), []
    for step in range(NUM_STEPS):
        frame, _, state = stepper.step(state, conditions(len(seeds))[:, step], uniforms(seeds, step, 2))
        frames.append(frame)
    return torch.stack(frames, 1), state


def test_probabilities_of_all_rolls_sum_to_one(model: BiaxialLSTM) -> None:
    rolls = torch.tensor(list(itertools.product((0, 1), repeat=2 * NUM_STEPS)), dtype=torch.uint8)
    rolls = rolls.view(-1, NUM_STEPS, 2)
    with torch.no_grad():
        p = log_mean(model.walk_log_likelihood(Batch.whole(rolls, conditions(len(rolls)))).sum(-1)).sum(1).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-9)


def test_steps_equal_the_forward_pass(model: BiaxialLSTM) -> None:
    drawn, state = draw(Stepper(model), range(200))
    with torch.no_grad():
        exact = log_mean(model.walk_log_likelihood(Batch.whole(drawn, conditions(200))).sum(-1)).sum(1)
    assert torch.allclose(state.log_likelihood, exact, atol=1e-9)
    fast, fast_state = draw(ParallelStepper(model), range(200))
    assert torch.equal(fast, drawn)
    assert torch.allclose(fast_state.log_likelihood, exact, atol=1e-9)


def test_a_state_that_is_taken_keeps_its_own_memory(model: BiaxialLSTM) -> None:
    _, state = draw(Stepper(model), range(8))
    taken = state.take(torch.tensor([5, 5, 2])).memory
    assert taken is not None
    assert state.memory is not None
    assert torch.equal(taken.frames, state.memory.frames[[5, 5, 2]])
    assert torch.equal(taken.lengths, state.memory.lengths[[5, 5, 2]])
