"""The record of a search: Optuna's journal, in Optuna's own format, in one file that is whole at every moment.

Optuna's own file is appended to under a lock. A process that is killed may leave the lock, for which the next one waits
half a minute, and half a line, after which the file cannot be read (optuna/optuna#5921, #5138). Here the file is
rewritten and moved into place, and entries that belong together appear together. One process uses it at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError


class WholeJournal(BaseJournalBackend):
    """A journal in a file.

    Parameters
    ----------
    path
        The file; it need not exist.

    Raises
    ------
    InputError
        If the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []
        self._waits = False
        if path.exists():
            try:
                self._lines = path.read_text(encoding="utf-8").splitlines()
                if not all(isinstance(json.loads(line), dict) for line in self._lines):
                    raise ValueError("a line is no object")
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}: damaged ({error}); start the search anew with another -o") from error

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Entries from a number on."""
        return (json.loads(line) for line in self._lines[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries."""
        self._lines += [json.dumps(log, separators=(",", ":")) for log in logs]
        if not self._waits:
            self._write()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Entries added within appear in the file at once, when all are there."""
        self._waits = True
        try:
            yield
            self._write()
        finally:
            self._waits = False

    def _write(self) -> None:
        atomic_write(self.path, "".join(f"{line}\n" for line in self._lines).encode())
