"""Counter-based random numbers: what is drawn at a place depends on the place and the seed, on nothing else.

Philox (Salmon et al. 2011) with the key (seed, slot) and the counter (step, note): the same numbers for any batch size
and in any order. Piece ``i`` of a batch has seed ``seed + i``; a slot is a particle of one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = 2**64
_RESAMPLING = 2**33
_LEVELS = 2**34


class _Generator(local):
    """A generator for each thread, which is put to a place in less time than a new one is made."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._bits)

    def fill(self, seed: int, slot: int, step: int, out: NDArray[np.float64]) -> None:
        """The numbers of a place."""
        key = [seed % _WORD, slot]
        if key[0] >= _WORD // 2:  # numpy makes a key of such a list by way of float64
            key = np.asarray(key).astype(np.uint64).tolist()
        state: Any = {"state": {"key": key, "counter": [0, 0, step, 0]}, "buffer": [0] * 4, "buffer_pos": 4}
        self._bits.state = {"bit_generator": "Philox", "has_uint32": 0, "uinteger": 0} | state
        self._generator.random(out=out)


_GENERATOR = _Generator()


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
    numbers = np.empty((len(seeds), num_notes))
    for seed, slot, row in zip(seeds, slots or [0] * len(seeds), numbers, strict=True):
        _GENERATOR.fill(seed, slot, step, row)
    return numbers


def resampling_uniforms(seeds: Sequence[int], step: int) -> NDArray[np.float64]:
    """One uniform number in [0, 1) for each piece and step, from a stream of its own; float64, shape ``(b,)``."""
    return uniforms(seeds, step, 1, [_RESAMPLING] * len(seeds))[:, 0]


def level_uniforms(
    seeds: Sequence[int], step: int, num_notes: int, slots: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """As :func:`uniforms`, from a stream of its own: how loud the notes of a frame are."""
    return uniforms(seeds, step, num_notes, [_LEVELS + slot for slot in slots or [0] * len(seeds)])
