"""The outcome of one cell: constraints at its place of the walk, and the draw.

The rules are those of :mod:`biaxial.sampling.constraints` and :mod:`biaxial.sampling.voice_leading_rule`, where they
are explained; the static bias is that of :meth:`biaxial.sampling.reference_stepper.Stepper.step`, and the draw is what
``Stepper._decide`` does there.
"""

from __future__ import annotations

import numba
import numpy as np

from biaxial.music.constants import HOLD, SILENT
from biaxial.sampling.kernels.shared import NOTHING, exact_part, kind, sign
from biaxial.sampling.kernels.tables import CROSSING, DRAW, LEAPS, PARALLELS, PIECE, RANGE, SPACING

_NEVER = 9
_VOICES = 6


@exact_part
def charge(  # type: ignore[no-untyped-def]
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
        motion = 0 if entered else turn * sign(place - was_at[v])
        for u in range(voices):
            if u == v:
                continue
            both = not entered and was_at[u] < num_notes
            before = kind(was_at[u] - was_at[v]) if both else 0
            if placed[u]:
                its = turn * sign(at[u] - was_at[u]) if was_at[u] < num_notes else 0
                needed = before * its
                if needed != 0 and kind(at[u] - place) * motion == needed:
                    alone[v] += leading[PARALLELS]
                stays = was_at[v] == place and at[u] == was_at[u]
                if abs(at[u] - place) > choosing.widest[u, v] and not stays:
                    alone[v] += leading[SPACING]
            wanted = sign(v - u)
            if both and wanted * turn * sign(was_at[v] - was_at[u]) > 0:
                wanted = _NEVER
            side = 0
            if to_come[u]:
                side = 1 if tables.down else -1
            elif fixed[u]:
                side = turn * sign(place - at[u])
            if side == wanted:
                alone[v] += leading[CROSSING]
                if not fixed[u] and (u < v) == tables.down:
                    together[min(u, v), max(u, v)] -= leading[CROSSING]
            if u > v and not fixed[u] and before == 1 and motion * turn * sign(place - was_at[u]) > 0:
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
            strikes = tables.num_states == 3 and tables.states[k] != HOLD
            for v in range(voices):
                if tables.voices[k] >> v & 1:
                    bias[k] -= alone[v]
                    if strikes:
                        bias[k] -= struck[v]
                    for u in range(v + 1, voices):
                        if tables.voices[k] >> u & 1:
                            bias[k] -= together[v, u]


@numba.njit(inline="always")
def static(tables, bias, known_voices, row, note, k):  # type: ignore[no-untyped-def]
    """The static bias of an outcome, without what is known of it."""
    if len(bias) == 0:
        return 0.0
    if len(known_voices) > 0 and known_voices[row, note] != 0:
        rest = tables.without[known_voices[row, note], k] if tables.num_voices else 0
        return 0.0 if tables.states[k] != SILENT and rest == SILENT else bias[row % len(bias), note, rest]
    return bias[row % len(bias), note, k]


@exact_part
def find_room(  # type: ignore[no-untyped-def]
    tables, row, previous, known_outcomes, known_voices, bias, room
):
    """Find how many cells after each place could take each voice (a note, where there are none), shape ``(v, n)``."""
    num_notes, lines = previous.shape[1], max(1, tables.num_voices)
    is_known, is_biased = len(known_outcomes) > 0, len(bias) > 0
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
                    if static(tables, bias, known_voices, row, note, k) == -np.inf:
                        continue
                    before = previous[row, note]
                    sounded = tables.voices[before] >> v & 1 if tables.num_voices else before != 0
                    if tables.states[k] == tables.num_states - 1 or (tables.states[k] == HOLD and sounded):
                        can = True
            found += can


@exact_part
def forbid(  # type: ignore[no-untyped-def]
    tables, bounds, place, drawn, ahead, given, reachable, room, possible, bias
):
    """Forbid what breaks the polyphony, or leaves no way to reach it: :class:`~..constraints.Polyphony`."""
    lines = max(1, tables.num_voices)
    for k in range(len(possible)):
        if not possible[k]:
            continue
        most, least = 0, 0
        for v in range(lines):
            takes = tables.voices[k] >> v & 1 if tables.num_voices else tables.states[k] != SILENT
            after = drawn[v] + takes
            most += after + ahead[v]
            if tables.num_voices:
                least += after + (after == 0 and (room[v, place] > 0 or ahead[v] > 0))
            else:
                least += after + room[v, place]
        for r in range(len(bounds)):
            if most > max(bounds[r, 1], given) or least < min(bounds[r, 0], reachable):
                bias[k] = -np.inf


IMPOSSIBLE = -1e9
"""As in :mod:`biaxial.models.layers`."""


@exact_part
def normalise(values, count):  # type: ignore[no-untyped-def]
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


@exact_part
def choose(choosing, log_p, bias, possible, random):  # type: ignore[no-untyped-def]
    """Draw an outcome; returns it with its log-weight."""
    count, best, highest = NOTHING, -1, -np.inf
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
        return (SILENT if possible[SILENT] else max(best, 0)), -np.inf
    tempered, before = np.empty(len(possible)), np.empty(len(possible))
    for i in range(count):
        k = index[i]
        tempered[i] = (log_p[k] + bias[k]) / choosing.temperature + choosing.shift[k]
    normalise(tempered, count)
    if choosing.min_p > 0:
        cut, top, kept = np.log(choosing.min_p), tempered[0], 0
        for i in range(1, count):
            top = max(top, tempered[i])
        for i in range(count):
            if tempered[i] >= cut or tempered[i] == top:
                index[kept], tempered[kept] = index[i], tempered[i]
                kept += 1
        count = kept
        normalise(tempered, count)
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
        target = own - normalise(before, count) + bias[k]
    return k, target - tempered[chosen]
