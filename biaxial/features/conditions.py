"""Conditions: what is known of every step before a note is written (metre, key, phrase ends, length).

They are small integers, one row a step, so that a corpus stores them beside its rolls; -1 stands for "unknown".
Times are steps of the grid.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from biaxial.music.grid import Grid
from biaxial.music.score import Score

UNKNOWN = -1
_PERIOD = 13_824
"""A whole number of bars of two, three and four quarters, on all usual grids."""
FAR = 255
"""No fermata follows (or came before)."""


class Condition(IntEnum):
    """The columns of a condition array."""

    FIRST = 0
    """1 at the first step of the piece, 0 after it; never unknown."""
    STEP_IN_BAR = 1
    BAR_STEPS = 2
    TONIC = 3
    """Pitch class of the tonic."""
    MODE = 4
    """0 major, 1 minor."""
    TO_END = 5
    """Steps that follow this one, at most 255."""
    TO_FERMATA = 6
    """Steps until the next phrase end begins, 0 at its onset; 255 if none follows."""
    SINCE_FERMATA = 7
    """Steps since the last phrase end began, 1 at the step after its onset; 255 if there was none."""
    SINCE_START = 8
    """Steps since the piece began, 0 at its first, at most 27,647 (13,824 follows); never unknown."""


GROUPS = {
    "metre": (Condition.STEP_IN_BAR, Condition.BAR_STEPS),
    "key": (Condition.TONIC, Condition.MODE),
    "end": (Condition.TO_END,),
    "phrases": (Condition.TO_FERMATA, Condition.SINCE_FERMATA),
}
"""Columns that are known or unknown together."""


def outline_conditions(outline: Score, grid: Grid) -> NDArray[np.int16]:
    """Conditions of every step of a piece.

    Parameters
    ----------
    outline
        A score; its notes are not looked at. Its key and phrase ends may be unknown, and so may its end: hide any
        group of columns with :func:`hidden`.
    grid
        The time grid; the score's times must lie on it.

    Returns
    -------
    Integers, shape ``(t, 9)``, columns as in :class:`Condition`.
    """
    unit = grid.step_ticks(outline.ticks_per_quarter)
    num_steps = -(-outline.length_ticks // unit)
    rows, steps = unknown_conditions(num_steps), np.arange(num_steps)
    first_bar = outline.time_signatures[0].bar_ticks(outline.ticks_per_quarter) // unit
    pickup = outline.pickup_ticks // unit
    rows[:pickup, Condition.STEP_IN_BAR] = first_bar - pickup + steps[:pickup]
    rows[:pickup, Condition.BAR_STEPS] = first_bar
    starts = [tick // unit for tick in outline.bar_starts()]
    for tick, start, end in zip(outline.bar_starts(), starts, [*starts[1:], num_steps][: len(starts)], strict=True):
        rows[start:end, Condition.STEP_IN_BAR] = np.arange(end - start)
        signature = outline.time_signature_at(tick)
        rows[start:end, Condition.BAR_STEPS] = signature.bar_ticks(outline.ticks_per_quarter) // unit
    if outline.key is not None:
        rows[:, Condition.TONIC] = outline.key.tonic
        rows[:, Condition.MODE] = outline.key.mode == "minor"
    rows[:, Condition.TO_END] = np.minimum(num_steps - 1 - steps, FAR)
    if outline.fermatas is not None:
        onsets = np.array([-FAR, *(tick // unit for tick in outline.fermatas), num_steps + FAR])
        following = np.searchsorted(onsets, steps, side="left")
        rows[:, Condition.TO_FERMATA] = np.minimum(onsets[following] - steps, FAR)
        before = np.searchsorted(onsets, steps, side="left") - 1
        rows[:, Condition.SINCE_FERMATA] = np.minimum(steps - onsets[before], FAR)
    return rows


def unknown_conditions(num_steps: int, first_step: int = 0) -> NDArray[np.int16]:
    """Conditions of steps of a piece of which nothing is known but where it began, shape ``(t, 9)``."""
    rows = np.full((num_steps, len(Condition)), UNKNOWN, dtype=np.int16)
    steps = np.arange(first_step, first_step + num_steps)
    rows[:, Condition.FIRST] = steps == 0
    rows[:, Condition.SINCE_START] = np.where(steps < _PERIOD, steps, _PERIOD + steps % _PERIOD)
    return rows


def hidden(conditions: NDArray[np.int16], *groups: str) -> NDArray[np.int16]:
    """The same conditions with whole groups (``"metre"``, ``"key"``, ``"end"``, ``"phrases"``) unknown."""
    conditions = conditions.copy()
    for group in groups:
        conditions[..., list(GROUPS[group])] = UNKNOWN
    return conditions
