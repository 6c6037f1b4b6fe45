"""Particles: exact in the mean, checked by listing every possible roll; without a constraint they change nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.features.known_arrays import KnownArrays
from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import HOLD
from biaxial.music.score import Key
from biaxial.sampling.charges import FAULTS, REST, Charges, Phrase, Piece, count_faults, voice_pitches
from biaxial.sampling.constraints import Biases, range_bias, triad_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.loop import Begun, Drawn, Particles, Phrases, draw_pieces
from biaxial.sampling.stepping import Proposal

MakeNetwork = Callable[..., BiaxialLSTM]
NUM_STEPS = 3


@pytest.fixture
def network(make_network: MakeNetwork) -> BiaxialLSTM:
    return make_network(3, 0, num_notes=2)


def conditions(b: int) -> NDArray[np.int16]:
    rows = unknown(b, NUM_STEPS)
    rows[:, :, Condition.FIRST] = [1, 0, 0]
    return rows


def unknown(b: int, steps: int) -> NDArray[np.int16]:
    return np.full((b, steps, len(Condition)), -1, np.int16)


def no_top_note_at_the_end(network: BiaxialLSTM, b: int) -> Biases:
    """Bias of the last step that forbids the higher of two notes, shape ``(b, 1, n, k)``."""
    return range_bias(network.config, [(60, 60)])[None, None].repeat(b, axis=0)


def exact(network: BiaxialLSTM) -> tuple[list[tuple[int, ...]], Tensor]:
    """All rolls that end without the higher note, and their probabilities."""
    k = len(network.config.alphabet)
    rolls = torch.tensor(list(itertools.product(range(k), repeat=2 * NUM_STEPS)), dtype=torch.uint8).view(
        -1, NUM_STEPS, 2
    )
    rolls = rolls[rolls[:, -1, 1] == 0]
    with torch.no_grad():
        logs = log_mean(
            network.walk_log_likelihood(Batch.whole(rolls, torch.from_numpy(conditions(len(rolls))))).sum(-1)
        ).sum(1)
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
    assert np.exp(drawn.log_evidence).mean() == pytest.approx(evidence, rel=0.04)
    weights = np.exp(drawn.log_evidence) / np.exp(drawn.log_evidence).sum()
    shares: Counter[tuple[int, ...]] = Counter()
    for row, weight in zip(drawn.outcomes.reshape(b, -1).tolist(), weights.tolist(), strict=True):
        shares[tuple(row)] += weight
    assert set(shares) <= set(keys)
    distance = 0.5 * sum(abs(shares[key] - q / evidence) for key, q in zip(keys, p.tolist(), strict=True))
    assert distance < 0.08


def test_without_a_constraint_a_piece_of_one_particle_is_the_ancestral_one(network: BiaxialLSTM) -> None:
    plain = draw_pieces(ParallelStepper(network), conditions(5), range(5))
    one = draw_pieces(ParallelStepper(network), conditions(5), range(5), particles=Particles(1, 1))
    assert np.array_equal(plain.outcomes, one.outcomes)
    assert np.abs(plain.log_evidence).max() < 1e-9


def test_a_piece_with_particles_does_not_depend_on_its_batch(network: BiaxialLSTM) -> None:
    def draw(seeds: list[int]) -> NDArray[np.uint8]:
        ending = no_top_note_at_the_end(network, len(seeds))
        stepper = ParallelStepper(network)
        return draw_pieces(stepper, conditions(len(seeds)), seeds, ending=ending, particles=Particles(1, 4)).outcomes

    together = draw([4, 5, 6])
    for row, seed in enumerate([4, 5, 6]):
        assert np.array_equal(together[row : row + 1], draw([seed]))


def test_what_cannot_be_met_has_evidence_zero_and_ends_all_the_same(network: BiaxialLSTM) -> None:
    impossible = np.full((2, 1, 2, 3), -np.inf)
    drawn = draw_pieces(ParallelStepper(network), conditions(2), [1, 2], ending=impossible, particles=Particles(1, 4))
    assert (drawn.log_evidence == -np.inf).all()
    assert drawn.outcomes.shape == (2, NUM_STEPS, 2)


def test_known_frames_come_out_as_given(network: BiaxialLSTM) -> None:
    frames = np.array([[2, 0], [1, 2], [0, 0]], dtype=np.uint8)
    voices = np.array([[1, 1], [1, 1], [0, 0]], dtype=np.uint8)
    known = KnownArrays.stacked([KnownArrays.of(frames, voices, network.config.alphabet)])
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
            assert bool(bias[note, outcome] == -np.inf) == bool(wrong)


def test_faults_tilt_the_distribution_by_what_they_cost(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=2)
    config, steps, price = network.config, 2, 1.5
    k = len(config.alphabet)
    rolls = torch.tensor(list(itertools.product(range(k), repeat=2 * steps)), dtype=torch.uint8).view(-1, steps, 2)
    rows = conditions(1)[:, :steps]
    with torch.no_grad():
        every = torch.from_numpy(rows).expand(len(rolls), -1, -1)
        p = log_mean(network.walk_log_likelihood(Batch.whole(rolls, every)).sum(-1)).sum(1).exp().double()
    pitches = voice_pitches(rolls.numpy(), config.alphabet, config.low_pitch)
    phrase, piece = Phrase(0, steps), Piece(None, False, np.zeros(steps, np.int8), 1)
    rests = torch.tensor([count_faults(own, phrase, piece)[FAULTS.index("lone_bass")] for own in pitches])
    tilted = p * (-price * rests).exp()
    wanted = float((tilted * rests).sum() / tilted.sum())
    b = 1500
    phrases = Phrases([[phrase]] * b, [piece] * b, Charges(lone_bass=price))
    drawn = draw_pieces(
        ParallelStepper(network), rows.repeat(b, axis=0), range(b), particles=Particles(0, 16), phrases=phrases
    )
    ours = voice_pitches(drawn.outcomes, config.alphabet, config.low_pitch)
    found = [count_faults(own, phrase, piece)[FAULTS.index("lone_bass")] for own in ours]
    assert float((p * rests).sum()) > wanted + 0.1
    assert np.mean(found) == pytest.approx(wanted, abs=4 * np.std(found) / b**0.5)


def test_a_phrase_that_returns_has_its_notes_again(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    config, b = network.config, 6
    rows = unknown(b, 8)
    own = [Phrase(0, 3), Phrase(3, 6, source=0, returning=1), Phrase(6, 8)]
    piece = Piece(None, False, np.zeros(8, np.int8), 1)
    phrases = Phrases([own] * (b - 1) + [[*own[:1], Phrase(3, 6), own[2]]], [piece] * b, Charges())
    drawn = draw_pieces(ParallelStepper(network), rows, range(b), particles=Particles(0, 3), phrases=phrases)
    pitches = voice_pitches(drawn.outcomes, config.alphabet, config.low_pitch)
    assert (pitches[:-1, :3, 0] == pitches[:-1, 3:6, 0]).all()
    assert (pitches[:-1, :3, 1] != pitches[:-1, 3:6, 1]).any()
    assert (pitches[-1, :3, 0] != pitches[-1, 3:6, 0]).any()
    assert drawn.known is not None
    assert drawn.known.to("cpu").decided(2)[0].tolist() == [[3 <= step < 6, False] for step in range(8)]


def test_all_voices_return_under_a_given_melody(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    config, steps = network.config, 8
    states, members = np.zeros((steps, 4), dtype=np.int8), np.zeros((steps, 4), dtype=np.uint8)
    for step, (state, note) in enumerate([(2, 3), (1, 3), (2, 1)] * 2 + [(2, 2), (2, 1)]):
        states[step, note], members[step, note] = state, 1
    given = KnownArrays.of(config.alphabet.encode(states, members), np.full((steps, 4), 1, np.uint8), config.alphabet)
    own = [Phrase(0, 3), Phrase(3, 6, source=0, returning=3), Phrase(6, 8)]
    b = 8
    drawn = draw_pieces(
        ParallelStepper(network), unknown(b, steps), range(b),
        known=KnownArrays.stacked([given] * b), particles=Particles(0, 3),
        phrases=Phrases([own] * b, [Piece(None, False, np.zeros(steps, np.int8), 1)] * b, Charges()),
    )  # fmt: skip
    pitches = voice_pitches(drawn.outcomes, config.alphabet, config.low_pitch)
    assert (pitches[:, :, 0] == [63, 63, 61, 63, 63, 61, 62, 61]).all()
    assert (pitches[:, :3, 1] == pitches[:, 3:6, 1]).all()
    assert (pitches[:, 3:6, 1] != REST).any()


def test_the_last_note_of_a_phrase_that_returns_at_the_end_is_held_to_the_end(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    config = network.config
    melody, bass = [(2, 3), (2, 2), (1, 2), (0, 0), (2, 3)], [(2, 0), (2, 1), (1, 1), (2, 0), (0, 0)]  # state, note
    states, members = np.zeros((12, 4), dtype=np.int8), np.zeros((12, 4), dtype=np.uint8)
    for step, both in enumerate(zip(melody, bass, strict=True)):
        for voice, (state, note) in enumerate(both):
            states[step, note] = max(states[step, note], state)
            members[step, note] |= (state > 0) << voice
    frames, voices = config.alphabet.encode(states, members), np.zeros((12, 4), dtype=np.uint8)
    voices[:5] = 3
    known = KnownArrays.stacked([KnownArrays.of(frames, voices, config.alphabet)])

    def again(steps: int, returning: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        own = [Phrase(0, 5, 1), Phrase(5, 10, 6, source=0, returning=returning)]
        drawn = draw_pieces(
            ParallelStepper(network), unknown(1, steps), [1],
            known=known.at((slice(None), slice(steps))),
            phrases=Phrases([own], [Piece(None, False, np.zeros(steps, np.int8), 1)], Charges()),
        )  # fmt: skip
        outcomes = drawn.outcomes[0]
        return voice_pitches(outcomes, config.alphabet, config.low_pitch), config.alphabet.states[outcomes]

    pitches, articulated = again(10, 3)
    assert pitches[:5].T.tolist() == [[63, 62, 62, REST, 63], [60, 61, 61, 60, REST]]
    assert pitches[5:].T.tolist() == [[63, 62, 62, 62, 62], [60, 61, 61, 61, 61]]
    assert (articulated[8:, 1:3] == HOLD).all()
    assert again(10, 1)[0][5:, 0].tolist() == [63, 62, 62, 62, 62]
    assert (again(12, 3)[0][5:10] == pitches[:5]).all(), "another phrase follows"


def test_parts_are_the_whole(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    rows = unknown(3, 8)
    stepper = ParallelStepper(network)
    whole = draw_pieces(stepper, rows, range(3))
    part = draw_pieces(stepper, rows, range(3), until=3)
    assert np.array_equal(part.outcomes, whole.outcomes[:, :3])
    part = draw_pieces(stepper, rows, range(3), begun=part.begun, until=4)
    part = draw_pieces(stepper, rows, range(3), begun=part.begun)
    assert np.array_equal(part.outcomes, whole.outcomes)
    assert np.allclose(part.log_likelihood, whole.log_likelihood)


def test_a_part_pays_for_what_it_makes_of_the_part_before(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=2)
    config, price, b = network.config, 2.0, 400
    rows = conditions(1)[:, :2]
    first = draw_pieces(ParallelStepper(network), rows, [5], until=1)
    k = len(config.alphabet)
    second = torch.tensor(list(itertools.product(range(k), repeat=2)), dtype=torch.uint8)
    rolls = torch.cat([torch.from_numpy(first.outcomes).expand(len(second), -1, -1), second.unsqueeze(1)], 1)
    with torch.no_grad():
        batch = Batch.whole(rolls, torch.from_numpy(rows).expand(len(rolls), -1, -1))
        p = log_mean(network.walk_log_likelihood(batch).sum(-1))[:, 1].exp().double()
    assert float(p.sum()) == pytest.approx(1)
    phrase, piece = Phrase(1, 2), Piece(None, False, np.zeros(2, np.int8), 1)

    def faults(outcomes: NDArray[np.uint8]) -> Tensor:
        pitches = voice_pitches(outcomes, config.alphabet, config.low_pitch)
        return torch.tensor([count_faults(own, phrase, piece)[FAULTS.index("lone_rest")] for own in pitches])

    tilted = p * (-price * faults(rolls.numpy())).exp()
    wanted = float((tilted * faults(rolls.numpy())).sum() / tilted.sum())
    drawn = draw_pieces(
        ParallelStepper(network), rows.repeat(b, axis=0), range(b), particles=Particles(1, 12),
        phrases=Phrases([[phrase]] * b, [piece] * b, Charges(lone_rest=price)),
        begun=Begun(first.outcomes.repeat(b, axis=0), first.state.take(np.zeros(b, np.int64))),
    )  # fmt: skip
    found = faults(drawn.outcomes)
    assert float((p * faults(rolls.numpy())).sum()) > wanted + 0.05
    assert float(found.mean()) == pytest.approx(wanted, abs=4 * float(found.std()) / b**0.5)


def test_a_phrase_returns_from_an_earlier_part(make_network: MakeNetwork) -> None:
    network = make_network(3, 2, num_notes=4)
    config, b = network.config, 6
    rows = unknown(b, 8)
    own = [Phrase(0, 3), Phrase(3, 6, source=0, returning=1), Phrase(6, 8)]
    phrases = Phrases([own] * b, [Piece(None, False, np.zeros(8, np.int8), 1)] * b, Charges())
    drawn: Drawn | None = None
    for phrase in own:
        known, begun = (None, None) if drawn is None else (drawn.known, drawn.begun)
        drawn = draw_pieces(
            ParallelStepper(network), rows, range(b), known=known, phrases=phrases,
            particles=Particles(phrase.first, 3), begun=begun, until=phrase.end,
        )  # fmt: skip
    assert drawn is not None
    pitches = voice_pitches(drawn.outcomes, config.alphabet, config.low_pitch)
    assert (pitches[:, :3, 0] == pitches[:, 3:6, 0]).all()
    assert (pitches[:, :3, 1] != pitches[:, 3:6, 1]).any()
    assert drawn.known is not None
    assert drawn.known.to("cpu").decided(2)[0].tolist() == [[3 <= step < 6, False] for step in range(8)]


@pytest.mark.parametrize("lookahead", [False, True])
@pytest.mark.parametrize("open_steps", [(0, 2), (3, 5), (6, 8), (2, 3), (4, 4)])
def test_where_all_is_known_nothing_is_drawn_and_nothing_changes(
    make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch, open_steps: tuple[int, int], lookahead: bool
) -> None:
    network = make_network(3, 2, num_notes=4)
    config, b, steps = network.config, 3, 8
    rows = unknown(b, steps)
    stepper = ParallelStepper(network, Proposal(target="piece") if lookahead else Proposal())
    given = draw_pieces(stepper, rows, [5] * b).outcomes[0]
    voices = np.full((steps, 4), config.alphabet.everything, dtype=np.uint8)
    voices[open_steps[0] : open_steps[1]] = 1
    known = KnownArrays.stacked([KnownArrays.of(given, voices, config.alphabet)] * b)
    own = [Phrase(0, 3), Phrase(3, 6), Phrase(6, 8)]
    phrases = Phrases([own] * b, [Piece(None, False, np.zeros(steps, np.int8), 1)] * b, Charges())

    def drawn() -> Drawn:
        return draw_pieces(stepper, rows, range(b), known=known, particles=Particles(0, 5), phrases=phrases)

    short = drawn()
    monkeypatch.setattr("biaxial.sampling.loop._open_steps", lambda *_: (0, steps))
    plain = drawn()
    assert np.array_equal(short.outcomes, plain.outcomes)
    assert np.allclose(short.log_likelihood, plain.log_likelihood, atol=1e-5)
    assert np.allclose(short.log_evidence, plain.log_evidence, atol=1e-5)
