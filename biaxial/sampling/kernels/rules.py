"""Constraints at one place of a walk.

The rules are those of :mod:`biaxial.sampling.constraints` and :mod:`biaxial.sampling.voice_leading_rule`, where they
are explained; the static bias is that of :meth:`biaxial.sampling.reference_stepper.Stepper.step`.
"""

from __future__ import annotations

import numba
import numpy as np

from biaxial.music.constants import HOLD, SILENT
from biaxial.sampling.kernels.functions import kind, sign
from biaxial.sampling.kernels.tables import CROSSING, LEAPS, PARALLELS, RANGE, SPACING

_NEVER = 9
_VOICES = 6


@numba.njit(error_model="numpy", nogil=True)
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


@numba.njit(error_model="numpy", nogil=True)
def room_after(  # type: ignore[no-untyped-def]
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
                    if static(tables, bias, known_voices, row, note, k) == -np.inf:
                        continue
                    before = previous[row, note]
                    sounded = tables.voices[before] >> v & 1 if tables.num_voices else before != 0
                    if tables.states[k] == tables.num_states - 1 or (tables.states[k] == HOLD and sounded):
                        can = True
            found += can
    return room


@numba.njit(error_model="numpy", nogil=True)
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
