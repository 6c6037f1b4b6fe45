"""Files that are written whole or not at all.

The bytes go to a temporary file in the same folder, reach the disk, and only then take the name that was asked for. A
reader sees the old file or the new one, never half of it, and a failure leaves nothing behind.

Names that a program chooses by itself are counted on where they are taken: ``composed.mid``, ``composed-2.mid``. A name
is taken by making it, so that of two programs at once each gets its own.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


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
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            temporary.unlink()
        raise


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
