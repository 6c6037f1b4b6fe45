"""What the context encoder tells each cell of whole pieces, worked out some steps at a time in the order of the piece.

The encoder reads a piece in both directions, and what it tells takes thirty kilobytes a step. So it is read backwards
once, of which only the state at the end of each stretch is kept; a stretch is then worked out from it when drawing has
come there, and forgotten when drawing has gone on. The state of the way forwards goes along.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor

from biaxial.features.known import Known
from biaxial.features.stretches import InStretches
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.layers import ContextEncoder

_State = tuple[Tensor, Tensor] | None


class WholeContext(InStretches[Tensor]):
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
        super().__init__(conditions.shape[1], stretch)
        self._encoder, self._time_features = encoder, time_features
        self._known, self._conditions = known, conditions
        self._ends: list[_State] = [None] * self._count  # where the way backwards comes into each stretch
        self._forwards: _State = None
        with torch.inference_mode():
            for index in range(self._count - 1, 0, -1):
                self._ends[index - 1] = self._read(encoder.backwards, self._inputs(index).flip(1), self._ends[index])[1]

    @torch.inference_mode()
    def _work_out(self, index: int) -> Tensor:
        rows = self._inputs(index)
        past, self._forwards = self._read(self._encoder.forwards, rows, self._forwards)
        future, _ = self._read(self._encoder.backwards, rows.flip(1), self._ends[index])
        found = torch.cat([past, future.flip(1)], dim=-1)
        pieces = self._known.pieces
        return rearrange(found, "(b n) t h -> b t n h", b=len(pieces)) * pieces[:, None, None, None]

    def _inputs(self, index: int) -> Tensor:
        steps = self._steps(index)
        part = slice(None), slice(steps.start, steps.stop)
        known, conditions = self._known.at(part), self._conditions[part]
        return self._encoder.inputs(known, conditions, self._time_features)

    @staticmethod
    def _read(layer: Callable[..., tuple[Tensor, _State]], rows: Tensor, state: _State) -> tuple[Tensor, _State]:
        return layer(rows) if state is None else layer(rows, state)
