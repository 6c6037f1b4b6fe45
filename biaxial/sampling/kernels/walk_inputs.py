"""The inputs of the note axis at one place of a walk, as a sum of rows of weights.

The inputs are those of :mod:`biaxial.features.note_axis`, where they are explained.
"""

from __future__ import annotations

import numba
import numpy as np

from biaxial.sampling.kernels.functions import kind, sign

_NEAREST = 24


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
def add_row(row, value, out):  # type: ignore[no-untyped-def]
    """Add a row of weights times an input."""
    for j in range(len(row)):
        out[j] += value * row[j]


@numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
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
