"""Conditions: what is known of every step before a note is written (metre, key, length, phrases and how they end).

They are small integers, one row a step, so that a corpus stores them beside its rolls; -1 stands for "unknown".
Times are steps of the grid.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.grid import Grid
from biaxial.music.phrases import CADENCES, PhrasePlan, key_at
from biaxial.music.score import Key, Score

UNKNOWN = -1
_PERIOD = 13_824
"""A whole number of bars of two, three and four quarters, on all usual grids."""
CADENCE_NAMES: Final = tuple(CADENCES)
"""Names of the cadences, in the order of their numbers."""
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
    BEAT_STEPS = 9
    """Steps of a beat: a dotted one in 6/8, 9/8 and 12/8."""
    CADENCE = 10
    """How the phrase that runs ends: its place in :data:`~biaxial.music.phrases.CADENCES`."""
    PHRASE_TONIC = 11
    """Pitch class of the tonic that the phrase closes in."""
    PHRASE_MODE = 12
    """Its mode: 0 major, 1 minor."""
    LAST_STEPS = 13
    """Steps of the last note of the phrase, at most 255."""
    RETURNS = 14
    """Whether the phrase is an earlier one again: 0 no, 1 its melody, 2 all voices."""


GROUPS = {
    "metre": (Condition.STEP_IN_BAR, Condition.BAR_STEPS, Condition.BEAT_STEPS),
    "key": (Condition.TONIC, Condition.MODE),
    "end": (Condition.TO_END,),
    "phrases": (Condition.TO_FERMATA, Condition.SINCE_FERMATA),
    "plan": (
        Condition.CADENCE,
        Condition.PHRASE_TONIC,
        Condition.PHRASE_MODE,
        Condition.LAST_STEPS,
        Condition.RETURNS,
    ),
}
"""Columns that are known or unknown together."""
TONICS: Final = (Condition.TONIC, Condition.PHRASE_TONIC)
"""Columns that a transposition moves."""


def outline_conditions(outline: Score, grid: Grid, plan: PhrasePlan | None = None) -> NDArray[np.int16]:
    """Conditions of every step of a piece.

    Parameters
    ----------
    outline
        A score; its notes are not looked at. Its key and phrase ends may be unknown, and so may its end: hide any
        group of columns with :func:`hidden`.
    grid
        The time grid; the score's times must lie on it.
    plan
        The phrases of the piece with their cadences and keys, where these are known.

    Returns
    -------
    Integers, shape ``(t, 15)``, columns as in :class:`Condition`.
    """
    unit = grid.step_ticks(outline.ticks_per_quarter)
    num_steps = -(-outline.length_ticks // unit)
    rows, steps = unknown_conditions(num_steps), np.arange(num_steps)
    first_bar = outline.time_signatures[0].bar_ticks(outline.ticks_per_quarter) // unit
    pickup = outline.pickup_ticks // unit
    rows[:pickup, Condition.STEP_IN_BAR] = first_bar - pickup + steps[:pickup]
    rows[:pickup, Condition.BAR_STEPS] = first_bar
    rows[:pickup, Condition.BEAT_STEPS] = outline.time_signatures[0].beat_ticks(outline.ticks_per_quarter) // unit
    starts = [tick // unit for tick in outline.bar_starts()]
    for tick, start, end in zip(outline.bar_starts(), starts, [*starts[1:], num_steps][: len(starts)], strict=True):
        rows[start:end, Condition.STEP_IN_BAR] = np.arange(end - start)
        signature = outline.time_signature_at(tick)
        rows[start:end, Condition.BAR_STEPS] = signature.bar_ticks(outline.ticks_per_quarter) // unit
        rows[start:end, Condition.BEAT_STEPS] = signature.beat_ticks(outline.ticks_per_quarter) // unit
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
    if plan is not None and outline.key is not None:
        _lay_out(plan, outline.key, rows, grid.step_ticks(TICKS_PER_QUARTER))
    return rows


def _lay_out(plan: PhrasePlan, home: Key, rows: NDArray[np.int16], unit: int) -> None:
    """Write what a plan says of each phrase over its steps."""
    for start, phrase in zip(plan.starts, plan.phrases, strict=True):
        steps = rows[start // unit : (start + phrase.length_ticks) // unit]
        key = key_at(phrase.key, home)
        steps[:, Condition.CADENCE] = CADENCE_NAMES.index(phrase.cadence)
        steps[:, Condition.PHRASE_TONIC], steps[:, Condition.PHRASE_MODE] = key.tonic, key.mode == "minor"
        steps[:, Condition.LAST_STEPS] = min(phrase.last_ticks // unit, FAR)
        steps[:, Condition.RETURNS] = 0 if phrase.repeats is None else 1 + phrase.whole


def unknown_conditions(num_steps: int, first_step: int = 0) -> NDArray[np.int16]:
    """Conditions of steps of a piece of which nothing is known but where it began, shape ``(t, 15)``."""
    rows = np.full((num_steps, len(Condition)), UNKNOWN, dtype=np.int16)
    steps = np.arange(first_step, first_step + num_steps)
    rows[:, Condition.FIRST] = steps == 0
    rows[:, Condition.SINCE_START] = np.where(steps < _PERIOD, steps, _PERIOD + steps % _PERIOD)
    return rows


def hidden(conditions: NDArray[np.int16], *groups: str) -> NDArray[np.int16]:
    """The same conditions with whole groups (``"metre"``, ``"key"``, ``"end"``, ``"phrases"``, ``"plan"``) unknown."""
    conditions = conditions.copy()
    for group in groups:
        conditions[..., list(GROUPS[group])] = UNKNOWN
    return conditions
