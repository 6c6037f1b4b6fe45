"""What the network reads, and what its walks read of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from biaxial.features.echo import Echo
from biaxial.features.known import Known


class Batch(NamedTuple):
    """What the network reads: pieces, or crops of equal length; the shorter ones are padded with silence.

    Attributes
    ----------
    outcomes
        The rolls as outcomes of the config's alphabet, shape ``(b, t, n)``.
    previous
        The frame before the first step, shape ``(b, n)``; zero at the beginning of a piece.
    conditions
        Conditions of each step, shape ``(b, t, c)``.
    mask
        Whether a step belongs to the piece, shape ``(b, t)``.
    echo
        Echo of each step, for a config that has it; if ``None``, that of the batch taken as whole pieces.
    known
        What is known of each piece, shape ``(b, t, n)``, which ``outcomes`` agree with, if anything is known of one of
        them. It has probability one.
    seen
        What the time axis is shown in place of the frame before each step, shape ``(b, t, n)``; training hides voices
        so.
    style
        The share of each style in each piece, shape ``(b, s)``, for a config that has styles; zeros, and ``None``, are
        no style.
    levels
        How loud each struck cell is, shape ``(b, t, n)``: 0 where nobody knows, else 1 (ppp) to 8 (fff).
    """

    outcomes: Tensor
    previous: Tensor
    conditions: Tensor
    mask: Tensor
    echo: Echo | None = None
    known: Known | None = None
    seen: Tensor | None = None
    style: Tensor | None = None
    levels: Tensor | None = None

    @classmethod
    def whole(
        cls, outcomes: Tensor, conditions: Tensor, known: Known | None = None, style: Tensor | None = None
    ) -> Batch:
        """Whole pieces of equal length."""
        mask = torch.ones(outcomes.shape[:2], dtype=torch.bool, device=outcomes.device)
        return cls(outcomes, torch.zeros_like(outcomes[:, 0]), conditions, mask, known=known, style=style)

    @property
    def before(self) -> Tensor:
        """The frame before each step, shape ``(b, t, n)``."""
        return torch.cat([self.previous.unsqueeze(1), self.outcomes[:, :-1]], dim=1)

    @property
    def lengths(self) -> Tensor:
        """Steps of each piece, shape ``(b,)``."""
        return self.mask.sum(1)


class Frames(NamedTuple):
    """Frames that a walk reads, each a row, with notes from low to high or in the order of a walk.

    Attributes
    ----------
    time_output
        Output of the time axis, shape ``(rows, n, h)``.
    outcomes, before
        The frames and those before them, shape ``(rows, n)``.
    echo, known
        Their echo, and what is known of them.
    style
        The share of each style in each of them, shape ``(rows, s)``.
    """

    time_output: Tensor
    outcomes: Tensor
    before: Tensor
    echo: Echo | None = None
    known: Known | None = None
    style: Tensor | None = None

    def turned(self, turn: Callable[[Tensor], Tensor]) -> Frames:
        """In the order of a walk, or back again, given the ``walk`` of its features."""
        return Frames(
            turn(self.time_output.transpose(1, 2)).transpose(1, 2),
            turn(self.outcomes),
            turn(self.before),
            None if self.echo is None else self.echo._replace(frame=turn(self.echo.frame)),
            None if self.known is None else Known(*map(turn, self.known)),
            self.style,
        )
