"""What a piece is in where nobody says so: drawn as often as the corpus has it, and the same for the same seed."""

from __future__ import annotations

from typing import Final

import numpy as np

from biaxial.music.score import Key

_KEY_STREAM: Final = 2**32
_NAME_STREAM: Final = 2**34


def drawn_key(counts: dict[str, int], seed: int) -> Key | None:
    """A key as frequent as in the corpus; the same for the same seed."""
    name = _drawn(counts, seed, _KEY_STREAM)
    return None if name is None else Key.from_name(name)


def drawn_name(counts: dict[str, int], seed: int) -> str | None:
    """A name as frequent as it is counted, from a stream of its own."""
    return _drawn(counts, seed, _NAME_STREAM)


def _drawn(counts: dict[str, int], seed: int, stream: int) -> str | None:
    if not counts:
        return None
    names = sorted(counts)
    rng = np.random.Generator(np.random.Philox(key=[seed % 2**64, stream]))
    weights = np.array([counts[name] for name in names], dtype=float)
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
