"""What the note axis sees at a place, those of :mod:`biaxial.features.note_axis`, as sums of rows of its weights."""

from __future__ import annotations

import numpy as np

from biaxial.sampling.kernels.shared import fast_part, kind, sign

_NEAREST = 24
_LEAP = 12


@fast_part
def add_row(row, value, out):  # type: ignore[no-untyped-def]
    """Add a row of weights times an input."""
    for j in range(len(row)):
        out[j] += value * row[j]


@fast_part
def add_inputs(tables, now, row, place, num_notes, out):  # type: ignore[no-untyped-def]
    """Add the share of everything that the note axis of a frame sees at a place."""
    weights, voices = tables.inputs, tables.num_voices
    chosen, last, counts = now.chosen[row], now.last[row], now.counts[row]
    at, was_at, placed, to_come = now.at[row], now.was_at[row], now.placed[row], now.to_come[row]
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
    if now.follows[row]:
        add_row(weights[tables.followed], np.float32(1), out)
