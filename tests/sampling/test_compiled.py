"""The compiled stepper decides as the reference does, along the path of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import Condition
from biaxial.features.known_arrays import KnownArrays
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import arrays_of
from biaxial.sampling.charges import Charges, Phrase, Piece
from biaxial.sampling.compiled import CompiledInputs, CompiledStepper
from biaxial.sampling.constraints import Biases, Polyphony, Rule, range_bias
from biaxial.sampling.loop import Particles, Phrases, draw_pieces
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.stepping import Change, Proposal
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.voice_leading_weights import VoiceLeading

MakeNetwork = Callable[..., BiaxialLSTM]
NUM_STEPS, BATCH = 6, 12


def conditions(num_steps: int = NUM_STEPS) -> NDArray[np.int16]:
    rows = np.full((BATCH, num_steps, len(Condition)), -1, np.int16)
    steps = np.arange(num_steps)
    rows[:, :, Condition.FIRST] = steps == 0
    rows[:, :, Condition.SINCE_START] = steps
    rows[: BATCH // 2, :, Condition.STEP_IN_BAR] = steps % 16
    rows[: BATCH // 2, :, Condition.BAR_STEPS] = 16
    rows[: BATCH // 2, :, Condition.BEAT_STEPS] = 2 + np.arange(BATCH // 2)[:, None]
    rows[: BATCH // 3, :, Condition.TONIC], rows[: BATCH // 3, :, Condition.MODE] = 7, 1
    rows[::2, :, Condition.TO_END] = num_steps - 1 - steps
    rows[1::2, :, Condition.CADENCE], rows[1::2, :, Condition.LAST_STEPS] = steps % 5, 2 + steps % 3
    rows[1::2, :, Condition.PHRASE_TONIC], rows[1::2, :, Condition.PHRASE_MODE] = steps % 12, steps % 2
    rows[1::2, :, Condition.RETURNS] = steps % 3
    rows[3, :, Condition.PHRASE_MODE] = -1
    return rows


def compiled(network: BiaxialLSTM, proposal: Proposal | None = None, **options: Any) -> CompiledStepper:
    return CompiledStepper(arrays_of(network), proposal, **options)


def some_rolls(network: BiaxialLSTM) -> NDArray[np.uint8]:
    """What a network draws, shape ``(b, t, n)``."""
    stepper, rows = Stepper(network), conditions()
    state, frames = stepper.start(BATCH), []
    for step in range(NUM_STEPS):
        frame, _, state = stepper.step(
            state, rows[:, step], uniforms(range(100, 100 + BATCH), step, stepper.config.num_notes)
        )
        frames.append(frame.numpy())
    return np.stack(frames, 1)


def some_known(network: BiaxialLSTM) -> KnownArrays:
    """The highest voice of a drawn roll in a third of the pieces, all of its first steps in another third."""
    config, alphabet, rolls = network.config, network.config.alphabet, some_rolls(network)
    voices = np.zeros((BATCH, NUM_STEPS, config.num_notes), dtype=np.uint8)
    voices[: BATCH // 3] = 1 if config.num_voices else 0
    if not config.num_voices:
        voices[: BATCH // 3, :, -1] = 1
    voices[BATCH // 3 : 2 * BATCH // 3, : NUM_STEPS // 2] = alphabet.everything
    return KnownArrays.stacked([KnownArrays.of(roll, sets, alphabet) for roll, sets in zip(rolls, voices, strict=True)])


def assert_decides_alike(
    network: BiaxialLSTM,
    proposal: Proposal | None = None,
    known: KnownArrays | None = None,
    bias: Biases | None = None,
    rules: Sequence[Rule] = (),
    num_steps: int = NUM_STEPS,
) -> int:
    """Returns the length of the longest echo."""
    plain, fast, rows = Stepper(network, proposal), compiled(network, proposal), conditions(num_steps)
    state, other = plain.start(BATCH), fast.start(BATCH)
    encoded, other_encoded = plain.encode(known, rows), fast.encode(known, rows)
    heard, longest = 0, 0
    for step in range(num_steps):
        randoms = uniforms(range(BATCH), step, network.config.num_notes)
        told = None if known is None else known.at((slice(None), step))
        frame, weight, state = plain.step(state, rows[:, step], randoms, told, bias, rules, encoded.at(step))
        found, found_weight, other = fast.step(other, rows[:, step], randoms, told, bias, rules, other_encoded.at(step))
        assert np.array_equal(frame, found)
        assert np.allclose(weight, found_weight, rtol=0, atol=1e-4)
        assert np.allclose(state.log_likelihood, other.log_likelihood, rtol=0, atol=1e-3)
        heard += int((frame > 0).sum())
        longest = max(longest, 0 if state.memory is None else int(state.memory.lengths.max()))
    assert heard > 0
    return longest


COOLER = Proposal(0.8, 0.2, -0.1, 0.02)


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high"])
@pytest.mark.parametrize(
    "proposal", [Proposal(), COOLER, replace(COOLER, target="draw"), Proposal(0.6, target="piece")]
)
def test_networks_of_every_kind(
    network: BiaxialLSTM, make_network: MakeNetwork, order: str, proposal: Proposal
) -> None:
    config = network.config
    network = make_network(config.num_states, config.num_voices, num_notes=8, order=order, context_hidden=3)
    lines = max(1, config.num_voices)
    bias = range_bias(network.config, [(61, network.config.high_pitch)] * lines)
    assert_decides_alike(network, proposal)
    assert_decides_alike(network, proposal, bias=bias, rules=[Polyphony(network.config, 1, lines)])
    assert_decides_alike(network, proposal, known=some_known(network))
    assert_decides_alike(network, proposal, some_known(network), bias, [Polyphony(network.config, 1, lines)])


def test_networks_in_a_style(make_network: MakeNetwork) -> None:
    of_styles = make_network(3, 2, num_notes=8, styles=("bach", "hymn"), context_hidden=3).float()
    for stack in (of_styles.time_axis, of_styles.walk(0).axis):
        for projection in stack.of_style:
            torch.nn.init.normal_(projection.get_parameter("weight"))
    bach, mixed, none = (of_styles.in_style(shares) for shares in ((1.0, 0.0), (0.3, 0.7), (0.0, 0.0)))
    rolls = [some_rolls(network) for network in (bach, mixed, none)]
    assert not np.array_equal(rolls[0], rolls[1])
    assert not np.array_equal(rolls[1], rolls[2])
    for network in (bach, mixed):
        assert_decides_alike(network)
        assert_decides_alike(network, COOLER, some_known(network))


@pytest.mark.parametrize("inputs", ["key", "form", "running_chord", "voice_intervals", "parallels", "head_sees_inputs"])
def test_without_some_inputs(make_network: MakeNetwork, inputs: str) -> None:
    assert_decides_alike(make_network(3, 2, num_notes=8, **{inputs: False}))


INPUTS = ("next_voice", "clock", "plan", "beat", "dissonance", "echo")
PHRASE = 5
"""Steps of a phrase that is known to come three times."""


def known_phrases(network: BiaxialLSTM) -> KnownArrays:
    """A phrase three times and some steps of which nothing is known, in some pieces; in others its highest voice."""
    rolls = some_rolls(network)[:, :PHRASE].repeat(4, axis=0).reshape(BATCH, 4 * PHRASE, -1)
    voices = np.full_like(rolls, network.config.alphabet.everything)
    voices[:, 3 * PHRASE :], voices[: BATCH // 2] = 0, 1
    alphabet = network.config.alphabet
    return KnownArrays.stacked([KnownArrays.of(roll, sets, alphabet) for roll, sets in zip(rolls, voices, strict=True)])


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high"])
@pytest.mark.parametrize("name", INPUTS)
def test_each_input(make_network: MakeNetwork, order: str, name: str) -> None:
    network = make_network(3, 3, 9, order, context_hidden=3, **{name: True})
    longest = assert_decides_alike(network, COOLER, known_phrases(network), num_steps=4 * PHRASE)
    assert longest >= 2 * PHRASE * (name == "echo")  # a phrase has been followed from one to the next


@pytest.mark.parametrize("order", ["high-to-low", "low-to-high"])
@pytest.mark.parametrize(("num_states", "num_notes"), [(3, 14), (2, 3)])
def test_all_inputs(make_network: MakeNetwork, order: str, num_states: int, num_notes: int) -> None:
    network = make_network(num_states, 3, num_notes, order, context_hidden=3, **dict.fromkeys(INPUTS, True))
    rules: list[Rule] = [VoiceLeadingRule(network.config), Polyphony(network.config, 2, 3)]
    phrases = known_phrases(network)
    assert_decides_alike(network, num_steps=4 * PHRASE)
    longest = assert_decides_alike(network, Proposal(target="draw"), phrases, rules=rules, num_steps=4 * PHRASE)
    assert longest >= 2 * PHRASE


@pytest.mark.parametrize("inputs", ["plan", "clock", "beat", "echo"])
def test_inputs_of_music_without_voices(make_network: MakeNetwork, inputs: str) -> None:
    assert_decides_alike(make_network(3, 0, num_notes=4, **{inputs: True}), num_steps=30)


@pytest.mark.parametrize("num_states", [2, 3])
@pytest.mark.parametrize("order", ["high-to-low", "low-to-high"])
@pytest.mark.parametrize("event", ["parallels", "crossing", "spacing", "leaps", "range", "all"])
def test_voice_leading(make_network: MakeNetwork, num_states: int, order: str, event: str) -> None:
    network = make_network(num_states, 4, num_notes=30, order=order, context_hidden=3)
    costs = {
        name: 2.0 if event in (name, "all") else 0.0 for name in ("parallels", "crossing", "spacing", "leaps", "range")
    }
    rule = VoiceLeadingRule(network.config, VoiceLeading(**costs), [(80, 88), (70, 82), (66, 75), (60, 72)])
    for known in (None, some_known(network)):
        assert_decides_alike(network, Proposal(target="draw"), known, rules=[rule, Polyphony(network.config, 3, 4)])


@pytest.mark.parametrize("preset", ["tiny", "chorale", "hexahedria"])
def test_presets(preset: str) -> None:
    torch.manual_seed(0)
    assert_decides_alike(BiaxialLSTM(PRESETS[preset]).eval())


def test_particles_that_pay_at_phrase_ends_hear_their_own_echoes(make_network: MakeNetwork) -> None:
    network = make_network(3, 3, 7, "low-to-high", context_hidden=3, **dict.fromkeys(INPUTS, True))
    rows, pieces = conditions(4 * PHRASE), 3
    own = [Phrase(0, 5, 4), Phrase(5, 10, 9), Phrase(10, 15, 14, source=0, returning=7), Phrase(15, 20, 18)]
    phrases = Phrases(
        [own] * pieces, [Piece(None, False, np.zeros(20, np.int8), 1)] * pieces, Charges(dissonance=1.0, lone_bass=1.0)
    )
    plain, fast = (
        draw_pieces(stepper, rows[:pieces], range(pieces), particles=Particles(0, 4), phrases=phrases)
        for stepper in (Stepper(network), compiled(network))
    )
    assert np.array_equal(plain.outcomes, fast.outcomes)
    assert np.allclose(plain.log_likelihood, fast.log_likelihood, rtol=0, atol=1e-3)
    assert np.allclose(plain.log_evidence, fast.log_evidence, rtol=0, atol=1e-3)


def test_where_a_phrase_returns_reading_it_again_is_reading_all_again(make_network: MakeNetwork) -> None:
    class ReadsAll(CompiledStepper):
        def encode_again(
            self, encoded: CompiledInputs, known: KnownArrays, conditions: NDArray[np.int16], changes: Sequence[Change]
        ) -> CompiledInputs:
            return self.encode(known, conditions)

    network, pieces = make_network(3, 3, 7, "low-to-high", context_hidden=3), 3
    own = [Phrase(0, 4), Phrase(4, 8, source=0, returning=1), Phrase(8, 12), Phrase(12, 16, source=8, returning=7)]
    other = [Phrase(0, 8), Phrase(8, 16, source=0, returning=3), Phrase(16, 20)]
    where = Piece(None, False, np.zeros(20, np.int8), 1)
    phrases = Phrases([own, other, own[:1]], [where] * pieces, Charges(dissonance=1.0))
    drawn = [
        draw_pieces(stepper, conditions(20)[:pieces], range(pieces), particles=Particles(0, 4), phrases=phrases)
        for stepper in (compiled(network), ReadsAll(arrays_of(network)))
    ]
    assert drawn[0].known is not None
    assert drawn[0].known.pieces.tolist() == [True, True, False]
    for one, all_of_it in zip(drawn[0].known, drawn[1].known or (), strict=True):
        assert np.array_equal(one, all_of_it)
    for part in ("outcomes", "log_likelihood", "log_evidence"):
        assert np.array_equal(getattr(drawn[0], part), getattr(drawn[1], part))


def drawn(
    stepper: CompiledStepper, seeds: Sequence[int], num_steps: int = NUM_STEPS
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    rows = conditions(num_steps)[list(seeds)]
    state, frames = stepper.start(len(seeds)), []
    for step in range(num_steps):
        frame, _, state = stepper.step(state, rows[:, step], uniforms(seeds, step, stepper.config.num_notes))
        frames.append(frame)
    return np.stack(frames, 1), state.log_likelihood


@pytest.mark.parametrize(("inputs", "num_steps"), [((), NUM_STEPS), (INPUTS, 4 * PHRASE)], ids=["few", "all"])
def test_a_piece_does_not_depend_on_its_batch_to_the_last_bit(
    make_network: MakeNetwork, inputs: Sequence[str], num_steps: int
) -> None:
    network = make_network(3, 4, num_notes=24, **dict.fromkeys(inputs, True))
    one, two = compiled(network), compiled(network, threads=2)
    frames, nats = drawn(one, range(BATCH), num_steps)
    for index in range(BATCH):
        alone, its = drawn(one, [index], num_steps)
        assert np.array_equal(alone[0], frames[index])
        assert np.array_equal(its[0], nats[index])
    assert not np.array_equal(frames[0], frames[1])
    again, same = drawn(two, range(BATCH), num_steps)
    assert np.array_equal(again, frames)
    assert np.array_equal(same, nats)


def test_particles_with_the_same_past_share_it(make_network: MakeNetwork) -> None:
    network, row = make_network(3, 2, num_notes=8), conditions()[:1, 0]
    stepper = compiled(network)
    state = stepper.start(1).take(np.zeros(5, np.int64))
    randoms = uniforms([0] * 5, 0, 8, [0, 1, 0, 2, 3])
    rows = row.repeat(5, axis=0)
    frame, _, first = stepper.step(state, rows, randoms)
    assert np.array_equal(frame[0], frame[2])
    _, _, second = stepper.step(first, rows, randoms)
    assert len(first.pasts.hidden[0]) == 1  # all had heard silence
    assert len(second.pasts.hidden[0]) == len({bytes(past) for past in frame}) > 1
    alone, _, _ = stepper.step(stepper.start(1), row, randoms[3:4])
    assert np.array_equal(alone[0], frame[3])


def test_half_the_bits_draw_from_nearly_the_same_distribution(make_network: MakeNetwork) -> None:
    network = make_network(3, 4, num_notes=24)
    frames, nats = drawn(compiled(network), range(BATCH))
    rounded, its = drawn(compiled(network, products="bfloat16"), range(BATCH))
    assert (frames == rounded).mean() > 0.9
    assert not np.array_equal(nats, its)
    assert np.allclose(nats, its, rtol=0.1)


def test_what_is_not_compiled_is_refused(make_network: MakeNetwork) -> None:
    with pytest.raises(ValueError, match="not compiled"):
        compiled(BiaxialLSTM(PRESETS["jsb-16th"]))
    network = make_network(3, 2, num_notes=8)
    stepper, rule = compiled(network), VoiceLeadingRule(network.config)
    with pytest.raises(ValueError, match="what is compiled"):
        stepper.step(stepper.start(BATCH), conditions()[:, 0], uniforms(range(BATCH), 0, 8), rules=[rule, rule])
