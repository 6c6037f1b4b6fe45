"""Weights files: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from biaxial.errors import InputError
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.checkpoint import load_weights, save_weights
from biaxial.models.config import PRESETS


@pytest.fixture(scope="module")
def network() -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(PRESETS["tiny"]).eval()


@pytest.fixture
def path(network: BiaxialLSTM, tmp_path: Path) -> Path:
    save_weights(tmp_path / "w.safetensors", network, {"valid": 1.5, "keys": {"G major": 2}})
    return tmp_path / "w.safetensors"


def test_weights_config_and_history_come_back(network: BiaxialLSTM, path: Path) -> None:
    loaded, made = load_weights(path)
    assert loaded.config == network.config
    assert made == {"valid": 1.5, "keys": {"G major": 2}}
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


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
