"""What the compiled stepper remembers of every past, so that it finds the echo of the next step.

It is :class:`biaxial.features.echo.EchoMemory` in less room. Frames are numbered as they come for the first time, a
number for each different one, and a past is the numbers of its frames: particles share the frames, and to take one in
costs a few bytes for every step so far. Nothing that is remembered changes, so that any number of pasts go on from one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.features.input_layout import LENGTH_BOUNDS

NO_ECHO = -1
"""Class of the length of an echo that is none."""


class Echoes(NamedTuple):
    """The echoes of some pasts.

    Attributes
    ----------
    frames
        Outcomes of the frames that followed the earlier runs, shape ``(u, n)``; silence for none.
    classes
        Classes of the lengths of the runs, counted from 0, shape ``(u,)``; :data:`NO_ECHO` for none.
    from_start
        Whether the earlier runs go back to the first frame, shape ``(u,)``.
    """

    frames: NDArray[np.uint8]
    classes: NDArray[np.int64]
    from_start: NDArray[np.bool_]

    @classmethod
    def none(cls, pasts: int, num_notes: int) -> Echoes:
        """No echo for any of so many pasts."""
        return cls(np.zeros((pasts, num_notes), np.uint8), np.full(pasts, NO_ECHO), np.zeros(pasts, np.bool_))

    def of(self, past: int) -> tuple[NDArray[np.uint8], int, bool] | None:
        """Frame, class and beginning of one echo, if there is one."""
        if past >= len(self.classes) or self.classes[past] == NO_ECHO:
            return None
        return self.frames[past], int(self.classes[past]), bool(self.from_start[past])


class Numbers:
    """The different frames of some pasts, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._frames: list[NDArray[np.uint8]] = []

    def number(self, frame: bytes) -> int:
        """The number of a frame."""
        number = self._numbers.setdefault(frame, len(self._frames))
        if number == len(self._frames):
            self._frames.append(np.frombuffer(frame, np.uint8))
        return number

    def frame(self, number: int) -> NDArray[np.uint8]:
        """The frame of a number."""
        return self._frames[number]


class Heard(NamedTuple):
    """All frames of different pasts, and how well the latest ones match each place among them.

    Attributes
    ----------
    frames
        Numbers of the frames, shape ``(u, t)``.
    lengths
        For each frame, how many frames before it are those before the next step, shape ``(u, t)``.
    numbers
        Which frame each number stands for, in these pasts and in all that began with them.
    """

    frames: NDArray[np.int32]
    lengths: NDArray[np.int32]
    numbers: Numbers

    @classmethod
    def nothing(cls, pasts: int) -> Heard:
        """Before the first step."""
        none = np.zeros((pasts, 0), np.int32)
        return cls(none, none, Numbers())

    def then(self, pasts: Sequence[int], frames: NDArray[np.uint8]) -> Heard:
        """These pasts, any number of times, each after one more frame of outcomes, shape ``(u, n)``."""
        before, t = self.frames[pasts], self.frames.shape[1]
        after, lengths = np.empty((len(pasts), t + 1), np.int32), np.zeros((len(pasts), t + 1), np.int32)
        after[:, :t], after[:, t] = before, [self.numbers.number(bytes(frame)) for frame in frames]
        np.multiply(self.lengths[pasts] + 1, before == after[:, t:], out=lengths[:, 1:])
        return Heard(after, lengths, self.numbers)

    def echoes(self, num_notes: int) -> Echoes:
        """The echoes of the next step."""
        u, t = self.lengths.shape
        found = Echoes.none(u, num_notes)
        if t == 0:
            return found
        places = t - 1 - self.lengths[:, ::-1].argmax(1)  # the latest of the longest
        for past, place in enumerate(places.tolist()):
            length = int(self.lengths[past, place])
            if length > 0:
                found.frames[past] = self.numbers.frame(self.frames[past, place])
                found.classes[past], found.from_start[past] = bisect_right(LENGTH_BOUNDS, length) - 1, length == place
        return found


def echoes_of_piece(frames: NDArray[np.uint8]) -> Echoes:
    """The echo of every step of a piece, given its frames of outcomes, shape ``(t, n)``."""
    found = Echoes.none(*frames.shape)
    numbers = np.unique(frames, axis=0, return_inverse=True)[1].ravel()
    lengths = np.zeros(len(frames), np.int64)  # for each frame, how many before it are those before the step
    for step in range(1, len(frames)):
        same = numbers[: step - 1] == numbers[step - 1]
        lengths[1:step] = (lengths[: step - 1] + 1) * same
        place = step - 1 - int(lengths[:step][::-1].argmax())  # the latest of the longest
        if (length := int(lengths[place])) > 0:
            found.frames[step] = frames[place]
            found.classes[step], found.from_start[step] = bisect_right(LENGTH_BOUNDS, length) - 1, length == place
    return found
