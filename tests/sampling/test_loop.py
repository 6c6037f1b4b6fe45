"""Particles: exact in the mean, checked by listing every possible roll; without a constraint they change nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from biaxial.features.known import Known
from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.biaxial import Batch, BiaxialLSTM
from biaxial.music.score import Key
from biaxial.sampling.charges import FAULTS, Charges, Phrase, Piece, count_faults, voice_pitches
from biaxial.sampling.constraints import range_bias, triad_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.loop import Drawn, Particles, Phrases, draw_pieces
from biaxial.sampling.step_types import Proposal

MakeNetwork = Callable[..., BiaxialLSTM]
NUM_STEPS = 3


@pytest.fixture
def network(make_network: MakeNetwork) -> BiaxialLSTM:
    return make_network(3, 0, num_notes=2)


def conditions(b: int) -> Tensor:
    rows = torch.full((b, NUM_STEPS, 8), -1, dtype=torch.int16)
    rows[:, :, 0] = torch.tensor([1, 0, 0])
    return rows


def no_top_note_at_the_end(network: BiaxialLSTM, b: int) -> Tensor:
    """Bias of the last step that forbids the higher of two notes, shape ``(b, 1, n, k)``."""
    return range_bias(network.config, [(60, 60)]).expand(b, 1, -1, -1)


def exact(network: BiaxialLSTM) -> tuple[list[tuple[int, ...]], Tensor]:
    """All rolls that end without the higher note, and their probabilities."""
    k = len(network.config.alphabet)
    rolls = torch.tensor(list(itertools.product(range(k), repeat=2 * NUM_STEPS)), dtype=torch.uint8).view(
        -1, NUM_STEPS, 2
    )
    rolls = rolls[rolls[:, -1, 1] == 0]
    with torch.no_grad():
        logs = log_mean(network.walk_log_likelihood(Batch.whole(rolls, conditions(len(rolls)))).sum(-1)).sum(1)
    return [tuple(row) for row in rolls.flatten(1).tolist()], logs.exp()


@pytest.mark.parametrize("first_step", [0, 1, 2])
def test_the_evidence_is_right_in_the_mean_and_the_pieces_follow_the_conditional(
    network: BiaxialLSTM, first_step: int
) -> None:
    keys, p = exact(network)
    evidence = float(p.sum())
    assert 0.1 < evidence < 0.9
    b = 3000
    drawn = draw_pieces(
        ParallelStepper(network),
        conditions(b),
        range(b),
        ending=no_top_note_at_the_end(network, b),
        particles=Particles(first_step, 8),
    )
    assert drawn.log_evidence.exp().mean().item() == pytest.approx(evidence, rel=0.04)
    weights = drawn.log_evidence.exp() / drawn.log_evidence.exp().sum()
    shares: Counter[tuple[int, ...]] = Counter()
    for row, weight in zip(drawn.outcomes.flatten(1).tolist(), weights.tolist(), strict=True):
        shares[tuple(row)] += weight
    assert set(shares) <= set(keys)
    distance = 0.5 * sum(abs(shares[key] - q / evidence) for key, q in zip(keys, p.tolist(), strict=True))
    assert distance < 0.08


def test_without_a_constraint_a_piece_of_one_particle_is_the_ancestral_one(network: BiaxialLSTM) -> None:
    plain = draw_pieces(ParallelStepper(network), conditions(5), range(5))
    one = draw_pieces(ParallelStepper(network), conditions(5), range(5), particles=Particles(1, 1))
    assert torch.equal(plain.outcomes, one.outcomes)
    assert plain.log_evidence.abs().max() < 1e-9


def test_a_piece_with_particles_does_not_depend_on_its_batch(network: BiaxialLSTM) -> None:
    def draw(seeds: list[int]) -> Tensor:
        ending = no_top_note_at_the_end(network, len(seeds))
        stepper = ParallelStepper(network)
        return draw_pieces(stepper, conditions(len(seeds)), seeds, ending=ending, particles=Particles(1, 4)).outcomes

    together = draw([4, 5, 6])
    for row, seed in enumerate([4, 5, 6]):
        assert torch.equal(together[row : row + 1], draw([seed]))


def test_what_cannot_be_met_has_evidence_zero_and_ends_all_the_same(network: BiaxialLSTM) -> None:
    impossible = torch.full((2, 1, 2, 3), -torch.inf, dtype=torch.float64)
    drawn = draw_pieces(ParallelStepper(network), conditions(2), [1, 2], ending=impossible, particles=Particles(1, 4))
    assert (drawn.log_evidence == -torch.inf).all()
    assert drawn.outcomes.shape == (2, NUM_STEPS, 2)


def test_known_frames_come_out_as_given(network: BiaxialLSTM) -> None:
    frames = np.array([[2, 0], [1, 2], [0, 0]], dtype=np.uint8)
    voices = np.array([[1, 1], [1, 1], [0, 0]], dtype=np.uint8)
    known = Known(*(x.unsqueeze(0) for x in Known.of(frames, voices, network.config.alphabet)))
    drawn = draw_pieces(
        ParallelStepper(network), conditions(1), [1], known=known, particles=Particles(2, 4),
        ending=no_top_note_at_the_end(network, 1),
    )  # fmt: skip
    assert drawn.outcomes[0, :2].tolist() == frames[:2].tolist()
    assert drawn.outcomes[0, 2, 1] == 0


@pytest.mark.parametrize(
    ("key", "bass_only", "allowed"),
    [("C major", False, {0, 4, 7}), ("A minor", False, {9, 0, 1, 4}), ("C major", True, set(range(12)))],
)
def test_a_chord_on_the_tonic_has_its_root_in_the_bass(
    make_network: MakeNetwork, key: str, bass_only: bool, allowed: set[int]
) -> None:
    config = make_network(3, 2, num_notes=12).config
    bias = triad_bias(config, Key.from_name(key), bass_only=bass_only)
    tonic = Key.from_name(key).tonic
    for note in range(12):
        for outcome in range(len(config.alphabet)):
            voices = int(config.alphabet.voices[outcome])
            wrong = bool(voices) and ((60 + note) % 12 not in allowed or (voices & 2 and (60 + note) % 12 != tonic))
            assert bool(bias[note, outcome] == -torch.inf) == bool(wrong)


def test_faults_tilt_the_distribution_by_what_they_cost(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=2)
    config, steps, price = network.config, 2, 1.5
    k = len(config.alphabet)
    rolls = torch.tensor(list(itertools.product(range(k), repeat=2 * steps)), dtype=torch.uint8).view(-1, steps, 2)
    rows = conditions(1)[:, :steps]
    with torch.no_grad():
        every = rows.expand(len(rolls), -1, -1)
        p = log_mean(network.walk_log_likelihood(Batch.whole(rolls, every)).sum(-1)).sum(1).exp().double()
    pitches = voice_pitches(rolls.numpy(), config.alphabet, config.low_pitch)
    phrase, piece = Phrase(0, steps), Piece(None, False, np.zeros(steps, np.int8), 1)
    rests = torch.tensor([count_faults(own, phrase, piece)[FAULTS.index("lone_bass")] for own in pitches])
    tilted = p * (-price * rests).exp()
    wanted = float((tilted * rests).sum() / tilted.sum())
    b = 1500
    phrases = Phrases([[phrase]] * b, [piece] * b, Charges(lone_bass=price))
    drawn = draw_pieces(
        ParallelStepper(network), rows.expand(b, -1, -1), range(b), particles=Particles(0, 16), phrases=phrases
    )
    ours = voice_pitches(drawn.outcomes.numpy(), config.alphabet, config.low_pitch)
    found = [count_faults(own, phrase, piece)[FAULTS.index("lone_bass")] for own in ours]
    assert float((p * rests).sum()) > wanted + 0.1
    assert np.mean(found) == pytest.approx(wanted, abs=4 * np.std(found) / b**0.5)


def test_a_phrase_that_returns_has_its_notes_again(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    config, b = network.config, 6
    rows = torch.full((b, 8, 9), -1, dtype=torch.int16)
    own = [Phrase(0, 3), Phrase(3, 6, source=0, returning=1), Phrase(6, 8)]
    piece = Piece(None, False, np.zeros(8, np.int8), 1)
    phrases = Phrases([own] * (b - 1) + [[*own[:1], Phrase(3, 6), own[2]]], [piece] * b, Charges())
    drawn = draw_pieces(ParallelStepper(network), rows, range(b), particles=Particles(0, 3), phrases=phrases)
    pitches = voice_pitches(drawn.outcomes.numpy(), config.alphabet, config.low_pitch)
    assert (pitches[:-1, :3, 0] == pitches[:-1, 3:6, 0]).all()
    assert (pitches[:-1, :3, 1] != pitches[:-1, 3:6, 1]).any()
    assert (pitches[-1, :3, 0] != pitches[-1, 3:6, 0]).any()
    assert drawn.known is not None
    assert drawn.known.decided(2)[0].tolist() == [[3 <= step < 6, False] for step in range(8)]


@pytest.mark.parametrize("lookahead", [False, True])
@pytest.mark.parametrize("open_steps", [(0, 2), (3, 5), (6, 8), (2, 3), (4, 4)])
def test_where_all_is_known_nothing_is_drawn_and_nothing_changes(
    make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch, open_steps: tuple[int, int], lookahead: bool
) -> None:
    network = make_network(3, 2, num_notes=4)
    config, b, steps = network.config, 3, 8
    rows = torch.full((b, steps, 9), -1, dtype=torch.int16)
    stepper = ParallelStepper(network, Proposal(target="piece") if lookahead else Proposal())
    given = draw_pieces(stepper, rows, [5] * b).outcomes[0].numpy()
    voices = np.full((steps, 4), config.alphabet.everything, dtype=np.uint8)
    voices[open_steps[0] : open_steps[1]] = 1
    one = Known.of(given, voices, config.alphabet)
    known = Known(*(torch.stack([part] * b) for part in one))
    own = [Phrase(0, 3), Phrase(3, 6), Phrase(6, 8)]
    phrases = Phrases([own] * b, [Piece(None, False, np.zeros(steps, np.int8), 1)] * b, Charges())

    def drawn() -> Drawn:
        return draw_pieces(stepper, rows, range(b), known=known, particles=Particles(0, 5), phrases=phrases)

    short = drawn()
    monkeypatch.setattr("biaxial.sampling.loop._open_steps", lambda *_: (0, steps))
    plain = drawn()
    assert torch.equal(short.outcomes, plain.outcomes)
    assert torch.allclose(short.log_likelihood, plain.log_likelihood, atol=1e-5)
    assert torch.allclose(short.log_evidence, plain.log_evidence, atol=1e-5)
