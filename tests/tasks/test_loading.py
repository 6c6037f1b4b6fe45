"""One function loads every kind of weights; typed ones refuse the other kind; old names go on for a version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import biaxial
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.tasks.loading import load_model, load_token_model
from biaxial.tasks.model import Model
from biaxial.tasks.token_model import TokenModel
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.token_stepper import TokenOptions
from biaxial.weights import save_weights

HISTORY = {"keys": {"G major": 3}}
LINES = SequenceConfig(kind="melody", embedding=8, hidden=(12,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        save_weights(path / "lines.safetensors", SequenceLSTM(LINES), HISTORY)
        save_weights(path / "voices.safetensors", BiaxialLSTM(PRESETS["tiny"]), HISTORY)
    return path


def test_the_header_says_which_model_it_is(folder: Path) -> None:
    lines, voices = (biaxial.load(folder / f"{name}.safetensors", "cpu") for name in ("lines", "voices"))
    assert isinstance(lines, TokenModel)
    assert isinstance(voices, Model)
    assert (lines.name, lines.history, lines.config) == ("lines", HISTORY, LINES)
    assert (voices.name, voices.history, voices.network.config) == ("voices", HISTORY, PRESETS["tiny"])
    assert biaxial.load(str(folder / "voices.safetensors"), "cpu", threads=3).threads == 3  # type: ignore[union-attr]


def test_shipped_weights_have_names() -> None:
    assert biaxial.load(device="cpu").name == biaxial.load("chorales-v3", "cpu").name == "chorales-v3"
    assert [biaxial.load(name, "cpu").config.kind for name in ("hymn-tunes-v1", "chords-v1")] == ["melody", "chord"]
    with pytest.raises(InputError, match="no such weights"):
        biaxial.load("no-such-name")


def test_weights_from_before_phrase_ends_were_tokens_still_load(folder: Path) -> None:
    path = folder / "lines.safetensors"
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    ours = json.loads(header["__metadata__"]["biaxial"])
    assert ours["config"].pop("phrases") is False
    header["__metadata__"]["biaxial"] = json.dumps(ours)
    text = json.dumps(header).encode()
    old = folder / "old.safetensors"
    old.write_bytes(len(text).to_bytes(8, "little") + text + path.read_bytes()[8 + size :])
    found = load_token_model(old, "cpu")
    assert found.config == LINES
    score = found.compose(12, seed=1).score
    assert score.fermatas is None
    assert score.notes == load_token_model(path, "cpu").compose(12, seed=1).score.notes
    assert score.key is not None
    assert score.notes[-1].pitch % 12 == score.key.tonic


def test_a_typed_loader_refuses_the_other_kind(folder: Path) -> None:
    assert load_model(folder / "voices.safetensors", "cpu").name == "voices"
    assert load_token_model(folder / "lines.safetensors", "cpu").name == "lines"
    with pytest.raises(InputError, match=r"lines\.safetensors: holds a melody model, .*; for all else give"):
        load_model(folder / "lines.safetensors", "cpu")
    with pytest.raises(InputError, match=r"voices\.safetensors: holds a biaxial model; give melody or chord weights"):
        load_token_model(folder / "voices.safetensors", "cpu")


@pytest.mark.parametrize("name", ["lines", "voices"])
def test_a_device_that_there_is_not_is_named(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"device 'quantum' cannot be used .*; give cpu or auto"):
        biaxial.load(folder / f"{name}.safetensors", "quantum")


def test_old_names_warn_and_go_on(folder: Path) -> None:
    with pytest.warns(FutureWarning, match="biaxial.Drawing is now called biaxial.SamplingOptions"):
        assert biaxial.Drawing is biaxial.SamplingOptions
    with pytest.warns(FutureWarning, match="biaxial.EventDrawing is now called biaxial.TokenOptions"):
        assert biaxial.EventDrawing is TokenOptions
    with pytest.warns(FutureWarning, match="biaxial.EventModel is now called biaxial.TokenModel"):
        assert biaxial.EventModel is TokenModel
    with pytest.warns(FutureWarning, match="biaxial.load_events is now called biaxial.load"):
        lines = biaxial.load_events(folder / "lines.safetensors")
    assert isinstance(lines, TokenModel)
    with pytest.warns(FutureWarning, match="made is now called history"):
        assert load_model(folder / "voices.safetensors", "cpu").made == HISTORY
