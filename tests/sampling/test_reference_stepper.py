"""The step-by-step walk is the parallel forward pass, whatever the batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.sampling.constraints import Polyphony, range_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.stepping import Proposal

MakeNetwork = Callable[..., BiaxialLSTM]


@pytest.fixture(scope="module", params=["tiny", "hexahedria", "jsb-quarter", "jsb-16th"])
def model(request: pytest.FixtureRequest) -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS[request.param]).eval()


def conditions(batch: int, num_steps: int) -> torch.Tensor:
    rows = torch.full((batch, num_steps, 9), -1, dtype=torch.int16)
    rows[:, :, 0] = torch.arange(num_steps) == 0
    rows[:, :, 8] = torch.arange(num_steps)
    rows[0, :, 1], rows[0, :, 2] = torch.arange(num_steps) % 16, 16
    rows[0, :, 3:5] = torch.tensor([7, 1])
    return rows


def test_steps_equal_the_forward_pass(model: BiaxialLSTM) -> None:
    num_steps, stepper = 5, Stepper(model)
    state, frames, rows = stepper.start(3), [], conditions(3, 5)
    for step in range(num_steps):
        randoms = uniforms(range(3), step, model.config.num_notes)
        frame, weight, state = stepper.step(state, rows[:, step], randoms)
        frames.append(frame)
        assert weight.abs().max() < 1e-9
    roll = torch.stack(frames, 1)
    assert (roll > 0).any()
    with torch.no_grad():
        batch = Batch.whole(roll, rows)
        exact = log_mean(model.double().walk_log_likelihood(batch).sum(-1)).sum(1)
        single = log_mean(model.float().walk_log_likelihood(batch).sum(-1)).sum(1)
    assert torch.allclose(state.log_likelihood, exact, rtol=0, atol=1e-7)
    assert torch.allclose(single.double(), exact, rtol=1e-5)


def test_a_piece_does_not_depend_on_its_batch(make_network: MakeNetwork) -> None:
    stepper = Stepper(make_network(3, 2, num_notes=6))

    def draw(seeds: list[int]) -> torch.Tensor:
        state, frames = stepper.start(len(seeds)), []
        for step in range(6):
            rows = torch.full((len(seeds), 8), -1, dtype=torch.int16)
            frame, _, state = stepper.step(state, rows, uniforms(seeds, step, 6))
            frames.append(frame)
        return torch.stack(frames, 1)

    together = draw([5, 6, 7, 8, 9])
    assert torch.equal(together[2:3], draw([7]))
    assert torch.equal(together[:2], draw([5, 6]))
    assert not torch.equal(together[0], together[1])


def test_random_numbers_depend_on_their_place_alone() -> None:
    numbers = uniforms([3, 4], step=9, num_notes=10)
    assert np.array_equal(numbers[1], uniforms([4], 9, 10)[0])
    assert np.array_equal(numbers[0, :4], uniforms([3], 9, 4)[0])
    assert not np.array_equal(numbers[0], uniforms([3], 10, 10)[0])
    assert not np.array_equal(numbers[0], uniforms([3], 9, 10, slots=[1])[0])
    assert numbers.min() >= 0
    assert numbers.max() < 1


@pytest.mark.parametrize("kind", ["free", "constrained", "cooler"])
def test_guessing_whole_frames_draws_what_the_walk_draws(network: BiaxialLSTM, kind: str) -> None:
    config = network.config
    proposal = Proposal(0.8, 0.2, -0.1, 0.02) if kind == "cooler" else Proposal()
    bias, rules = None, []
    if kind == "constrained":
        bias = range_bias(config, [(60, config.high_pitch)] * max(1, config.num_voices))
        rules = [Polyphony(config, 1, max(1, config.num_voices))]
    walk, guess = Stepper(network, proposal), ParallelStepper(network, proposal)
    state, other = walk.start(16), guess.start(16)
    for step in range(6):
        rows, randoms = conditions(16, 6)[:, step], uniforms(range(16), step, config.num_notes)
        frame, weight, state = walk.step(state, rows, randoms, None, bias, rules)
        guessed, guessed_weight, other = guess.step(other, rows, randoms, None, bias, rules)
        assert torch.equal(frame, guessed)
        assert torch.allclose(weight, guessed_weight, atol=1e-10)
    assert torch.allclose(state.log_likelihood, other.log_likelihood, atol=1e-10)
