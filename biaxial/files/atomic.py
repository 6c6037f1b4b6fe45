"""Files that are written whole or not at all.

The bytes go to a temporary file in the same folder, reach the disk, and only then take the name that was asked for. A
reader sees the old file or the new one, never half of it, and a failure leaves nothing behind. To move a file into
place only takes a folder that can be written to: that the file itself is protected is looked at here.

Names that a program chooses by itself are counted on where they are taken: ``composed.mid``, ``composed-2.mid``. A name
is taken by making it, so that of two programs at once each gets its own.
"""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from biaxial.music.errors import InputError


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file in one step.

    A symbolic link is followed. Something that exists and is no regular file, such as ``/dev/stdout``, cannot be
    replaced and is written to directly.

    Parameters
    ----------
    path
        The file; its folder must exist.
    data
        Its whole content.

    Raises
    ------
    OSError
        If it cannot be written: one line that names the path and the reason. Whatever was there is unchanged.
    """
    target = Path(os.path.realpath(path))
    try:
        if is_protected(target):
            raise PermissionError(errno.EACCES, "it is protected against writing")
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


def is_protected(path: Path) -> bool:
    """Whether there is a file that may not be written to, even where a superuser could."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and not (mode & 0o222 and os.access(path, os.W_OK))


def check_output(path: Path) -> None:
    """Refuse a place where no file can be written, before there is one to write.

    Raises
    ------
    InputError
        In one line that names the place.
    """
    if path.is_dir():
        raise InputError(f"--output: {path} is a folder; give the name of a file in it")
    if not path.parent.exists():
        raise InputError(f"--output: there is no folder {path.parent}; make it, or write somewhere else")
    check_folder(path.parent)
    if is_protected(path):
        raise InputError(f"--output: {path} is protected against writing; write somewhere else, or chmod u+w it")


def check_folder(folder: Path) -> None:
    """Refuse a folder in which nothing can be written.

    Raises
    ------
    InputError
        In one line that names it.
    """
    if not folder.is_dir():
        raise InputError(f"--output: {folder} is not a folder; write somewhere else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output: {folder} cannot be written to; check its permissions, or write somewhere else")


@contextmanager
def written_whole(target: Path, mark: str = "") -> Iterator[BinaryIO]:
    """A file to write to that takes its name when all of it is written; after an error nothing of it is left.

    Parameters
    ----------
    target
        The file.
    mark
        What its name begins with until then, after a dot, so that what a killed process leaves can be told.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    temporary = target.with_name(f".{mark}{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            temporary.unlink()
        raise


def _replace(target: Path, data: bytes) -> None:
    with written_whole(target) as file:
        file.write(data)


def counted(path: Path) -> Iterator[Path]:
    """``a.mid``, ``a-2.mid``, ``a-3.mid`` and so on."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def write_new(path: Path, data: bytes) -> Path:
    """Write a file under the first of its counted names that is not taken, and return that name.

    Raises
    ------
    OSError
        As :func:`atomic_write`.
    """
    for name in counted(path):
        with suppress(FileExistsError):
            name.touch(exist_ok=False)
            break
    try:
        atomic_write(name, data)
    except BaseException:
        name.unlink()
        raise
    return name


def make_new_folder(path: Path) -> Path:
    """Make a folder under the first of its counted names that is not taken, and return that name.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    for name in counted(path):
        with suppress(FileExistsError):
            name.mkdir()
            break
    return name
