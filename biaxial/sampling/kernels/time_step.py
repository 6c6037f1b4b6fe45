"""Kernels of the time axis: what enters its first layer, and the cells of an LSTM.

The inputs of a frame are sparse (a few sounding cells, a few one-hot groups), so their share in the gates is a sum of
rows of the weight matrix. The dense products, hidden state by weights, are :mod:`biaxial.sampling.products`.
All arrays are contiguous; float32 unless another type is given. ``g`` is the axis of gates, four times the units of a
layer: input, forget, cell, output.
"""

from __future__ import annotations

import numpy as np

from biaxial.sampling.kernels.shared import kernel, sigmoid, tanh


@kernel
def inputs_share(  # type: ignore[no-untyped-def]
    tables, by_note, by_phrase, of_step, frames, out
):
    """The share of all inputs in the gates of the first layer.

    Parameters
    ----------
    tables
        :class:`TimeTables`.
    by_note
        Share of pitch and key with the layer's own bias, shape ``(n, g)``, at least for the notes that are asked for.
    by_phrase
        Share of the key of the phrase, shape ``(n, g)``, or ``(0, g)`` where it is unknown.
    of_step
        Inputs that all notes share, shape ``(f,)``.
    frames
        The frame before, outcomes, ``uint8``, shape ``(n,)``.
    out
        Written to, shape ``(n, g)``; or of fewer notes, the lowest.
    """
    (num_notes, width), num_heard = out.shape, len(frames)
    num_planes, reach = tables.neighbourhood.shape[0], tables.neighbourhood.shape[1] // 2
    common = np.zeros(width, np.float32)
    for f in range(len(of_step)):
        value = of_step[f]
        if value != 0:
            for j in range(width):
                common[j] += value * tables.steps[f, j]
    by_class = np.zeros((12, width), np.float32)
    for m in range(num_heard):
        if frames[m] != 0:
            for own in range(12):
                row = tables.chord[(tables.low_pitch + m - own) % 12]
                for j in range(width):
                    by_class[own, j] += row[j]
    for n in range(num_notes):
        chord = by_class[(tables.low_pitch + n) % 12]
        for j in range(width):
            out[n, j] = by_note[n, j] + common[j] + chord[j]
        if len(by_phrase) > 0:
            for j in range(width):
                out[n, j] += by_phrase[n, j]
        for m in range(max(0, n - reach), min(num_heard, n + reach + 1)):
            outcome = frames[m]
            if outcome != 0:
                for p in range(num_planes):
                    if tables.planes[outcome, p] != 0:
                        row = tables.neighbourhood[p, m - n + reach]
                        for j in range(width):
                            out[n, j] += row[j]


@kernel
def add_echo(  # type: ignore[no-untyped-def]
    tables, frame, length_class, from_start, out
):
    """Add the share of an echo.

    Parameters
    ----------
    tables
        :class:`EchoTables`.
    frame
        Outcomes of the frame, ``uint8``, shape ``(n,)``.
    length_class, from_start
        Class of the length of the run, and whether it goes back to the first frame.
    out
        Added to, shape ``(n, g)``.
    """
    num_notes, width = out.shape
    common = tables.classes[length_class].copy()
    if from_start:
        for j in range(width):
            common[j] += tables.from_start[j]
    for n in range(num_notes):
        cell = tables.cells[frame[n]]
        for j in range(width):
            out[n, j] += common[j] + cell[j]


@kernel
def lstm_cells(  # type: ignore[no-untyped-def]
    gates, old, new, hidden
):
    """One step of the cells of an LSTM layer.

    Parameters
    ----------
    gates
        What enters the gates, shape ``(p, n, g)``.
    old
        Cell state, shape ``(p, n, h)``.
    new, hidden
        New cell state and new hidden state, written to, shape ``(p, n, h)``.
    """
    units = old.shape[2]
    for p in range(old.shape[0]):
        for n in range(old.shape[1]):
            x = gates[p, n]
            for j in range(units):
                enter = sigmoid(x[j]) * tanh(x[2 * units + j])
                cell = sigmoid(x[units + j]) * old[p, n, j] + enter
                new[p, n, j] = cell
                hidden[p, n, j] = sigmoid(x[3 * units + j]) * tanh(cell)
