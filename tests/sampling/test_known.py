"""What is known comes out as given, and what is drawn has the probabilities of the model given it: by listing rolls."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.features.known import Known
from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.sampling.constraints import Polyphony, range_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.stepping import Proposal

NUM_STEPS = 2
MakeNetwork = Callable[..., BiaxialLSTM]
KINDS = [(3, 0), (2, 0), (3, 2), (2, 2)]


@pytest.fixture(params=KINDS, ids=lambda p: f"{p[0]} states, {p[1]} voices")
def listener(request: pytest.FixtureRequest, make_network: MakeNetwork) -> BiaxialLSTM:
    """Networks of every kind, with a context encoder that is heard."""
    num_states, num_voices = request.param
    return with_encoder(make_network, num_states, num_voices, num_notes=3 if num_voices == 0 else 2)


def with_encoder(make_network: MakeNetwork, num_states: int, num_voices: int, **config: object) -> BiaxialLSTM:
    model = make_network(num_states, num_voices, context_hidden=3, **config)
    assert model.context is not None
    with torch.no_grad():
        for projection in (model.context.into_inputs, model.context.into_output):
            projection.weight.normal_()
    return model


def conditions(batch: int, num_steps: int = NUM_STEPS) -> Tensor:
    rows = torch.full((batch, num_steps, len(Condition)), -1, dtype=torch.int16)
    rows[:, :, 0] = torch.arange(num_steps) == 0
    rows[:, :, 8] = torch.arange(num_steps)
    return rows


def every_roll(model: BiaxialLSTM) -> Tensor:
    cells = NUM_STEPS * model.config.num_notes
    rolls = torch.tensor(list(itertools.product(range(len(model.config.alphabet)), repeat=cells)), dtype=torch.uint8)
    return rolls.view(-1, NUM_STEPS, model.config.num_notes)


def of_all(known: Known, batch: int) -> Known:
    return Known(*(x.expand(batch, *x.shape) for x in known))


def given(model: BiaxialLSTM, late: bool) -> Known:
    """Something possible that is known of the first frame, or of the second, of a network of two or three notes."""
    alphabet = model.config.alphabet
    frames = np.zeros((NUM_STEPS, model.config.num_notes), dtype=np.uint8)
    voices = np.zeros_like(frames)
    step = NUM_STEPS - 1 if late else 0
    strike = 1 + (alphabet.num_states - 2) * alphabet.num_sets  # of the first voice alone, where there are voices
    frames[step, 0] = strike
    voices[step] = 1
    if not alphabet.num_voices:
        voices[step, -1] = 0  # one cell stays open
    return Known.of(frames, voices, alphabet)


def probabilities(model: BiaxialLSTM, rolls: Tensor, known: Known) -> Tensor:
    """Probability of each roll where the same is known of all of them."""
    batch = Batch.whole(rolls, conditions(len(rolls)), of_all(known, len(rolls)))
    return log_mean(model.walk_log_likelihood(batch).sum(-1)).sum(1).exp()


@pytest.mark.parametrize("late", [False, True], ids=["past", "future"])
def test_probabilities_given_what_is_known_sum_to_one(listener: BiaxialLSTM, late: bool) -> None:
    rolls, known = every_roll(listener), given(listener, late)
    with torch.no_grad():
        p = probabilities(listener, rolls, known)
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    agrees = listener.walk(0).agrees[known.voices.long(), known.outcomes.long()]  # t n k
    fits = agrees.expand(len(rolls), *agrees.shape).gather(-1, rolls.long().unsqueeze(-1)).flatten(1).all(1)
    assert p[~fits].max() == 0
    assert (p > 0).sum() > 5


@pytest.mark.parametrize("kind", [Stepper, pytest.param(ParallelStepper, marks=pytest.mark.slow)])
@pytest.mark.parametrize("late", [False, True], ids=["past", "future"])
def test_samples_have_the_probabilities_of_the_model_given_what_is_known(
    listener: BiaxialLSTM, late: bool, kind: type[Stepper]
) -> None:
    count, known = 8000, given(listener, late)
    rolls = every_roll(listener)
    with torch.no_grad():
        p = probabilities(listener, rolls, known)
    drawn, log_weight, log_likelihood = draw(kind(listener), count, of_all(known, count))
    assert log_weight.abs().max() < 1e-9
    place = {tuple(row): index for index, row in enumerate(rolls.flatten(1).tolist())}
    counts = torch.zeros(len(rolls), dtype=torch.float64)
    for row in drawn.flatten(1).tolist():
        counts[place[tuple(row)]] += 1 / count
    noise = 0.5 * (p * (1 - p) / count).sqrt().sum().item()
    assert 0.5 * (counts - p).abs().sum().item() < 1.3 * noise
    index = torch.tensor([place[tuple(row)] for row in drawn.flatten(1).tolist()])
    assert torch.allclose(log_likelihood, p[index].log(), atol=1e-9)


def draw(
    stepper: Stepper, count: int, known: Known, num_steps: int = NUM_STEPS, **constraints: object
) -> tuple[Tensor, Tensor, Tensor]:
    rows = conditions(count, num_steps)
    encoded = stepper.encode(known, rows)
    state, frames, log_weight = stepper.start(count), [], torch.zeros(count, dtype=torch.float64)
    for step in range(num_steps):
        frame, weight, state = stepper.step(
            state,
            rows[:, step],
            uniforms(range(count), step, stepper.config.num_notes),
            Known(*(x[:, step] for x in known)),
            encoded=encoded.at(step),
            **constraints,  # type: ignore[arg-type]
        )
        frames.append(frame)
        log_weight = log_weight + weight
    return torch.stack(frames, 1), log_weight, state.log_likelihood


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high", "both"])
@pytest.mark.parametrize("kind", ["free", "constrained", "cooler"])
def test_guessing_draws_what_the_walk_draws(make_network: MakeNetwork, kind: str, order: str) -> None:
    model = with_encoder(make_network, 3, 2, num_notes=6, order=order)
    alphabet = model.config.alphabet
    # the first voice goes up, holds and rests, the second one is known in one frame only
    frames = np.zeros((6, 6), dtype=np.uint8)
    strike, hold = 1 + alphabet.num_sets, 1
    frames[0, 3], frames[1, 4], frames[2, 4] = strike, strike, hold
    frames[1, 1] = strike + 1
    voices = np.ones((6, 6), dtype=np.uint8)
    voices[1] = 3
    known = of_all(Known.of(frames, voices, alphabet), 16)
    proposal = Proposal(0.8, 0.2, -0.1, 0.02) if kind == "cooler" else Proposal()
    constraints: dict[str, object] = {}
    if kind == "constrained":
        ranges = [(60, 62), (60, 63)]  # which the known notes leave
        constraints = {"bias": range_bias(model.config, ranges), "rules": [Polyphony(model.config, 1, 2)]}
    slow = draw(Stepper(model, proposal), 16, known, 6, **constraints)
    fast = draw(ParallelStepper(model, proposal), 16, known, 6, **constraints)
    for one, other in zip(slow, fast, strict=True):
        assert torch.allclose(one.double(), other.double(), atol=1e-10)
    drawn, log_weight, _ = slow
    assert torch.isfinite(log_weight).all()
    heard = alphabet.restricted(drawn.numpy(), known.voices.numpy())
    assert (heard == known.outcomes.numpy()).all()
    assert len({tuple(row) for row in drawn.flatten(1).tolist()}) > 5
    # what is known ends where it ends: nobody holds on to the second voice's known note
    second = torch.from_numpy(alphabet.voice_matrix)[drawn.long()][..., 1]
    assert not (second[:, 2, 1] & (torch.from_numpy(alphabet.states)[drawn.long()][:, 2, 1] == 1)).any()


@pytest.mark.parametrize("preset", ["tiny", "chorale"])
def test_an_encoder_is_silent_where_nothing_is_known(preset: str) -> None:
    torch.manual_seed(0)
    model = BiaxialLSTM(PRESETS[preset]).eval()
    assert model.context is not None
    torch.nn.init.normal_(model.context.into_output.weight)
    roll = torch.randint(0, 2, (2, 5, model.config.num_notes), dtype=torch.uint8) * 0
    rows = conditions(2, 5)
    alone = model.walk_log_likelihood(Batch.whole(roll, rows))[0]
    known = Known.nothing(*roll.shape)
    known.voices[1] = 1  # the first piece's neighbour in the batch has a known, silent soprano
    beside = model.walk_log_likelihood(Batch.whole(roll, rows, known))[0]
    assert torch.equal(alone[0], beside[0])
    assert not torch.equal(alone[1], beside[1])


def test_padding_does_not_reach_back(make_network: MakeNetwork) -> None:
    model = with_encoder(make_network, 3, 2, num_notes=4)
    known = Known.nothing(1, 6, 4)
    known.voices[:, :, :] = 1
    rows = conditions(1, 6)
    with torch.no_grad():
        short = model.encode(known.at((slice(None), slice(4))), rows[:, :4])
        padded = model.encode(known, rows, torch.tensor([4]))
        longer = model.encode(known, rows)
    assert short is not None
    assert padded is not None
    assert longer is not None
    assert torch.allclose(short, padded[:, :4], atol=1e-12)
    assert not torch.allclose(short, longer[:, :4])
