"""Weights files: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch

from biaxial.files.weights_file import MAX_HEADER_BYTES, pretrained_path
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def network() -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS["tiny"]).eval()


@pytest.fixture
def path(network: BiaxialLSTM, tmp_path: Path) -> Path:
    save_weights(tmp_path / "w.safetensors", network, {"valid": 1.5, "keys": {"G major": 2}})
    return tmp_path / "w.safetensors"


def test_weights_config_and_history_come_back(network: BiaxialLSTM, path: Path) -> None:
    loaded, history = load_weights(path)
    assert loaded.config == network.config
    assert history == {"valid": 1.5, "keys": {"G major": 2}}
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_the_same_weights_are_the_same_bytes(network: BiaxialLSTM, tmp_path: Path) -> None:
    written = set[bytes]()
    for number in range(12):
        save_weights(tmp_path / f"{number}.safetensors", network, {"valid": 1.5})
        written.add((tmp_path / f"{number}.safetensors").read_bytes())
    assert len(written) == 1


def test_half_precision_is_half_the_size_and_nearly_the_same(network: BiaxialLSTM, path: Path, tmp_path: Path) -> None:
    small = tmp_path / "half.safetensors"
    save_weights(small, network, {}, torch.float16)
    assert small.stat().st_size < 0.55 * path.stat().st_size
    weight = load_weights(small)[0].walk(0).head.weight
    assert weight.dtype == torch.float32
    assert torch.allclose(weight, network.walk(0).head.weight, atol=1e-3)


def test_no_part_of_a_file_is_a_file(path: Path) -> None:
    data = path.read_bytes()
    for length in (0, 4, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"w\.safetensors: "):
            load_weights(path)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return open, (str(tmp_path / "loaded"),)

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_weights(path)
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_weights(path)


def test_files_of_others_and_of_other_versions_say_so(network: BiaxialLSTM, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match="no such weights"):
        load_weights(path)
    safetensors.torch.save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="not a biaxial model"):
        load_weights(path)
    config = {"low_pitch": 36, "colour": "red"}
    for header in ({"format": 99}, {"format": 1, "config": config, "made": {}}, {"format": 1}):
        safetensors.torch.save_file({"a": torch.zeros(1)}, path, {"biaxial": json.dumps(header)})
        with pytest.raises(InputError, match="another version"):
            load_weights(path)


def changed(path: Path, **changes: object) -> None:
    """Rewrite the entry of the header that is ours."""
    with safetensors.safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["biaxial"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["config"] |= changes.pop("config", {})
    safetensors.torch.save_file(tensors, path, {"biaxial": json.dumps(header | changes)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"time_hidden": [10**9]}}, "at most 4096 units, not 1000000000"),  # exabytes
        ({"config": {"time_hidden": [24] * 1000}}, "each axis has at most 16 layers"),
        ({"config": {"note_hidden": [10**30]}}, "at most 4096 units, not 1000000000"),
        ({"config": {"context_hidden": 10**9}}, "context_hidden is 0 to 4096"),
        ({"config": {"styles": ["bach"], "style_hidden": 4096}}, "no styles.weight of the shape (4096, 1)"),
        ({"config": {"styles": ["bach", "bach"]}}, "two styles have the same name"),
        ({"made": {"style": "bach"}}, "these weights know no styles"),
        ({"config": {"steps_per_quarter": 10**9}}, "a grid has 1 to 96 steps"),
        ({"config": {"order": "sideways"}}, "order has a value of another kind"),
        ({"config": {"low_pitch": 36.5}}, "low_pitch has a value of another kind"),
        ({"config": {"dropout": float("nan")}}, "dropout is a share"),
        ({"config": {"time_hidden": [[24]]}}, "time_hidden has a value of another kind"),
        ({"made": 7}, "made is not an object"),
        ({"made": {"keys": {"H major": 1}}}, "'H major' is not a key"),
        ({"made": {"keys": {"G major": 0}}}, "made.keys"),
        ({"made": {"density": "thick"}}, "made.density is not a number"),
        ({"made": {"style_density": {"hymn": None}}}, "made.density is not a number"),
        ({"made": {"style_keys": {"hymn": {"H major": 1}}}}, "'H major' is not a key"),
        ({"made": {"style_keys": 5}}, "made.style_keys"),
        ({"made": {"instruments": ["violin"]}}, "made.instruments"),
        ({"made": {"density_biases": [[1, 2]]}}, "made.density_biases"),
    ],
)
def test_a_header_with_absurd_values(path: Path, changes: dict[str, object], message: str) -> None:
    changed(path, **changes)
    with pytest.raises(InputError) as caught:
        load_weights(path)
    assert str(caught.value).startswith(f"{path}: weights of another version (")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"format":' * 900, "null", "[]", '{"format": 1, "config": [], "made": {}}']
)
def test_a_header_that_is_no_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, path, {"biaxial": text})
    with pytest.raises(InputError, match=r"x\.safetensors: weights of another version"):
        load_weights(path)


@pytest.mark.parametrize("size", [MAX_HEADER_BYTES + 1, 1 << 40, 2**64 - 1])
def test_a_header_that_says_it_is_huge(path: Path, size: int) -> None:
    path.write_bytes(size.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(InputError, match=r"w\.safetensors: not a whole safetensors file"):
        load_weights(path)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.tensor([float("nan")]), "a holds numbers that are not finite"),
        (torch.tensor([float("inf")], dtype=torch.float16), "a holds numbers that are not finite"),
        (torch.zeros(1, dtype=torch.int64), "a holds I64"),
        (torch.zeros(1, dtype=torch.complex64), "a holds C64"),
    ],
)
def test_weights_that_are_no_numbers(tmp_path: Path, tensor: torch.Tensor, message: str) -> None:
    path = tmp_path / "x.safetensors"
    safetensors.torch.save_file({"a": tensor}, path, {"biaxial": "{}"})
    with pytest.raises(InputError, match=message):
        load_weights(path)


@pytest.mark.parametrize("name", ["chorales-v3", "quartets-v1", "hymn-tunes-v1", "chords-v1"])
def test_shipped_weights_say_their_format_and_licence(name: str) -> None:
    with safetensors.safe_open(pretrained_path(name), framework="pt") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["license"]) == ("pt", "mit")
    assert json.loads(metadata["biaxial"])["made"]["licence"] == "MIT"
