"""Paths into tar files: members are read like files, and nothing else in a tar file is."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.splits import folder_of, is_music_file, music_paths, piece_name
from biaxial.files.limits import read_within
from biaxial.files.tar_members import is_tar, member_paths, open_file, read_member, tar_of
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score

SCORE = Score((Note(0, 480, 60, 0), Note(480, 480, 62, 0)))


def write(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def test_a_member_is_read_like_a_file(tmp_path: Path) -> None:
    tar = write(tmp_path / "one.tar", {"a.mid": midi_bytes(SCORE), "deep/b.abc": b"X:1\nK:C\nCDE|"})
    assert member_paths(tar) == [tar / "a.mid", tar / "deep/b.abc"]
    assert read_score(tar / "a.mid").notes == SCORE.notes
    assert len(read_score(tar / "deep/b.abc").notes) == 3
    assert read_within(tar / "deep/b.abc", 100) == b"X:1\nK:C\nCDE|"
    assert (tar_of(tar / "deep/b.abc"), is_tar(tar), is_music_file(tar / "a.mid")) == (tar, True, True)
    with open_file(tar / "a.mid") as file:
        assert file.read(4) == b"MThd"


def test_a_member_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    tar = write(tmp_path / "one.tar", {"a.abc": b"x" * 1000})
    with pytest.raises(InputError, match="larger than"):
        read_within(tar / "a.abc", 999)
    assert read_member(tar / "a.abc", 10) == b"x" * 10
    for path in (tar / "b.abc", tmp_path / "none.tar" / "a.abc"):
        with pytest.raises(FileNotFoundError) as error:
            read_within(path, 1000)
        assert error.value.filename == str(path)
    (tmp_path / "file.txt").write_text("no tar")
    with pytest.raises(NotADirectoryError):
        read_within(tmp_path / "file.txt" / "a.abc", 1000)


def test_links_and_names_that_lead_out_are_passed_over(tmp_path: Path) -> None:
    tar = tmp_path / "hostile.tar"
    with tarfile.open(tar, "w") as out:
        for name in ("../up.mid", "/etc/top.mid", "in/../../up.mid", "good.mid"):
            info = tarfile.TarInfo(name)
            info.size = 4
            out.addfile(info, io.BytesIO(b"MThd"))
        link = tarfile.TarInfo("link.mid")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(link)
        out.addfile(tarfile.TarInfo("folder.mid/"))
    assert [path.name for path in member_paths(tar)] == ["good.mid", "folder.mid"]
    assert read_member(tar / "folder.mid") == b""


def test_a_tar_file_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    tar = write(tmp_path / "one.tar", {"a.mid": b"first"})
    assert read_member(tar / "a.mid") == b"first"
    write(tar, {"b.mid": b"x" * 20_000, "a.mid": b"second"})
    os.utime(tar, (1, 1))
    assert read_member(tar / "a.mid") == b"second"


@pytest.mark.parametrize("content", [b"no tar at all" * 100, b"x", b"\0" * 100 + b"y" * 1000])
def test_a_damaged_tar_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    tar = tmp_path / "one.tar"
    tar.write_bytes(content)
    with pytest.raises(InputError, match=r"^\S*one\.tar: not a whole tar file \(.*\); make it again$") as error:
        member_paths(tar)
    assert "\n" not in str(error.value)


def test_a_tar_file_that_is_cut_short_keeps_its_whole_members(tmp_path: Path) -> None:
    tar = write(tmp_path / "one.tar", {"a.mid": b"a" * 600, "b.mid": b"b" * 6000})
    tar.write_bytes(tar.read_bytes()[:3000])
    try:
        names = [path.name for path in member_paths(tar)]
    except InputError:
        return
    assert names == ["a.mid"]


def test_a_damaged_tar_file_does_not_cost_the_folder(tmp_path: Path) -> None:
    (tmp_path / "bad.tar").write_bytes(b"no tar at all" * 100)
    write(tmp_path / "good.tar", {"a.mid": midi_bytes(SCORE)})
    config = ReadConfig(cache=tmp_path / "cache", readers=1)
    items, verdicts = read_folder(tmp_path, config=config)
    assert [item.name for item in items] == ["good.tar/a"]
    assert [(verdict.file, verdict.verdict) for verdict in verdicts] == [
        ("bad.tar", "unreadable"),
        ("good.tar/a.mid", "used"),
    ]
    assert verdicts[0].reason.startswith("not a whole tar file")
    with pytest.raises(
        InputError, match=r"good\.tar: a tar file of several; give one of them, such as \S+good\.tar/a\.mid"
    ):
        read_score(tmp_path / "good.tar")


def test_music_of_a_folder_is_in_its_files_and_in_its_tar_files(tmp_path: Path) -> None:
    write(tmp_path / "s.tar", {"1.json": b"{}", "1.mid": b"", "1.musicxml": b"", "2.abc": b"", "__shard__": b"{}"})
    (tmp_path / "0.mid").write_bytes(b"")
    paths = music_paths(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["0.mid", "s.tar/1.mid", "s.tar/2.abc"]
    assert [piece_name(tmp_path, path) for path in paths] == ["0", "s.tar/1", "s.tar/2.abc"]
    assert [piece_name(folder_of(tmp_path / "s.tar"), path) for path in music_paths(tmp_path / "s.tar")] == [
        "1",
        "2.abc",
    ]
