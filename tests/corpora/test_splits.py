"""A folder of music: which files are read, their names and splits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.splits import music_paths, piece_name, splits_of
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score

PIECES = [Score(notes=(Note(0, 480, pitch),)) for pitch in range(60, 72)]


def fill(folder: Path, *names: str) -> Path:
    """Different pieces, since of files with the same music only one is used."""
    for piece, name in zip(PIECES, names, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_midi(piece, folder / name)
    return folder


@pytest.fixture
def reading(tmp_path_factory: pytest.TempPathFactory) -> ReadConfig:
    return ReadConfig(cache=tmp_path_factory.mktemp("cache"), readers=1)


def test_folders_are_splits(tmp_path: Path, reading: ReadConfig) -> None:
    folder = fill(tmp_path, "train/a.mid", "valid/b.MIDI", "test/deep/c.mid", "other/d.mid")
    items, verdicts = read_folder(folder, config=reading)
    assert {item.name: item.split for item in items} == {
        "train/a": "train",
        "valid/b": "valid",
        "test/deep/c": "test",
        "other/d": "train",
    }
    by_name = {item.name: item.score for item in items}
    assert [by_name[name] for name in ("train/a", "valid/b", "test/deep/c", "other/d")] == PIECES[:4]
    assert {verdict.verdict for verdict in verdicts} == {"used"}


def test_without_such_folders_a_tenth_is_held_out_twice() -> None:
    names = [str(number) for number in range(30)]
    assert Counter(splits_of(names)) == {"train": 24, "valid": 3, "test": 3}
    assert dict(zip(names, splits_of(names), strict=True)) == dict(
        zip(names[::-1], splits_of(names[::-1]), strict=True)
    )


def test_a_few_files_have_no_test_part() -> None:
    assert Counter(splits_of(["a", "b", "c"])) == {"train": 2, "valid": 1}


def test_a_name_that_is_no_text_has_a_split_too() -> None:
    assert len(splits_of(["\udcff", "b"])) == 2


def test_all_kinds_of_music_are_found_at_any_depth(tmp_path: Path) -> None:
    names = ["a.mid", "b/c.MIDI", "b/d.xml", "e/f/g.musicxml", "e/h.mxl", "i.KRN", "j.abc"]
    fill(tmp_path, *names, "k.json", "l.txt", "m")
    (tmp_path / "folder.mid").mkdir()
    paths = music_paths(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == sorted(names)
    names = [piece_name(tmp_path, path) for path in paths]
    assert names == ["a", "b/c", "b/d.xml", "e/f/g.musicxml", "e/h.mxl", "i.KRN", "j.abc"]


def test_one_bad_file_does_not_end_the_run(tmp_path: Path, reading: ReadConfig) -> None:
    fill(tmp_path, "good.mid")
    (tmp_path / "bad.mid").write_bytes(b"PK")
    write_midi(Score(), tmp_path / "empty.mid")
    (tmp_path / "notes.txt").write_text("no music")
    (tmp_path / "tune.abc").write_text("X:1\nK:C\nCDEF|\n")
    items, verdicts = read_folder(tmp_path, config=reading)
    assert [item.name for item in items] == ["good", "tune.abc"]
    refused = [verdict for verdict in verdicts if verdict.verdict != "used"]
    assert [verdict.file for verdict in refused] == ["bad.mid", "empty.mid"]
    assert "not a MIDI file" in refused[0].reason
    assert "it has no notes" in refused[1].reason


@pytest.mark.parametrize(("content", "message"), [(None, "no MIDI files in it, nor"), (b"PK", "none of its 1 files")])
def test_a_folder_without_music(tmp_path: Path, content: bytes | None, message: str, reading: ReadConfig) -> None:
    if content is not None:
        (tmp_path / "bad.mid").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_folder(tmp_path, config=reading)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; biaxial-chorales makes one"):
        read_folder(tmp_path / "none")
