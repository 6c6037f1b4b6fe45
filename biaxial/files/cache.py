"""A folder of small files that can be made again: entries by key, written whole, checked when they are read.

An entry that is missing, cut short or changed reads as ``None``, so damage costs time and never a result. Entries are
written under a temporary name and moved into place: two programs may use one folder at once.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from biaxial.music.errors import InputError

_CHECK_BYTES = 4


def default_cache() -> Path:
    """Where a user's programs keep what they can make again, and below it our folder.

    ``XDG_CACHE_HOME`` wherever it is set, else ``~/.cache``, on macOS ``~/Library/Caches``, on Windows
    ``%LOCALAPPDATA%``.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not Path(home).is_absolute():  # the standard says to pass over anything else
        if sys.platform == "win32":
            home = os.environ.get("LOCALAPPDATA", "") or "~/AppData/Local"
        else:
            home = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.path.expanduser(home)) / "biaxial"


class Cache:
    """Entries in a folder, spread over 256 folders by the first letters of their keys.

    Parameters
    ----------
    folder
        Made where it is missing.

    Raises
    ------
    InputError
        If nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise self.refusal(error) from error

    def refusal(self, error: OSError) -> InputError:
        """The line for a folder that cannot be written to."""
        reason = (error.strerror or str(error)).lower()
        return InputError(f"{self.folder}: no files can be written there ({reason}); give a folder with --cache")

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def get(self, key: str) -> bytes | None:
        """An entry; ``None`` where there is none, or a damaged one."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        content = data[_CHECK_BYTES:]
        return content if data[:_CHECK_BYTES] == crc32(content).to_bytes(_CHECK_BYTES, "big") else None

    def put(self, key: str, content: bytes) -> None:
        """Write an entry, over one that may be there.

        Unlike other files of the package it is not forced to the disk: what a power cut damages is made again.

        Raises
        ------
        OSError
            If it cannot be written; nothing half done is left.
        """
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            temporary.write_bytes(crc32(content).to_bytes(_CHECK_BYTES, "big") + content)
            os.replace(temporary, path)
        except BaseException:  # Ctrl-C too
            with suppress(OSError):
                temporary.unlink()
            raise
