"""The token LSTMs from the command line: a folder of other people's files in, pieces out, and wrong inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from mido import Message, MetaMessage

from biaxial.cli.compose import main as compose
from biaxial.cli.evaluate import main as evaluate
from biaxial.cli.train import TrainOptions
from biaxial.cli.train import main as train
from biaxial.files.weights_file import weights_kind
from biaxial.formats.melody_file import read_part
from biaxial.formats.midi.midi_messages import Event, encode
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.score import Key, Note, Score
from biaxial.tokens.config import SEQUENCE_PRESETS, SequenceConfig
from biaxial.tokens.network import SequenceLSTM
from biaxial.training.config import SEQUENCE_TRAIN_PRESETS
from biaxial.weights import load_network, save_weights

QUICK = ["--epochs", "2", "--hidden", "12", "--embedding", "8", "--warmup-steps", "2", "--average-decay", "0.2"]
QUIET = ["--accelerator", "cpu", "--quiet"]
Notes = list[tuple[int, int, int]]


def track(name: str, channel: int, notes: Notes) -> tuple[list[Event], int]:
    """A track of a MIDI file; notes are onset, length and pitch in ticks."""
    events = [(0, MetaMessage("track_name", name=name)), (0, Message("program_change", channel=channel))]
    for onset, length, pitch in notes:
        events.append((onset, Message("note_on", channel=channel, note=pitch, velocity=70)))
        events.append((onset + length, Message("note_off", channel=channel, note=pitch)))
    events.sort(key=lambda event: (event[0], event[1].type == "note_on"))
    return events, max((onset + length for onset, length, _ in notes), default=0)


@pytest.fixture
def piano(folder: Path) -> Path:
    """A folder as people have them: several tracks, drums, all resolutions, long silences, and files that are none."""
    rng, music = np.random.default_rng(0), folder / "music"
    music.mkdir()
    for number in range(12):
        unit = (480, 96, 384)[number % 3]
        chords = [
            (unit * q, unit, int(p)) for q in range(16) for p in rng.choice([48, 52, 55, 60, 64, 67], 3, replace=False)
        ]
        tune = [(unit // 2 * e, unit // 2, int(rng.integers(60, 84))) for e in range(32)]
        drums = [(unit // 4 * s, unit // 4, 35 + s % 3) for s in range(64)]
        tracks = [track("Piano", 0, chords), track("Lead", 1, tune), track("Drums", 9, drums), track("Empty", 2, [])]
        (music / f"song {number}.mid").write_bytes(encode(unit, tracks))
    late = [(480 * 400, 480, 60), (480 * 401, 480, 64)]
    (music / "late.mid").write_bytes(encode(480, [track("Piano", 0, late)]))
    (music / "drums.mid").write_bytes(encode(480, [track("Kit", 9, [(0, 120, 36)])]))
    (music / "broken.mid").write_bytes(b"MThd")
    (music / "notes.txt").write_text("no music")
    return music


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["chord", "melody"])
def test_a_folder_of_other_peoples_files_trains_composes_and_is_scored(
    piano: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert train([str(piano), "--model", kind, *QUICK, *QUIET, "--json"]) == 0
    captured = capsys.readouterr()
    assert "left out: broken.mid: unreadable" in captured.err
    assert "left out: drums.mid: empty" in captured.err
    weights = Path(json.loads(captured.out)["weights"])
    assert weights.parent == Path("runs") / kind
    assert weights_kind(weights) == kind
    assert compose(["--checkpoint", str(weights), "--events", "20", "--seed", "3", "-q", "-o", "a.mid"]) == 0
    assert compose(["--checkpoint", str(weights), "--events", "20", "--seed", "2", "-q", "-n", "2", "-o", "many"]) == 0
    assert Path("a.mid").read_bytes() == Path("many/0002.mid").read_bytes()
    assert read_score("a.mid").notes
    primed = ["--primer", str(piano / "song 0.mid"), "--top-p", "0.9", "-t", "0.8", "--min-p", "0.001", "--loops"]
    assert compose(["--checkpoint", str(weights), *primed, "--events", "120", "-q", "--json"]) == 0
    capsys.readouterr()
    assert evaluate([str(piano), "--checkpoint", str(weights), "-q", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["splits"].keys() == {"all"}
    assert report["nats_per_quarter"] == pytest.approx(4 * report["nats_per_frame"])
    assert report["nats_per_event"] * report["num_events"] == pytest.approx(
        report["nats_per_frame"] * report["num_frames"]
    )
    assert evaluate([str(piano), "--checkpoint", str(weights), "-q", "--split", "valid"]) == 0
    assert capsys.readouterr().out.startswith("|  | pieces | frames | events | nats per frame | per quarter |")


@pytest.mark.slow
def test_a_run_goes_on_and_is_tuned(piano: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train([str(piano), "--model", "chord", *QUICK, *QUIET, "-o", "run"]) == 0
    assert train(["--resume", "run", *QUIET]) == 0
    assert train([str(piano), "--init", "run/model.safetensors", "--epochs", "1", *QUIET, "-o", "tuned"]) == 0
    assert (
        train([str(piano), "--like", "run/model.safetensors", "--epochs", "1", "--hidden", "6", *QUIET, "-o", "b"]) == 0
    )
    one, tuned, small = (load_network(Path(name) / "model.safetensors")[0].config for name in ("run", "tuned", "b"))
    assert one == tuned
    assert isinstance(small, SequenceConfig)
    assert small.hidden == (6,)
    capsys.readouterr()


def test_one_part_of_the_files_is_read(piano: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = piano / "song 0.mid"
    assert len(read_part(path).notes) == 48 + 32
    assert len(read_part(path, "chords").notes) == 48
    assert len(read_part(path, "lead").notes) == len(read_part(path, "2").notes) == 32
    assert len(read_part(path, "melody").notes) == 32
    with pytest.raises(ValueError, match=r"no part 'harp'; it has Piano, Lead"):
        read_part(path, "harp")
    assert train([str(piano), "--model", "melody", "--part", "lead", *QUICK, *QUIET, "-o", "lead"]) == 0
    assert "left out: late.mid: unreadable: no part 'lead'" in capsys.readouterr().err
    made = load_network(Path("lead/model.safetensors"))[1]
    assert sum(made["num_pieces"].values()) == 12


@pytest.fixture
def tunes(folder: Path) -> Path:
    """Untrained melody weights that like to sing."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = SequenceLSTM(SequenceConfig(kind="melody", embedding=8, hidden=(8,)))
    with torch.no_grad():
        network.head.bias[:60] = network.head.bias[80:128] = -9.0
    save_weights(folder / "tunes.safetensors", network, {"keys": {"G major": 1}, "metres": {"16+0": 1}})
    return folder / "tunes.safetensors"


def test_a_tune_is_written_and_harmonised(tunes: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--tune-by", str(tunes), "--checkpoint", str(weights), "--events", "8", "--seed", "4", "--particles", "1"]
    assert compose([*words, "-q", "--json", "-o", "new.mid"]) == 0
    (piece,) = json.loads(capsys.readouterr().out)["pieces"]
    assert (piece["seed"], piece["model"]) == (4, "tunes + tiny")
    score = read_score("new.mid")
    assert score.key is not None
    assert len(score.voice_notes(0)) >= 5
    assert compose([*words, "--key", "A major", "-q", "-o", "again.mid"]) == 0
    assert read_score("again.mid").key == Key.from_name("A major")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bars", "4"], "--bars is for chorales; give melody and chord weights --events"),
        (["--density", "1"], "--density is for biaxial weights; leave it out"),
        (
            ["--best-of", "3"],
            "--best-of, --draft, --no-cadence, --precision",
        ),
        (
            ["--no-cadence"],
            "--best-of, --draft, --no-cadence, --precision",
        ),
        (
            ["--leaps", "3"],
            "--best-of, --draft, --no-cadence, --precision",
        ),
        (["--threads", "2"], "--threads is for biaxial weights; leave it out"),
        (["--tune-by", "{}", "--nearest-chords"], "--nearest-chords is for a primer"),
        (["--primer", "no.mid"], "no.mid: no such file"),
        (["--events", "0"], "--events: 0 is outside the range; give 1 to 20000"),
        (["--tune-by", "{}", "--bars", "4"], "--bars is for pieces without --tune-by"),
    ],
)
def test_a_wrong_wish_is_one_line(
    tunes: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert compose(["--checkpoint", str(tunes), *(word.format(tunes) for word in words), "-q"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith(f"biaxial-compose: {message}")


def test_options_of_token_weights_are_refused_for_others(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--events", "5"], ["--nearest-chords"], ["--top-p", "0.5"], ["--loops"]):
        assert compose(["--checkpoint", str(weights), *words, "-q"]) == 2
        assert f"{words[0]} is for melody and chord weights; leave it out" in capsys.readouterr().err
    assert compose(["--tune-by", str(weights), "-q"]) == 2
    assert "holds a biaxial model" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "drums"], "--model: 'drums' is not one of biaxial, melody, chord, chord-large"),
        (["--model", "melody", "--preset", "tiny"], "--model and --preset both say what to start with"),
        (["--model", "melody", "--time-hidden", "4"], "'--time-hidden' is not an option"),
        (["--model", "melody", "--dropout", "1"], "dropout is a share"),
        (["--model", "chord", "--momentum", "1"], "momentum is a share"),
        (["--optimizer", "sgd"], "--optimizer: 'sgd' is not one of adamw, rmsprop"),
    ],
)
def test_a_wrong_way_to_train_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    Path("music").mkdir()
    write_midi(Score((Note(0, 480, 60),)), "music/a.mid")
    assert train(["music", *words, *QUIET]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_every_kind_says_how_it_is_trained() -> None:
    assert SEQUENCE_PRESETS.keys() == SEQUENCE_TRAIN_PRESETS.keys()
    assert {"biaxial", *SEQUENCE_PRESETS} == set(get_args(get_type_hints(TrainOptions)["model"]))
    large = SequenceLSTM(SEQUENCE_PRESETS["chord-large"])
    assert [layer.hidden_size for layer in large.stack.layers] == [512, 512, 512]
    assert [SEQUENCE_TRAIN_PRESETS[name].crop_steps for name in ("chord", "chord-large")] == [40, 100]
    assert (SEQUENCE_TRAIN_PRESETS["chord"].optimizer, SEQUENCE_TRAIN_PRESETS["chord"].crop_shift) == ("rmsprop", 3)


def test_a_device_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    missing = "cuda" if torch.backends.mps.is_available() else "mps"
    assert compose(["--checkpoint", "hymn-tunes-v1", "--device", missing, "-q"]) == 2
    assert f"device '{missing}' cannot be used" in capsys.readouterr().err
