"""A piece that is there, scored in one call: how probable each of its cells was when the walk came to it.

The arithmetic is that of drawing. What is different is that all frames are known beforehand. The layers of the time
axis run one after the other over some steps, so that the weights of one stay at hand; what a layer has from the layer
below is one product for all of these steps; and their frames walk from note to note together. Notes that no walk comes
to any more are left out of the time axis. Letters and arrays are those of :mod:`biaxial.sampling.kernels.tables`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from biaxial.music.constants import SILENT
from biaxial.sampling.kernels.cell_inputs import add_inputs
from biaxial.sampling.kernels.outcomes import IMPOSSIBLE
from biaxial.sampling.kernels.shared import FAST, NOTHING, exact_part, exp, fast_part, kernel
from biaxial.sampling.kernels.tables import Floats, Pairs
from biaxial.sampling.kernels.tiles import add_product, round_rows
from biaxial.sampling.kernels.time_step import add_echo, inputs_share
from biaxial.sampling.kernels.walk import Counts, Flags, copy, lstm_row, run_layers


class Told(NamedTuple):
    """Where walks through given frames stand, a row for each frame; attributes as of :class:`~.walk.Walking`."""

    at: Counts
    was_at: Counts
    placed: Flags
    to_come: Flags
    counts: Counts
    chosen: Counts
    last: Counts
    sets: Counts
    follows: Flags


class Room(NamedTuple):
    """Room for what is worked out, over time and over notes.

    Attributes
    ----------
    hidden, cells
        State of the layers over time, for the notes that are still walked to, shape ``(l, n h)``.
    outputs, gates, pairs
        Of a layer at some steps: its outputs after its state, for this layer and the one below, shape
        ``(2, (s + 1) n h)``; its gates, shape ``(s n g)``; and an input of a product in halves.
    x, note_hidden, note_cells, note_gates, logits
        Of walks: as :func:`.walk.run_layers` takes them, and logits, shape ``(w, k)``.
    values
        Log-probabilities of a cell, shape ``(k,)``.
    """

    hidden: Floats
    cells: Floats
    outputs: Floats
    gates: Floats
    pairs: Pairs
    x: Floats
    note_hidden: Floats
    note_cells: Floats
    note_gates: Floats
    logits: Floats
    values: Floats


def _multiply(x: Any, pairs: Any, weights: Any, start: Any, panel_width: Any, out: Any, width: Any) -> None:
    """Add ``x @ weights``, in halves where the weights are; ``pairs`` is room for them. Compiled code has the next."""
    raise NotImplementedError


@overload(_multiply, jit_options=FAST)  # type: ignore[arg-type]
def _multiply_by(x, pairs, weights, start, panel_width, out, width):  # type: ignore[no-untyped-def]
    def in_floats(x, pairs, weights, start, panel_width, out, width):  # type: ignore[no-untyped-def]
        add_product(x, len(x), weights, start, panel_width, x.shape[1], out, width)

    def in_halves(x, pairs, weights, start, panel_width, out, width):  # type: ignore[no-untyped-def]
        depth = (x.shape[1] + 1) // 2
        rounded = pairs[: len(x) * depth].reshape(len(x), depth)
        round_rows(x.view(np.uint32), rounded)
        add_product(rounded, len(x), weights, start, panel_width, depth, out, width)

    return in_halves if weights.dtype == types.uint32 else in_floats


@fast_part
def _matrix(room, rows, columns):  # type: ignore[no-untyped-def]
    """Some room as a matrix."""
    return room[: rows * columns].reshape(rows, columns)


@fast_part
def _over_time(time, echoes, axis, given, first, steps, rows, now, share):  # type: ignore[no-untyped-def]
    """Run the time axis over some steps for the lowest notes; its share in the note axis is written, ``(s n, w)``."""
    panel_width, echoing = axis.panel_width, len(given.echoed) > 0
    silence, under = np.zeros(given.frames.shape[1], np.uint8), _matrix(now.outputs[1], steps * rows, NOTHING)
    for layer in range(len(axis.units)):
        units, width = axis.units[layer], 4 * axis.units[layer]
        gates, out = _matrix(now.gates, steps * rows, width), _matrix(now.outputs[layer % 2], (steps + 1) * rows, units)
        hidden, cells = _matrix(now.hidden[layer], rows, units), _matrix(now.cells[layer], rows, units)
        if layer == 0:
            for s in range(steps):
                step, own = first + s, gates[s * rows : (s + 1) * rows]
                before = given.frames[step - 1] if step > 0 else silence
                keys = given.keys[given.key_of[step]]
                inputs_share(time, keys, keys[:0], given.of_steps[step], before, own)
                if echoing and given.classes[step] >= 0:
                    add_echo(echoes[0], given.echoed[step], given.classes[step], given.from_start[step], own)
        else:
            for row in range(steps * rows):
                copy(axis.biases[layer, :width], gates[row])
            _multiply(under, now.pairs, axis.matrices, axis.starts[2 * layer - 1], panel_width, gates, width)
        for row in range(rows):
            copy(hidden[row], out[row])
        for s in range(steps):
            own, old = gates[s * rows : (s + 1) * rows], out[s * rows : (s + 1) * rows]
            _multiply(old, now.pairs, axis.matrices, axis.starts[2 * layer], panel_width, own, width)
            for row in range(rows):
                lstm_row(own[row], cells[row], out[(s + 1) * rows + row])
        for row in range(rows):
            copy(out[steps * rows + row], hidden[row])
        under = out[rows:]
    for s in range(steps):
        step, own = first + s, share[s * rows : (s + 1) * rows]
        for row in range(rows):
            copy(axis.share_biases, own[row])
        if echoing and given.classes[step] >= 0:
            add_echo(echoes[1], given.echoed[step], given.classes[step], given.from_start[step], own)
    _multiply(under, now.pairs, axis.matrices, axis.starts[-1], panel_width, share, share.shape[1])


@exact_part
def _begin(tables, told, row, before):  # type: ignore[no-untyped-def]
    """Take in the frame before."""
    num_notes, voices = len(before), told.at.shape[1]
    told.last[row], told.chosen[row], told.sets[row] = -1, 0, 0
    for i in range(12):
        told.counts[row, i] = 0
    for v in range(voices):
        told.at[row, v], told.was_at[row, v] = num_notes, num_notes
        told.placed[row, v], told.to_come[row, v] = False, True
    for place in range(num_notes):
        sets = tables.voices[before[num_notes - 1 - place if tables.down else place]]
        for v in range(tables.num_voices):
            if sets >> v & 1:
                told.was_at[row, v] = min(told.was_at[row, v], place)


@exact_part
def _go_on(tables, told, row, place, pitch, chosen):  # type: ignore[no-untyped-def]
    """Take in the outcome at a place."""
    told.chosen[row] = chosen
    if chosen != 0:
        told.last[row] = place
        told.counts[row, pitch % 12] += 1
        for v in range(tables.num_voices):
            if tables.voices[chosen] >> v & 1:
                told.sets[row] |= 1 << v
                told.at[row, v] = min(told.at[row, v], place)
                told.placed[row, v], told.to_come[row, v] = True, False


@fast_part
def _find(tables, struck, before, sets, chosen, logits, values):  # type: ignore[no-untyped-def]
    """Turn the logits of a cell into log-probabilities; returns what is found of the outcome that it has."""
    free, top, impossible = ((1 << tables.num_voices) - 1) & ~sets, np.float32(-np.inf), np.float32(IMPOSSIBLE)
    for k in range(len(values)):
        if not (tables.may_follow[before, k] and tables.fits[free, k]):
            logits[k] = impossible
        top = max(top, logits[k])
    for k in range(len(values)):
        values[k] = exp(logits[k] - top)
    total, alike, sounds, strikes = 0.0, 0.0, 0.0, 0.0  # in float64, where what is hardly possible counts as well
    for k in range(len(values)):
        p = np.float64(values[k])
        total += p
        alike += p if tables.states[k] == tables.states[chosen] else 0.0
        sounds += p if tables.states[k] != SILENT else 0.0
        strikes += p if struck[before, k] else 0.0
    shift = top + np.log(total)
    for k in range(len(values)):
        values[k] = logits[k] - shift
    state = np.log(alike / total) if logits[chosen] > impossible / 2 else IMPOSSIBLE
    return logits[chosen] - shift, state, sounds / total, strikes / total


@fast_part
def _over_notes(  # type: ignore[no-untyped-def]
    tables, struck, given, first, begin, count, rows, now, told, share, found, every
):
    """Walk the frames from one on, so many, all of which belong to the same steps."""
    num_notes, num_inputs, num_outcomes = given.frames.shape[1], tables.inputs.shape[1], len(tables.states)
    num_layers, silence = len(tables.sizes), np.zeros(given.frames.shape[1], np.uint8)
    for row in range(count):
        step = given.at[begin + row]
        _begin(tables, told, row, given.frames[step - 1] if step > 0 else silence)
        told.follows[row] = len(given.echoed) > 0 and given.classes[step] >= 0
        for layer in range(num_layers):
            now.note_hidden[layer, row] = 0
            now.note_cells[layer, row] = 0
    for place in range(num_notes):
        while count > 0 and given.ends[begin + count - 1] <= place:
            count -= 1
        if count == 0:
            break
        note = num_notes - 1 - place if tables.down else place
        for row in range(count):
            copy(share[(given.at[begin + row] - first) * rows + note], now.x[row])
            add_inputs(tables, told, row, place, num_notes, now.x[row, :num_inputs])
        run_layers(tables, now.x, now.note_hidden, now.note_cells, now.note_gates, count)
        for row in range(count):
            copy(now.x[row, num_inputs - num_outcomes : num_inputs], now.logits[row])
        outputs, units = now.note_hidden[num_layers], tables.sizes[num_layers - 1, 2] // 4
        add_product(outputs, count, tables.head, NOTHING, tables.panel_width, units, now.logits, num_outcomes)
        for row in range(count):
            walk, step = begin + row, given.at[begin + row]
            chosen, before = given.walked[walk, note], given.frames[step - 1, note] if step > 0 else SILENT
            values = every[walk, note] if len(every) > 0 else now.values
            seen = _find(tables, struck, before, told.sets[row], chosen, now.logits[row], values)
            for kind in range(len(seen)):
                found[kind, walk, note] = seen[kind]
            _go_on(tables, told, row, place, tables.low_pitch + note, chosen)
            if told.follows[row] and chosen != given.echoed[step, note]:
                told.follows[row] = False


@kernel
def score_piece(time, echoes, axis, tables, struck, given, size, found, every):  # type: ignore[no-untyped-def]
    """Score frames of a piece.

    Parameters
    ----------
    time, echoes, axis, tables
        :class:`.TimeTables`; :class:`.EchoTables` for the gates of the first layer and for the note axis, with as many
        columns as ``axis.share_biases``; :class:`.AxisTables`; :class:`.WalkTables`.
    struck
        Whether an outcome is a struck note where another one was one step before, shape ``(k before, k)``.
    given
        The piece and the frames that are walked.
    size
        Steps of a chunk.
    found
        Zeros; written to, shape ``(4, w, n)``: log-probability of each cell's outcome and of its state, probability
        that it sounds and that it is struck. Cells that no walk comes to are left as they are.
    every
        Written to: log-probabilities of all outcomes, shape ``(w, n, k)``, or ``(0, n, k)`` for none.
    """
    count, num_notes, num_layers = len(given.walked), given.frames.shape[1], len(tables.sizes)
    most, step, begin = 0, 0, 0
    for walk in range(count):  # the most frames that are walked together
        if given.at[walk] // size != given.at[begin] // size:
            begin = walk
        most = max(most, walk + 1 - begin)
    widest, units, total = tables.inputs.shape[1], axis.units.max(), given.at.max() + 1
    for layer in range(num_layers):
        widest = max(widest, tables.sizes[layer, 1], tables.sizes[layer, 2])
    widest += -widest % tables.panel_width
    outcomes = len(tables.states)
    lines, zeros = max(1, tables.num_voices), np.float32
    now = Room(
        np.zeros((len(axis.units), num_notes * units), zeros), np.zeros((len(axis.units), num_notes * units), zeros),
        np.zeros((2, (size + 1) * num_notes * units), zeros), np.zeros(size * num_notes * 4 * units, zeros),
        np.zeros(size * num_notes * ((units + 1) // 2), np.uint32), np.zeros((most, widest), zeros),
        np.zeros((num_layers + 1, most, widest), zeros), np.zeros((num_layers, most, widest), zeros),
        np.zeros((most, widest), zeros), np.zeros((most, outcomes + -outcomes % tables.panel_width), zeros),
        np.zeros(outcomes, zeros),
    )  # fmt: skip
    numbers, flags = np.int64, np.bool_
    told = Told(
        np.zeros((most, lines), numbers), np.zeros((most, lines), numbers), np.zeros((most, lines), flags),
        np.zeros((most, lines), flags), np.zeros((most, 12), numbers), np.zeros(most, numbers),
        np.zeros(most, numbers), np.zeros(most, numbers), np.zeros(most, flags),
    )  # fmt: skip
    room = np.zeros(size * num_notes * len(axis.share_biases), zeros)
    begin = 0
    while begin < count:
        steps, rows, end = min(size, total - step), num_notes, begin
        if not tables.down:
            rows = given.ends[begin:].max()
        while end < count and given.at[end] < step + size:
            end += 1
        share = _matrix(room, steps * rows, len(axis.share_biases))
        _over_time(time, echoes, axis, given, step, steps, rows, now, share)
        _over_notes(tables, struck, given, step, begin, end - begin, rows, now, told, share, found, every)
        step, begin = step + size, end
