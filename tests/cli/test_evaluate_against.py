"""``biaxial-evaluate --against``: a table, JSON, a page, and one line for what cannot be judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from biaxial.cli.evaluate import main
from biaxial.formats.write import save_score
from biaxial.judge.measures import GROUPS
from biaxial.music.score import Key, Note, Score

Q = 480


def hymn(shift: int) -> Score:
    chords = ((72, 67, 64, 48), (69, 65, 60, 53), (71, 67, 62, 55), (72, 67, 64, 48))
    notes = [
        Note((4 * bar + beat) * Q, Q, pitch, voice)
        for bar in range(4)
        for beat, chord in enumerate(chords[(bar + shift) % 4 :] + chords[: (bar + shift) % 4])
        for voice, pitch in enumerate(chord)
    ]
    return Score(tuple(notes), key=Key(0, "major"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    music = tmp_path / "music"
    music.mkdir()
    for number in range(3):
        save_score(hymn(number), music / f"hymn-{number}.mid")
    return music


def test_a_folder_is_judged_beside_bach(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--against", "bach", "-q"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    measures, pieces = out.strip().split("\n\n")
    assert "parallel fifths" in measures
    names = sorted(line.split("|")[1].strip() for line in pieces.splitlines()[2:])
    assert names == ["hymn-0", "hymn-1", "hymn-2"]
    assert all(group in pieces.splitlines()[0] for group in GROUPS)


def test_json_has_everything_in_plain_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "hymn-1.mid"), "--against", "bach", "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    (piece,) = found["pieces"]
    assert piece["name"] == "hymn-1"
    assert piece["groups"].keys() == set(GROUPS)
    assert piece["grade"] == pytest.approx(sum(piece["groups"].values()) / len(GROUPS))
    assert found["corpus"] == "Bach"
    assert found["measures"]["nats_per_step"]["mean"] == pytest.approx(piece["values"]["nats_per_step"])
    assert found["measures"]["nats_per_step"]["standard_error"] is None
    assert len(piece["surprising"]) == 5


def test_a_folder_can_be_the_corpus_and_a_page_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "metrics.csv").write_text("epoch,updates,train_nats,valid_nats\n1,10,3.0,2.5\n2,20,2.0,2.25\n")
    page = tmp_path / "page.html"
    words = [str(folder / "hymn-0.mid"), "--against", str(folder), "-o", str(page), "--run", str(run), "-q"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert f"{page}: the page of all this" in out
    assert "hymn-0: it is in the corpus itself: hymn-0" in err
    html = page.read_text()
    assert "hymn-0.mid beside music" in html
    assert "the best on held-out pieces is 2.250" in html


def test_files_that_cannot_be_read_are_named_and_the_others_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "torn.mid").write_bytes(b"MThd")
    assert main([str(folder), "--against", "bach", "--json", "-q"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["pieces"]) == 3
    assert "left out: torn.mid: unreadable: the MIDI file is cut short" in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--against", "nowhere"], "nowhere: no such folder; give a folder of music, or bach for the chorales"),
        (["--against", "bach", "--style", "bach"], "--style belongs to the likelihood; with --against it is the style"),
        (["--against", "bach", "--split", "test"], "--split belongs to the likelihood of a corpus"),
        (["--against", "bach", "--checkpoint", "a.safetensors,b.safetensors"], "one path to --checkpoint"),
        (["--against", "bach", "--run", "runs/x"], "--run is shown on the page; add --output PAGE.html"),
        (["--against", "bach", "--part", "nonsense"], "none of its 3 files can be used"),
        (["--against", "bach", "--verdicts", "nowhere/v.json"], "--verdicts: there is no folder nowhere"),
        (["--against", "bach", "--cache", "/dev/null"], "/dev/null"),
        (["--against", "bach", "--readers", "-1"], "readers is 0 to 256, not -1"),
        (["-o", "page.html"], "--output belongs to --against CORPUS"),
        (["--run", "runs/x"], "--run belongs to --against CORPUS"),
        (["--against", "bach", "-o", "page.html", "--run", "nowhere"], "metrics.csv"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    folder: Path, words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), *words, "-q"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert line in err


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tuple(Note(120 * i, 100, 60 + i % 12) for i in range(60_000))
    save_score(Score(notes), tmp_path / "endless.mid")
    assert main([str(tmp_path), "--against", "bach", "--file-seconds", "0.1", "-q"]) == 2
    assert "not read within 0.1 seconds" in capsys.readouterr().err


def test_music_without_notes_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_score(Score((), length_ticks=4 * Q), tmp_path / "silence.mid")
    assert main([str(tmp_path / "silence.mid"), "--against", "bach", "-q"]) == 2
    assert "silence.mid: it has no notes" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_leaves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "missing" / "page.html"
    assert main([str(folder), "--against", "bach", "-o", str(page), "-q"]) == 2
    assert f"there is no folder {page.parent}; make it" in capsys.readouterr().err


def test_the_verdicts_of_the_pieces_are_written_and_the_limits_hold(folder: Path, tmp_path: Path) -> None:
    loose = Score(tuple(Note(Q * beat + Q // 8, Q, 60 + beat) for beat in range(8)))
    save_score(loose, folder / "loose.mid")
    verdicts = tmp_path / "verdicts.json"
    words = [str(folder), "--against", str(folder), "--max-off-grid", "0", "--verdicts", str(verdicts), "-q", "--json"]
    assert main(words) == 0
    found = {each["file"]: each["verdict"] for each in json.loads(verdicts.read_text())}
    assert found == {"loose.mid": "badly quantised", **{f"hymn-{number}.mid": "used" for number in range(3)}}


def test_one_part_of_one_file_is_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "hymn-0.mid"), "--against", "bach", "--part", "nonsense", "-q"]) == 2
    assert "no part 'nonsense'; it has" in capsys.readouterr().err


def test_how_a_folder_is_read_is_refused_where_there_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "hymn.npz").write_bytes(b"")
    assert main([str(folder / "hymn.npz"), "--against", "bach", "--readers", "2", "-q"]) == 2
    assert "--readers says how a folder is read, and " in capsys.readouterr().err
