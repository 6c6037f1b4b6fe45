"""Weights as the tiles of kernels read them, by what the processor has: panels of some columns, each with all inputs.

Tiles are wide where a vector has sixteen numbers, and narrow elsewhere (:mod:`biaxial.sampling.kernels.tiles`).
Halves are pairs of bfloat16 in 32 bits.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from biaxial.sampling.kernels.tables import NARROW, WIDE, Floats, Pairs


@cache
def has_unit(name: str) -> bool:
    """Whether the processor has a unit, by LLVM's name of it."""
    from llvmlite.binding import get_host_cpu_features

    return bool(get_host_cpu_features().get(name))


def panel_width() -> int:
    """Columns of a panel on this processor."""
    return WIDE if has_unit("avx512f") else NARROW


def packed(weights: Floats) -> Floats:
    """Weights of shape ``(i, o)`` in panels, with zeros to the right: shape ``(p, i, width)``."""
    width = panel_width()
    wide = np.pad(weights, ((0, 0), (0, -weights.shape[1] % width)))
    return np.ascontiguousarray(wide.reshape(len(weights), -1, width).swapaxes(0, 1))


def packed_halves(weights: Floats) -> Pairs:
    """Weights of shape ``(i, o)`` rounded to halves, in panels: shape ``(p, (i + 1) // 2, width)``."""
    bits = packed(np.pad(weights, ((0, len(weights) % 2), (0, 0)))).view(np.uint32)
    halves = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)) >> np.uint32(16)  # to nearest, or even
    return (halves[:, ::2] | halves[:, 1::2] << np.uint32(16)).astype(np.uint32)
