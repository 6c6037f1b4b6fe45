"""``--style`` of the commands that write and explain."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.jobs import read_shards
from biaxial.music.score import Key, Note, Score

Q = 480
TUNE = Score(tuple(Note(i * Q, Q, pitch, 0) for i, pitch in enumerate((67, 69, 71, 67, 67, 69, 71, 67))), key=Key(0))
PARTS = Score(tuple(Note(i * Q, Q, p + i % 3, v) for i in range(8) for v, p in enumerate((67, 62, 55, 48))), key=Key(0))
COMMANDS = {
    "compose": ["--bars", "1"],
    "harmonise": ["tune.mid"],
    "infill": ["piece.mid", "--bars", "1"],
    "continue_": ["piece.mid", "--bars", "1"],
}


@pytest.fixture(autouse=True)
def music(folder: Path) -> None:
    write_midi(TUNE, folder / "tune.mid")
    write_midi(PARTS, folder / "piece.mid")


def main(command: str, *words: object) -> int:
    status: int = import_module(f"biaxial.cli.{command}").main([str(word) for word in words])
    return status


def written(capsys: pytest.CaptureFixture[str], command: str, *words: object) -> tuple[Any, tuple[Note, ...]]:
    """What ``--json`` says of the style, and the notes that were written."""
    assert main(command, *COMMANDS[command], "--seed", 1, "--particles", 1, "-q", "--json", *words) == 0
    (piece,) = json.loads(capsys.readouterr().out)["pieces"]
    return piece["style"], read_midi(Path(piece["path"])).notes


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_writes_in_a_style(
    command: str, styled_weights: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--checkpoint", styled_weights]
    none = written(capsys, command, *words)
    hymn = written(capsys, command, *words, "--style", "hymn")
    mixed = written(capsys, command, *words, "--style", "bach:1,hymn:3")
    assert [none[0], hymn[0], mixed[0]] == ["none", "hymn", "bach:0.25,hymn:0.75"]
    assert len({none[1], hymn[1], mixed[1]}) == 3
    assert written(capsys, command, *words, "--style", "none") == none
    assert written(capsys, command, "--checkpoint", weights)[0] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--style haydn", "these weights do not know the style 'haydn'; they know bach, hymn"),
        ("--style bach:x", "'bach:x' is not a style; give names, each with a weight of 0 or more if it has one: bach"),
        ("--style bach --checkpoint {weights}", "these weights know no styles, so that 'bach' cannot be asked for"),
        ("--style bach --checkpoint chords-v1", "--style is for biaxial weights; leave it out"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(
    words: str, line: str, styled_weights: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("compose", "--checkpoint", styled_weights, "-q", *words.format(weights=weights).split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert line in captured.err


def test_shards_are_drawn_in_a_style(styled_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--particles", 1, "--checkpoint", styled_weights, "--bars", 1, "-q", "--style", "hymn"]
    assert main("compose", *words, "--seed", 1, "-n", 2, "--shards", 1, "-o", "set") == 0
    capsys.readouterr()
    first, _ = read_shards(Path("set"))
    assert first.piece.style == "hymn"
    assert first.piece.score.notes == written(capsys, "compose", "--checkpoint", styled_weights, "--style", "hymn")[1]


def test_a_piece_is_explained_in_a_style(styled_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nats = []
    for style in ("none", "bach", "hymn"):
        assert main("explain", "piece.mid", "--checkpoint", styled_weights, "--style", style, "-q", "--json") == 0
        nats.append(json.loads(capsys.readouterr().out)["nats"])
    assert len(set(nats)) == 3
    assert main("explain", "piece.mid", "--checkpoint", styled_weights, "--style", "haydn") == 2
    assert "they know bach, hymn" in capsys.readouterr().err
