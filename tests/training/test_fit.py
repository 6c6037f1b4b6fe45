"""Runs: what they leave, that they learn, that they go on as if nothing had happened."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from biaxial.corpora.corpus import Corpus
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.tasks.loading import load_model
from biaxial.training.callbacks import key_counts
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.training.run_folder import read_plan
from biaxial.training.run_plan import Plan
from biaxial.weights import load_weights, start_with

CONFIG = dataclasses.replace(PRESETS["tiny"], dropout=0.2)
SETTINGS = TrainConfig(
    epochs=4, batch_size=4, crop_steps=32, warmup_steps=4, average_decay=0.5, sample_every=2, learning_rate=0.02
)
CPU = Machine(accelerator="cpu", precision="32-true")


class Stop(Callback):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, trainer: lightning.Trainer, *args: object) -> None:
        if trainer.current_epoch == self.epoch:
            raise KeyboardInterrupt


def timeless_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a ``metrics.csv`` without the seconds that they took."""
    with path.open() as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    result = train(corpus, CONFIG, SETTINGS, folder, CPU, corpus_path="here", quiet=True)
    assert (result.epochs, result.interrupted) == (4, False)
    return folder


def test_a_run_leaves_weights_logs_samples_and_a_picture(run: Path) -> None:
    assert {"config.json", "model.safetensors", "last.ckpt", "metrics.csv", "samples", "learning-curve.png"} <= {
        path.name for path in run.iterdir()
    }
    assert [path.name for path in sorted((run / "samples").iterdir())] == ["epoch-002.mid", "epoch-004.mid"]
    assert any(path.name.startswith("events.out.tfevents") for path in run.iterdir())
    with (run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    valid = [float(row["valid_nats"]) for row in rows if row["valid_nats"]]
    assert len(valid) == 4
    assert valid[-1] < 0.7 * valid[0]
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["sample_nats"] == ""
    assert float(rows[1]["sample_nats"]) > 0
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 0
    assert read_plan(run) == Plan(CONFIG, SETTINGS, "here", CPU)


def test_the_kept_weights_are_the_best_ones_and_know_how_they_were_made(run: Path, corpus: Corpus) -> None:
    model = load_model(run / "model.safetensors", "cpu")
    assert model.history["corpus_sha256"] == corpus.checksum
    assert model.history["keys"]["C major"] == 2
    assert model.history["train"]["epochs"] == 4
    assert len(model.history["density_biases"]) == 13
    nats = steps = 0.0
    from biaxial.training.crops import collate, whole_pieces

    with torch.no_grad():
        for crops in whole_pieces(corpus.split("valid"), 1):
            batch = collate(crops, CONFIG)
            nats -= float(model.network.walk_log_likelihood(batch).sum())
            steps += float(batch.mask.sum())
    assert nats / steps == pytest.approx(model.history["valid_nats_per_step"], rel=1e-4)


@pytest.mark.parametrize("epoch", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_run_stopped_by_ctrl_c_and_resumed_ends_with_the_same_weights(
    run: Path, corpus: Corpus, tmp_path: Path, epoch: int
) -> None:
    folder = tmp_path / "broken"
    result = train(corpus, CONFIG, SETTINGS, folder, CPU, quiet=True, callbacks=[Stop(epoch)])
    assert (result.epochs, result.interrupted) == (epoch, True)
    plan = read_plan(folder)
    result = train(corpus, plan.config, plan.train, folder, plan.machine, resume=True, quiet=True)
    assert (result.epochs, result.interrupted) == (4, False)
    whole, resumed = (load_weights(f / "model.safetensors")[0].state_dict() for f in (run, folder))
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name
    assert timeless_rows(folder / "metrics.csv") == timeless_rows(run / "metrics.csv")


def test_a_folder_has_one_run(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a run is there already; go on with --resume"):
        train(corpus, CONFIG, SETTINGS, run, CPU, quiet=True)
    with pytest.raises(InputError, match="not the folder of a run"):
        read_plan(tmp_path)


def test_a_run_is_not_resumed_on_another_corpus_or_from_a_damaged_file(
    run: Path, corpus: Corpus, tmp_path: Path
) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    other = dataclasses.replace(corpus, pieces=corpus.pieces[1:])
    with pytest.raises(InputError, match="its corpus has changed"):
        train(other, CONFIG, SETTINGS, folder, CPU, resume=True, quiet=True)
    whole = (folder / "last.ckpt").read_bytes()
    (folder / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"last\.ckpt: damaged"):
        read_plan(folder)


CHECKPOINT = ("truncated", "empty", "garbage", "folder", "list", "no loops", "no optimizer", "epoch", "NaN", "text")
CONFIGS = (
    b"",
    b"[]",
    b'"run"',
    b"{",
    b"\xff",
    b"[" * 100_000,
    {"config": None},
    {"config": {"time_hidden": [10**12]}},
    {"train": {"epochs": 10**30}},
    {"train": {"learning_rate": float("nan")}},
    {"train": {"epochs": "ten"}},
    {"machine": {"devices": "two"}},
    {"mix": 5},
    {"corpus_sha256": None},
)
HISTORIES = (
    b"\xff\xfe",
    b"epoch\n1\n",
    b"epoch,updates\n-1,2\n",
    b"epoch,updates\n1,2,3\n",
    b"epoch,updates\nx,y\n",
    None,
)


@pytest.mark.parametrize("damage", CHECKPOINT)
def test_a_damaged_checkpoint_is_a_line(run: Path, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    path, whole = folder / "last.ckpt", (folder / "last.ckpt").read_bytes()
    found = torch.load(path, weights_only=True)
    if damage in ("truncated", "empty", "garbage"):
        path.write_bytes({"truncated": whole[:999], "empty": b"", "garbage": b"\x80\x02" + whole[500:900]}[damage])
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "list":
        torch.save([1, 2], path)
    else:
        if damage == "NaN":
            next(iter(found["state_dict"].values())).fill_(float("nan"))
        changes: dict[str, Any] = {"epoch": {"epoch": 10**12}, "text": {"state_dict": "weights"}}
        found |= changes.get(damage, {})
        for name in {"no loops": ["loops"], "no optimizer": ["optimizer_states"]}.get(damage, []):
            del found[name]
        torch.save(found, path)
    with pytest.raises(InputError, match=r"last\.ckpt: [^\n]*$"):
        read_plan(folder)


@pytest.mark.parametrize("damage", CONFIGS)
def test_a_damaged_config_is_a_line(run: Path, tmp_path: Path, damage: bytes | dict[str, Any]) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    path = folder / "config.json"
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        document = json.loads(path.read_text())
        for name, values in damage.items():
            document[name] = document[name] | values if isinstance(values, dict) and name in document else values
        path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"not the folder of a run [^\n]*$"):
        read_plan(folder)


@pytest.mark.parametrize("damage", HISTORIES)
def test_a_damaged_history_is_a_line(run: Path, tmp_path: Path, damage: bytes | None) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    path = folder / "metrics.csv"
    path.unlink()
    path.mkdir() if damage is None else path.write_bytes(damage)
    with pytest.raises(InputError, match=r"metrics\.csv: not [^\n]*$"):
        read_plan(folder)


def test_a_checkpoint_of_another_network_is_a_line(run: Path, corpus: Corpus, tmp_path: Path) -> None:
    folder = shutil.copytree(run, tmp_path / "copy")
    found = torch.load(folder / "last.ckpt", weights_only=True)
    name = next(iter(found["state_dict"]))
    found["state_dict"][name] = found["state_dict"][name][..., :1]
    torch.save(found, folder / "last.ckpt")
    plan = read_plan(folder)
    with pytest.raises(InputError, match=r"last\.ckpt: damaged"):
        train(corpus, plan.config, plan.train, folder, plan.machine, resume=True, quiet=True)


def test_weights_that_are_no_numbers_do_not_replace_the_best(corpus: Corpus, tmp_path: Path) -> None:
    class Spoil(Callback):
        def on_train_batch_end(self, trainer: lightning.Trainer, *args: object) -> None:
            if trainer.current_epoch == 1:
                for parameter in trainer.model.parameters():  # type: ignore[union-attr]
                    parameter.data.fill_(float("nan"))

    settings = dataclasses.replace(SETTINGS, epochs=2, sample_every=0)
    result = train(corpus, CONFIG, settings, tmp_path / "nan", CPU, quiet=True, callbacks=[Spoil()])
    assert result.valid_nats < 100
    network, made = load_weights(tmp_path / "nan" / "model.safetensors")
    assert made["epochs"] == 1
    assert all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values())


@pytest.mark.slow
def test_training_stops_when_held_out_pieces_get_no_better(corpus: Corpus, tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=30, patience=2, learning_rate=1e-12, sample_every=0)
    result = train(corpus, CONFIG, settings, tmp_path / "still", CPU, quiet=True)
    assert result.epochs < 10
    weights, metrics = ((tmp_path / "still" / name).read_bytes() for name in ("model.safetensors", "metrics.csv"))
    again = train(corpus, CONFIG, settings, tmp_path / "still", CPU, resume=True, quiet=True)
    assert again == result
    assert (tmp_path / "still" / "model.safetensors").read_bytes() == weights
    assert (tmp_path / "still" / "metrics.csv").read_bytes() == metrics


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dataclasses.replace(CONFIG, low_pitch=60, num_notes=20), "leave the note range 60 to 79"),
        (dataclasses.replace(CONFIG, steps_per_quarter=12), "steps a quarter"),
    ],
)
def test_a_corpus_that_does_not_fit_is_refused(
    corpus: Corpus, tmp_path: Path, changed: ModelConfig, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(corpus, changed, SETTINGS, tmp_path / "no", CPU, quiet=True)
    assert not (tmp_path / "no").exists()


def test_keys_are_counted_where_they_are_known(corpus: Corpus, tmp_path: Path) -> None:
    assert key_counts(corpus.split("train")) == {"C major": 2, "D major": 2, "Db major": 2, "Eb major": 2}
    path = tmp_path / "frames.json"
    path.write_text('{"train": [[[60, 64]]]}')
    assert key_counts(Corpus.read(path, Grid(1))[0].pieces) == {}


def test_a_run_of_an_older_version_is_refused(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(run, folder)
    checkpoint = torch.load(folder / "last.ckpt", weights_only=True)
    names = {
        name.replace("walks.0.axis", "note_axis").replace("walks.0.", ""): name for name in checkpoint["state_dict"]
    }
    checkpoint["state_dict"] = {old: checkpoint["state_dict"][name] for old, name in names.items()}
    torch.save(checkpoint, folder / "last.ckpt")
    with pytest.raises(InputError, match="older version"):
        read_plan(folder)


@pytest.mark.slow
def test_a_run_goes_on_from_weights_without_an_encoder(corpus: Corpus, tmp_path: Path) -> None:
    plain = dataclasses.replace(CONFIG, context_hidden=0)
    short = dataclasses.replace(SETTINGS, epochs=1, sample_every=0)
    train(corpus, plain, short, tmp_path / "plain", CPU, quiet=True)
    weights = tmp_path / "plain" / "model.safetensors"
    model = BiaxialLSTM(CONFIG)
    start_with(model, weights)
    for name, tensor in load_weights(weights)[0].state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name
    with pytest.raises(InputError, match="neighbourhood is 12 there and 3 here"):
        start_with(BiaxialLSTM(dataclasses.replace(CONFIG, neighbourhood=3)), weights)
    longer = dataclasses.replace(SETTINGS, epochs=2, sample_every=0)
    train(corpus, CONFIG, longer, tmp_path / "whole", CPU, start_from=weights, quiet=True)
    train(corpus, CONFIG, longer, tmp_path / "broken", CPU, start_from=weights, quiet=True, callbacks=[Stop(1)])
    train(corpus, CONFIG, longer, tmp_path / "broken", CPU, resume=True, quiet=True)
    (whole, made), (broken, other) = (load_weights(tmp_path / x / "model.safetensors") for x in ("whole", "broken"))
    assert made["started_from"] == other["started_from"] == "model.safetensors"
    assert made["valid_nats_given_melody"] > 0
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, broken.state_dict()[name]), name
