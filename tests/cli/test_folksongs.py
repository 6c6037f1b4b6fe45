"""``biaxial-folksongs``: the smallest part of the collection, written twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.cli.compose import main as compose
from biaxial.cli.folksongs import main
from biaxial.cli.train import main as train
from biaxial.formats.midi.midi_writer import read_midi
from biaxial.tokens.network import SequenceLSTM
from biaxial.weights import load_network


def test_a_part_is_written_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "kinder", "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    paths = sorted((folder / "songs").rglob("*.mid"))
    assert len(paths) == report["songs"] == report["written"] == sum(report["splits"].values()) > 100
    assert all(report["splits"][split] > 5 for split in ("valid", "test"))
    score = read_midi(paths[0])
    assert score.key is not None
    assert len(score.notes) > 5
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 0
    assert "all there already, nothing to do" in capsys.readouterr().out


@pytest.mark.slow
def test_a_model_of_folk_songs_is_trained_and_composes(folder: Path) -> None:
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 0
    words = ["--model", "melody", "--epochs", "1", "--hidden", "8", "--embedding", "8", "--accelerator", "cpu", "-q"]
    assert train(["songs", *words, "-o", "run"]) == 0
    weights = folder / "run" / "model.safetensors"
    network, history = load_network(weights)
    assert isinstance(network, SequenceLSTM)
    assert not network.config.phrases  # the songs do not say where a phrase ends
    assert history["num_pieces"]["train"] > 100
    assert compose(["--checkpoint", str(weights), "--events", "12", "--key", "G major", "-q", "-o", "song.mid"]) == 0
    song = read_midi(folder / "song.mid")
    assert song.fermatas is None
    assert song.notes[-1].pitch % 12 == 7


@pytest.mark.slow
def test_a_folder_of_another_split_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 0
    valid = min((folder / "songs" / "valid").iterdir())
    valid.rename(folder / "songs" / "train" / valid.name)
    capsys.readouterr()
    assert main(["songs", "--parts", "kinder", "--quiet"]) == 2
    assert "belongs to valid now; remove it" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_an_unknown_part_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["songs", "--parts", "erk,irl"]) == 2
    assert capsys.readouterr().err.startswith(
        "biaxial-folksongs: --parts: there is no part 'irl'; give all, or some of"
    )
