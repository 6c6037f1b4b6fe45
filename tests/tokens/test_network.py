"""The token LSTM: normalised, the same in one pass and in parts, and at home in the one weights format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from biaxial.files.weights_file import weights_kind
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.tokens.any_config import any_config, config_from_dict
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import FORGET_BIAS, SequenceLSTM
from biaxial.weights import load_network, load_weights, save_weights, start_with

CONFIGS = {
    "melody": SequenceConfig(kind="melody", embedding=6, hidden=(8, 7)),
    "chord": SequenceConfig(kind="chord", embedding=6, hidden=(8,), chords=((48,), (60, 64)), lengths=(1, 2)),
}


@pytest.fixture(params=sorted(CONFIGS))
def network(request: pytest.FixtureRequest) -> SequenceLSTM:
    torch.manual_seed(3)
    return SequenceLSTM(CONFIGS[request.param]).eval()


def test_what_the_grammar_allows_has_probability_one(network: SequenceLSTM) -> None:
    before, rows = torch.randint(0, network.codec.size, (2, 9)), torch.randint(0, 2, (2, 9))
    given = torch.stack([torch.randint(0, 12, (2, 9)), torch.full((2, 9), 12), torch.ones(2, 9).long()], dim=-1)
    with torch.no_grad():
        log_probs, _ = network(before, given, rows)
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(2, 9), atol=1e-6)
    assert (log_probs.exp()[~network.allowed[rows]] == 0).all()


def test_parts_of_a_string_are_read_as_the_whole(network: SequenceLSTM) -> None:
    before, rows = torch.randint(0, network.codec.size, (1, 12)), torch.zeros(1, 12).long()
    given = torch.zeros(1, 12, 3).long()
    with torch.no_grad():
        whole, _ = network(before, given, rows)
        first, state = network(before[:, :5], given[:, :5], rows[:, :5])
        second, _ = network(before[:, 5:], given[:, 5:], rows[:, 5:], state)
    assert torch.allclose(whole, torch.cat([first, second], dim=1), atol=1e-6)


def test_the_metre_is_an_input_only_if_it_is_wanted() -> None:
    torch.manual_seed(0)
    before, rows = torch.zeros(1, 3).long(), torch.zeros(1, 3).long()
    for metre in (True, False):
        network = SequenceLSTM(replace(CONFIGS["melody"], metre=metre)).eval()
        with torch.no_grad():
            one, other = (network(before, torch.full((1, 3, 3), place), rows)[0] for place in (0, 1))
            other = network(before, torch.tensor([[[1, 1, 0]] * 3]), rows)[0]
        assert torch.equal(one, other) is not metre


def test_dropout_is_of_training_only() -> None:
    network = SequenceLSTM(replace(CONFIGS["melody"], dropout=0.5))
    arguments = torch.zeros(1, 3).long(), torch.zeros(1, 3, 3).long(), torch.zeros(1, 3).long()
    assert not torch.equal(network(*arguments)[0], network(*arguments)[0])
    network.eval()
    assert torch.equal(network(*arguments)[0], network(*arguments)[0])


def test_weights_come_back_and_say_what_they_are(network: SequenceLSTM, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, network, {"keys": {"G major": 2}})
    loaded, history = load_network(path)
    assert isinstance(loaded, SequenceLSTM)
    assert (loaded.config, history, loaded.training) == (network.config, {"keys": {"G major": 2}}, False)
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert weights_kind(path) == network.config.kind
    with pytest.raises(InputError, match=f"holds a {network.config.kind} model"):
        load_weights(path)
    with pytest.raises(ValueError, match="that of a"):
        config_from_dict({"kind": "melody"})
    fresh = SequenceLSTM(network.config)
    start_with(fresh, path)
    assert torch.equal(fresh.head.weight, network.head.weight)
    with pytest.raises(InputError, match="another kind"):
        start_with(BiaxialLSTM(PRESETS["tiny"]), path)


def test_biaxial_weights_are_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    save_weights(path, BiaxialLSTM(PRESETS["tiny"]), {})
    assert weights_kind(path) == "biaxial"
    assert isinstance(load_network(path)[0], BiaxialLSTM)
    assert weights_kind(tmp_path / "none.safetensors") == "biaxial"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden": [10**9]}, "at most 16 layers, and 4096 units"),
        ({"embedding": 10**9}, "at most 16 layers, and 4096 units"),
        ({"kind": "drums"}, "kind has a value of another kind"),
        ({"chords": [[60.5]]}, "chords has a value of another kind"),
        ({"chords": [60]}, "chords has a value of another kind"),
        ({"chords": [[64, 60]]}, "is not a chord"),
        ({"lengths": [[1]]}, "lengths has a value of another kind"),
        ({"low_pitch": 3}, "unknown field 'low_pitch'"),
    ],
)
def test_a_header_with_absurd_values(tmp_path: Path, config: dict[str, object], message: str) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, SequenceLSTM(CONFIGS["chord"]), {})
    with safetensors.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["biaxial"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["config"] |= config
    safetensors.torch.save_file(tensors, path, {"biaxial": json.dumps(header)})
    with pytest.raises(InputError, match="weights of another version") as caught:
        load_network(path)
    assert message in str(caught.value)


def test_a_config_comes_back_from_json() -> None:
    from dataclasses import asdict

    for config in CONFIGS.values():
        assert any_config(json.loads(json.dumps(asdict(config)))) == config


def test_forget_gates_of_a_melody_model_start_open() -> None:
    for kind, is_open in (("melody", True), ("chord", False)):
        network = SequenceLSTM(SequenceConfig(kind=kind, embedding=4, hidden=(5, 3)))  # type: ignore[arg-type]
        for layer, size in zip(network.stack.layers, (5, 3), strict=True):
            gates = layer.get_parameter("bias_hh_l0").reshape(4, size)
            assert bool((gates[1] == FORGET_BIAS).all()) is is_open
            assert (gates[[0, 2, 3]].abs() < 1).all()
