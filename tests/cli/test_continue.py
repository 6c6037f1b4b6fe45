"""``biaxial-continue``: a piece goes on, and one line for whatever is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.cli.continue_ import main
from biaxial.formats.json_score import read_json, write_json
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.music.repeats import Repeat
from biaxial.music.score import Key, Note, Score
from biaxial.render.files import WRITERS

Q = 480
SCORE = Score(
    tuple(Note(i * Q, Q, pitch + i, voice) for voice, pitch in enumerate((67, 62, 59, 43)) for i in range(3)),
    key=Key(1),
    tempo_bpm=90.0,
)


@pytest.fixture
def piece(folder: Path) -> str:
    write_midi(SCORE, folder / "piece.mid")
    return "piece.mid"


def go_on(weights: Path, *words: str) -> None:
    assert main([*words, "--quiet", "--seed", "1", "--checkpoint", str(weights)]) == 0


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command line ends in; nothing is written."""
    before = sorted(Path().rglob("*"))
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("biaxial-continue: ")
    assert sorted(Path().rglob("*")) == before
    return captured.err.removeprefix("biaxial-continue: ").rstrip("\n")


def test_what_was_there_stays_and_bars_follow(
    piece: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on(weights, piece, "--bars", "2", "--json")
    report = json.loads(capsys.readouterr().out)["pieces"][0]
    assert (report["path"], report["num_steps"], report["remarks"]) == ("continued.mid", 48 - 12, [])
    score = read_midi(folder / "continued.mid")
    assert {note for note in score.notes if note.onset_ticks < 3 * Q} == set(SCORE.notes)
    assert (score.length_ticks, score.key, score.tempo_bpm) == (12 * Q, Key(1), 90.0)
    assert any(3 * Q <= note.onset_ticks < 4 * Q for note in score.notes)
    last = [note for note in score.notes if note.end_ticks == score.length_ticks]
    assert len(last) == 4
    assert {note.pitch % 12 for note in last} <= {7, 11, 2}


def test_a_cadence_is_an_option(piece: str, folder: Path, weights: Path) -> None:
    go_on(weights, piece, "--bars", "1", "--no-cadence", "-o", "open.json")
    go_on(weights, piece, "--bars", "1", "-o", "closed.json")
    assert read_json(folder / "open.json").notes != read_json(folder / "closed.json").notes


def test_an_estimated_key_is_said(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(Score(SCORE.notes), folder / "in.json")
    go_on(weights, "in.json", "--bars", "1")
    err = capsys.readouterr().err
    assert err.startswith("note: taken to be in ")
    assert err.count("\n") == 1


def test_progress_counts_to_the_end(
    piece: str, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main([piece, "--bars", "1", "-n", "2", "--no-cadence", "--checkpoint", str(weights)]) == 0
    assert "64/64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", "the following arguments are required: PIECE; biaxial-continue --help lists the options"),
        ("no.mid", "no.mid: no such file or directory; check the path"),
        ("piece.pdf", "piece.pdf: cannot read .pdf; give a file that ends in "),
        ("piece.mid --bars 0", "--bars: 0 is outside the range; give 1 to 1000"),
        ("piece.mid --bars 1001", "--bars: 1001 is outside the range; give 1 to 1000"),
        ("piece.mid --cadence no", "'no' is not an option or argument of this command"),
        ("piece.mid -o out.mp3", f"out.mp3: cannot write .mp3; end its name in {', '.join(WRITERS)}"),
        ("piece.mid -o folder.mid", "--output: folder.mid is a folder; give the name of a file in it"),
    ],
)
def test_one_line(words: str, line: str, piece: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert piece == "piece.mid"
    (folder / "folder.mid").mkdir()
    (folder / "piece.pdf").touch()
    assert refusal(capsys, *words.split()).startswith(line)


def test_nothing_to_continue(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(Score((), 4 * Q), folder / "empty.mid")
    assert "there is nothing to continue" in refusal(capsys, "empty.mid", "--checkpoint", weights)
    chord = tuple(Note(0, Q, 60 + i) for i in range(6))
    write_midi(Score(chord), folder / "crowd.mid")
    assert "cannot be given to 4 voices" in refusal(capsys, "crowd.mid", "--checkpoint", weights)


def test_repeats_are_written_out_with_a_note(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:G\n|:G4:|\n")
    go_on(weights, "tune.abc", "--bars", "1", "--repeats", "expand", "-o", "x.json")
    assert capsys.readouterr().err == "note: bar 1 is repeated: written out, 2 bars\n"
    found = read_json(folder / "x.json")
    assert (found.length_ticks, found.repeats) == (12 * Q, ())
    go_on(weights, "tune.abc", "--bars", "1", "-o", "y.json")
    assert capsys.readouterr().err == ""
    assert read_json(folder / "y.json").repeats == (Repeat(0, 4 * Q),)
