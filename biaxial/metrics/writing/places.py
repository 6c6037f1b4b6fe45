"""Where in a piece: bars and beats, as musicians count them.

Bars are counted from 1, and a pickup is bar 0. A beat is a quarter note, counted from 1 at the beginning of its bar; in
a pickup beats are counted as if the bar were whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biaxial.music.score import Score


class Places:
    """The bars of a piece, ready to be asked for many moments.

    Parameters
    ----------
    score
        The piece.
    """

    def __init__(self, score: Score) -> None:
        first = score.time_signatures[0].bar_ticks(score.ticks_per_quarter)
        self.ticks_per_quarter = score.ticks_per_quarter
        self.starts: NDArray[np.int64] = np.array([0, *score.bar_starts()], dtype=np.int64)
        self.offsets = np.zeros_like(self.starts)
        self.offsets[0] = first - score.pickup_ticks

    def bars_at(self, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bar in which each tick lies, of the same shape."""
        return np.searchsorted(self.starts, ticks, side="right") - 1

    def at(self, tick: int) -> tuple[int, float]:
        """Bar and beat of a tick."""
        bar = int(self.bars_at(np.array(tick)))
        return bar, float(1 + (tick - self.starts[bar] + self.offsets[bar]) / self.ticks_per_quarter)


def place_text(bar: int, beat: float) -> str:
    """For example ``bar 3, beat 2.5``."""
    return f"{'pickup' if bar == 0 else f'bar {bar}'}, beat {beat:g}"
