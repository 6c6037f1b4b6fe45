"""``biaxial-chorales``: what it writes, what it leaves alone, how it ends."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from biaxial.cli import chorales
from biaxial.corpora.bach_chorales import read_chorale, read_manifest
from biaxial.formats.midi.midi_writer import read_midi
from biaxial.music.checksum import music_checksum

KEPT = ("bwv324", "bwv323", "bwv194.12", "bwv26.6")
"""Short ones, of all three sides."""
ROWS = read_manifest()
SOME = tuple(row for row in ROWS if row.left_out or row.name in KEPT)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chorales, "read_manifest", lambda: SOME)


def run(*words: str | Path) -> int:
    return chorales.main([str(word) for word in (*words, "--jobs", "1", "--quiet")])


def written(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): music_checksum(read_midi(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


EXPECTED = {f"{row.split}/{row.name}.mid": row.sha256 for row in SOME if not row.left_out}


def test_writes_the_files_of_the_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len({name.split("/")[0] for name in EXPECTED}) == 3
    assert run(tmp_path / "out") == 0
    assert written(tmp_path / "out") == dict(sorted(EXPECTED.items()))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("4 chorales (1 train, 2 valid, 1 test); 4 written")
    assert lines[1] == "left out: 49 of 53 files"
    assert lines[2].startswith("  45 without exactly four parts: 1 have 2, 16 have 5, 5 have 6, 7 have 7, 12 have 8")
    assert "bwv197.7-a.mxl (same music as bwv398.mxl)" in lines[3]
    assert len(lines) == 4
    score = read_midi(tmp_path / "out" / "train" / "bwv26.6.mid")
    assert (score.num_voices, score.title[:8], score.pickup_ticks) == (4, "BWV 26.6", 0)


def test_a_second_run_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.mid")}
    monkeypatch.setattr(chorales, "chorale_paths", lambda: pytest.fail("music21 was asked again"))
    capsys.readouterr()
    assert run(tmp_path) == 0
    assert "all there already, nothing to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.mid")} == before


def test_a_damaged_or_missing_file_is_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    first, second, *_ = sorted(tmp_path.rglob("*.mid"))
    first.write_bytes(b"half")
    second.unlink()
    capsys.readouterr()
    assert run(tmp_path) == 0
    assert "; 2 written" in capsys.readouterr().out
    assert written(tmp_path) == dict(sorted(EXPECTED.items()))


def test_several_processes_write_the_same(tmp_path: Path) -> None:
    assert chorales.main([str(tmp_path), "--jobs", "2", "--quiet"]) == 0
    assert written(tmp_path) == dict(sorted(EXPECTED.items()))


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--json") == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert (report["chorales"], report["written"]) == (4, 4)
    assert report["splits"] == {"train": 1, "valid": 2, "test": 1}
    assert report["left_out"]["bwv277.krn"] == "second file of bwv277.mxl"
    assert len(report["left_out"]) == 49
    assert report["differ_from_manifest"] == []
    assert captured.err == ""


def test_the_bar_goes_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert chorales.main([str(tmp_path), "--jobs", "1"]) == 0
    captured = capsys.readouterr()
    assert "4/4" in captured.err
    assert "4/4" not in captured.out


def test_another_music21_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chorales, "read_chorale", lambda path: read_chorale(path).transposed(1))
    assert run(tmp_path) == 0
    assert "4 differ from the manifest, which was made with another music21" in capsys.readouterr().out


def test_the_whole_corpus_is_asked_for() -> None:
    count = Counter(row.split for row in ROWS)
    assert count == {"train": 292, "valid": 36, "test": 36, "": 49}


def fails_in_one_line(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    capsys.readouterr()
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("biaxial-chorales: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_file_in_place_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_bytes(b"")
    assert str(tmp_path / "out") in fails_in_one_line(capsys, tmp_path / "out")


def test_a_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert ".mid: no space left" in fails_in_one_line(capsys, tmp_path)
    assert written(tmp_path) == {}


def test_a_corpus_without_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chorales, "chorale_paths", list)
    assert "music21's corpus has no bwv" in fails_in_one_line(capsys, tmp_path)


def test_a_piece_on_another_side_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "bwv26.6.mid").write_bytes(b"")
    assert "belongs to train now; remove it" in fails_in_one_line(capsys, tmp_path)


@pytest.mark.parametrize("words", [(), ("--jobs", "-1"), ("--jobs", "many"), ("--frobnicate",)])
def test_wrong_options(words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["out", *words] if words else []
    assert chorales.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(folder.iterdir()) == []
