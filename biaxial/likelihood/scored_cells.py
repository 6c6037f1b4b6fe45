"""What is found in the cells of a piece: by PyTorch (:mod:`.cell_nats`), or by the kernels that draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rolls = Sequence[NDArray[np.uint8]]
"""Outcomes of every piece, each of shape ``(t, n)``."""
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, eq=False)
class CellNats:
    """What a network found in the cells of one piece, notes from low to high; arrays of shape ``(t, n)``.

    Parameters
    ----------
    nats
        Negative log-probability of what each cell holds, state and voices; their sum is that of the piece.
    passed
        For each sounding cell, the nats of the silent cells that the walk passed on its way there, since the last
        sounding cell of the frame; 0 elsewhere. Already counted in ``nats``, where these cells lie.
    sounds, strikes
        Probability that the cell sounds, and that it is struck. With two cell states a sounding cell is struck where
        :meth:`biaxial.music.cells.CellAlphabet.articulated` says so.
    roll_nats
        The part of each frame's nats that is for the cell states, shape ``(t,)``; the rest is for the voices in them.
    """

    nats: NDArray[np.float64]
    passed: NDArray[np.float64]
    sounds: NDArray[np.float32]
    strikes: NDArray[np.float32]
    roll_nats: NDArray[np.float64]
