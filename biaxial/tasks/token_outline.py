"""What a piece of a token LSTM is to be before it is drawn: its key, metre and pickup, and how it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biaxial.features.conditions import outline_conditions
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Score, TimeSignature
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.inputs import PLACES, UNKNOWN_GIVEN
from biaxial.tokens.strings import Cells


@dataclass(frozen=True, eq=False)
class Opening:
    """A primer: its tokens and events, its key and the way home, itself on the grid, and what to tell."""

    tokens: Sequence[int]
    num_events: int
    key: Key
    shift: int
    score: Score
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class EventOutline:
    """What is decided before a piece is drawn; the pickup in steps."""

    key: Key
    metre: TimeSignature
    pickup: int
    shift: int
    config: SequenceConfig

    def given_at(self, step: int) -> tuple[int, int, int]:
        """What is given at a step."""
        mode = int(self.key.mode == "minor") if self.config.home_key else UNKNOWN_GIVEN[2]
        bar = 4 * self.metre.numerator * self.config.steps_per_quarter // self.metre.denominator
        if bar > PLACES - 2:
            return *UNKNOWN_GIVEN[:2], mode
        return (step - self.pickup) % bar, bar, mode


def cells_of_score(score: Score, grid: Grid) -> Cells:
    """A score as a corpus would hold it."""
    roll = Roll.from_score(score, grid, 0, 128)
    voices = np.zeros(roll.states.shape, np.uint8) if roll.voices is None else roll.voices
    return Cells(roll.states, voices, outline_conditions(roll.outline, grid))


def signature_of(bar_steps: int, steps_per_quarter: int) -> TimeSignature:
    """A metre whose bar has so many steps, in quarters if it can be: twelve sixteenths are 3/4, six are 3/8."""
    denominator = 4
    while bar_steps * denominator % (4 * steps_per_quarter) and denominator < 64:
        denominator *= 2
    numerator = bar_steps * denominator // (4 * steps_per_quarter)
    return TimeSignature(min(max(1, numerator), 64), denominator)
