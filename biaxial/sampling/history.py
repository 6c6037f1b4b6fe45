"""What has been drawn so far of pieces that are followed by particles: a family tree of frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Rows = NDArray[np.int64]


class History:
    """The frames of all rows, step after step, and which row each row came from: nothing that was drawn is copied.

    Room is set aside at the beginning: small pieces that stay would keep the large ones between them from going.

    Parameters
    ----------
    steps, rows, n
        How many steps and rows there will be, and notes in a frame.
    earlier
        What went before, where there were other rows.
    """

    def __init__(self, steps: int, rows: int, n: int, earlier: History | None = None) -> None:
        self._frames = np.zeros((steps, rows, n), np.uint8)
        self._origins = np.tile(np.arange(rows), (steps, 1))
        self._count, self._earlier, self._first = 0, earlier, np.arange(rows)
        self._before = 0 if earlier is None else len(earlier)

    def __len__(self) -> int:
        """Steps so far."""
        return self._before + self._count

    def add(self, frames: Frames) -> None:
        """The frames of the next step, shape ``(rows, n)``."""
        self._frames[self._count] = frames
        self._count += 1

    def take(self, rows: Rows) -> None:
        """From here on the rows go on from these ones."""
        if self._count:
            self._origins[self._count - 1] = self._origins[self._count - 1][rows]
        else:
            self._first = self._first[rows]

    def branched(self, steps: int, rows: Rows) -> History:
        """What goes on from here with other rows, each from one of these."""
        later = History(steps, len(rows), self._frames.shape[2], self)
        later._first = rows
        return later

    def of(self, rows: Rows, first: int = 0) -> Frames:
        """The frames of some rows from a step on, shape ``(len(rows), t, n)``."""
        start = max(0, first - self._before)
        found = np.zeros((len(rows), self._count - start, self._frames.shape[2]), np.uint8)
        for step in range(self._count - 1, start - 1, -1):
            rows = self._origins[step][rows]
            found[:, step - start] = self._frames[step][rows]
        if self._earlier is None or first >= self._before:
            return found
        return np.concatenate([self._earlier.of(self._first[rows], first), found], axis=1)
