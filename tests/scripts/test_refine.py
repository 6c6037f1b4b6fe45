"""Refining: rounds that help are kept, the first that does not ends it, nothing is done twice, copies are left out."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import FolderItem
from biaxial.judge.judge import Judge
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.loading import load_model
from biaxial.tasks.piece import LogLikelihood, Piece
from biaxial.training.config import TrainConfig
from biaxial.weights import save_weights

spec = importlib.util.spec_from_file_location("refine", Path(__file__).parents[2] / "scripts" / "make" / "refine.py")
assert spec is not None
assert spec.loader is not None
refine = importlib.util.module_from_spec(spec)
spec.loader.exec_module(refine)

CPU = ["--accelerator", "cpu", "--precision", "32-true", "--quiet"]
FAST = ["--epochs", "1", "--learning-rate", "0.02", "--average-decay", "0.2", "--warmup-steps", "1", *CPU]
ROUND = ["music", "new.safetensors", "--pieces", "4", "--keep", "0.5", "--share", "0.4"]


@pytest.fixture(autouse=True)
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a folder of six small pieces, and new weights with and without voices."""
    monkeypatch.chdir(tmp_path)
    for index, split in enumerate(("train", "train", "train", "train", "valid", "valid")):
        notes = [Note(480 * q, 480, p + (q + index) % 5, v) for q in range(16) for v, p in enumerate((67, 62, 55, 48))]
        (tmp_path / "music" / split).mkdir(parents=True, exist_ok=True)
        piece = Piece(Score(tuple(notes), key=Key(0)), 0, "none", LogLikelihood(0.0, 1, 1))
        piece.save(tmp_path / "music" / split / f"piece-{index}.mid")
    config = dataclasses.replace(PRESETS["tiny"], context_hidden=0)
    plain = dataclasses.replace(config, num_voices=0, voice_neighbourhood=False, voice_intervals=False, parallels=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = {"train": dataclasses.asdict(TrainConfig(crop_steps=32))}
        save_weights(Path("new.safetensors"), BiaxialLSTM(config), made)
        save_weights(Path("plain.safetensors"), BiaxialLSTM(plain), made)


@pytest.mark.slow
def test_rounds_that_help_are_kept_and_nothing_is_done_twice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refine.main([*ROUND, "--rounds", "1", *FAST]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "the weights that stay: runs/refined/1/run/model.safetensors"
    place = Path("runs/refined/1")
    rows = json.loads((place / "composed.json").read_text())
    kept = {row["name"]: row["grade"] for row in rows if row["kept"]}
    assert [row["name"] for row in rows] == [f"seed-{seed}" for seed in range(4)]
    assert len(kept) == 2
    assert max(kept.values()) <= min(row["grade"] for row in rows if not row["kept"])
    assert {path.stem for path in (place / "composed").iterdir()} == set(kept)
    assert {piece.name for piece in Corpus.load(place / "composed.npz").pieces} == set(kept)
    document = json.loads((place / "run/config.json").read_text())
    assert document["mix"]["share"] == 0.4
    assert document["mix"]["corpus_sha256"] == Corpus.load(place / "composed.npz").checksum
    assert (document["train"]["learning_rate"], document["train"]["crop_steps"]) == (0.02, 32)
    first = json.loads((place / "round.json").read_text())
    assert first["nats_after"] < first["nats_before"]
    assert first["kept_grade"] == pytest.approx(sum(kept.values()) / 2)

    times = {path: path.stat().st_mtime_ns for path in place.rglob("*.*")}
    trained: list[Sequence[str]] = []
    command = refine.biaxial_train

    def train(words: Sequence[str]) -> int:
        trained.append(words)
        return int(command(words))

    monkeypatch.setattr(refine, "biaxial_train", train)
    assert refine.main([*ROUND, "--rounds", "2", *FAST]) == 0
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*.*")} == times
    second = json.loads(Path("runs/refined/2/round.json").read_text())
    assert second["nats_before"] == first["nats_after"]
    assert json.loads(Path("runs/refined/2/composed.json").read_text())[0]["name"] == "seed-4"
    start = Path("runs/refined/2/run/start.safetensors").read_bytes()
    assert start == (place / "run/model.safetensors").read_bytes()

    Path("runs/refined/2/round.json").unlink()  # killed before the round was counted up
    composed = Path("runs/refined/2/composed.json").stat().st_mtime_ns
    assert refine.main([*ROUND, "--rounds", "2", *FAST]) == 0
    assert Path("runs/refined/2/composed.json").stat().st_mtime_ns == composed
    assert [words[0] for words in trained] == ["music", "--resume"]
    assert json.loads(Path("runs/refined/2/round.json").read_text()) == second


@pytest.mark.slow
def test_a_round_that_makes_held_out_nats_worse_is_given_up_and_is_the_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nats = {"new.safetensors": 2.0, "model.safetensors": 2.0 + 2 * refine.TOLERANCE}
    monkeypatch.setattr(refine, "held_out_nats", lambda weights, corpus: nats[weights.name])
    assert refine.main([*ROUND, *FAST]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("round")).endswith("given up")
    assert lines[-1] == "the weights that stay: new.safetensors"
    assert not Path("runs/refined/2").exists()


@pytest.mark.slow
def test_copies_are_told_from_what_is_shared_by_chance() -> None:
    tunes = [load_model().compose(bars=8, seed=seed).score for seed in range(6)]
    items = [FolderItem(f"piece-{i}", "valid" if i > 2 else "train", tune) for i, tune in enumerate(tunes[:5])]
    judge = Judge(refine.reference_of(Corpus.from_items(items, Grid(4)), items))
    copy = dataclasses.replace(tunes[0], notes=tunes[0].notes[:-6])  # but for its ending
    assert [refine.is_copy(each) for each in judge.judge([("copy", copy), ("new", tunes[5])])] == [True, False]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["music", "none.safetensors"], "none.safetensors: no such weights"),
        (["music", "plain.safetensors"], "plain.safetensors: a model without voices"),
        (["some.npz", "new.safetensors"], "some.npz: no scores to judge by; give a folder of music"),
        (["music", "new.safetensors", "--rounds", "0"], "--rounds and --pieces are at least 1"),
        (["music", "new.safetensors", "--keep", "1.5"], "--keep is above 0 and at most 1"),
    ],
)
def test_wrong_inputs_end_in_one_line(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refine.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("refine.py: ")
    assert complaint in line


def test_without_a_piece_that_can_be_kept_a_round_ends_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "is_copy", lambda judgement: True)
    assert refine.main([*ROUND, *FAST]) == 2
    assert "all 4 pieces that it composed are silent or copies" in capsys.readouterr().err
