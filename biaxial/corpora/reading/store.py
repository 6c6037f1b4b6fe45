"""The arrays of all pieces in three files, mapped into memory: what is not looked at takes none.

The files have no name and go when the program ends, however it ends. Pages that were read stay with the process until
:meth:`Store.release` gives them back; the operating system keeps them for the next time as long as it has room.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.benchmark_frames import NUM_PITCHES
from biaxial.features.conditions import Condition

Arrays = tuple[NDArray[np.int8], NDArray[np.uint8], NDArray[np.int16]]
"""States and voices, shape ``(t, 128)``, and conditions, shape ``(t, c)``."""

COLUMNS: Final[tuple[tuple[np.dtype[Any], int], ...]] = (
    (np.dtype(np.int8), NUM_PITCHES),
    (np.dtype(np.uint8), NUM_PITCHES),
    (np.dtype("<i2"), len(Condition)),
)
"""Type and width of each of the three arrays."""


class Store:
    """Arrays that are appended piece by piece and mapped when all are there.

    A ``with`` block closes the files at its end; what was mapped stays.

    Parameters
    ----------
    folder
        On whose disk they lie; a folder in memory, as ``/tmp`` often is, would defeat the purpose.
    """

    def __init__(self, folder: Path) -> None:
        self._files = [tempfile.TemporaryFile(dir=folder) for _ in COLUMNS]  # noqa: SIM115
        self._maps: list[mmap.mmap] = []
        self._columns: list[NDArray[Any]] = []
        self.num_steps = 0

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.close()

    def append(self, arrays: Arrays) -> int:
        """Add a piece; its first step in the store.

        Raises
        ------
        OSError
            If the disk is full.
        """
        first = self.num_steps
        self.num_steps += len(arrays[0])
        columns: tuple[NDArray[Any], ...] = arrays
        for file, array, (kind, _) in zip(self._files, columns, COLUMNS, strict=True):
            if array.any():
                file.write(np.ascontiguousarray(array, kind).data)
            else:
                file.seek(array.nbytes, os.SEEK_CUR)  # a hole takes no room: voices of music without any
        return first

    def map(self) -> None:
        """Map what was appended; it must be at least one step, and nothing can be appended after it."""
        for file, (kind, width) in zip(self._files, COLUMNS, strict=True):
            file.truncate(self.num_steps * width * kind.itemsize)
            file.flush()
            self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            self._columns.append(np.frombuffer(self._maps[-1], kind).reshape(-1, width))

    def arrays(self, first: int, num_steps: int) -> Arrays:
        """The arrays of a piece: views that cannot be written to."""
        states, voices, conditions = (column[first : first + num_steps] for column in self._columns)
        return states, voices, conditions

    def release(self) -> None:
        """Give back the memory of all pages that were read; they are there again when somebody looks."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)
