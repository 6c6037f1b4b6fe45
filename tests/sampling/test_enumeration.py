"""The model is a probability distribution, and the stepper draws from it: checked by listing every possible roll."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.constraints import Polyphony, range_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.stepping import Proposal

NUM_STEPS = 2
MakeNetwork = Callable[..., BiaxialLSTM]


def every_roll(model: BiaxialLSTM) -> tuple[Tensor, Tensor]:
    """All rolls of two steps, shape ``(r, 2, n)``, and their probabilities."""
    config = model.config
    cells = NUM_STEPS * config.num_notes
    rolls = torch.tensor(list(itertools.product(range(len(config.alphabet)), repeat=cells)), dtype=torch.uint8)
    rolls = rolls.view(-1, NUM_STEPS, config.num_notes)
    with torch.no_grad():
        cell_logs = log_mean(model.walk_log_likelihood(Batch.whole(rolls, conditions(len(rolls)))).sum(-1))
    return rolls, cell_logs.sum(1).exp()


def conditions(batch: int) -> Tensor:
    rows = torch.tensor([[1, 0, 16, 0, 0, 1, 255, 255, 0], [0, 1, 16, 0, 0, 0, 255, 255, 1]], dtype=torch.int16)
    return rows.expand(batch, 2, 9)


def draw(stepper: Stepper, count: int, **constraints: object) -> tuple[Tensor, Tensor, Tensor]:
    """Rolls, log-weights and log-likelihoods of ``count`` pieces drawn together."""
    state, frames, log_weight = stepper.start(count), [], torch.zeros(count, dtype=torch.float64)
    rows = conditions(count)
    for step in range(NUM_STEPS):
        randoms = uniforms(range(count), step, stepper.config.num_notes)
        frame, weight, state = stepper.step(state, rows[:, step], randoms, **constraints)  # type: ignore[arg-type]
        frames.append(frame)
        log_weight = log_weight + weight
    return torch.stack(frames, 1), log_weight, state.log_likelihood


def frequencies(rolls: Tensor, weights: Tensor | None = None) -> Counter[tuple[int, ...]]:
    """Share of each distinct roll."""
    weights = torch.full((len(rolls),), 1 / len(rolls), dtype=torch.float64) if weights is None else weights
    counts: Counter[tuple[int, ...]] = Counter()
    for row, weight in zip(rolls.flatten(1).tolist(), weights.tolist(), strict=True):
        counts[tuple(row)] += weight
    return counts


def distance(rolls: Tensor, exact: Tensor, counts: Counter[tuple[int, ...]]) -> float:
    """Total variation between exact probabilities and observed shares."""
    table = {tuple(row): p for row, p in zip(rolls.flatten(1).tolist(), exact.tolist(), strict=True)}
    return 0.5 * float(sum(abs(table.get(key, 0.0) - counts.get(key, 0.0)) for key in table.keys() | counts.keys()))


def test_probabilities_of_all_rolls_sum_to_one(network: BiaxialLSTM) -> None:
    _, p = every_roll(network)
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    assert (p > 0).sum() > 20  # and they are spread over many rolls


def test_the_mean_of_two_walks_is_a_distribution(make_network: MakeNetwork) -> None:
    model = make_network(3, 0, order="both")
    rolls, p = every_roll(model)
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    with torch.no_grad():
        down, up = model.walk_log_likelihood(Batch.whole(rolls, conditions(len(rolls)))).sum(-1).exp()
    assert (down - up).abs().max() > 1e-3
    assert torch.allclose(p, ((down + up) / 2).prod(1))


@pytest.mark.parametrize("kind", [Stepper, pytest.param(ParallelStepper, marks=pytest.mark.slow)])
def test_samples_of_two_walks_have_the_mean_of_their_probabilities(
    make_network: MakeNetwork, kind: type[Stepper]
) -> None:
    model = make_network(3, 0, order="both")
    rolls, p = every_roll(model)
    drawn, log_weight, log_likelihood = draw(kind(model), 20000)
    assert log_weight.abs().max() < 1e-9
    noise = 0.5 * (p * (1 - p) / len(drawn)).sqrt().sum().item()
    assert distance(rolls, p, frequencies(drawn)) < 1.3 * noise
    with torch.no_grad():
        again = log_mean(model.walk_log_likelihood(Batch.whole(drawn, conditions(len(drawn)))).sum(-1)).sum(1)
    assert torch.allclose(log_likelihood, again, atol=1e-9)
    bias = range_bias(model.config, [(60, 61)])
    fulfils = (rolls[:, :, 2] == 0).all(1)
    _, log_weight, _ = draw(kind(model), 20000, bias=bias)
    assert log_weight.exp().mean().item() == pytest.approx(p[fulfils].sum().item(), rel=0.05)


def test_impossible_rolls_have_probability_zero(make_network: MakeNetwork) -> None:
    model = make_network(3, 2, num_notes=2)
    rolls, p = every_roll(model)
    alphabet = model.config.alphabet
    states = torch.from_numpy(alphabet.states)[rolls.long()]
    sets = torch.from_numpy(alphabet.voices).long()[rolls.long()]
    held_from_nothing = ((states[:, 1] == 1) & (states[:, 0] == 0)).any(1) | (states[:, 0] == 1).any(1)
    voice_twice = (sets[:, :, 0] & sets[:, :, 1]).any(1)
    assert p[held_from_nothing | voice_twice].max() == 0
    legal = ~(held_from_nothing | voice_twice | ((states == 1) & (sets & ~sets.roll(1, 1) != 0)).flatten(1).any(1))
    assert (p[legal] > 0).all()


def test_samples_have_the_probabilities_of_the_model(network: BiaxialLSTM) -> None:
    rolls, p = every_roll(network)
    drawn, log_weight, log_likelihood = draw(Stepper(network), 20000)
    assert log_weight.abs().max() < 1e-9  # nothing constrains, so the weight is one
    noise = 0.5 * (p * (1 - p) / len(drawn)).sqrt().sum().item()  # expected distance of a perfect sampler, nearly
    assert distance(rolls, p, frequencies(drawn)) < 1.3 * noise
    again = log_mean(network.walk_log_likelihood(Batch.whole(drawn, conditions(len(drawn)))).sum(-1)).sum(1)
    assert torch.allclose(log_likelihood, again, atol=1e-9)


def test_forced_frames_have_their_log_likelihood_as_weight(network: BiaxialLSTM) -> None:
    rolls, p = every_roll(network)
    rolls, p = rolls[p > 0][::7], p[p > 0][::7]
    stepper, size = Stepper(network), len(network.config.alphabet)
    state, total = stepper.start(len(rolls)), torch.zeros(len(rolls), dtype=torch.float64)
    for step in range(NUM_STEPS):
        wanted = torch.nn.functional.one_hot(rolls[:, step].long(), size).bool()
        bias = torch.zeros(wanted.shape, dtype=torch.float64).masked_fill(~wanted, -torch.inf)
        randoms = uniforms(range(len(rolls)), step, network.config.num_notes)
        frame, weight, state = stepper.step(state, conditions(len(rolls))[:, step], randoms, bias=bias)
        assert torch.equal(frame, rolls[:, step])
        total = total + weight
    assert torch.allclose(total, p.log(), atol=1e-9)


def test_importance_weights_recover_the_evidence_of_a_constraint(network: BiaxialLSTM) -> None:
    """Mean weight = probability that the model fulfils the constraint; weighted samples = the conditional."""
    config = network.config
    top = config.high_pitch
    bias = range_bias(config, [(60, top - 1)] * max(1, config.num_voices))
    rolls, p = every_roll(network)
    allowed = torch.from_numpy(np.isfinite(bias))
    fulfils = allowed[torch.arange(config.num_notes), rolls.long()].flatten(1).all(1)
    drawn, log_weight, _ = draw(Stepper(network), 20000, bias=bias)
    evidence = p[fulfils].sum().item()
    assert 0.01 < evidence < 0.99
    assert log_weight.exp().mean().item() == pytest.approx(evidence, rel=0.05)
    weights = log_weight.exp() / log_weight.exp().sum()
    assert distance(rolls, torch.where(fulfils, p / evidence, 0.0), frequencies(drawn, weights)) < 0.06


@pytest.mark.parametrize(("temperature", "min_p"), [(0.6, 0.0), (1.6, 0.0), (1.0, 0.3), (0.8, 0.3)])
def test_a_temperature_changes_the_proposal_and_the_weights_put_it_right(
    make_network: MakeNetwork, temperature: float, min_p: float
) -> None:
    model = make_network(3, 0, num_notes=2)
    rolls, p = every_roll(model)
    proposal = Proposal(temperature, 0.1, -0.1, min_p)
    drawn, log_weight, _ = draw(Stepper(model, proposal), 20000)
    assert distance(rolls, p, frequencies(drawn)) > 0.02  # the draw differs from the model
    if min_p:
        assert log_weight.exp().mean() < 1  # what is never drawn is missing from the evidence
    else:
        assert log_weight.exp().mean().item() == pytest.approx(1, abs=0.03)
        assert distance(rolls, p, frequencies(drawn, log_weight.exp() / len(drawn))) < 0.06


@pytest.mark.parametrize(("num_voices", "least", "most"), [(2, 2, 2), (2, 1, 1), (2, 0, 1), (0, 2, 2), (0, 1, 3)])
def test_polyphony_is_kept_in_every_frame(make_network: MakeNetwork, num_voices: int, least: int, most: int) -> None:
    model = make_network(3, num_voices, num_notes=3)
    config = model.config
    ranges = [(60, 61), (61, 62)] if num_voices else [(60, 62)]
    bias = range_bias(config, ranges)
    rule = Polyphony(config, least, most)
    drawn, log_weight, _ = draw(Stepper(model), 400, bias=bias, rules=[rule])
    states, sets = (torch.from_numpy(x)[drawn.long()] for x in (config.alphabet.states, config.alphabet.voices))
    sounding = sum((sets >> v & 1) for v in range(2)).sum(-1) if num_voices else (states > 0).sum(-1)  # type: ignore[union-attr]
    assert sounding.min() >= least
    assert sounding.max() <= most
    assert torch.isfinite(log_weight).all()
    for voice, (low, high) in enumerate(ranges if num_voices else []):
        _, _, note = torch.nonzero(sets >> voice & 1, as_tuple=True)
        assert ((note + 60 >= low) & (note + 60 <= high)).all()


def test_polyphony_forbids_what_leaves_too_few_cells(make_network: MakeNetwork) -> None:
    config = make_network(3, 0, num_notes=3).config
    rule = Polyphony(config, 2, 3)
    silence = torch.zeros(1, 3, dtype=torch.uint8)
    # nothing sounds yet: at the first cell all is allowed, at the second silence would leave one cell for two notes
    assert rule.bias(silence, silence, None, slice(0, 2))[0].tolist() == [[0.0, 0.0, 0.0], [float("-inf"), 0.0, 0.0]]
