"""``biaxial-explain``: the table, the picture, one cell, and one line for whatever is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from biaxial.cli.explain import main, read_place
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.score import Key, Note, Score

Q = 480
LINES = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))
SCORE = Score(
    tuple(Note(i * Q, Q, p[i % 4], voice) for voice, p in enumerate(LINES) for i in range(9)),
    pickup_ticks=Q,
    key=Key(1),
)


@pytest.fixture
def piece(folder: Path) -> str:
    write_midi(SCORE, folder / "piece.mid")
    return "piece.mid"


def explained(capsys: pytest.CaptureFixture[str], weights: Path, *words: str) -> str:
    """What a command line prints."""
    assert main([*words, "--checkpoint", str(weights)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command line ends in; nothing is written."""
    before = sorted(Path().rglob("*"))
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("biaxial-explain: ")
    assert sorted(Path().rglob("*")) == before
    return captured.err.removeprefix("biaxial-explain: ").rstrip("\n")


def test_the_table_and_the_picture(piece: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys, weights, piece, "--top", "4").splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == [
        "#",
        "bar",
        "beat",
        "note",
        "nats",
        "expected instead",
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:6]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    nats = [float(row[4]) for row in rows]
    assert nats == sorted(nats, reverse=True)
    assert lines[-1].startswith("piece.explained.png: 36 steps, ")
    assert (folder / "piece.explained.png").read_bytes().startswith(b"\x89PNG")


def test_one_cell(piece: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--at", "1:2.5", "--pitch", "E5", "--bars", "1-2", "-o", "cell.svg")
    printed = explained(capsys, weights, piece, *words)
    assert "\nbar 1 beat 2.5, E5: Soprano E5 held, " in printed
    for name in ("position", "neighbourhood", "metre", "form", "memory", "running_chord", "parallels"):
        assert f"\n| {name} " in printed
        assert f"\n{name} " in printed, "what it is"
    assert "the four voices" not in printed
    assert printed.index("The time axis comes first") < printed.index("The note axis comes last")
    assert "cell.svg: 32 steps" in printed
    assert (folder / "cell.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_json(piece: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--json", "--bars", "1", "--top", "2", "--at", "2:1", "--pitch", "55")
    found: dict[str, Any] = json.loads(explained(capsys, weights, piece, *words))
    assert (found["picture"], found["model"], found["num_steps"], found["first_step"]) == (
        "piece.explained.png",
        "tiny",
        16,
        4,
    )
    assert sum(found["steps"]) == pytest.approx(found["nats"])
    assert len(found["moments"]) == 2
    assert {"bar", "beat", "name", "voices", "nats", "expected"} <= found["moments"][0].keys()
    assert len(found["notes"]) == 16
    assert all(note["nats"] == pytest.approx(note["strike"] + note["silence"]) for note in found["notes"])
    cell = found["cell"]
    assert (cell["bar"], cell["beat"], cell["name"], cell["happening"]) == (2, 1, "G3", "silent")
    assert {"axis", "name", "values", "log_prob", "log_sounding", "meaning", "value"} == cell["inputs"][0].keys()
    assert (folder / "piece.explained.png").exists()


def test_a_file_without_voices_gets_some_and_says_so(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = replace(SCORE, notes=tuple(replace(note, voice=None) for note in SCORE.notes))
    write_midi(plain, folder / "plain.mid")
    assert main(["plain.mid", "--checkpoint", str(weights)]) == 0
    assert capsys.readouterr().err == "note: the file has no voices; every note was given one, by least movement\n"
    assert explained(capsys, weights, "plain.mid", "-q")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("piece.mid --at 1:1", "a cell has a place and a note: give both --at and --pitch, or neither"),
        ("piece.mid --pitch G4", "a cell has a place and a note: give both --at and --pitch, or neither"),
        ("piece.mid --at 1.1 --pitch G4", "--at: '1.1' is not a place; give a bar and a beat, such as 5:3"),
        ("piece.mid --at 1:1 --pitch H4", "--pitch: 'H4' is not a pitch; give a name with its octave, such as G4"),
        ("piece.mid --bars 8-5", "--bars: bars 8-5 end before they begin; give the smaller number first"),
        ("piece.mid --top -1", "--top: -1 is outside the range; give 0 to 200"),
        ("piece.mid -o picture.pdf", "picture.pdf: cannot draw .pdf; end the name in .png or .svg"),
        ("piece.mid -o picture", "picture: cannot draw a file without a suffix; end the name in .png or .svg"),
        ("piece.mid -o folder.png", "--output: folder.png is a folder; give the name of a file in it"),
        ("piece.mid -o no/picture.png", "--output: there is no folder no; make it, or write somewhere else"),
        ("no.mid", "no.mid: no such file or directory; check the path"),
        ("piece.doc", "piece.doc: cannot read .doc; give a file that ends in "),
    ],
)
def test_one_line(words: str, line: str, piece: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert piece == "piece.mid"
    (folder / "folder.png").mkdir()
    (folder / "piece.doc").touch()
    assert refusal(capsys, *words.split()).startswith(line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--bars 3", "there are no bars 3 to 3; the piece has bars 0 to 2"),
        ("--at 3:1 --pitch G4", "there is no bar 3; the piece has bars 0 to 2"),
        ("--at 2:5 --pitch G4", "there is no beat 5 in bar 2; it has beats 1 to 4.75"),
        ("--at 1:1.1 --pitch G4", "beat 1.1 lies between two steps; a beat has 4"),
        ("--at 1:1 --pitch G6", "G6 is outside the note range of this network, C2 to A5"),
    ],
)
def test_what_is_not_in_the_piece(
    words: str, line: str, piece: str, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, piece, *words.split(), "--checkpoint", weights) == line


def test_music_that_the_network_cannot_express(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(Score((Note(0, Q, 20, 3), Note(0, Q, 60, 0))), folder / "low.mid")
    assert "pitch 20 at quarter 0 is outside the note range 36 to 81" in refusal(
        capsys, "low.mid", "--checkpoint", weights
    )


def test_places() -> None:
    assert read_place("5:3") == (5, 3)
    assert read_place(" 0 : 4.75 ") == (0, 4.75)
    for text in ("", "5", "5:", ":3", "5:-1", "5:3:1", "five:1", "５:1"):
        with pytest.raises(ValueError, match="is not a place; give a bar and a beat"):
            read_place(text)
