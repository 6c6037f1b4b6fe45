"""What has been drawn so far of pieces that are followed by particles: a family tree of frames."""

from __future__ import annotations

import torch
from torch import Tensor


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
        self._frames = torch.zeros(steps, rows, n, dtype=torch.uint8)
        self._origins = torch.arange(rows).repeat(steps, 1)
        self._count, self._earlier, self._first = 0, earlier, torch.arange(rows)
        self._before = 0 if earlier is None else len(earlier)

    def __len__(self) -> int:
        """Steps so far."""
        return self._before + self._count

    def add(self, frames: Tensor) -> None:
        """The frames of the next step, shape ``(rows, n)``."""
        self._frames[self._count] = frames
        self._count += 1

    def take(self, rows: Tensor) -> None:
        """From here on the rows go on from these ones."""
        if self._count:
            self._origins[self._count - 1] = self._origins[self._count - 1][rows]
        else:
            self._first = self._first[rows]

    def branched(self, steps: int, rows: Tensor) -> History:
        """What goes on from here with other rows, each from one of these."""
        later = History(steps, len(rows), self._frames.shape[2], self)
        later._first = rows
        return later

    def of(self, rows: Tensor, first: int = 0) -> Tensor:
        """The frames of some rows from a step on, shape ``(len(rows), t, n)``."""
        start = max(0, first - self._before)
        found = torch.zeros(len(rows), self._count - start, self._frames.shape[2], dtype=torch.uint8)
        for step in range(self._count - 1, start - 1, -1):
            rows = self._origins[step][rows]
            found[:, step - start] = self._frames[step][rows]
        if self._earlier is None or first >= self._before:
            return found
        return torch.cat([self._earlier.of(self._first[rows], first), found], 1)
