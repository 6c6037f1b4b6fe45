"""Kernels of training: the cells of an LSTM layer for one step of many sequences, and the way back through them.

What enters and leaves products is in the precision of the products: float32, or halves (bfloat16) as the bits that they
are, ``uint16``; all else is float32.
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
def cells_forward(layer, first, start, before, count):  # type: ignore[no-untyped-def]
    """One step.

    Parameters
    ----------
    layer
        :class:`~.tables.LearningLayer`.
    first, count
        The first of the sequences, and how many there are.
    start, before
        Where their cells of this step begin, and those of the step before; negative where there is none.
    """
    units = layer.mask.shape[1]
    open_ = np.empty(4 * units, np.float32)
    for r in range(count):  # one loop for each thing, so that a compiler can run many units at once
        x, cell, mask = layer.gates[start + r], layer.cells[start + r], layer.mask[first + r]
        hidden, out, shared = layer.hidden[start + r], layer.out[start + r], layer.shared[layer.of[start + r]]
        for j in range(2 * units):
            open_[j] = sigmoid(_wide(x[j]) + shared[j])
        for j in range(2 * units, 3 * units):
            open_[j] = tanh(_wide(x[j]) + shared[j])
        for j in range(3 * units, 4 * units):
            open_[j] = sigmoid(_wide(x[j]) + shared[j])
        for j in range(4 * units):
            x[j] = _as(open_[j], x[j])
        for j in range(units):
            cell[j] = open_[j] * open_[2 * units + j]
        if before >= 0:
            old = layer.cells[before + r]
            for j in range(units):
                cell[j] += open_[units + j] * old[j]
        for j in range(units):
            open_[j] = open_[3 * units + j] * tanh(cell[j])
        for j in range(units):
            hidden[j] = _as(open_[j], hidden[j])
        for j in range(units):
            out[j] = _as(open_[j] * mask[j], out[j])


@kernel
def cells_backward(layer, first, start, before, count):  # type: ignore[no-untyped-def]
    """The way back through one step.

    Parameters
    ----------
    layer
        :class:`~.tables.LearntLayer`.
    first, start, before, count
        As in :func:`cells_forward`.
    """
    units = layer.mask.shape[1]
    open_, of_state, bent = np.empty(4 * units, np.float32), np.empty(units, np.float32), np.empty(units, np.float32)
    forgets = np.empty(units, np.float32)
    for r in range(count):
        x, cell, mask = layer.gates[start + r], layer.cells[start + r], layer.mask[first + r]
        of_out, of_hidden, of_cell = layer.of_out[start + r], layer.of_hidden[first + r], layer.of_cells[first + r]
        of_shared = layer.of_shared[layer.of[start + r]]
        for j in range(4 * units):
            open_[j] = _wide(x[j])
        for j in range(units):
            of_state[j] = _wide(of_out[j]) * mask[j] + _wide(of_hidden[j])
        for j in range(units):
            bent[j] = tanh(cell[j])
        for j in range(units):
            of_cell[j] += of_state[j] * open_[3 * units + j] * (_ONE - bent[j] * bent[j])
        for j in range(units):
            forget = open_[units + j]
            open_[units + j] = of_cell[j] * forget * (_ONE - forget)
            forgets[j] = of_cell[j] * forget
        if before >= 0:
            old = layer.cells[before + r]
            for j in range(units):
                open_[units + j] *= old[j]
        else:
            open_[units : 2 * units] = 0
        for j in range(units):
            i, g, o = open_[j], open_[2 * units + j], open_[3 * units + j]
            open_[j] = of_cell[j] * g * i * (_ONE - i)
            open_[2 * units + j] = of_cell[j] * i * (_ONE - g * g)
            open_[3 * units + j] = of_state[j] * bent[j] * o * (_ONE - o)
        for j in range(units):
            of_cell[j] = forgets[j]
        for j in range(4 * units):
            of_shared[j] += open_[j]
        for j in range(4 * units):
            x[j] = _as(open_[j], x[j])
