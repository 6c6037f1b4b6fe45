"""The walk over the notes of a frame as one compiled loop: inputs, LSTM, constraints and draw of every cell.

The same decisions as :meth:`biaxial.sampling.stepper.Stepper._walk`, cell by cell; the inputs are those of
:mod:`biaxial.features.note_axis` and the rules those of :mod:`biaxial.sampling.constraints` and
:mod:`biaxial.sampling.voice_leading`, where they are explained. What is different is the arithmetic: inputs are sums of
rows of the weight matrix, and all that belongs to the time axis has been multiplied beforehand.

Arrays are contiguous. ``n`` counts notes from low to high, a ``place`` counts them in the order of the walk; ``k`` is an
outcome, ``v`` and ``u`` are voices; ``w`` is the axis of everything that an input is multiplied with: the gates of the
first layer and, where the last layer sees the inputs, its logits. The network works in float32, all else in float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from biaxial.sampling.kernels.functions import sigmoid, tanh

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]

IMPOSSIBLE = -1e9
"""As in :mod:`biaxial.models.biaxial`."""

MODEL, DRAW, PIECE = range(3)
"""Targets of a proposal."""

PARALLELS, CROSSING, SPACING, LEAPS, RANGE = range(5)
"""Weights of voice leading."""

_SILENT, _HOLD = 0, 1
_NEVER = 9
_NEAREST = 24
_UNROLLED = 8
_VOICES = 6


class WalkTables(NamedTuple):
    """A network's note axis and its alphabet.

    Attributes
    ----------
    inputs
        Weights of the inputs, shape ``(f, w)``; the attributes that follow say where a group begins, -1 for none.
    layers, sizes
        Weights of all layers one after another, and for each layer where they begin, how many rows they have, and how
        many gates. Each layer's are of shape ``(h, g)``: for the output of the layer before (but in the first), then
        for its own hidden state, rows of zeros up to a multiple of eight, and last its biases (but in the first, where
        they are part of the time axis's share).
    head
        Weights of the last layer for the hidden state, shape ``(h, k)``.
    states, voices
        State and voice set of each outcome, shape ``(k,)``.
    planes
        What each outcome shows to the next cell, shape ``(k, p)``.
    may_follow, fits, agrees, without, held_voices
        As in :class:`biaxial.cells.CellAlphabet`.
    """

    inputs: Floats
    chosen_before: int
    running_chord: int
    to_come: int
    voice_intervals: int
    parallels: int
    layers: Floats
    sizes: NDArray[np.int64]
    head: Floats
    states: NDArray[np.int8]
    voices: Bytes
    planes: Floats
    may_follow: NDArray[np.bool_]
    fits: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    without: Bytes
    held_voices: Bytes
    num_states: int
    num_voices: int
    low_pitch: int
    down: bool


class Choosing(NamedTuple):
    """How outcomes are chosen: the proposal and the constraints.

    Attributes
    ----------
    temperature, min_p, target
        Of the proposal; ``target`` is one of :data:`MODEL`, :data:`DRAW`, :data:`PIECE`.
    shift
        Density biases of each outcome, shape ``(k,)``.
    bounds
        Least and most voices of each rule of polyphony, shape ``(r, 2)``.
    leading
        Weights of voice leading, shape ``(5,)``; all zero for none.
    outside
        Whether a note is outside the usual range of a voice, shape ``(v, n)``.
    widest
        Widest distance of two voices, shape ``(v, v)``.
    """

    temperature: float
    min_p: float
    target: int
    shift: Doubles
    bounds: NDArray[np.int64]
    leading: Doubles
    outside: NDArray[np.bool_]
    widest: NDArray[np.int64]


@numba.njit(inline="always")
def _sign(x):  # type: ignore[no-untyped-def]
    return (x > 0) - (x < 0)


@numba.njit(inline="always")
def _kind(semitones):  # type: ignore[no-untyped-def]
    """Of an interval: 1 unison or octave, 2 fifth, else 0."""
    size = abs(semitones) % 12
    return (size == 0) + 2 * (size == 7)


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
def _add_product(x, weights, out):  # type: ignore[no-untyped-def]
    """Add ``x @ weights`` to ``out``; as many inputs as a multiple of eight."""
    for i in range(0, weights.shape[0], _UNROLLED):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        e, f, g, h = x[i + 4], x[i + 5], x[i + 6], x[i + 7]
        for j in range(weights.shape[1]):
            first = (a * weights[i, j] + b * weights[i + 1, j]) + (c * weights[i + 2, j] + d * weights[i + 3, j])
            second = (e * weights[i + 4, j] + f * weights[i + 5, j]) + (g * weights[i + 6, j] + h * weights[i + 7, j])
            out[j] += first + second


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
def _add_row(row, value, out):  # type: ignore[no-untyped-def]
    for j in range(len(row)):
        out[j] += value * row[j]


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
def _lstm_cells(gates, cell, hidden):  # type: ignore[no-untyped-def]
    """One step of the cells of one layer, in place."""
    units = len(cell)
    for j in range(units):
        enter = sigmoid(gates[j]) * tanh(gates[2 * units + j])
        cell[j] = sigmoid(gates[units + j]) * cell[j] + enter
        hidden[j] = sigmoid(gates[3 * units + j]) * tanh(cell[j])


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
def _add_inputs(  # type: ignore[no-untyped-def]
    tables, place, num_notes, chosen, last, counts, at, was_at, placed, to_come, out
):
    """Add the share of everything that the note axis sees at a place."""
    weights, voices = tables.inputs, tables.num_voices
    turn = -1 if tables.down else 1
    pitch = tables.low_pitch + (num_notes - 1 - place if tables.down else place)
    for p in range(tables.planes.shape[1]):
        if tables.planes[chosen, p] != 0:
            _add_row(weights[tables.chosen_before + p], np.float32(1), out)
    if tables.running_chord >= 0:
        for i in range(12):
            count = counts[(pitch + i) % 12]
            if count != 0:
                _add_row(weights[tables.running_chord + i], np.float32(count), out)
        distance = min(place - last, _NEAREST) if last >= 0 else 0
        _add_row(weights[tables.running_chord + 12 + distance], np.float32(1), out)
    for v in range(voices):
        if tables.to_come >= 0 and to_come[v]:
            _add_row(weights[tables.to_come + v], np.float32(1), out)
        if tables.voice_intervals >= 0 and placed[v]:
            base = tables.voice_intervals + 18 * v
            interval = turn * (at[v] - place)
            _add_row(weights[base + abs(interval) % 12], np.float32(1), out)
            _add_row(weights[base + 12], np.float32(interval) / np.float32(12), out)
            if was_at[v] == num_notes:
                _add_row(weights[base + 13], np.float32(1), out)
            else:
                motion = turn * (at[v] - was_at[v])
                _add_row(weights[base + 15 + _sign(motion)], np.float32(1), out)
                _add_row(weights[base + 17], np.float32(motion) / np.float32(12), out)
        if tables.parallels >= 0 and to_come[v] and was_at[v] < num_notes:
            made = 0
            for u in range(voices):
                if placed[u] and was_at[u] < num_notes:
                    similar = _sign(at[u] - was_at[u]) * _sign(place - was_at[v]) > 0
                    size = abs(at[u] - place) % 12
                    if similar and size == abs(was_at[u] - was_at[v]) % 12:
                        made |= _kind(size)
            if made & 2:
                _add_row(weights[tables.parallels + v], np.float32(1), out)
            if made & 1:
                _add_row(weights[tables.parallels + voices + v], np.float32(1), out)


@numba.njit(error_model="numpy", nogil=True)
def _charge(  # type: ignore[no-untyped-def]
    tables, choosing, place, num_notes, at, was_at, fixed, placed, to_come, possible, bias
):
    """Take what voice leading charges off the biases of outcomes: :class:`~..voice_leading.VoiceLeadingRule`."""
    leading, voices = choosing.leading, tables.num_voices
    turn = -1 if tables.down else 1
    note = num_notes - 1 - place if tables.down else place
    alone, struck = np.zeros(_VOICES), np.zeros(_VOICES)
    together = np.zeros((_VOICES, _VOICES))
    for v in range(voices):
        if fixed[v]:
            continue
        entered = was_at[v] == num_notes
        motion = 0 if entered else turn * _sign(place - was_at[v])
        for u in range(voices):
            if u == v:
                continue
            both = not entered and was_at[u] < num_notes
            before = _kind(was_at[u] - was_at[v]) if both else 0
            if placed[u]:
                its = turn * _sign(at[u] - was_at[u]) if was_at[u] < num_notes else 0
                needed = before * its
                if needed != 0 and _kind(at[u] - place) * motion == needed:
                    alone[v] += leading[PARALLELS]
                stays = was_at[v] == place and at[u] == was_at[u]
                if abs(at[u] - place) > choosing.widest[u, v] and not stays:
                    alone[v] += leading[SPACING]
            wanted = _sign(v - u)
            if both and wanted * turn * _sign(was_at[v] - was_at[u]) > 0:
                wanted = _NEVER
            side = 0
            if to_come[u]:
                side = 1 if tables.down else -1
            elif fixed[u]:
                side = turn * _sign(place - at[u])
            if side == wanted:
                alone[v] += leading[CROSSING]
                if not fixed[u] and (u < v) == tables.down:
                    together[min(u, v), max(u, v)] -= leading[CROSSING]
            if u > v and not fixed[u] and before == 1 and motion * turn * _sign(place - was_at[u]) > 0:
                together[v, u] += leading[PARALLELS]
        leap = 0 if entered else abs(place - was_at[v])
        if leap == 10 or leap == 11 or leap > 12:
            alone[v] += leading[LEAPS]
        if choosing.outside[v, note]:
            if tables.num_states == 3:
                struck[v] += leading[RANGE]
            elif was_at[v] != place:
                alone[v] += leading[RANGE]
    for k in range(1, len(possible)):
        if possible[k]:
            strikes = tables.num_states == 3 and tables.states[k] != _HOLD
            for v in range(voices):
                if tables.voices[k] >> v & 1:
                    bias[k] -= alone[v]
                    if strikes:
                        bias[k] -= struck[v]
                    for u in range(v + 1, voices):
                        if tables.voices[k] >> u & 1:
                            bias[k] -= together[v, u]


@numba.njit(inline="always")
def _static(tables, bias, known_voices, row, note, k):  # type: ignore[no-untyped-def]
    """The static bias of an outcome, without what is known of it."""
    if len(bias) == 0:
        return 0.0
    if len(known_voices) > 0 and known_voices[row, note] != 0:
        rest = tables.without[known_voices[row, note], k] if tables.num_voices else 0
        return 0.0 if tables.states[k] != _SILENT and rest == _SILENT else bias[row % len(bias), note, rest]
    return bias[row % len(bias), note, k]


@numba.njit(error_model="numpy", nogil=True)
def _room(  # type: ignore[no-untyped-def]
    tables, row, previous, known_outcomes, known_voices, bias
):
    """How many cells after each place could take each voice (a note, where there are none), shape ``(v, n)``."""
    num_notes, lines = previous.shape[1], max(1, tables.num_voices)
    is_known, is_biased = len(known_outcomes) > 0, len(bias) > 0
    room = np.zeros((lines, num_notes), np.int64)
    for v in range(lines):
        found = 0
        for place in range(num_notes - 1, -1, -1):
            note = num_notes - 1 - place if tables.down else place
            room[v, place] = found
            can = not (is_known or is_biased)
            if not can:
                for k in range(1, len(tables.states)):
                    if tables.num_voices and tables.voices[k] != 1 << v:
                        continue
                    if is_known and not tables.agrees[known_voices[row, note], known_outcomes[row, note], k]:
                        continue
                    if _static(tables, bias, known_voices, row, note, k) == -np.inf:
                        continue
                    before = previous[row, note]
                    sounded = tables.voices[before] >> v & 1 if tables.num_voices else before != 0
                    if tables.states[k] == tables.num_states - 1 or (tables.states[k] == _HOLD and sounded):
                        can = True
            found += can
    return room


@numba.njit(error_model="numpy", nogil=True)
def _forbid(  # type: ignore[no-untyped-def]
    tables, bounds, place, drawn, ahead, given, reachable, room, possible, bias
):
    """Forbid what breaks the polyphony, or leaves no way to reach it: :class:`~..constraints.Polyphony`."""
    lines = max(1, tables.num_voices)
    for k in range(len(possible)):
        if not possible[k]:
            continue
        most, least = 0, 0
        for v in range(lines):
            takes = tables.voices[k] >> v & 1 if tables.num_voices else tables.states[k] != _SILENT
            after = drawn[v] + takes
            most += after + ahead[v]
            if tables.num_voices:
                least += after + (after == 0 and (room[v, place] > 0 or ahead[v] > 0))
            else:
                least += after + room[v, place]
        for r in range(len(bounds)):
            if most > max(bounds[r, 1], given) or least < min(bounds[r, 0], reachable):
                bias[k] = -np.inf


@numba.njit(error_model="numpy", nogil=True)
def _normalise(values, count):  # type: ignore[no-untyped-def]
    """Take the logarithm of the sum of their exponentials off the first values; returns it."""
    top = values[0]
    for i in range(1, count):
        top = max(top, values[i])
    total = 0.0
    for i in range(count):
        total += np.exp(values[i] - top)
    shift = top + np.log(total)
    for i in range(count):
        values[i] -= shift
    return shift


@numba.njit(error_model="numpy", nogil=True)
def _choose(choosing, log_p, bias, possible, random):  # type: ignore[no-untyped-def]
    """Draw an outcome; returns it with its log-weight."""
    count, best, highest = 0, -1, -np.inf
    index = np.empty(len(possible), np.int64)
    for k in range(len(possible)):
        if possible[k]:
            if best < 0 or log_p[k] > log_p[best]:
                best = k
            if bias[k] > -np.inf:
                index[count] = k
                count += 1
                highest = max(highest, log_p[k] + bias[k])
    if highest < IMPOSSIBLE / 2:  # nothing is allowed
        return (_SILENT if possible[_SILENT] else max(best, 0)), -np.inf
    tempered, before = np.empty(len(possible)), np.empty(len(possible))
    for i in range(count):
        k = index[i]
        tempered[i] = (log_p[k] + bias[k]) / choosing.temperature + choosing.shift[k]
    _normalise(tempered, count)
    if choosing.min_p > 0:
        cut, top, kept = np.log(choosing.min_p), tempered[0], 0
        for i in range(1, count):
            top = max(top, tempered[i])
        for i in range(count):
            if tempered[i] >= cut or tempered[i] == top:
                index[kept], tempered[kept] = index[i], tempered[i]
                kept += 1
        count = kept
        _normalise(tempered, count)
    total = 0.0
    for i in range(count):
        before[i] = total
        total += np.exp(tempered[i])
    point, chosen = random * total, count - 1
    for i in range(1, count):
        if before[i] > point:
            chosen = i - 1
            break
    k = index[chosen]
    target = log_p[k] + bias[k]
    if choosing.target == PIECE:
        target = target / choosing.temperature + choosing.shift[k]
    elif choosing.target == DRAW:
        if choosing.min_p == 0:  # all that is possible, else all that is left
            count = 0
            for other in range(len(possible)):
                if possible[other]:
                    index[count] = other
                    count += 1
        for i in range(count):
            before[i] = log_p[index[i]] / choosing.temperature + choosing.shift[index[i]]
        own = log_p[k] / choosing.temperature + choosing.shift[k]
        target = own - _normalise(before, count) + bias[k]
    return k, target - tempered[chosen]


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True, cache=True)
def walk(  # type: ignore[no-untyped-def]
    tables, choosing, share, rows, previous, randoms, known_outcomes, known_voices, ended, bias, may_stop,
    frames, weights, nats,
):  # fmt: skip
    """Draw frames.

    Parameters
    ----------
    tables, choosing
        :class:`WalkTables` and :class:`Choosing`.
    share
        The time axis's share, with the biases of the first layer and of the last, shape ``(r, n, w)``.
    rows
        Which row of ``share`` belongs to each frame, shape ``(b,)``.
    previous
        The frames before, shape ``(b, n)``.
    randoms
        Uniform numbers, shape ``(b, n)``.
    known_outcomes, known_voices, ended
        What is known of the frames, shape ``(b, n)``, or ``(0, n)`` where nothing is known.
    bias
        Static biases, shape ``(b, n, k)``, or ``(1, n, k)`` for the same everywhere, or ``(0, n, k)`` for none.
    may_stop
        Whether silence is certain once all voices are placed.
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
        given = 0
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
            room = _room(tables, row, previous, known_outcomes, known_voices, bias)
        chosen, last, sets = np.int64(0), np.int64(-1), np.int64(0)
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
            _add_inputs(tables, place, num_notes, chosen, last, counts, at, was_at, placed, to_come, x)
            for layer in range(num_layers):
                start, rows_of, width = tables.sizes[layer]
                end = start + rows_of * width
                units, first = width // 4, 0
                if layer > 0:
                    first = tables.sizes[layer - 1, 2] // 4
                for j in range(width):
                    gates[j] = x[j] if layer == 0 else tables.layers[end + j]
                _add_product(hidden[layer], tables.layers[start:end].reshape(rows_of, width), gates)
                _lstm_cells(gates, cells[layer, :units], hidden[layer, first : first + units])
                for j in range(units):
                    hidden[layer + 1, j] = hidden[layer, first + j]
            logits = x[num_inputs - num_outcomes :]
            _add_product(hidden[num_layers], tables.head, logits)
            free = everyone & ~sets
            count = 0
            for k in range(num_outcomes):
                possible[k] = tables.may_follow[before[note], k] and tables.fits[free, k]
                if is_known and possible[k]:
                    possible[k] = tables.agrees[known_voices[row, note], known_outcomes[row, note], k]
                    if tables.held_voices[k] & ended[row, note]:
                        possible[k] = False
                log_p[k] = IMPOSSIBLE
                biases[k] = _static(tables, bias, known_voices, row, note, k)
                if possible[k]:
                    values[count] = logits[k]
                    count += 1
            shift = _normalise(values, count) if count else 0.0
            for k in range(num_outcomes):
                if possible[k]:
                    log_p[k] = logits[k] - shift
            if is_known and known_outcomes[row, note] != 0:
                counts[(tables.low_pitch + note) % 12] -= 1
                for v in range(lines):
                    ahead[v] -= tables.voices[known_outcomes[row, note]] >> v & 1 if voices else 1
            everything_known = is_known and known_voices[row, note] == (1 << lines) - 1
            if everything_known:
                chosen = np.int64(known_outcomes[row, note])
            else:
                if leading:
                    _charge(
                        tables, choosing, place, num_notes, at, was_at, fixed, placed, to_come, possible, biases
                    )
                if len(choosing.bounds):
                    _forbid(tables, choosing.bounds, place, drawn, ahead, given, reachable, room, possible, biases)
                chosen, gained = _choose(choosing, log_p, biases, possible, randoms[row, note])
                weight += gained
            total += log_p[chosen]
            frames[row, note] = chosen
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
