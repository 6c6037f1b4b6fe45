"""What the context encoder tells each cell of whole pieces, worked out some steps at a time in the order of the piece.

The encoder reads a piece in both directions, and what it tells takes thirty kilobytes a step. So it is read backwards
once, of which only the state at the end of each stretch is kept; a stretch is then worked out from it when drawing has
come there, and forgotten when drawing has gone on. The state of the way forwards goes along. Where more is known than
before, the present stretch is worked out again, and the way backwards from the last of the changes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor

from biaxial.features.known import Known
from biaxial.features.stretches import stretch_of
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.layers import ContextEncoder

_State = tuple[Tensor, Tensor] | None


class WholeContext:
    """What is told, to be asked for step after step.

    Parameters
    ----------
    encoder
        The encoder, in evaluation mode.
    known
        What is known of whole pieces of equal length, shape ``(b, t, n)``.
    conditions
        Conditions of each step, shape ``(b, t, c)``.
    time_features
        Inputs of the time axis.
    stretch
        Steps that are worked out at once; by default the whole of a piece that is not too long for it.
    """

    def __init__(
        self,
        encoder: ContextEncoder,
        known: Known,
        conditions: Tensor,
        time_features: TimeFeatures,
        stretch: int | None = None,
    ) -> None:
        self._encoder, self._time_features = encoder, time_features
        self._known, self._conditions = known, conditions
        num_steps = conditions.shape[1]
        self._stretch = stretch or stretch_of(num_steps)
        count = -(-num_steps // self._stretch)
        self._ends: list[_State] = [None] * count  # where the way backwards comes into each stretch
        self._index, self._told = -1, conditions.new_empty(0)  # the present stretch
        self._before: _State = None  # where the way forwards comes into it, and where it leaves it
        self._after: _State = None
        self._read_back(count - 1)

    def at(self, step: int) -> Tensor:
        """What is told of one step, shape ``(b, n, h)``; steps are asked for in their order.

        Raises
        ------
        ValueError
            If the step lies in a stretch before the last one that was asked for.
        """
        index = step // self._stretch
        while self._index < index:
            self._index, self._before = self._index + 1, self._after
            self._work_out()
        if self._index > index:
            raise ValueError(f"step {step} has been left behind; what is told is asked for in the order of the piece")
        return self._told[:, step - index * self._stretch]

    def again(self, known: Known, last: int) -> None:
        """Go on with what is known by now: more than before in steps to come, of which this is the last."""
        self._known = known
        self._read_back(last // self._stretch)
        if self._index >= 0:
            self._work_out()

    @torch.inference_mode()
    def _read_back(self, last: int) -> None:
        """Find where the way backwards comes into the stretches before one, as far as the present one."""
        for index in range(last, max(self._index, 0), -1):
            rows = self._inputs(index).flip(1)
            _, self._ends[index - 1] = self._read(self._encoder.backwards, rows, self._ends[index])

    @torch.inference_mode()
    def _work_out(self) -> None:
        rows = self._inputs(self._index)
        past, self._after = self._read(self._encoder.forwards, rows, self._before)
        future, _ = self._read(self._encoder.backwards, rows.flip(1), self._ends[self._index])
        found = torch.cat([past, future.flip(1)], dim=-1)
        pieces = self._known.pieces
        self._told = rearrange(found, "(b n) t h -> b t n h", b=len(pieces)) * pieces[:, None, None, None]

    def _inputs(self, index: int) -> Tensor:
        part = slice(None), slice(index * self._stretch, (index + 1) * self._stretch)
        known, conditions = self._known.at(part), self._conditions[part]
        return self._encoder.inputs(known, conditions, self._time_features)

    @staticmethod
    def _read(layer: Callable[..., tuple[Tensor, _State]], rows: Tensor, state: _State) -> tuple[Tensor, _State]:
        return layer(rows) if state is None else layer(rows, state)
