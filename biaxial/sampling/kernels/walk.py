"""The walk over the notes of frames as one compiled loop: inputs, LSTM, constraints and draw of every cell.

The same decisions as :meth:`biaxial.sampling.reference_stepper.Stepper._walk`. What is different is the arithmetic:
inputs, those of :mod:`.cell_inputs`, are sums of rows of the weight matrix, all that belongs to the time axis has been
multiplied beforehand, and frames go from note to note together, so that weights are read once for all of them. The
network works in float32, all else in float64. Letters and arrays are those of :mod:`biaxial.sampling.kernels.tables`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.sampling.kernels.cell_inputs import add_inputs
from biaxial.sampling.kernels.outcomes import IMPOSSIBLE, charge, choose, find_room, forbid, normalise, static
from biaxial.sampling.kernels.shared import NOTHING, exact_part, fast_part, kernel, sigmoid, tanh
from biaxial.sampling.kernels.tables import Doubles
from biaxial.sampling.kernels.tiles import add_product

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Walking(NamedTuple):
    """Where the walks through frames stand, a row for each frame.

    Attributes
    ----------
    at, was_at, known_at
        Place of each voice in the frame, in the one before, and in what is known, shape ``(b, v)``; ``n`` for none.
    drawn, ahead
        Cells of each voice that are drawn, and those that are known and come later, shape ``(b, v)``.
    fixed, decided
        Whether the place of a voice is known, and all that is to be known of it, shape ``(b, v)``.
    placed, to_come
        Whether a voice has its place before this cell, and whether it may still come, shape ``(b, v)``.
    counts
        Sounding notes of each pitch class, shape ``(b, 12)``.
    room
        Of :func:`~.outcomes.find_room`, shape ``(b, v, n)``; ``(b, v, 0)`` where nobody asks.
    given, reachable
        Cells that are known to sound, and the most that there can be, shape ``(b,)``.
    chosen, last, sets
        The outcome before, the last sounding place, -1 for none, and voices so far, shape ``(b,)``.
    follows
        Whether the frame is its echo so far, shape ``(b,)``.
    """

    at: Counts
    was_at: Counts
    known_at: Counts
    drawn: Counts
    ahead: Counts
    fixed: Flags
    decided: Flags
    placed: Flags
    to_come: Flags
    counts: Counts
    room: Counts
    given: Counts
    reachable: Counts
    chosen: Counts
    last: Counts
    sets: Counts
    follows: Flags


class Cell(NamedTuple):
    """What is worked out of one cell, shape ``(k,)`` each, written over by the next."""

    log_p: Doubles
    bias: Doubles
    values: Doubles
    possible: Flags


@exact_part
def _begin(  # type: ignore[no-untyped-def]
    tables, now, row, previous, known_outcomes, known_voices, bias
):
    """Take in the frame before and what is known."""
    num_notes, voices, lines = previous.shape[1], tables.num_voices, now.at.shape[1]
    is_known = len(known_outcomes) > 0
    for v in range(lines):
        now.at[row, v], now.was_at[row, v], now.known_at[row, v] = num_notes, num_notes, num_notes
        now.decided[row, v] = is_known
    now.last[row] = -1
    for place in range(num_notes):
        note = num_notes - 1 - place if tables.down else place
        for v in range(voices):
            if tables.voices[previous[row, note]] >> v & 1:
                now.was_at[row, v] = min(now.was_at[row, v], place)
        if is_known:
            outcome = known_outcomes[row, note]
            if outcome != 0:
                now.counts[row, (tables.low_pitch + note) % 12] += 1
            for v in range(lines):
                sounds = tables.voices[outcome] >> v & 1 if voices else outcome != 0
                if sounds:
                    now.ahead[row, v] += 1
                    now.given[row] += 1
                    if voices:
                        now.known_at[row, v], now.fixed[row, v] = min(now.known_at[row, v], place), True
                if not known_voices[row, note] >> v & 1:
                    now.decided[row, v] = False
    now.reachable[row] = num_notes
    if voices and is_known:
        now.reachable[row] = voices
        for v in range(voices):
            if now.decided[row, v] and not now.fixed[row, v]:
                now.reachable[row] -= 1
    if now.room.shape[2]:
        find_room(tables, row, previous, known_outcomes, known_voices, bias, now.room[row])


@exact_part
def _look(tables, now, row, place):  # type: ignore[no-untyped-def]
    """Which voices have their place before a cell."""
    for v in range(now.at.shape[1]):
        if now.fixed[row, v]:
            now.at[row, v] = now.known_at[row, v]
        now.placed[row, v] = now.at[row, v] < place or now.fixed[row, v]
        now.to_come[row, v] = not now.placed[row, v] and not now.decided[row, v]


@exact_part
def _decide(  # type: ignore[no-untyped-def]
    tables, choosing, leading, now, cell, row, place, logits, previous, random, known_outcomes, known_voices, ended,
    bias,
):  # fmt: skip
    """Draw a cell; returns its log-weight and its log-likelihood."""
    num_notes, voices, lines = previous.shape[1], tables.num_voices, now.at.shape[1]
    note = num_notes - 1 - place if tables.down else place
    is_known, before = len(known_outcomes) > 0, previous[row, note]
    free, count = ((1 << voices) - 1) & ~now.sets[row], 0
    for k in range(len(cell.possible)):
        possible = tables.may_follow[before, k] and tables.fits[free, k]
        if is_known and possible:
            possible = tables.agrees[known_voices[row, note], known_outcomes[row, note], k]
            if tables.held_voices[k] & ended[row, note]:
                possible = False
        cell.possible[k], cell.log_p[k] = possible, IMPOSSIBLE
        cell.bias[k] = static(tables, bias, known_voices, row, note, k)
        if possible:
            cell.values[count] = logits[k]
            count += 1
    shift = normalise(cell.values, count) if count else 0.0
    for k in range(len(cell.possible)):
        if cell.possible[k]:
            cell.log_p[k] = logits[k] - shift
    pitch_class = (tables.low_pitch + note) % 12
    if is_known and known_outcomes[row, note] != 0:
        now.counts[row, pitch_class] -= 1
        for v in range(lines):
            now.ahead[row, v] -= tables.voices[known_outcomes[row, note]] >> v & 1 if voices else 1
    gained = 0.0
    if is_known and known_voices[row, note] == (1 << lines) - 1:
        chosen = int(known_outcomes[row, note])
    else:
        if leading:
            charge(
                tables, choosing, place, num_notes, now.at[row], now.was_at[row], now.fixed[row], now.placed[row],
                now.to_come[row], cell.possible, cell.bias,
            )  # fmt: skip
        if len(choosing.bounds):
            forbid(
                tables, choosing.bounds, place, now.drawn[row], now.ahead[row], now.given[row], now.reachable[row],
                now.room[row], cell.possible, cell.bias,
            )  # fmt: skip
        chosen, gained = choose(choosing, cell.log_p, cell.bias, cell.possible, random)
    now.chosen[row] = chosen
    if chosen != 0:
        now.last[row] = place
        now.counts[row, pitch_class] += 1
        for v in range(lines):
            if voices and tables.voices[chosen] >> v & 1:
                now.sets[row] |= 1 << v
                now.drawn[row, v] += 1
                if not now.fixed[row, v]:
                    now.at[row, v] = min(now.at[row, v], place)
        if not voices:
            now.drawn[row, 0] += 1
    return gained, cell.log_p[chosen]


@fast_part
def lstm_row(gates, cell, hidden):  # type: ignore[no-untyped-def]
    """One step of the cells of one layer, in place."""
    units = len(cell)
    for j in range(units):
        enter = sigmoid(gates[j]) * tanh(gates[2 * units + j])
        cell[j] = sigmoid(gates[units + j]) * cell[j] + enter
        hidden[j] = sigmoid(gates[3 * units + j]) * tanh(cell[j])


@fast_part
def copy(source, out):  # type: ignore[no-untyped-def]
    """Copy a row into the beginning of another one."""
    for j in range(len(source)):
        out[j] = source[j]


@fast_part
def run_layers(tables, x, hidden, cells, gates, count):  # type: ignore[no-untyped-def]
    """Run the layers for the first rows of ``x (b, w)``; the output of the last comes after the hidden states."""
    below, panel_width = 0, tables.panel_width
    for layer in range(len(tables.sizes)):
        start, rows, width = tables.sizes[layer]
        units, into = width // 4, x if layer == 0 else gates
        if layer > 0:
            biases = start + (width + -width % panel_width) * rows
            for slot in range(count):
                copy(tables.layers[biases : biases + width], gates[slot])
        add_product(hidden[layer], count, tables.layers, start, panel_width, rows, into, width)
        for slot in range(count):
            own = hidden[layer, slot, below : below + units]
            lstm_row(into[slot], cells[layer, slot, :units], own)
            copy(own, hidden[layer + 1, slot])
        below = units


@kernel
def walk(  # type: ignore[no-untyped-def]
    tables, choosing, share, echoed, heard, may_stop, rows, previous, randoms, known_outcomes, known_voices, ended,
    bias, frames, weights, nats,
):  # fmt: skip
    """Draw frames.

    Parameters
    ----------
    tables, choosing
        :class:`WalkTables` and :class:`Choosing`.
    share
        The time axis's share, with the echo's and with the biases of the first layer and of the last, shape
        ``(r, n, w)``.
    echoed, heard
        The echo's frames, shape ``(r, n)``, or ``(0, n)`` for a network without it, and whether there is one, shape
        ``(r,)``.
    may_stop
        Whether silence is certain once all voices are placed.
    rows
        Which row of ``share`` and of the echo belongs to each frame, shape ``(b,)``.
    previous
        The frames before, shape ``(b, n)``.
    randoms
        Uniform numbers, shape ``(b, n)``.
    known_outcomes, known_voices, ended
        What is known of the frames, shape ``(b, n)``, or ``(0, n)`` where nothing is known.
    bias
        Static biases, shape ``(b, n, k)``, or ``(1, n, k)`` for the same everywhere, or ``(0, n, k)`` for none.
    frames
        Zeros; written to: the outcomes, shape ``(b, n)``.
    weights, nats
        Zeros; written to: log-weight and log-likelihood of each frame, shape ``(b,)``.
    """
    count, num_notes, num_outcomes = len(frames), previous.shape[1], len(tables.states)
    num_layers, num_inputs, lines = len(tables.sizes), tables.inputs.shape[1], max(1, tables.num_voices)
    panel_width = tables.panel_width
    everyone, leading = (1 << tables.num_voices) - 1, choosing.leading[0] > 0
    for cost in choosing.leading[1:]:
        leading = leading or cost > 0
    lists, flags, numbers = (count, lines), np.bool_, np.int64
    now = Walking(
        np.zeros(lists, numbers), np.zeros(lists, numbers), np.zeros(lists, numbers), np.zeros(lists, numbers),
        np.zeros(lists, numbers), np.zeros(lists, flags), np.zeros(lists, flags), np.zeros(lists, flags),
        np.zeros(lists, flags), np.zeros((count, 12), numbers),
        np.zeros((count, lines, num_notes if len(choosing.bounds) else 0), numbers), np.zeros(count, numbers),
        np.zeros(count, numbers), np.zeros(count, numbers), np.zeros(count, numbers), np.zeros(count, numbers),
        np.zeros(count, flags),
    )  # fmt: skip
    cell = Cell(
        np.zeros(num_outcomes), np.zeros(num_outcomes), np.zeros(num_outcomes), np.zeros(num_outcomes, np.bool_)
    )
    for row in range(count):
        _begin(tables, now, row, previous, known_outcomes, known_voices, bias)
        now.follows[row] = len(echoed) > 0 and heard[rows[row]]
    widest, last = num_inputs, tables.sizes[num_layers - 1, 2] // 4
    for layer in range(num_layers):
        widest = max(widest, tables.sizes[layer, 1], tables.sizes[layer, 2])
    widest += -widest % panel_width
    x, logits = (
        np.zeros((count, widest), np.float32),
        np.zeros((count, num_outcomes + -num_outcomes % panel_width), np.float32),
    )
    gates, cells = np.zeros((count, widest), np.float32), np.zeros((num_layers, count, widest), np.float32)
    hidden = np.zeros((num_layers + 1, count, widest), np.float32)
    row_in = np.arange(count)  # the frame in each slot; those whose walk is over leave it to the last
    for place in range(num_notes):
        note = num_notes - 1 - place if tables.down else place
        for slot in range(count):
            row = row_in[slot]
            _look(tables, now, row, place)
            copy(share[rows[row], note], x[slot])
            add_inputs(tables, now, row, place, num_notes, x[slot, :num_inputs])
        run_layers(tables, x, hidden, cells, gates, count)
        for slot in range(count):
            copy(x[slot, num_inputs - num_outcomes : num_inputs], logits[slot])
        add_product(hidden[num_layers], count, tables.head, NOTHING, panel_width, last, logits, num_outcomes)
        for slot in range(count - 1, -1, -1):
            row = row_in[slot]
            gained, likely = _decide(
                tables, choosing, leading, now, cell, row, place, logits[slot], previous, randoms[row, note],
                known_outcomes, known_voices, ended, bias,
            )  # fmt: skip
            weights[row] += gained
            nats[row] += likely
            frames[row, note] = now.chosen[row]
            now.follows[row] = now.follows[row] and now.chosen[row] == echoed[rows[row], note]
            if may_stop and tables.num_voices > 0 and now.sets[row] == everyone:
                count -= 1
                row_in[slot] = row_in[count]
                for layer in range(num_layers):
                    copy(hidden[layer, count], hidden[layer, slot])
                    copy(cells[layer, count], cells[layer, slot])
        if count == 0:
            break
