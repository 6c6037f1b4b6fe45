"""Files written whole or not at all, whatever goes wrong on the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from biaxial.files.atomic import atomic_write, check_output, make_new_folder, write_new
from biaxial.music.errors import InputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "out.mid"
    atomic_write(path, b"first")
    atomic_write(str(path), b"second, longer")
    assert path.read_bytes() == b"second, longer"
    assert names(tmp_path) == ["out.mid"]


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "atomic", b"")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_long_name(tmp_path: Path) -> None:
    atomic_write(tmp_path / ("x" * 255), b"data")
    assert names(tmp_path) == ["x" * 255]


def fail(reason: int) -> Callable[..., None]:
    def failing(*_: object) -> None:
        raise OSError(reason, os.strerror(reason), "some/temporary/name")

    return failing


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, reason: int
) -> None:
    path = tmp_path / "out.mid"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fail(reason))
    with pytest.raises(OSError, match=r"out\.mid") as caught:
        atomic_write(path, b"new")
    assert (caught.value.errno, caught.value.filename) == (reason, str(path))
    assert os.strerror(reason) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "temporary" not in str(caught.value)
    assert names(tmp_path) == ["out.mid"]
    assert path.read_bytes() == b"old"


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(tmp_path / "out.mid", b"new")
    assert names(tmp_path) == []


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        atomic_write(tmp_path / "nowhere" / "out.mid", b"new")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError, match="out"):
        atomic_write(tmp_path / "out", b"new")
    assert names(tmp_path) == ["out"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match=r"out\.mid"):
            atomic_write(tmp_path / "out.mid", b"new")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic_write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="this system has no /dev/null")
def test_a_device_is_written_to_and_stays_a_device() -> None:
    atomic_write("/dev/null", b"new")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_a_full_device_says_so() -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        atomic_write("/dev/full", b"new")
    assert caught.value.errno == errno.ENOSPC


def test_a_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "piece.mid"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(OSError, match="protected against writing"):
        atomic_write(path, b"new")
    with pytest.raises(InputError, match="protected against writing"):
        check_output(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["piece.mid"]


def test_a_name_that_is_taken_is_counted_on(tmp_path: Path) -> None:
    path = tmp_path / "out.roll.png"
    made = [write_new(path, bytes([number])) for number in range(3)]
    assert [name.name for name in made] == ["out.roll.png", "out.roll-2.png", "out.roll-3.png"]
    assert [name.read_bytes() for name in made] == [b"\0", b"\1", b"\2"]
    made[1].unlink()
    assert write_new(path, b"").name == "out.roll-2.png"
    (tmp_path / "link").symlink_to("nowhere")
    assert write_new(tmp_path / "link", b"").name == "link-2"
    assert [make_new_folder(tmp_path / "out").name for _ in range(3)] == ["out", "out-2", "out-3"]


def test_many_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda number: write_new(tmp_path / "out.mid", bytes([number])), range(64)))
        folders = list(pool.map(lambda _: make_new_folder(tmp_path / "out"), range(64)))
    assert [name.read_bytes() for name in made] == [bytes([number]) for number in range(64)]
    assert len(set(folders)) == 64


def test_a_new_file_that_fails_leaves_its_name_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", fail(errno.ENOSPC))
    with pytest.raises(OSError, match=r"out\.mid"):
        write_new(tmp_path / "out.mid", b"data")
    assert names(tmp_path) == []
