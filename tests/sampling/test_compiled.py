"""The compiled stepper decides as the reference does, along the path of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.sampling.compiled import CompiledState, CompiledStepper, is_compiled
from biaxial.sampling.constraints import Polyphony, Rule, range_bias
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Proposal, StepState
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.voice_leading_weights import VoiceLeading

MakeNetwork = Callable[..., BiaxialLSTM]
NUM_STEPS, BATCH = 6, 12


def conditions() -> Tensor:
    rows = torch.full((BATCH, NUM_STEPS, len(Condition)), -1, dtype=torch.int16)
    rows[:, :, Condition.FIRST] = torch.arange(NUM_STEPS) == 0
    rows[:, :, Condition.SINCE_START] = torch.arange(NUM_STEPS)
    rows[: BATCH // 2, :, Condition.STEP_IN_BAR] = torch.arange(NUM_STEPS) % 16
    rows[: BATCH // 2, :, Condition.BAR_STEPS] = 16
    rows[: BATCH // 3, :, Condition.TONIC], rows[: BATCH // 3, :, Condition.MODE] = 7, 1
    rows[::2, :, Condition.TO_END] = NUM_STEPS - 1 - torch.arange(NUM_STEPS)
    return rows


def some_known(network: BiaxialLSTM) -> Known:
    """The highest voice of a drawn roll in a third of the pieces, all of its first steps in another third."""
    config, alphabet = network.config, network.config.alphabet
    stepper, rows = Stepper(network), conditions()
    state, frames = stepper.start(BATCH), []
    for step in range(NUM_STEPS):
        frame, _, state = stepper.step(state, rows[:, step], uniforms(range(100, 100 + BATCH), step, config.num_notes))
        frames.append(frame.numpy())
    rolls, voices = np.stack(frames, 1), np.zeros((BATCH, NUM_STEPS, config.num_notes), dtype=np.uint8)
    voices[: BATCH // 3] = 1 if config.num_voices else 0
    if not config.num_voices:
        voices[: BATCH // 3, :, -1] = 1
    voices[BATCH // 3 : 2 * BATCH // 3, : NUM_STEPS // 2] = alphabet.everything
    parts = [Known.of(roll, sets, alphabet) for roll, sets in zip(rolls, voices, strict=True)]
    return Known(*(torch.stack(part) for part in zip(*parts, strict=True)))


def assert_decides_alike(
    network: BiaxialLSTM,
    proposal: Proposal | None = None,
    known: Known | None = None,
    bias: Tensor | None = None,
    rules: Sequence[Rule] = (),
) -> None:
    plain, fast, rows = Stepper(network, proposal), CompiledStepper(network, proposal), conditions()
    state, other = plain.start(BATCH), cast(StepState, fast.start(BATCH))
    encoded, other_encoded = plain.encode(known, rows), fast.encode(known, rows)
    heard = 0
    for step in range(NUM_STEPS):
        randoms = uniforms(range(BATCH), step, network.config.num_notes)
        told = None if known is None else known.at((slice(None), step))
        frame, weight, state = plain.step(state, rows[:, step], randoms, told, bias, rules, encoded.at(step))
        found, found_weight, other = fast.step(other, rows[:, step], randoms, told, bias, rules, other_encoded.at(step))
        assert torch.equal(frame, found)
        assert torch.allclose(weight, found_weight, rtol=0, atol=1e-4)
        assert torch.allclose(state.log_likelihood, other.log_likelihood, rtol=0, atol=1e-3)
        heard += int((frame > 0).sum())
    assert heard > 0


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


@pytest.mark.parametrize("inputs", ["key", "form", "running_chord", "voice_intervals", "parallels", "head_sees_inputs"])
def test_without_some_inputs(make_network: MakeNetwork, inputs: str) -> None:
    assert_decides_alike(make_network(3, 2, num_notes=8, **{inputs: False}))


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


def drawn(stepper: Stepper, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    rows = conditions()[list(seeds)]
    state, frames = stepper.start(len(seeds)), []
    for step in range(NUM_STEPS):
        frame, _, state = stepper.step(state, rows[:, step], uniforms(seeds, step, stepper.config.num_notes))
        frames.append(frame)
    return torch.stack(frames, 1), state.log_likelihood


def test_a_piece_does_not_depend_on_its_batch_to_the_last_bit(make_network: MakeNetwork) -> None:
    network = make_network(3, 4, num_notes=24)
    one, two = CompiledStepper(network), CompiledStepper(network, threads=2)
    frames, nats = drawn(one, range(4))
    for index in range(4):
        alone, its = drawn(one, [index])
        assert torch.equal(alone[0], frames[index])
        assert torch.equal(its[0], nats[index])
    assert not torch.equal(frames[0], frames[1])
    again, same = drawn(two, range(4))
    assert torch.equal(again, frames)
    assert torch.equal(same, nats)


def test_particles_with_the_same_past_share_it(make_network: MakeNetwork) -> None:
    network, row = make_network(3, 2, num_notes=8), conditions()[:1, 0]
    stepper = CompiledStepper(network)
    state = stepper.start(1).take(torch.zeros(5, dtype=torch.long))
    randoms = uniforms([0] * 5, 0, 8, [0, 1, 0, 2, 3])
    rows = row.expand(5, -1)
    frame, _, first = stepper.step(state, rows, randoms)
    assert torch.equal(frame[0], frame[2])
    _, _, second = stepper.step(first, rows, randoms)
    assert isinstance(first, CompiledState)
    assert isinstance(second, CompiledState)
    assert first.pasts is not None
    assert second.pasts is not None
    assert len(first.pasts.hidden[0]) == 1  # all had heard silence
    assert len(second.pasts.hidden[0]) == len({bytes(past) for past in frame.numpy()}) > 1
    alone, _, _ = stepper.step(stepper.start(1), row, randoms[3:4])
    assert torch.equal(alone[0], frame[3])


def test_half_the_bits_draw_from_nearly_the_same_distribution(make_network: MakeNetwork) -> None:
    network = make_network(3, 4, num_notes=24)
    frames, nats = drawn(CompiledStepper(network), range(BATCH))
    rounded, its = drawn(CompiledStepper(network, products="bfloat16"), range(BATCH))
    assert (frames == rounded).float().mean() > 0.9
    assert not torch.equal(nats, its)
    assert torch.allclose(nats, its, rtol=0.1)


def test_whether_kernels_were_compiled_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untried = SimpleNamespace(signatures=[], stats=SimpleNamespace(cache_path=str(tmp_path)))
    monkeypatch.setattr("biaxial.sampling.compiled.walk", untried)
    assert not is_compiled()
    (tmp_path / "walk.walk-43.py311.nbi").touch()
    assert is_compiled()
    untried.stats.cache_path = None  # where nothing can be kept
    assert not is_compiled()
    untried.signatures.append("compiled in this process")
    assert is_compiled()


def test_what_is_not_compiled_is_refused(make_network: MakeNetwork) -> None:
    with pytest.raises(ValueError, match="not compiled"):
        CompiledStepper(BiaxialLSTM(PRESETS["jsb-16th"]))
    network = make_network(3, 2, num_notes=8)
    stepper, rule = CompiledStepper(network), VoiceLeadingRule(network.config)
    with pytest.raises(ValueError, match="what is compiled"):
        stepper.step(stepper.start(BATCH), conditions()[:, 0], uniforms(range(BATCH), 0, 8), rules=[rule, rule])
