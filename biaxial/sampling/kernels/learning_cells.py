"""Kernels of training: the cells of an LSTM layer for one step of many sequences, and the way back through them.

What enters and leaves products is in the precision of the products: float32, or halves (bfloat16) as the bits that they
are, ``uint16``; cell states are float32. All arrays are contiguous. ``r`` are rows, the sequences that go as far as this
step; ``h`` are units, and ``g`` gates, four times the units: input, forget, cell, output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from biaxial.sampling.kernels.shared import kernel, sigmoid, tanh

_ONE = np.float32(1)
_SIXTEEN = np.uint32(16)


def _wide(x: Any) -> Any:
    """A number as float32."""


def _as(x: Any, like: Any) -> Any:
    """A float32 as numbers like another are kept, halves rounded to the nearest, ties to even."""


@overload(_wide, inline="always")
def _wide_of(x):  # type: ignore[no-untyped-def]
    if isinstance(x, types.Integer):
        return lambda x: np.uint32(np.uint32(x) << _SIXTEEN).view(np.float32)
    return lambda x: x


@overload(_as, inline="always")
def _as_of(x, like):  # type: ignore[no-untyped-def]
    if not isinstance(like, types.Integer):
        return lambda x, like: x

    def half(x, like):  # type: ignore[no-untyped-def]
        bits = np.float32(x).view(np.uint32)
        return np.uint16((bits + np.uint32(0x7FFF) + (bits >> _SIXTEEN & np.uint32(1))) >> _SIXTEEN)

    return half


@kernel
def cells_forward(  # type: ignore[no-untyped-def]
    gates, bias, old, new, mask, hidden, out
):
    """One step.

    Parameters
    ----------
    gates
        What enters the gates but for the bias, shape ``(r, g)``; replaced by what they let through.
    bias
        Shape ``(g,)``.
    old, new
        Cell states before, and after, which are written to, shape ``(r, h)``.
    mask
        What the output is multiplied by, shape ``(r, h)``.
    hidden, out
        The hidden state and the output, written to, shape ``(r, h)``.
    """
    units = new.shape[1]
    open_ = np.empty(4 * units, np.float32)
    for r in range(new.shape[0]):  # one loop for each thing, so that a compiler can run many units at once
        x, before, after, kept, state, shown = gates[r], old[r], new[r], mask[r], hidden[r], out[r]
        for j in range(2 * units):
            open_[j] = sigmoid(_wide(x[j]) + bias[j])
        for j in range(2 * units, 3 * units):
            open_[j] = tanh(_wide(x[j]) + bias[j])
        for j in range(3 * units, 4 * units):
            open_[j] = sigmoid(_wide(x[j]) + bias[j])
        for j in range(4 * units):
            x[j] = _as(open_[j], x[j])
        for j in range(units):
            after[j] = open_[units + j] * before[j] + open_[j] * open_[2 * units + j]
        for j in range(units):
            open_[j] = open_[3 * units + j] * tanh(after[j])
        for j in range(units):
            state[j] = _as(open_[j], state[j])
        for j in range(units):
            shown[j] = _as(open_[j] * kept[j], shown[j])


@kernel
def cells_backward(  # type: ignore[no-untyped-def]
    gates, old, new, mask, of_out, of_hidden, of_cells, of_bias
):
    """The way back through one step.

    Parameters
    ----------
    gates
        What the gates let through, shape ``(r, g)``; replaced by the gradient of what entered them.
    old, new, mask
        As in :func:`cells_forward`.
    of_out, of_hidden
        Gradients of the output, and of the hidden state as the next step has it, shape ``(r, h)``.
    of_cells
        Gradient of the cell state after this step; replaced by that of the one before, shape ``(r, h)``.
    of_bias
        Gradient of the bias, added to, shape ``(g,)``.
    """
    units = new.shape[1]
    open_, of_state, bent = np.empty(4 * units, np.float32), np.empty(units, np.float32), np.empty(units, np.float32)
    for r in range(new.shape[0]):
        x, before, after, kept, cell = gates[r], old[r], new[r], mask[r], of_cells[r]
        shown, later = of_out[r], of_hidden[r]
        for j in range(4 * units):
            open_[j] = _wide(x[j])
        for j in range(units):
            of_state[j] = _wide(shown[j]) * kept[j] + _wide(later[j])
        for j in range(units):
            bent[j] = tanh(after[j])
        for j in range(units):
            cell[j] += of_state[j] * open_[3 * units + j] * (_ONE - bent[j] * bent[j])
        for j in range(units):
            i, f, g, o = open_[j], open_[units + j], open_[2 * units + j], open_[3 * units + j]
            open_[j] = cell[j] * g * i * (_ONE - i)
            open_[units + j] = cell[j] * before[j] * f * (_ONE - f)
            open_[2 * units + j] = cell[j] * i * (_ONE - g * g)
            open_[3 * units + j] = of_state[j] * bent[j] * o * (_ONE - o)
            cell[j] *= f
        for j in range(4 * units):
            of_bias[j] += open_[j]
        for j in range(4 * units):
            x[j] = _as(open_[j], x[j])
