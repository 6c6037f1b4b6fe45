"""Whole pieces worked out a stretch of steps at a time, in their order: memory does not grow with the piece."""

from __future__ import annotations

from typing import Final

AT_ONCE: Final = 512
"""Steps of the longest piece that is one stretch, as in training; no chorale is longer."""
STRETCH: Final = 128
"""Steps of a stretch of longer pieces."""


def stretch_of(num_steps: int) -> int:
    """Steps of a stretch of a piece of so many steps."""
    return num_steps if num_steps <= AT_ONCE else STRETCH
