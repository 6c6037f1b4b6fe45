"""Styles as an input of the network: exact under each and under mixtures, and nothing where none is asked for."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig

STYLES = {
    "none": (0.0, 0.0, 0.0),
    "one": (0.0, 1.0, 0.0),
    "mixture": (0.7, 0.0, 0.3),
}


def styled(config: ModelConfig) -> BiaxialLSTM:
    """A network that listens to its styles, as after training."""
    torch.manual_seed(0)
    network = BiaxialLSTM(dataclasses.replace(config, styles=("bach", "hymn", "haydn"), style_hidden=4)).eval()
    for stack in (network.time_axis, *(network.walk(index).axis for index in range(len(network.walks)))):
        for projection in stack.of_style:
            torch.nn.init.normal_(projection.get_parameter("weight"))
    return network


@pytest.fixture(params=["tiny", "both"])
def config(request: pytest.FixtureRequest) -> ModelConfig:
    return dataclasses.replace(
        PRESETS["tiny"],
        time_hidden=(8, 6),
        note_hidden=(6, 5),
        context_hidden=0,
        order="both" if request.param == "both" else "high-to-low",
    )


@pytest.fixture
def network(config: ModelConfig) -> BiaxialLSTM:
    return styled(config)


def some_roll(b: int, t: int, n: int) -> Tensor:
    """Frames in which the first voice strikes one note, shape ``(b, t, n)``."""
    roll = torch.zeros(b, t, n, dtype=torch.uint8)
    notes = torch.randint(n, (b, t, 1), generator=torch.Generator().manual_seed(1))
    return roll.scatter_(2, notes, 16)


def rows(b: int, t: int) -> Tensor:
    conditions = torch.zeros(b, t, len(Condition), dtype=torch.int16)
    conditions[..., Condition.SINCE_START] = torch.arange(t)
    return conditions


def test_no_style_is_the_network_without_styles_to_the_last_bit(config: ModelConfig, network: BiaxialLSTM) -> None:
    plain = BiaxialLSTM(config).eval()
    shared = {name: tensor for name, tensor in network.state_dict().items() if "style" not in name}
    plain.load_state_dict(shared)
    outcomes, conditions = some_roll(3, 6, config.num_notes), rows(3, 6)
    style = torch.tensor([STYLES["none"], STYLES["one"], STYLES["none"]])
    with torch.no_grad():
        expected = plain(Batch.whole(outcomes, conditions))
        unasked, zeros = (network(Batch.whole(outcomes, conditions, style=asked)) for asked in (None, style))
    assert torch.equal(unasked, expected)
    assert torch.equal(zeros[:, ::2], expected[:, ::2])  # beside a piece that has one
    assert not torch.allclose(zeros[:, 1], expected[:, 1], atol=0.01)


def test_a_new_network_hears_styles_no_more_than_none(config: ModelConfig) -> None:
    network = BiaxialLSTM(dataclasses.replace(config, styles=("bach", "hymn"))).eval()
    outcomes, conditions = some_roll(1, 4, config.num_notes), rows(1, 4)
    with torch.no_grad():
        none, bach = (network(Batch.whole(outcomes, conditions, style=s)) for s in (None, torch.eye(2)[:1]))
    assert torch.equal(none, bach)


def test_every_layer_is_told_the_style(network: BiaxialLSTM) -> None:
    layers = [
        (stack.of_style[index], layer)
        for stack in (network.time_axis, *(network.walk(walk).axis for walk in range(len(network.walks))))
        for index, layer in enumerate(stack.layers)
    ]
    assert len(layers) == 2 + 2 * len(network.walks)
    outcomes, conditions = some_roll(1, 4, network.config.num_notes), rows(1, 4)
    style = torch.tensor([STYLES["one"]])
    with torch.no_grad():
        before = network(Batch.whole(outcomes, conditions, style=style))
        for projection, layer in layers:
            assert projection.get_parameter("weight").shape == (layer.get_parameter("weight_ih_l0").shape[1], 4)
            kept = projection.get_parameter("weight").clone()
            projection.get_parameter("weight").zero_()
            assert not torch.equal(network(Batch.whole(outcomes, conditions, style=style)), before)
            projection.get_parameter("weight").copy_(kept)


def test_a_mixture_is_the_weighted_mean_of_its_styles(network: BiaxialLSTM) -> None:
    each = network.style_vector(torch.eye(3))
    found = network.style_vector(torch.tensor([STYLES["mixture"]]))
    assert each is not None
    assert found is not None
    torch.testing.assert_close(found[0], 0.7 * each[0] + 0.3 * each[2])


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("order", ["high-to-low", "both"])
def test_probabilities_of_all_rolls_sum_to_one_under_a_style(name: str, order: str) -> None:
    sizes = {"low_pitch": 60, "num_notes": 2, "num_voices": 2, "neighbourhood": 2, "order": order}
    network = styled(ModelConfig(**sizes, time_hidden=(5, 4), note_hidden=(4, 3))).double()  # type: ignore[arg-type]
    every = itertools.product(range(len(network.config.alphabet)), repeat=4)
    rolls = torch.tensor(list(every), dtype=torch.uint8).view(-1, 2, 2)
    style = torch.tensor([STYLES[name]]).expand(len(rolls), -1)
    with torch.no_grad():
        logs = network.walk_log_likelihood(Batch.whole(rolls, rows(len(rolls), 2), style=style)).sum(-1)
        plain = network.walk_log_likelihood(Batch.whole(rolls, rows(len(rolls), 2))).sum(-1)
    p = logs.exp().mean(0).prod(-1)
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    assert (p > 0).sum() > 20
    assert torch.equal(logs, plain) == (name == "none")


def test_steps_one_by_one_give_what_the_parallel_pass_gives(network: BiaxialLSTM) -> None:
    outcomes, conditions = some_roll(2, 5, network.config.num_notes), rows(2, 5)
    style = torch.tensor([STYLES["one"], STYLES["mixture"]])
    batch = Batch.whole(outcomes, conditions, style=style)
    with torch.no_grad():
        whole, state = network(batch)[0], None
        turn = network.walk(0).features.walk
        for step in range(5):
            output, state = network.over_time(
                batch.before[:, step : step + 1], conditions[:, step : step + 1], state, style=style
            )
            frame, before = turn(outcomes[:, step]), turn(batch.before[:, step])
            found, note_state = [], None
            for place in range(frame.shape[1]):
                here = slice(place, place + 1)
                told = turn(output[:, 0].transpose(1, 2)).transpose(1, 2)[:, here]
                log_probs, note_state = network.over_notes(told, frame, before, note_state, here, style=style)
                found.append(log_probs)
            frame_logs = turn(torch.cat(found, 1).transpose(1, 2)).transpose(1, 2)
            torch.testing.assert_close(frame_logs, whole[:, step], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", STYLES)
def test_a_network_in_a_style_says_what_the_batch_says(network: BiaxialLSTM, name: str) -> None:
    network, shares = network.double(), STYLES[name]
    outcomes, conditions = some_roll(2, 5, network.config.num_notes), rows(2, 5)
    style = None if name == "none" else torch.tensor([shares, shares])
    settled = network.in_style(shares)
    assert settled.config.styles == settled.walk(0).config.styles == ()
    assert {key for key in network.state_dict() if "style" in key}.isdisjoint(settled.state_dict())
    BiaxialLSTM(settled.config).double().load_state_dict(settled.state_dict())
    with torch.no_grad():
        expected = network(Batch.whole(outcomes, conditions, style=style))
        found = settled(Batch.whole(outcomes, conditions))
        again = network(Batch.whole(outcomes, conditions, style=style))
    assert torch.allclose(found, expected, rtol=0, atol=1e-9)
    assert torch.equal(found, expected) or name != "none"
    assert torch.equal(again, expected)  # the network itself stays as it was


def test_a_network_without_styles_refuses_one() -> None:
    network = BiaxialLSTM(PRESETS["tiny"])
    with pytest.raises(ValueError, match="without styles"):
        network.style_vector(torch.ones(1, 1))


@pytest.mark.parametrize(
    "styles",
    [
        ("bach", "bach"),
        ("",),
        ("none",),
        ("a,b",),
        ("a:b",),
        ("a/b",),
        (" bach",),
        ("x" * 65,),
        tuple(map(str, range(257))),
    ],
)
def test_names_that_could_not_be_asked_for_are_refused(styles: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="style"):
        ModelConfig(styles=styles)
