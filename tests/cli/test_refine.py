"""``biaxial-train --refine``: rounds and their table, going on, and wrong inputs in one line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from biaxial.cli.train import main
from biaxial.corpora.corpus import Corpus
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.piece import LogLikelihood, Piece
from biaxial.training.config import TrainConfig
from biaxial.weights.checkpoint import load_weights, save_weights

CPU = ["--accelerator", "cpu", "--precision", "32-true"]
ROUNDS = ["--rounds", "1", "--refine-pieces", "2", "--refine-keep", "0.5", "--refine-share", "0.4"]
FAST = ["--epochs", "1", "--learning-rate", "0.02", "--average-decay", "0.2", "--warmup-steps", "1"]


@pytest.fixture
def music(folder: Path) -> Path:
    """A working directory with a folder of six small pieces."""
    for index, split in enumerate(("train", "train", "train", "train", "valid", "valid")):
        notes = [Note(480 * q, 480, p + (q + index) % 5, v) for q in range(16) for v, p in enumerate((67, 62, 55, 48))]
        (folder / "music" / split).mkdir(parents=True, exist_ok=True)
        piece = Piece(Score(tuple(notes), key=Key(0)), 0, "none", LogLikelihood(0.0, 1, 1))
        piece.save(folder / "music" / split / f"piece-{index}.mid")
    return Path("music")


def weights_of(num_voices: int, name: str) -> Path:
    """New weights that say how they are trained."""
    config = dataclasses.replace(PRESETS["tiny"], context_hidden=0, num_voices=num_voices)
    if not num_voices:
        config = dataclasses.replace(config, voice_neighbourhood=False, voice_intervals=False, parallels=False)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        train = TrainConfig(crop_steps=32)
        save_weights(Path(name), BiaxialLSTM(config), {"train": dataclasses.asdict(train)})
    return Path(name)


def test_weights_are_refined_and_go_on_with_more_rounds(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = weights_of(4, "new.safetensors")
    assert main([str(music), "--refine", str(weights), *ROUNDS, *FAST, *CPU, "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["round", "composed", "copies", "grade"]
    assert lines[1].split()[:3] == ["1", "2", "0"]
    assert lines[1].endswith("kept")
    assert lines[2].split()[:3] == ["after", "2", "0"]
    assert lines[3] == "1 of 1 rounds kept; the weights that stay: runs/refined/model.safetensors"
    folder = Path("runs/refined")
    assert load_weights(folder / "model.safetensors")[1]["valid_nats_per_step"] > 0
    assert len(list((folder / "rounds/1/composed").glob("*.mid"))) == 1
    kept = folder / "rounds/1/composed.npz"
    document = json.loads((folder / "rounds/1/run/config.json").read_text())
    assert document["mix"]["share"] == 0.4
    assert document["mix"]["corpus_sha256"] == Corpus.load(kept).checksum
    assert (document["train"]["learning_rate"], document["train"]["crop_steps"]) == (0.02, 32)

    assert main(["--resume", "runs/refined", "--rounds", "2", "--quiet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["number"] for each in found["rounds"]] == [1, 2]
    assert found["rounds"][1]["nats_before"] == found["rounds"][0]["nats_after"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--rounds", "0"], "--rounds is at least 1, not 0"),
        (["--refine-share", "1"], "--refine-share is a share between 0 and 1, not 1"),
        (["--search", "4"], "leave out --search"),
        (["--init", "new.safetensors"], "leave out --init"),
        (["--mix", "music"], "leave out --mix"),
        (["--dropout", "0.1"], "leave out --dropout"),
        (["--devices", "2"], "leave out --devices"),
        (["--resume", "runs/none"], "leave out --refine"),
    ],
)
def test_what_does_not_go_with_refining(
    music: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = weights_of(4, "new.safetensors")
    refused([str(music), "--refine", str(weights), *CPU, *words, "--quiet"], complaint, capsys)


def test_wrong_inputs_end_in_one_line(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, weights = weights_of(0, "plain.safetensors"), weights_of(4, "new.safetensors")
    refused([str(music), "--refine", str(plain)], "plain.safetensors: a model without voices", capsys)
    refused([str(music), "--refine", "none.safetensors"], "none.safetensors: no such weights", capsys)
    refused(["--refine", str(weights)], "nothing to train on", capsys)
    refused(["some.npz", "--refine", str(weights)], "some.npz: no scores to judge beside", capsys)
    refused([str(music), "--rounds", "2"], "--rounds belongs to refining weights; give it with --refine", capsys)
    Path("old").mkdir()
    Path("old/refine.json").write_text("[]")
    refused(["--resume", "old"], "old: not the folder of a refinement", capsys)
    refused(["--resume", "old", "--refine-keep", "0.5"], "leave out --refine-keep", capsys)
    for words in (["--refine", str(weights)], ["--preset", "tiny"]):
        refused([str(music), *words, "-o", "old"], "old: a run is there already", capsys)


def refused(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Check that a command ends with 2 and one line."""
    capsys.readouterr()
    assert main(words) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("biaxial-train:")]
    assert complaint in line
