"""The echo: what followed when the music last went as it has just gone.

Chorales repeat whole phrases, and a recurrent state forgets a frame long before it comes back. At every step, look for
the longest run of frames up to here that was heard before in the same piece (the latest one of several); the frame
that came after it is the echo of this step. It depends on earlier frames alone, so a likelihood that uses it stays
exact. The idea is that of the unbounded contexts of text compression (Cleary, Teahan and Witten 1995, PPM*).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Echo(NamedTuple):
    """The echo of each step.

    Attributes
    ----------
    frame
        Outcomes of the frame that followed the earlier run, shape ``(b, t, n)``; silence where there was none.
    length
        Frames of the run, shape ``(b, t)``; 0 where even the last frame was never heard before.
    from_start
        Whether the earlier run goes back to the first frame of the piece, shape ``(b, t)``.
    """

    frame: Tensor
    length: Tensor
    from_start: Tensor

    def at(self, index: object) -> Echo:
        """Index all three tensors alike."""
        return Echo(*(x[index] for x in self))  # type: ignore[index]


class EchoMemory(NamedTuple):
    """All frames so far, and how well the latest ones match each place among them.

    Attributes
    ----------
    frames
        Outcomes, shape ``(b, t, n)``.
    lengths
        For each frame, how many frames before it are those before the next step, shape ``(b, t)``.
    """

    frames: Tensor
    lengths: Tensor

    @classmethod
    def empty(cls, batch: int, num_notes: int, device: torch.device | None = None) -> EchoMemory:
        """The memory before the first step."""
        frames = torch.zeros(batch, 0, num_notes, dtype=torch.uint8, device=device)
        return cls(frames, torch.zeros(batch, 0, dtype=torch.long, device=device))

    def heard(self, frame: Tensor) -> EchoMemory:
        """The memory after one more frame, shape ``(b, n)``."""
        same = (self.frames == frame.unsqueeze(1)).all(-1)
        grown = torch.where(same, self.lengths + 1, 0)
        lengths = torch.cat([grown.new_zeros(len(frame), 1), grown], dim=1)
        return EchoMemory(torch.cat([self.frames, frame.unsqueeze(1)], dim=1), lengths)

    def echo(self) -> Echo:
        """The echo of the next step, one step long."""
        b, t, n = self.frames.shape
        if t == 0:
            return Echo(self.frames.new_zeros(b, 1, n), self.lengths.new_zeros(b, 1), self.lengths.new_zeros(b, 1) > 0)
        length = self.lengths.amax(1, keepdim=True)  # b 1
        index = torch.arange(t, device=length.device)
        place = torch.where(self.lengths == length, index, -1).amax(1, keepdim=True)  # the latest of the longest
        frame = self.frames.gather(1, place.unsqueeze(-1).expand(b, 1, n))
        return Echo(torch.where((length > 0).unsqueeze(-1), frame, 0), length, (length == place) & (length > 0))

    def take(self, rows: Tensor) -> EchoMemory:
        """The memories of some pieces of the batch."""
        return EchoMemory(self.frames[rows], self.lengths[rows])


def echoes(outcomes: Tensor) -> Echo:
    """The echo of every step of whole pieces.

    Parameters
    ----------
    outcomes
        Pieces from their first frame on, shape ``(b, t, n)``.
    """
    memory = EchoMemory.empty(outcomes.shape[0], outcomes.shape[2], outcomes.device)
    found = []
    for frame in outcomes.to(torch.uint8).unbind(1):
        found.append(memory.echo())
        memory = memory.heard(frame)
    return Echo(*(torch.cat(parts, dim=1) for parts in zip(*found, strict=True)))
