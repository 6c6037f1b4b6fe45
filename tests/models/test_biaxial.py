"""The network: its size, what it may look at, what it must not."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch

from biaxial.features.conditions import Condition
from biaxial.features.echo import echoes
from biaxial.features.known import Known
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig


@pytest.fixture(params=["tiny", "hexahedria", "low-to-high", "jsb-quarter", "jsb-16th", "both"])
def network(request: pytest.FixtureRequest) -> BiaxialLSTM:
    torch.manual_seed(0)
    if request.param in ("low-to-high", "both"):
        return BiaxialLSTM(dataclasses.replace(PRESETS["tiny"], order=request.param)).eval()
    return BiaxialLSTM(PRESETS[request.param]).eval()


def roll(network: BiaxialLSTM, b: int, t: int) -> torch.Tensor:
    """Random frames of one strike for each voice, shape ``(b, t, n)``; not one cell is impossible."""
    config = network.config
    outcomes = torch.zeros(b, t, config.num_notes, dtype=torch.uint8)
    generator = torch.Generator().manual_seed(1)
    strike = len(config.alphabet) - config.alphabet.num_sets
    for voice in range(config.num_voices or 1):
        notes = torch.randint(config.num_notes, (b, t, 1), generator=generator)
        free = outcomes.gather(2, notes) == 0
        value = strike + (2**voice - 1 if config.num_voices else 0)
        outcomes.scatter_(2, notes, torch.where(free, value, outcomes.gather(2, notes).long()).to(torch.uint8))
    return outcomes


def conditions(b: int, t: int) -> torch.Tensor:
    rows = torch.zeros(b, t, len(Condition), dtype=torch.int16)
    rows[..., Condition.BAR_STEPS] = 16
    rows[..., Condition.SINCE_START] = torch.arange(t)
    return rows


def test_hexahedria_has_the_published_weights() -> None:
    """Johnson's network has 1,369,902; every one of the difference is explained."""
    network = BiaxialLSTM(PRESETS["hexahedria"])
    published = 1_369_902
    unused_input = 4 * 300  # an input of the published network that is always zero, into the gates of the first layer
    second_biases = 4 * (300 + 300 + 100 + 50)  # PyTorch's LSTM has two bias vectors that are added up
    third_outcome = 50 + 1  # three outcomes of a cell in place of two coins
    expected = published - unused_input + second_biases + third_outcome
    assert sum(parameter.numel() for parameter in network.parameters()) == expected
    assert network.time_features.width == 80 - 1
    assert network.note_features.width == 2


def test_log_probabilities_are_normalised(network: BiaxialLSTM) -> None:
    outcomes = roll(network, 2, 4)
    with torch.no_grad():
        log_probs = network(Batch.whole(outcomes, conditions(2, 4)))
    assert log_probs.shape == (len(network.walks), *outcomes.shape, len(network.config.alphabet))
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(log_probs.shape[:-1]), atol=1e-5)


def test_no_frame_sees_a_later_one(network: BiaxialLSTM) -> None:
    outcomes = roll(network, 2, 8)
    other = outcomes.clone()
    other[:, 5] = roll(network, 2, 9)[:, 8]
    assert not torch.equal(outcomes, other)
    with torch.no_grad():
        before, after = (network(Batch.whole(x, conditions(2, 8))) for x in (outcomes, other))
    assert torch.equal(before[:, :, :5], after[:, :, :5])
    assert not torch.equal(before[:, :, 6], after[:, :, 6])


def test_no_cell_sees_a_later_one_of_its_frame(network: BiaxialLSTM) -> None:
    outcomes = roll(network, 1, 3)
    for index, place in itertools.product(range(len(network.walks)), (0, 7, 20)):
        order = network.walk(index).features.walk(torch.arange(network.config.num_notes))
        other = outcomes.clone()
        other[:, 2, order[place]] = 1 if outcomes[0, 2, order[place]] == 0 else 0
        with torch.no_grad():
            before, after = (network(Batch.whole(x, conditions(1, 3)))[index] for x in (outcomes, other))
        assert torch.equal(before[:, 2, order[: place + 1]], after[:, 2, order[: place + 1]])
        assert not torch.equal(before[:, 2, order[place + 1 :]], after[:, 2, order[place + 1 :]])


def test_a_crop_with_its_previous_frame_differs_from_one_without(network: BiaxialLSTM) -> None:
    outcomes = roll(network, 1, 4)
    with torch.no_grad():
        crop = Batch.whole(outcomes[:, 1:], conditions(1, 3))
        true, silent = network(crop._replace(previous=outcomes[:, 0])), network(crop)
    assert not torch.equal(true[:, 0], silent[:, 0])


def test_long_pieces_are_scored_in_parts(network: BiaxialLSTM, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, n = roll(network, 2, 8), network.config.num_notes
    known = None
    if network.config.num_voices:
        voices = torch.full_like(outcomes, 1)
        part = zip(outcomes.numpy(), voices.numpy(), strict=True)
        found = [Known.of(frames, sets, network.config.alphabet) for frames, sets in part]
        known = Known(*(torch.stack(parts) for parts in zip(*found, strict=True)))
    whole = network(Batch.whole(outcomes, conditions(2, 8), known))  # with gradients
    with torch.no_grad():
        for steps in (1, 3):
            monkeypatch.setattr("biaxial.models.biaxial._CELLS", 2 * n * steps)
            parts = network(Batch.whole(outcomes, conditions(2, 8), known))
            assert torch.allclose(parts, whole, rtol=0, atol=1e-4)


def test_dropout_draws_one_mask_for_a_whole_sequence() -> None:
    network = BiaxialLSTM(dataclasses.replace(PRESETS["tiny"], dropout=0.5)).train()
    torch.manual_seed(0)
    output, _ = network.over_time(roll(network, 1, 12), conditions(1, 12))
    dropped = (output == 0).squeeze(0)  # t n h
    assert 0.3 < dropped.float().mean() < 0.7
    assert torch.equal(dropped.all(0), dropped.any(0))


def test_a_narrowed_network_is_the_same_for_the_notes_that_are_left() -> None:
    torch.manual_seed(0)
    network = BiaxialLSTM(dataclasses.replace(PRESETS["jsb-quarter"], time_hidden=(8,), note_hidden=(6,))).eval()
    previous = torch.zeros(2, 5, 88, dtype=torch.uint8)
    previous[:, :, 30:50] = torch.randint(2, (2, 5, 20), generator=torch.Generator().manual_seed(0)).byte()
    rows, echo = conditions(2, 5), echoes(previous)
    narrow = network.narrowed(17, 46)
    assert (narrow.config.low_pitch, narrow.config.num_notes) == (21 + 17, 46)
    assert narrow.walk(0).head.weight is network.walk(0).head.weight
    with torch.no_grad():
        whole, _ = network.over_time(previous, rows, echo=echo)
        part, _ = narrow.over_time(previous[..., 17:63], rows, echo=echo._replace(frame=echo.frame[..., 17:63]))
    assert torch.allclose(whole[:, :, 17:63], part, atol=1e-6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dropout", 1.0),
        ("time_hidden", ()),
        ("note_hidden", (0,)),
        ("num_states", 4),
        ("num_notes", 100),
        ("neighbourhood", -1),
        ("ranks", 4),
    ],
)
def test_impossible_configs_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ModelConfig(**{field: value})  # type: ignore[arg-type]
