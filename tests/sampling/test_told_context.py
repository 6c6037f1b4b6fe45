"""What the context encoder tells, worked out without PyTorch, is what PyTorch works out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import Condition, unknown_conditions
from biaxial.features.known_arrays import KnownArrays
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import arrays_of
from biaxial.sampling import told_context
from biaxial.sampling.input_shares import keys_of, of_all_steps
from biaxial.sampling.stepping import Change
from biaxial.sampling.told_context import ContextWeights, ToldContext
from biaxial.sampling.weight_tables import Weights

STEPS = 50


@pytest.fixture(params=["tiny", "chorale"])
def network(request: pytest.FixtureRequest) -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS[request.param]).eval()


def given(network: BiaxialLSTM) -> tuple[KnownArrays, NDArray[np.int16]]:
    """A soprano in a piece, nothing in another, all voices of some steps in a third; keys, metre and a plan."""
    rng, n, alphabet = np.random.default_rng(0), network.config.num_notes, network.config.alphabet
    outcomes = np.zeros((3, STEPS, n), np.uint8)
    for piece in (0, 2):
        outcomes[piece, np.arange(STEPS), rng.integers(20, 40, STEPS)] = 16  # struck, the first voice
    voices = np.zeros_like(outcomes)
    voices[0], voices[2, 10:20] = 1, alphabet.everything
    known = KnownArrays.stacked([KnownArrays.of(o, v, alphabet) for o, v in zip(outcomes, voices, strict=True)])
    rows = unknown_conditions(STEPS)[None].repeat(3, axis=0)
    rows[0, :, Condition.TONIC], rows[0, :, Condition.MODE] = 7, 1
    rows[2, :, Condition.STEP_IN_BAR], rows[2, :, Condition.BAR_STEPS] = np.arange(STEPS) % 16, 16
    rows[2, 5:, Condition.PHRASE_TONIC], rows[2, 5:, Condition.PHRASE_MODE] = 2, 0
    return known, rows


def told(network: BiaxialLSTM, stretch: int | None = None, known: KnownArrays | None = None) -> ToldContext:
    arrays = arrays_of(network)
    weights = ContextWeights(arrays.config, Weights(arrays, "float32").inputs, arrays.weights)
    usual, rows = given(network)
    return ToldContext(weights, known or usual, keys_of(rows), of_all_steps(weights.inputs, rows), stretch)


def with_more(network: BiaxialLSTM, known: KnownArrays, piece: int, steps: range) -> KnownArrays:
    """All voices of some steps are known besides, and the lowest strikes a note in the first of them."""
    alphabet, (outcomes, voices) = network.config.alphabet, (part[piece].copy() for part in known[:2])
    voices[steps.start : steps.stop] = alphabet.everything
    outcomes[steps.start, 5] = alphabet.encode(np.array([2], np.int8), np.array([8], np.uint8))[0]
    after = known.at(slice(None)).at(np.arange(len(known.voices)))  # a copy
    for part, new in zip(after, KnownArrays.of(outcomes, voices, alphabet), strict=True):
        part[piece] = new
    return after


def count_steps_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by every step that is read, in whichever direction."""
    read, plain = list[int](), told_context._Reading._read

    def counted(self: told_context._Reading, way: Any, step: int, state: Any) -> Any:
        read.append(step)
        return plain(self, way, step, state)

    monkeypatch.setattr(told_context._Reading, "_read", counted)
    return read


@pytest.mark.parametrize("stretch", [None, 1, 7, 49])
def test_what_is_told_is_what_the_encoder_tells(network: BiaxialLSTM, stretch: int | None) -> None:
    known, rows = given(network)
    with torch.inference_mode():
        expected: Any = network.encode(known.to("cpu"), torch.from_numpy(rows))
    assert expected is not None
    assert expected[2].abs().max() > 0
    context = told(network, stretch)
    found = np.stack([context.at(step) for step in range(STEPS)], axis=1)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5, rtol=1e-4)
    assert not found[1].any()


def test_steps_are_asked_for_in_their_order(network: BiaxialLSTM) -> None:
    context = told(network, 10)
    context.at(25)
    with pytest.raises(ValueError, match="left behind"):
        context.at(24)


@pytest.mark.parametrize("stretch", [None, 1, 7, 49])
def test_what_is_read_again_is_to_the_last_bit_what_reading_the_whole_tells(
    network: BiaxialLSTM, stretch: int | None
) -> None:
    known, (piece, other) = given(network)[0], (0, 1)
    context = told(network, stretch)
    for step in range(12):
        context.at(step)
    for step in range(12, STEPS):
        changes = []
        if step in (12, 31):  # of one piece something was known before, of the other nothing
            changes = [Change(piece, range(step, step + 9)), Change(other, range(step + 2, step + 8))]
            for each in changes:
                known = with_more(network, known, *each)
            context.again(known, changes)
            whole = told(network, known=known)
        found = context.at(step)
        assert np.array_equal(found, whole.at(step))
        assert found.any(axis=(1, 2)).all()


def test_a_step_is_read_once_each_way_and_a_phrase_that_changes_once_more(
    network: BiaxialLSTM, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = count_steps_read(monkeypatch)
    known, context = given(network)[0], told(network)
    for step in range(STEPS):
        if step in (12, 31):
            known = with_more(network, known, 0, range(step, step + 9))
            context.again(known, [Change(0, range(step, step + 9))])
        context.at(step)
    pieces = int(known.pieces.sum())
    assert len(read) == 2 * STEPS * pieces + 2 * 9


def test_of_a_long_piece_stretches_are_read_back_twice(network: BiaxialLSTM, monkeypatch: pytest.MonkeyPatch) -> None:
    read, stretch = count_steps_read(monkeypatch), 7
    known, context = given(network)[0], told(network, stretch)
    for step in range(STEPS):
        if step in (12, 31):
            known = with_more(network, known, 0, range(step, step + 9))
            context.again(known, [Change(0, range(step, step + 9))])
        context.at(step)
        assert len(context._readings[0]._future) <= stretch + 1 + STEPS // stretch  # states that are kept
    pieces = int(known.pieces.sum())
    assert 2 * STEPS * pieces < len(read) <= 3 * STEPS * pieces + 2 * (9 + 2 * stretch)
