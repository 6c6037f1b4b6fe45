"""Models in folders and on the hub: what is written is loaded, two files are fetched and no pickle, errors in words."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import safetensors
import torch
import yaml

import biaxial
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.tasks.hub_files import located
from biaxial.tasks.model import Model
from biaxial.tasks.token_model import TokenModel
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM

HISTORY = {
    "keys": {"G major": 3},
    "corpus_sha256": "ab" * 32,
    "num_pieces": {"train": 3, "valid": 1},
    "valid_nats_per_step": 1.40871,
    "licence": "MIT",
    "source": "chorales of J. S. Bach",
}


def stub() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hub_stub", Path(__file__).with_name("hub_stub.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hub_stub"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model() -> Model:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Model(BiaxialLSTM(PRESETS["tiny"]).eval(), dict(HISTORY), "tiny")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    with stub().serving(tmp_path / "hub") as serving:
        monkeypatch.setenv("HF_ENDPOINT", serving.address)
        yield serving


def published(model: Model | TokenModel, hub: Any, revision: str = "main") -> Path:
    folder: Path = hub.root / "me" / "tiny" / revision
    model.save_pretrained(folder)
    return folder


def same(one: Any, other: Any) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def test_a_folder_gives_the_same_model(model: Model, tmp_path: Path) -> None:
    files = model.save_pretrained(tmp_path / "new" / "tiny")
    assert sorted(path.name for path in files) == ["README.md", "config.json", "model.safetensors"]
    for again in (biaxial.load(tmp_path / "new" / "tiny", "cpu"), Model.from_pretrained(tmp_path / "new" / "tiny")):
        assert same(again, model)
        assert (again.name, again.history) == ("tiny", HISTORY)


def test_the_header_says_pt_and_the_licence(model: Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path, licence="cc-by-4.0")
    with safetensors.safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["license"]) == ("pt", "cc-by-4.0")
    assert biaxial.load(tmp_path, "cpu").history["licence"] == "cc-by-4.0"
    Model(model.network, {}, "bare").save_pretrained(tmp_path)
    with safetensors.safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert file.metadata()["license"] == "unknown"


def test_the_card_has_a_head_that_the_hub_reads(model: Model, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    assert head["license"] == "mit"
    assert head["library_name"] == "biaxial"
    assert {"music", "biaxial"} <= set(head["tags"])
    assert head["datasets"] == ["chorales of J. S. Bach"]
    (result,) = head["model-index"][0]["results"]
    assert result["metrics"] == [
        {"type": "valid_nats_per_step", "name": "Nats per sixteenth step, validation split", "value": 1.4087}
    ]
    assert "train 3, valid 1" in text
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    model.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_huggingface_hub_reads_the_card(model: Model, tmp_path: Path) -> None:
    cards = pytest.importorskip("huggingface_hub")
    model.save_pretrained(tmp_path)
    data = cards.ModelCard.load(tmp_path / "README.md").data
    assert (data.license, data.library_name) == ("mit", "biaxial")
    assert data.to_dict()["model-index"][0]["name"] == "tiny"
    assert data.eval_results[0].metric_value == 1.4087


def test_an_address_fetches_two_files_and_no_other(model: Model, hub: Any) -> None:
    folder = published(model, hub)
    (folder / "pytorch_model.bin").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    again = biaxial.load("hf://me/tiny", "cpu")
    assert same(again, model)
    assert again.name == "me/tiny"
    fetched = {line.split("/")[-1] for line in hub.asked if line.startswith(("GET /me", "HEAD /me"))}
    assert fetched == {"model.safetensors", "config.json"}


def test_a_revision_is_fetched_by_its_name(model: Model, hub: Any) -> None:
    published(model, hub)
    other = Model(BiaxialLSTM(PRESETS["tiny"]).eval(), dict(HISTORY), "tiny")
    published(other, hub, "v2")
    assert same(biaxial.load("hf://me/tiny@v2", "cpu"), other)
    assert same(Model.from_pretrained("me/tiny", "v2", "cpu"), other)
    assert same(Model.from_pretrained("me/tiny", device="cpu"), model)


def test_what_was_fetched_serves_where_the_hub_is_away(model: Model, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    published(model, hub)
    biaxial.load("hf://me/tiny", "cpu")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert same(biaxial.load("hf://me/tiny", "cpu"), model)
    with pytest.raises(InputError, match="hf://me/other: the hub gave no answer"):
        biaxial.load("hf://me/other", "cpu")


def test_push_and_load(model: Model, hub: Any) -> None:
    assert model.push_to_hub("me/pushed").endswith(f"/me/pushed/commit/{'1' * 40}")
    assert same(biaxial.load("hf://me/pushed", "cpu"), model)
    assert (hub.root / "me" / "pushed" / "main" / "README.md").read_text(encoding="utf-8").startswith("---\n")


def test_a_wrong_token_is_one_line(model: Model, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match=r"^hf://me/pushed: [^\n]+$"):
        model.push_to_hub("me/pushed")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("hf://tiny", "not an address on the hub; write hf://owner/name"),
        ("hf://me/tiny@", "not an address"),
        ("hf://me/nobody", "no such repository"),
        ("hf://me/tiny@v9", "no such revision"),
    ],
)
def test_wrong_addresses_say_so(model: Model, hub: Any, address: str, reason: str) -> None:
    published(model, hub)
    with pytest.raises(InputError, match=reason) as caught:
        biaxial.load(address, "cpu")
    assert "\n" not in str(caught.value)


def test_pickles_are_refused_wherever_they_come_from(model: Model, hub: Any, tmp_path: Path) -> None:
    folder = hub.root / "me" / "evil" / "main"
    folder.mkdir(parents=True)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(1))
    for where in ("hf://me/evil", folder, folder / "pytorch_model.bin"):
        with pytest.raises(InputError, match="a pickle"):
            biaxial.load(where, "cpu")
    assert not any("resolve" in line for line in hub.asked)
    disguised = published(model, hub)
    (disguised / "model.safetensors").write_bytes(pickle.dumps(1))
    with pytest.raises(InputError):
        biaxial.load("hf://me/tiny", "cpu")


def test_files_that_are_too_large_are_not_fetched(model: Model, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    published(model, hub)
    monkeypatch.setattr("biaxial.tasks.hub_files._MOST_BYTES", {"model.safetensors": 1000, "config.json": 10**6})
    with pytest.raises(InputError, match=r"model\.safetensors has \d+ bytes, and at most 1000 are read"):
        biaxial.load("hf://me/tiny", "cpu")
    assert not any("resolve" in line for line in hub.asked)


def test_a_folder_without_its_files_or_with_those_of_another_says_so(model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no model\.safetensors in it"):
        located(tmp_path)
    model.save_pretrained(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    document["config"]["time_hidden"] = [7]
    (tmp_path / "config.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="the config of another network"):
        located(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="not the config of a model"):
        located(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"there is no config\.json"):
        located(tmp_path)


def test_kinds_are_kept_apart(model: Model, tmp_path: Path) -> None:
    tunes = SequenceLSTM(SequenceConfig(kind="melody", embedding=8, hidden=(12,))).eval()
    TokenModel(tunes, dict(HISTORY), "tunes").save_pretrained(tmp_path)
    assert isinstance(TokenModel.from_pretrained(tmp_path, device="cpu"), TokenModel)
    with pytest.raises(InputError, match="holds a melody model"):
        Model.from_pretrained(tmp_path, device="cpu")


def test_without_huggingface_hub_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match="pip install huggingface_hub"):
        biaxial.load("hf://me/tiny", "cpu")
