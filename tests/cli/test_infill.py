"""``biaxial-infill``: bars written anew, bridges, and one line for whatever is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from biaxial.cli.infill import main
from biaxial.formats.json_score import read_json, write_json
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.music.score import Key, Note, Score, TimeSignature

Q = 480
LINES = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))
SCORE = Score(
    tuple(Note(i * Q, Q, p[i % 4], voice) for voice, p in enumerate(LINES) for i in range(9)),
    pickup_ticks=Q,
    key=Key(1),
)
FAST = ("--particles", "1", "--quiet", "--seed", "1")


@pytest.fixture
def piece(folder: Path) -> str:
    write_midi(SCORE, folder / "piece.mid")
    return "piece.mid"


def infill(weights: Path, *words: str | Path) -> None:
    assert main([*map(str, words), *FAST, "--checkpoint", str(weights)]) == 0


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command line ends in; nothing is written."""
    before = sorted(Path().rglob("*"))
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("biaxial-infill: ")
    assert sorted(Path().rglob("*")) == before
    return captured.err.removeprefix("biaxial-infill: ").rstrip("\n")


@pytest.mark.parametrize(("bars", "start", "end"), [("2", 5, 9), ("1-2", 1, 9), ("0", 0, 1)])
def test_bars_are_written_anew_and_all_else_stays(
    piece: str, folder: Path, weights: Path, bars: str, start: int, end: int
) -> None:
    infill(weights, piece, "--bars", bars)
    score = read_midi(folder / "infilled.mid")
    assert {n for n in score.notes if not start * Q <= n.onset_ticks < end * Q} == {
        n for n in SCORE.notes if not start * Q <= n.onset_ticks < end * Q
    }
    assert score.notes != SCORE.notes
    assert replace(score, notes=()) == replace(SCORE, notes=())


def test_voices_and_locked_notes_stay(folder: Path, weights: Path) -> None:
    locked = replace(SCORE, notes=tuple(replace(n, locked=n.onset_ticks == 2 * Q) for n in SCORE.notes))
    write_json(locked, folder / "in.json")
    infill(weights, "in.json", "--bars", "1-2", "--voices", "A,T", "-o", "out.json")
    score = read_json(folder / "out.json")
    assert [score.voice_notes(v) == locked.voice_notes(v) for v in range(4)] == [True, False, False, True]
    assert {note for note in locked.notes if note.locked} <= set(score.notes)


def test_a_bridge_joins_two_files(piece: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waltz = Score((Note(0, 3 * 96, 70, 0),), ticks_per_quarter=96, time_signatures=(TimeSignature(3, 4),))
    write_midi(waltz, folder / "waltz.mid")
    infill(weights, piece, "--to", "waltz.mid", "--bridge", "1", "--json")
    report = json.loads(capsys.readouterr().out)["pieces"][0]
    assert (report["num_steps"], report["remarks"], report["path"]) == (4 * 4, [], "infilled.mid")
    score = read_midi(folder / "infilled.mid")
    assert {note for note in score.notes if note.onset_ticks < 9 * Q} == set(SCORE.notes)
    assert [note for note in score.notes if note.onset_ticks >= 13 * Q] == [Note(13 * Q, 3 * Q, 70, 0)]
    assert score.bar_starts() == (Q, 5 * Q, 9 * Q, 13 * Q)


def test_progress_counts_to_the_end(
    piece: str, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    words = ["--checkpoint", str(weights), "-n", "2", "--particles", "1"]
    assert main([piece, "--bars", "1", *words]) == 0
    assert "72/72" in capsys.readouterr().err
    assert main([piece, "--to", piece, "--bridge", "1", *words]) == 0
    assert "168/168" in capsys.readouterr().err  # the pickup of the second belongs to the bridge


WAYS = "give --bars to write bars of one piece anew, or --to and --bridge to join two"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("piece.mid", WAYS),
        ("piece.mid --to piece.mid", WAYS),
        ("piece.mid --bridge 2", WAYS),
        ("piece.mid --bars 1 --bridge 2", WAYS),
        ("piece.mid --bars 1 --to piece.mid", WAYS),
        ("piece.mid --bars 1 --to piece.mid --bridge 2", WAYS),
        ("piece.mid --to piece.mid --bridge 2 --voices A", "--voices is for --bars"),
        ("piece.mid --to piece.mid --bridge 0", "--bridge: 0 is outside the range; give 1 to 1000"),
        ("piece.mid --to no.mid --bridge 1", "no.mid: no such file or directory; check the path"),
        ("no.mid --bars 1", "no.mid: no such file or directory; check the path"),
        ("piece.doc --bars 1", "piece.doc: cannot read .doc; give a file that ends in "),
        ("piece.mid --bars 8-5", "--bars: bars 8-5 end before they begin; give the smaller number first"),
        ("piece.mid --bars two", "--bars: 'two' is not a span of bars; give one, such as 5, or the first and the last"),
        ("piece.mid --bars 1 --voices X", "--voices: 'X' is not a voice; give soprano, alto, tenor, bass"),
        ("piece.mid --bars 1 -o folder.mid", "--output: folder.mid is a folder; give the name of a file in it"),
    ],
)
def test_one_line(words: str, line: str, piece: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert piece == "piece.mid"
    (folder / "folder.mid").mkdir()
    (folder / "piece.doc").touch()
    assert refusal(capsys, *words.split()).startswith(line)


@pytest.mark.parametrize("bars", ["3", "2-3", "99"])
def test_bars_beyond_the_piece(bars: str, piece: str, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, piece, "--bars", bars, "--checkpoint", weights)
    assert line.endswith("the piece has bars 0 to 2")
