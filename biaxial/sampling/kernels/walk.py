"""The walk over the notes of a frame as one compiled loop: inputs, LSTM, constraints and draw of every cell.

The same decisions as :meth:`biaxial.sampling.reference_stepper.Stepper._walk`. What is different is the arithmetic:
inputs, those of :mod:`biaxial.features.note_axis`, are sums of rows of the weight matrix, and all that belongs to the
time axis has been multiplied beforehand. The network works in float32, all else in float64. Letters and arrays are
those of :mod:`biaxial.sampling.kernels.tables`.
"""

from __future__ import annotations

import numpy as np

from biaxial.sampling.kernels.outcomes import IMPOSSIBLE, charge, choose, forbid, normalise, room_after, static
from biaxial.sampling.kernels.shared import NOTHING, fast_part, kernel, kind, sigmoid, sign, tanh

_NEAREST = 24
_LEAP = 12


@fast_part
def add_row(row, value, out):  # type: ignore[no-untyped-def]
    """Add a row of weights times an input."""
    for j in range(len(row)):
        out[j] += value * row[j]


@fast_part
def add_inputs(  # type: ignore[no-untyped-def]
    tables, place, num_notes, chosen, last, counts, at, was_at, placed, to_come, out
):
    """Add the share of everything that the note axis sees at a place."""
    weights, voices = tables.inputs, tables.num_voices
    turn = -1 if tables.down else 1
    pitch = tables.low_pitch + (num_notes - 1 - place if tables.down else place)
    for p in range(tables.planes.shape[1]):
        if tables.planes[chosen, p] != 0:
            add_row(weights[tables.chosen_before + p], np.float32(1), out)
    if tables.running_chord >= 0:
        for i in range(12):
            count = counts[(pitch + i) % 12]
            if count != 0:
                add_row(weights[tables.running_chord + i], np.float32(count), out)
        distance = min(place - last, _NEAREST) if last >= 0 else 0
        add_row(weights[tables.running_chord + 12 + distance], np.float32(1), out)
    clashes = False
    if tables.dissonance >= 0:
        for u in range(voices):
            size = abs(at[u] - place) % 12
            clashes = clashes or (placed[u] and 0 < min(size, 12 - size) < 3)
    for v in range(voices):
        if tables.to_come >= 0 and to_come[v]:
            add_row(weights[tables.to_come + v], np.float32(1), out)
        if tables.voice_intervals >= 0 and placed[v]:
            base = tables.voice_intervals + 18 * v
            interval = turn * (at[v] - place)
            add_row(weights[base + abs(interval) % 12], np.float32(1), out)
            add_row(weights[base + 12], np.float32(interval) / np.float32(12), out)
            if was_at[v] == num_notes:
                add_row(weights[base + 13], np.float32(1), out)
            else:
                motion = turn * (at[v] - was_at[v])
                add_row(weights[base + 15 + sign(motion)], np.float32(1), out)
                add_row(weights[base + 17], np.float32(motion) / np.float32(12), out)
        if tables.parallels >= 0 and to_come[v] and was_at[v] < num_notes:
            made = 0
            for u in range(voices):
                if placed[u] and was_at[u] < num_notes:
                    similar = sign(at[u] - was_at[u]) * sign(place - was_at[v]) > 0
                    size = abs(at[u] - place) % 12
                    if similar and size == abs(was_at[u] - was_at[v]) % 12:
                        made |= kind(size)
            if made & 2:
                add_row(weights[tables.parallels + v], np.float32(1), out)
            if made & 1:
                add_row(weights[tables.parallels + voices + v], np.float32(1), out)
        if clashes and to_come[v] and was_at[v] < num_notes:
            size = abs(place - was_at[v])
            reached = 0 if size == 0 else 1 if size <= 2 else 2  # it stays, steps or leaps
            add_row(weights[tables.dissonance + reached * voices + v], np.float32(1), out)
    if tables.next_voice >= 0:
        for i in range(voices):
            v = i if tables.down else voices - 1 - i
            if to_come[v]:
                if was_at[v] < num_notes:
                    leap = turn * (place - was_at[v])
                    near = max(-_LEAP, min(leap, _LEAP)) + _LEAP
                    add_row(weights[tables.next_voice + near], np.float32(1), out)
                    add_row(weights[tables.next_voice + 2 * _LEAP + 1], np.float32(leap) / np.float32(12), out)
                    add_row(weights[tables.next_voice + 2 * _LEAP + 2], np.float32(1), out)
                break


_UNROLLED = 8


@fast_part
def add_product(x, weights, out):  # type: ignore[no-untyped-def]
    """Add ``x @ weights`` to ``out``; as many inputs as a multiple of eight."""
    for i in range(0, weights.shape[0], _UNROLLED):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        e, f, g, h = x[i + 4], x[i + 5], x[i + 6], x[i + 7]
        for j in range(weights.shape[1]):
            first = (a * weights[i, j] + b * weights[i + 1, j]) + (c * weights[i + 2, j] + d * weights[i + 3, j])
            second = (e * weights[i + 4, j] + f * weights[i + 5, j]) + (g * weights[i + 6, j] + h * weights[i + 7, j])
            out[j] += first + second


@fast_part
def lstm_cells(gates, cell, hidden):  # type: ignore[no-untyped-def]
    """One step of the cells of one layer, in place."""
    units = len(cell)
    for j in range(units):
        enter = sigmoid(gates[j]) * tanh(gates[2 * units + j])
        cell[j] = sigmoid(gates[units + j]) * cell[j] + enter
        hidden[j] = sigmoid(gates[3 * units + j]) * tanh(cell[j])


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
        Written to: the outcomes, shape ``(b, n)``.
    weights, nats
        Written to: log-weight and log-likelihood of each frame, shape ``(b,)``.
    """
    num_notes, num_outcomes, voices = previous.shape[1], len(tables.states), tables.num_voices
    is_known = len(known_outcomes) > 0
    everyone = (1 << voices) - 1
    num_layers, num_inputs = len(tables.sizes), tables.inputs.shape[1]
    widest = max(num_inputs, tables.head.shape[0])
    for layer in range(num_layers):
        widest = max(widest, tables.sizes[layer, 1], tables.sizes[layer, 2])
    leading = False
    for weight in choosing.leading:
        leading = leading or weight > 0
    x, gates = np.zeros(num_inputs, np.float32), np.zeros(widest, np.float32)
    log_p, biases = np.zeros(num_outcomes), np.zeros(num_outcomes)
    possible = np.zeros(num_outcomes, np.bool_)
    values = np.zeros(num_outcomes)
    lines = max(1, voices)
    at, was_at, known_at = np.zeros(lines, np.int64), np.zeros(lines, np.int64), np.zeros(lines, np.int64)
    fixed, decided = np.zeros(lines, np.bool_), np.zeros(lines, np.bool_)
    placed, to_come = np.zeros(lines, np.bool_), np.zeros(lines, np.bool_)
    drawn, ahead = np.zeros(lines, np.int64), np.zeros(lines, np.int64)
    for row in range(len(frames)):
        before = previous[row]
        hidden, cells = np.zeros((num_layers + 1, widest), np.float32), np.zeros((num_layers, widest), np.float32)
        counts = np.zeros(12, np.int64)
        for v in range(lines):
            at[v], was_at[v], known_at[v] = num_notes, num_notes, num_notes
            fixed[v], decided[v], drawn[v], ahead[v] = False, is_known, 0, 0
        given = NOTHING
        for place in range(num_notes):
            note = num_notes - 1 - place if tables.down else place
            for v in range(voices):
                if tables.voices[before[note]] >> v & 1:
                    was_at[v] = min(was_at[v], place)
            if is_known:
                outcome = known_outcomes[row, note]
                if outcome != 0:
                    counts[(tables.low_pitch + note) % 12] += 1
                for v in range(lines):
                    sounds = tables.voices[outcome] >> v & 1 if voices else outcome != 0
                    if sounds:
                        ahead[v] += 1
                        given += 1
                        if voices:
                            known_at[v], fixed[v] = min(known_at[v], place), True
                    if not known_voices[row, note] >> v & 1:
                        decided[v] = False
        reachable = num_notes
        if voices and is_known:
            reachable = voices
            for v in range(voices):
                if decided[v] and not fixed[v]:
                    reachable -= 1
        room = np.zeros((lines, 0), np.int64)
        if len(choosing.bounds):
            room = room_after(tables, row, previous, known_outcomes, known_voices, bias)
        chosen, last, sets = NOTHING, NOTHING - 1, 0
        follows = len(echoed) > 0 and heard[rows[row]]
        weight, total = 0.0, 0.0
        for place in range(num_notes):
            note = num_notes - 1 - place if tables.down else place
            for v in range(voices):
                where = known_at[v] if fixed[v] else at[v]
                at[v] = where
                placed[v] = where < place or fixed[v]
                to_come[v] = not placed[v] and not decided[v]
            for j in range(num_inputs):
                x[j] = share[rows[row], note, j]
            add_inputs(tables, place, num_notes, chosen, last, counts, at, was_at, placed, to_come, x)
            if follows:
                add_row(tables.inputs[tables.followed], np.float32(1), x)
            for layer in range(num_layers):
                start, rows_of, width = tables.sizes[layer]
                end = start + rows_of * width
                units, first = width // 4, 0
                if layer > 0:
                    first = tables.sizes[layer - 1, 2] // 4
                for j in range(width):
                    gates[j] = x[j] if layer == 0 else tables.layers[end + j]
                add_product(hidden[layer], tables.layers[start:end].reshape(rows_of, width), gates)
                lstm_cells(gates, cells[layer, :units], hidden[layer, first : first + units])
                for j in range(units):
                    hidden[layer + 1, j] = hidden[layer, first + j]
            logits = x[num_inputs - num_outcomes :]
            add_product(hidden[num_layers], tables.head, logits)
            free = everyone & ~sets
            count = NOTHING
            for k in range(num_outcomes):
                possible[k] = tables.may_follow[before[note], k] and tables.fits[free, k]
                if is_known and possible[k]:
                    possible[k] = tables.agrees[known_voices[row, note], known_outcomes[row, note], k]
                    if tables.held_voices[k] & ended[row, note]:
                        possible[k] = False
                log_p[k] = IMPOSSIBLE
                biases[k] = static(tables, bias, known_voices, row, note, k)
                if possible[k]:
                    values[count] = logits[k]
                    count += 1
            shift = normalise(values, count) if count else 0.0
            for k in range(num_outcomes):
                if possible[k]:
                    log_p[k] = logits[k] - shift
            if is_known and known_outcomes[row, note] != 0:
                counts[(tables.low_pitch + note) % 12] -= 1
                for v in range(lines):
                    ahead[v] -= tables.voices[known_outcomes[row, note]] >> v & 1 if voices else 1
            everything_known = is_known and known_voices[row, note] == (1 << lines) - 1
            if everything_known:
                chosen = int(known_outcomes[row, note])
            else:
                if leading:
                    charge(tables, choosing, place, num_notes, at, was_at, fixed, placed, to_come, possible, biases)
                if len(choosing.bounds):
                    forbid(tables, choosing.bounds, place, drawn, ahead, given, reachable, room, possible, biases)
                chosen, gained = choose(choosing, log_p, biases, possible, randoms[row, note])
                weight += gained
            total += log_p[chosen]
            frames[row, note] = chosen
            follows = follows and chosen == echoed[rows[row], note]
            if chosen != 0:
                last = place
                counts[(tables.low_pitch + note) % 12] += 1
                for v in range(lines):
                    if voices and tables.voices[chosen] >> v & 1:
                        sets |= 1 << v
                        drawn[v] += 1
                        if not fixed[v]:
                            at[v] = min(at[v], place)
                if not voices:
                    drawn[0] += 1
            if may_stop and voices > 0 and sets == everyone:
                for rest in range(place + 1, num_notes):
                    frames[row, num_notes - 1 - rest if tables.down else rest] = 0
                break
        weights[row], nats[row] = weight, total
