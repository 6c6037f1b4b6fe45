"""The draw of one cell's outcome: what ``Stepper._decide`` of the reference does."""

from __future__ import annotations

import numba
import numpy as np

from biaxial.music.constants import SILENT
from biaxial.sampling.kernels.tables import DRAW, PIECE

IMPOSSIBLE = -1e9
"""As in :mod:`biaxial.models.layers`."""


@numba.njit(error_model="numpy", nogil=True)
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


@numba.njit(error_model="numpy", nogil=True)
def choose(choosing, log_p, bias, possible, random):  # type: ignore[no-untyped-def]
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
