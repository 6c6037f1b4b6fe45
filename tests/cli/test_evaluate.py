"""``biaxial-evaluate``: figures of files of frames and of folders, and wrong inputs."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import biaxial
from biaxial.cli.evaluate import main
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.score import Key, Note, Score
from biaxial.weights import save_weights

FRAMES = {"train": [[[60, 64], [60, 64]]], "valid": [[[55], [57, 60], []], [[72]]]}


@pytest.fixture
def unvoiced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for rolls of quarter notes, pitches 50 to 73."""
    config = ModelConfig(
        low_pitch=50, num_notes=24, num_states=2, num_voices=0, steps_per_quarter=1, time_hidden=(8,), note_hidden=(6,)
    )
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "unvoiced.safetensors"
    save_weights(path, BiaxialLSTM(config), {})
    return path


@pytest.fixture
def frames(folder: Path) -> Path:
    path = folder / "frames.json"
    path.write_text(json.dumps(FRAMES))
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([*map(str, words), "--quiet"]) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([*map(str, words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err.removeprefix("biaxial-evaluate: ").rstrip("\n")


def test_one_split_as_json(frames: Path, unvoiced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = json.loads(run(capsys, frames, "--checkpoint", unvoiced, "--split", "valid", "--json"))
    assert (figures["num_frames"], figures["num_pieces"], figures["num_notes"]) == (4, 2, 4)
    assert figures["nats_per_frame"] == figures["nats_per_note"] == figures["splits"]["valid"]["nats_per_frame"]
    assert figures["num_impossible_pieces"] == 0


def test_every_split_and_all_in_a_table(frames: Path, unvoiced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, frames, "--checkpoint", unvoiced).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "train",
        "valid",
        "valid, tune not in train",
        "all",
    ]
    assert [line.split("|")[3].strip() for line in lines[2:]] == ["2", "4", "3", "6"]
    assert len({line.count("|") for line in lines}) == 1


@pytest.fixture
def styled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same kind of weights with two styles, of which they carry one."""
    sizes = {"low_pitch": 50, "num_notes": 24, "num_states": 2, "num_voices": 0, "steps_per_quarter": 1}
    config = ModelConfig(time_hidden=(8,), note_hidden=(6,), styles=("bach", "hymn"), **sizes)  # type: ignore[arg-type]
    torch.manual_seed(0)
    network = BiaxialLSTM(config)
    for stack in (network.time_axis, network.walk(0).axis):
        torch.nn.init.normal_(stack.of_style[0].get_parameter("weight"))
    path = tmp_path_factory.mktemp("weights") / "styled.safetensors"
    save_weights(path, network, {"style": "hymn"})
    return path


def test_weights_with_styles_say_which_is_most_probable(
    frames: Path, styled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = json.loads(run(capsys, frames, "--checkpoint", styled, "--json"))
    rows = values["styles"]["splits"]["valid"]
    assert rows["hymn"]["nats_per_frame"] == pytest.approx(values["splits"]["valid"]["nats_per_frame"])
    assert rows["bach"]["nats_per_frame"] != pytest.approx(rows["hymn"]["nats_per_frame"])
    assert rows["bach"]["num_most_probable"] + rows["hymn"]["num_most_probable"] == 2
    pieces = values["styles"]["pieces"]
    assert [piece["split"] for piece in pieces] == ["train", "valid", "valid"]
    assert all(
        piece["nats_per_frame"][piece["most_probable"]] == min(piece["nats_per_frame"].values()) for piece in pieces
    )
    text = run(capsys, frames, "--checkpoint", styled)
    assert text.count("| valid | bach | ") == text.count("| valid | hymn | ") == 1
    assert "| piece | most probable style | bach | hymn |" in text
    assert "most probable" not in run(capsys, frames, "--checkpoint", f"{styled},{styled}")
    bach = json.loads(run(capsys, frames, "--checkpoint", styled, "--json", "--style", "bach"))
    assert bach["splits"]["valid"]["nats_per_frame"] == pytest.approx(rows["bach"]["nats_per_frame"])
    assert bach["styles"] == values["styles"]
    none = json.loads(run(capsys, frames, "--checkpoint", styled, "--json", "--style", "none"))
    assert none["nats_per_frame"] not in (values["nats_per_frame"], bach["nats_per_frame"])


def test_weights_with_dynamics_say_how_likely_loudness_is(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    config = replace(PRESETS["tiny"], dynamics=True)
    loud, plain = tmp_path / "loud.safetensors", tmp_path / "plain.safetensors"
    save_weights(loud, BiaxialLSTM(config), {})
    save_weights(plain, BiaxialLSTM(replace(config, dynamics=False)), {})
    for name, up, velocities in (("a", 1, (33, 33, 112, None)), ("b", -2, (64, 96, 96, 16))):
        notes = [
            Note(480 * place, 480, pitch + up * place, voice, velocity)
            for place, velocity in enumerate(velocities)
            for voice, pitch in enumerate((70, 65, 58, 48))
        ]
        write_midi(Score(tuple(notes)), folder / f"{name}.mid")
    values = json.loads(run(capsys, folder, "--checkpoint", loud, "--json"))
    model = biaxial.load(loud)
    nats = sum(model.log_likelihood(folder / f"{name}.mid").level_nats for name in "ab")
    assert values["num_levels"] == 28  # of 32 notes four say nothing
    assert values["nats_per_level"] == pytest.approx(-nats / 28, rel=1e-5)
    text = run(capsys, folder, "--checkpoint", loud)
    assert "| still frames | per level |" in text
    assert f"| {values['nats_per_level']:.4f} ± " in text.splitlines()[-1]
    assert "level" not in run(capsys, folder, "--checkpoint", plain)
    assert "level" not in run(capsys, folder, "--checkpoint", f"{loud},{loud}")


def test_a_list_of_pieces_may_stand_alone(folder: Path, unvoiced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "test.json"
    path.write_text(json.dumps(FRAMES["valid"]))
    for words in ((), ("--split", "test")):
        figures = json.loads(run(capsys, path, "--checkpoint", unvoiced, "--json", *words))
        assert next(iter(figures["splits"])) == "test"
        assert figures["num_frames"] == 4


def test_an_impossible_pitch_is_reported_and_not_skipped(
    frames: Path, unvoiced: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames.write_text(json.dumps({"valid": [[[55]], [[40, 55], [55]]]}))
    figures = json.loads(run(capsys, frames, "--checkpoint", unvoiced, "--json"))
    assert figures["nats_per_frame"] is None
    assert figures["impossible_pieces"] == ["valid/001"]
    assert figures["num_frames"] == 3
    assert figures["nats_per_frame_of_possible_pieces"] > 0
    assert main([str(frames), "--checkpoint", str(unvoiced), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "infinite" in captured.out
    assert "likelihood zero, pitches outside 50 to 73: valid/001" in captured.err


def test_several_weights_are_averaged(frames: Path, unvoiced: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (
        json.loads(run(capsys, frames, "--checkpoint", paths, "--json"))["nats_per_frame"]
        for paths in (unvoiced, f"{unvoiced},{unvoiced}")
    )
    assert one == pytest.approx(two, rel=1e-5)


def test_a_folder_of_midi_files(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "music" / "valid").mkdir(parents=True)
    notes = tuple(Note(480 * q, 480, p, v) for q in range(4) for v, p in enumerate((67, 62, 55, 48)))
    write_midi(Score(notes, key=Key(0)), folder / "music" / "valid" / "piece.mid")
    figures = json.loads(run(capsys, "music", "--checkpoint", weights, "--json"))
    assert (figures["num_frames"], figures["num_notes"]) == (16, 16)
    assert figures["nats_per_frame_roll"] < figures["nats_per_frame"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("frames.json --checkpoint none.safetensors", "none.safetensors: no such weights"),
        ("frames.json --checkpoint {unvoiced} --split test", "no pieces of the split 'test'; it has train, valid"),
        ("frames.json --checkpoint {unvoiced} --split all", "--split: "),
        ("frames.json --checkpoint ,", "',' names no weights"),
        ("frames.json", "in 4 voices, every note in one, and the corpus has none"),
        ("frames.json --checkpoint {unvoiced} --device abacus", "device 'abacus' cannot be used"),
        ("none.json --checkpoint {unvoiced}", "none.json: no such file"),
        ("nowhere --checkpoint {unvoiced}", "nowhere: "),
    ],
)
def test_wrong_inputs_end_in_one_line(
    frames: Path, unvoiced: Path, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert os.getcwd() == str(frames.parent)
    assert message in refusal(capsys, *words.format(unvoiced=unvoiced).split())
