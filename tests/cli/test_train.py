"""``biaxial-train``: a run from the command line, and wrong inputs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from biaxial.cli.reading import fitting_preset
from biaxial.cli.train import TrainOptions, main
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.models.config import PRESETS
from biaxial.music.score import Key, Note, Score
from biaxial.training.config import TRAIN_PRESETS
from biaxial.weights import load_weights

QUICK = [
    "--preset",
    "tiny",
    "--epochs",
    "2",
    "--warmup-steps",
    "2",
    "--sample-every",
    "0",
    "--average-decay",
    "0.2",
    "--accelerator",
    "cpu",
    "--quiet",
]


@pytest.fixture
def chorales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a folder of four small pieces."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "music"
    folder.mkdir()
    for index in range(4):
        notes = [Note(480 * q, 480, p + (q + index) % 5, v) for q in range(8) for v, p in enumerate((67, 62, 55, 48))]
        write_midi(Score(tuple(notes), key=Key(0)), folder / f"piece-{index}.mid")
    return folder


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a command line ends in; no run folder is left."""
    assert main(list(words)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert not Path("runs").exists()
    return captured.err.removeprefix("biaxial-train: ").rstrip("\n")


def test_a_folder_is_trained_on_and_a_run_can_go_on(chorales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chorales / "broken.mid").write_bytes(b"MThd")
    assert main([str(chorales), *QUICK, "--json"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["folder"] == os.path.join("runs", "tiny")
    assert report["epochs"] == 2
    assert Path(report["weights"]).is_file()
    assert "left out: " in captured.err
    assert "broken.mid" in captured.err
    assert main([str(chorales), *QUICK]) == 0  # a second run gets a folder of its own
    assert "runs/tiny-2: " in capsys.readouterr().out
    assert main(["--resume", "runs/tiny", "--quiet", "--accelerator", "cpu"]) == 0  # finished: nothing left to do
    assert "after 2 epochs" in capsys.readouterr().out
    assert main([str(chorales), *QUICK, "-o", "runs/tiny"]) == 2
    assert "--resume runs/tiny" in capsys.readouterr().err


def test_weights_are_fine_tuned_with_an_old_corpus_mixed_in(chorales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(chorales), *QUICK, "--time-hidden", "10", "-o", "runs/old"]) == 0
    weights = "runs/old/model.safetensors"
    tune = [str(chorales), "--init", weights, "--epochs", "1", "--accelerator", "cpu", "--quiet"]
    assert main([*tune, "--dropout", "0.1", "--mix", str(chorales), "--mix-share", "0.5"]) == 0
    document = json.loads(Path("runs/tuned/config.json").read_text())
    assert document["config"]["time_hidden"] == [10]
    assert document["config"]["dropout"] == 0.1
    assert (document["train"]["epochs"], document["train"]["learning_rate"], document["train"]["patience"]) == (
        1,
        3e-4,
        3,
    )
    assert (document["mix"]["share"], document["started_from"]) == (0.5, "model.safetensors")
    assert main(["--resume", "runs/tuned", "--quiet"]) == 0  # with its own machine and old corpus
    capsys.readouterr()
    assert main([*tune, "--time-hidden", "12"]) == 2
    assert "time_hidden is (10,) there and (12,) here" in capsys.readouterr().err


def test_styles_are_learnt_and_a_network_that_has_none_gains_them(
    chorales: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(chorales, "pupils/ives")
    assert main([str(chorales), *QUICK, "-o", "runs/old"]) == 0
    words = ["--mix", "pupils", "--start-from", "runs/old/model.safetensors", "--no-style-share", "0.2"]
    assert main([str(chorales), *QUICK, *words, "--styles", "own,other", "--epochs", "1", "-o", "runs/two"]) == 0
    assert main(["--resume", "runs/two", "--quiet"]) == 0
    document = json.loads(Path("runs/two/config.json").read_text())
    assert (document["config"]["styles"], document["styles"]) == (["own", "other"], "own,other")
    assert document["train"]["no_style_share"] == 0.2
    network, _ = load_weights(Path("runs/two/model.safetensors"))
    assert network.config.styles == ("own", "other")
    assert network.time_axis.of_style[0].get_parameter("weight").abs().max() > 0
    Path("table.csv").write_text("file,style\npiece-0.mid,verdi\npiece-1.mid,other\n")
    more = [str(chorales), *QUICK, "--init", "runs/two/model.safetensors", "--styles", "table.csv", "-o", "runs/more"]
    assert main([word for word in more if word not in ("--preset", "tiny")]) == 0
    grown, _ = load_weights(Path("runs/more/model.safetensors"))
    assert grown.config.styles == ("own", "other", "verdi")
    assert main(["pupils", *QUICK, "--styles", "folders", "-o", "runs/folders"]) == 0
    assert json.loads(Path("runs/folders/config.json").read_text())["config"]["styles"] == ["ives"]
    capsys.readouterr()
    plain = [str(chorales), *QUICK, "--start-from", "runs/two/model.safetensors", "-o", "runs/no"]
    assert main(plain) == 2
    assert "knows the styles own, other; give --styles" in capsys.readouterr().err


def test_a_network_is_trained_again_with_the_settings_of_its_weights(chorales: Path) -> None:
    assert main([str(chorales), *QUICK, "--time-hidden", "10", "--crop-steps", "20", "-o", "runs/old"]) == 0
    again = [str(chorales), "--like", "runs/old/model.safetensors", "--accelerator", "cpu", "--quiet"]
    assert main([*again, "--seed", "1"]) == 0
    old, new = (json.loads(Path(f"runs/{name}/config.json").read_text()) for name in ("old", "again"))
    assert new["config"] == old["config"]
    assert new["train"] == {**old["train"], "seed": 1}
    assert (old["started_from"], new["started_from"]) == ("", "")


@pytest.mark.usefixtures("chorales")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", "nothing to train on; give a folder of MIDI files (biaxial-chorales makes one)"),
        ("nowhere", "nowhere: no such folder; biaxial-chorales makes one with the Bach chorales"),
        ("music --epochs 0", "epochs must be at least 1, not 0"),
        ("music --epochs few", "--epochs: 'few' is not a whole number; give one"),
        ("music --dropout 1", "dropout is a share from 0 up to but not including 1, not 1.0"),
        ("music --preset huge", "--preset: 'huge' is not one of chorale, hexahedria, jsb-quarter, "),
        ("music --devices -1 --quiet", "the number of devices is at least 0, not -1"),
        (
            "music --preset tiny --quiet --num-voices 2",
            "for 2); biaxial-train --num-voices 4 makes",
        ),
        ("music --preset tiny --quiet --accelerator gpu", "1 devices of kind 'gpu'"),
        ("--resume runs/x -o there", "leave out --output"),
        ("music --preset tiny --init w", "--preset and --init both say what to start with; leave one out"),
        ("music --init w --start-from w", "--init and --start-from both say what to start with; leave one out"),
        ("music --init nowhere", "nowhere: no such weights; give a .safetensors file made by biaxial-train"),
        ("music --styles a,b --preset tiny --quiet", "--styles a,b has 2 names; give one, of CORPUS"),
        ("music --styles no.csv", "no.csv: no such file or directory; check the path"),
        ("music --styles a --search 3", "a search has no styles; leave out --styles"),
        ("--resume runs/x --styles a", "leave out --styles"),
        ("music --mix-share 0.2", "--mix-share is the share of an old corpus; give it with --mix CORPUS"),
        ("music --preset tiny --quiet --mix music --mix-share 1", "--mix-share is a share between 0 and 1, not 1"),
        ("music --strategy fsdp", "--strategy: 'fsdp' is not one of auto, ddp"),
        ("music --num-nodes 0", "the number of nodes is at least 1, not 0"),
        ("--resume nowhere", "nowhere: not the folder of a run"),
        ("--resume runs/x --epochs 3", "--resume goes on with the settings of its run; leave out --epochs"),
        ("music --preset tiny --quiet --num-notes 20", "pitches 48 to 71 leave the note range 36 to 55"),
        ("music/piece-0.npz", "music/piece-0.npz: no such file or directory; check the path"),
    ],
)
def test_wrong_inputs_end_in_one_line(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert line in refusal(capsys, *words.split())


def test_a_file_of_frames_is_trained_on_with_its_preset(chorales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phrase = [[48, 64, 67], [50, 65, 69], [52, 67, 72], [48, 64, 67]]
    Path("frames.json").write_text(json.dumps({"train": [phrase * 2] * 3, "valid": [phrase]}))
    small = ("--time-hidden", "8", "--note-hidden", "6", "--epochs", "1", "--accelerator", "cpu", "--quiet")
    assert main(["frames.json", "--preset", "jsb-quarter", *small, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    config = json.loads(Path(report["folder"], "config.json").read_text())
    assert (config["config"]["num_notes"], config["train"]["note_window"]) == (88, 60)
    assert report["valid_nats_per_step"] > 0
    Path("train.json").write_text(json.dumps({"train": [phrase]}))
    assert main(["train.json", "--preset", "jsb-quarter", *small]) == 2
    assert "the corpus has no pieces to valid on" in capsys.readouterr().err


def test_every_preset_says_how_it_is_trained() -> None:
    assert PRESETS.keys() == TRAIN_PRESETS.keys()
    choices, _ = get_args(get_type_hints(TrainOptions)["preset"])
    assert set(get_args(choices)) == PRESETS.keys()


def test_a_folder_says_which_preset_fits(chorales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chorales / "broken.mid").write_bytes(b"MThd")
    assert fitting_preset(chorales) == "chorale"
    for number in range(20):
        write_midi(Score((Note(0, 960, 60), Note(480, 480, 61 + number)), key=Key(0)), chorales / f"two-{number}.mid")
        if number == 0:
            assert fitting_preset(chorales) == "chorale"
    assert fitting_preset(chorales) == "piano"
    small = ("--time-hidden", "4", "--note-hidden", "4", "--epochs", "1", "--accelerator", "cpu", "--quiet", "--json")
    assert main([str(chorales), *small]) == 0
    config = json.loads(Path(json.loads(capsys.readouterr().out)["folder"], "config.json").read_text())["config"]
    assert (config["num_voices"], config["num_notes"], config["steps_per_quarter"]) == (0, 88, 12)


def test_a_folder_without_music_ends_in_one_line(chorales: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in chorales.iterdir():
        path.write_bytes(b"not music")
    assert "music: none of its 4 files can be used" in refusal(capsys, "music", "--quiet")
    for path in chorales.iterdir():
        path.unlink()
    assert "music: no MIDI files in it" in refusal(capsys, "music", "--quiet")
