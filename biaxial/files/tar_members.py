"""Paths that lead into a tar file, such as ``corpus/shard-00007.tar/000712.mid``: whatever reads music reads them.

A shard of a corpus is a plain tar file of small files. Nothing of it is ever unpacked to the disk: a member is a part
of the file, which is read where it lies. Members that are no regular files, and names that would lead out of the shard,
are passed over. The index of a tar file is kept for the next member that is asked for.
"""

from __future__ import annotations

import errno
import os
import tarfile
from functools import lru_cache
from io import BufferedReader, BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from biaxial.music.errors import InputError

TAR_SUFFIX: Final = ".tar"
_KEPT = 8
"""Tar files whose index is kept."""


def is_tar(path: Path) -> bool:
    """Whether a path is a file of members."""
    return path.suffix.lower() == TAR_SUFFIX and path.is_file()


def tar_of(path: Path) -> Path | None:
    """The tar file that a path leads into, if it does."""
    return next((parent for parent in path.parents if is_tar(parent)), None)


def member_paths(tar: Path) -> list[Path]:
    """The members of a tar file as paths, in their order.

    Raises
    ------
    InputError
        If it is damaged.
    OSError
        If it cannot be opened.
    """
    return [tar / name for name in _index_of(tar)]


def read_member(path: Path, most_bytes: int | None = None) -> bytes:
    """The content of the member that a path leads to, or so many bytes of it.

    Raises
    ------
    InputError
        If the tar file is damaged.
    OSError
        If there is no such member.
    """
    tar = tar_of(path)
    place = None if tar is None else _index_of(tar).get(path.relative_to(tar).as_posix())
    if tar is None or place is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    start, size = place
    with tar.open("rb") as file:
        file.seek(start)
        return file.read(size if most_bytes is None else min(size, most_bytes))


def open_file(path: str | os.PathLike[str], most_bytes: int | None = None) -> BufferedReader | BytesIO:
    """A file, or the member that a path leads to, to be read; of a member at most so many bytes.

    Raises
    ------
    InputError, OSError
        As :func:`read_member`.
    """
    try:
        return open(path, "rb")
    except NotADirectoryError:
        if tar_of(Path(path)) is None:
            raise
        return BytesIO(read_member(Path(path), most_bytes))


def _index_of(tar: Path) -> dict[str, tuple[int, int]]:
    state = tar.stat()
    return _index(tar, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=_KEPT)
def _index(tar: Path, size: int, _: int) -> dict[str, tuple[int, int]]:
    """Where each member begins, and its size."""
    found = {}
    try:
        with tarfile.open(tar, "r:") as members:
            for member in members:
                parts = PurePosixPath(member.name).parts
                inside = bool(parts) and not member.name.startswith("/") and ".." not in parts
                if member.isreg() and not member.issparse() and inside and member.offset_data + member.size <= size:
                    found["/".join(parts)] = member.offset_data, member.size
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{tar}: not a whole tar file ({reason}); make it again") from error
    return found
