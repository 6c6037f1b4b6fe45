"""Files of an assistant: below one folder, links included, never written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from biaxial.assistants.bounded_folder import BoundedFolder
from biaxial.formats.write import save_score
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score

Q = 480


@pytest.fixture
def folder(tmp_path: Path) -> BoundedFolder:
    (tmp_path / "music" / "deep").mkdir(parents=True)
    save_score(Score((Note(0, Q, 60, 0),)), tmp_path / "outside.mid")
    save_score(Score((Note(0, Q, 60, 0),)), tmp_path / "music" / "tune.mid")
    (tmp_path / "music" / "link.mid").symlink_to(tmp_path / "outside.mid")
    (tmp_path / "music" / "out").symlink_to(tmp_path)
    (tmp_path / "music" / "nowhere.mid").symlink_to(tmp_path / "new.mid")
    (tmp_path / "music" / "round.mid").symlink_to(tmp_path / "music" / "round.mid")
    return BoundedFolder(tmp_path / "music")


def make(path: Path) -> list[Path]:
    path.write_text("new")
    return [path]


@pytest.mark.parametrize(
    "name", ["../outside.mid", "link.mid", "out/outside.mid", "/etc/passwd", "deep/../../outside.mid", "nowhere.mid"]
)
def test_what_lies_outside_is_neither_read_nor_written(folder: BoundedFolder, name: str) -> None:
    with pytest.raises(InputError, match="outside the folder of this server"):
        folder.read(name)
    with pytest.raises(InputError, match="outside the folder of this server"):
        folder.check_new([name])


@pytest.mark.parametrize("name", ["round.mid", "a\0b.mid", "x" * 5000 + ".mid"])
def test_names_that_cannot_be_followed_are_refused_in_one_line(folder: BoundedFolder, name: str) -> None:
    with pytest.raises((InputError, OSError)) as caught:
        folder.read(name)
    assert "\n" not in str(caught.value)


def test_what_lies_below_is_read_by_any_of_its_names(folder: BoundedFolder) -> None:
    for name in ("tune.mid", "./deep/../tune.mid", str(folder.root / "tune.mid")):
        assert len(folder.read(name)[0].notes) == 1


def test_a_missing_file_is_refused_with_those_that_are_there(folder: BoundedFolder) -> None:
    with pytest.raises(InputError, match=r"other\.mid: there is no such file; there are .*tune\.mid"):
        folder.read("other.mid")


def test_a_message_does_not_say_where_the_folder_lies(folder: BoundedFolder) -> None:
    (folder.root / "bad.mid").write_bytes(b"x")
    with pytest.raises(InputError, match=r"^bad\.mid: ") as caught:
        folder.read("bad.mid")
    assert str(folder.root) not in str(caught.value)


def test_nothing_is_written_over(folder: BoundedFolder) -> None:
    with pytest.raises(InputError, match="nothing is written over"):
        folder.check_new(["tune.mid"])
    with pytest.raises(InputError, match="nothing is written over"):
        folder.check_new(["new.mid", "deep/../new.mid"])
    (path,) = folder.check_new(["deep/new.mid"])
    path.write_text("meanwhile")
    with pytest.raises(InputError, match="nothing is written over"):
        folder.write(path, make)
    assert path.read_text() == "meanwhile"
    assert not [found for found in folder.root.iterdir() if found.name.startswith(".biaxial")]


def test_what_is_written_is_named_from_the_folder(folder: BoundedFolder) -> None:
    (path,) = folder.check_new(["deep/new.mid"])
    assert folder.write(path, make) == ["deep/new.mid"]
    assert path.read_text() == "new"


def test_wrong_numbers_and_folders_are_refused(folder: BoundedFolder, tmp_path: Path) -> None:
    for names in ([], ["a.mid"] * 21):
        with pytest.raises(InputError, match="files to write; give 1 to 20"):
            folder.check_new(names)
    with pytest.raises(InputError, match="its folder is not there"):
        folder.check_new(["nowhere/a.mid"])
    with pytest.raises(InputError, match="not a folder"):
        BoundedFolder(tmp_path / "outside.mid")


def test_a_piece_of_more_than_a_thousand_bars_is_refused(folder: BoundedFolder) -> None:
    save_score(Score((Note(0, Q, 60, 0),), 1001 * 4 * Q), folder.root / "long.mid")
    with pytest.raises(InputError, match="has 1001 bars, and at most 1000 are read"):
        folder.read("long.mid")
