"""A folder of MIDI files as a corpus: splits, names, and a verdict for what cannot be used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from biaxial.errors import InputError
from biaxial.io.corpus import read_folder
from biaxial.io.midi import write_midi
from biaxial.score import Note, Score

PIECE = Score(notes=(Note(0, 480, 60),))


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_midi(PIECE, folder / name)
    return folder


def test_folders_are_splits(tmp_path: Path) -> None:
    items, refused = read_folder(fill(tmp_path, "train/a.mid", "valid/b.MIDI", "test/deep/c.mid", "other/d.mid"))
    assert {item.name: item.split for item in items} == {
        "train/a": "train",
        "valid/b": "valid",
        "test/deep/c": "test",
        "other/d": "train",
    }
    assert [item.score for item in items] == [PIECE] * 4
    assert refused == []


def test_without_such_folders_a_tenth_is_held_out_twice(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{number}.mid" for number in range(30)))
    items, _ = read_folder(tmp_path)
    assert Counter(item.split for item in items) == {"train": 24, "valid": 3, "test": 3}
    again, _ = read_folder(tmp_path)
    assert again == items


def test_a_few_files_have_no_test_part(tmp_path: Path) -> None:
    items, _ = read_folder(fill(tmp_path, "a.mid", "b.mid", "c.mid"))
    assert Counter(item.split for item in items) == {"train": 2, "valid": 1}


def test_one_bad_file_does_not_end_the_run(tmp_path: Path) -> None:
    fill(tmp_path, "good.mid")
    (tmp_path / "bad.mid").write_bytes(b"PK")
    write_midi(Score(), tmp_path / "empty.mid")
    (tmp_path / "notes.txt").write_text("no music")
    done: list[int] = []
    items, refused = read_folder(tmp_path, done.append)
    assert [item.name for item in items] == ["good"]
    assert [path.name for path, _ in refused] == ["bad.mid", "empty.mid"]
    assert "not a MIDI file" in refused[0][1]
    assert "it has no notes" in refused[1][1]
    assert done == [1, 1, 1]


@pytest.mark.parametrize(("content", "message"), [(None, "no MIDI files in it"), (b"PK", "none of its 1 MIDI files")])
def test_a_folder_without_music(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "bad.mid").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_folder(tmp_path)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; biaxial-chorales makes one"):
        read_folder(tmp_path / "none")
