"""Counter-based random numbers: what is drawn at a place depends on the place and the seed, on nothing else.

Philox (Salmon et al. 2011) with the key (seed, slot) and the counter (step, note): the same numbers for any batch size
and in any order. Piece ``i`` of a batch has seed ``seed + i``; a slot is a particle of one piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = 2**64
_RESAMPLING = 2**33
_LEVELS = 2**34


def uniforms(
    seeds: Sequence[int], step: int, num_notes: int, slots: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) for one frame of each piece.

    Parameters
    ----------
    seeds
        Seed of each piece.
    step
        Step of the frame.
    num_notes
        Size of the note axis.
    slots
        Slot of each piece, which tells particles and alternatives of one seed apart; 0 by default.

    Returns
    -------
    float64, shape ``(b, n)``; number ``n`` belongs to note index ``n``.
    """
    rows = []
    for seed, slot in zip(seeds, slots or [0] * len(seeds), strict=True):
        bits = np.random.Philox(key=[seed % _WORD, slot], counter=[0, 0, step, 0])
        rows.append(np.random.Generator(bits).random(num_notes))
    return np.stack(rows)


def resampling_uniforms(seeds: Sequence[int], step: int) -> NDArray[np.float64]:
    """One uniform number in [0, 1) for each piece and step, from a stream of its own; float64, shape ``(b,)``."""
    rows = [np.random.Philox(key=[seed % _WORD, _RESAMPLING], counter=[0, 0, step, 0]) for seed in seeds]
    return np.array([np.random.Generator(bits).random() for bits in rows])


def level_uniforms(
    seeds: Sequence[int], step: int, num_notes: int, slots: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """As :func:`uniforms`, from a stream of its own: how loud the notes of a frame are."""
    return uniforms(seeds, step, num_notes, [_LEVELS + slot for slot in slots or [0] * len(seeds)])
