"""Whole pieces worked out a stretch of steps at a time, in their order: memory does not grow with the piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, Generic, TypeVar

AT_ONCE: Final = 512
"""Steps of the longest piece that is one stretch, as in training; no chorale is longer."""
STRETCH: Final = 128
"""Steps of a stretch of longer pieces."""

T = TypeVar("T")


class InStretches(ABC, Generic[T]):
    """What is asked for step after step, and forgotten when the next stretch is worked out.

    Parameters
    ----------
    num_steps
        Steps of the pieces.
    stretch
        Steps that are worked out at once; by default the whole of a piece that is not too long for it.
    """

    def __init__(self, num_steps: int, stretch: int | None = None) -> None:
        self._num_steps = num_steps
        self._stretch = stretch or (num_steps if num_steps <= AT_ONCE else STRETCH)
        self._count = -(-num_steps // self._stretch)
        self._index = -1
        self._told: Any = None

    def at(self, step: int) -> T:
        """What is told of one step, without the axis of time; steps are asked for in their order.

        Raises
        ------
        ValueError
            If the step lies in a stretch before the last one that was asked for.
        """
        index = step // self._stretch
        while self._index < index:
            self._index += 1
            self._told = self._work_out(self._index)
        if self._index > index:
            raise ValueError(f"step {step} has been left behind; what is told is asked for in the order of the piece")
        found: T = self._told[:, step - index * self._stretch]
        return found

    def _steps(self, index: int) -> range:
        """The steps of a stretch."""
        return range(self._num_steps)[index * self._stretch : (index + 1) * self._stretch]

    @abstractmethod
    def _work_out(self, index: int) -> T:
        """What is told of a stretch, shape ``(b, t, ...)``; they are worked out in their order."""
