"""What is given to a token LSTM beside the tokens: metre and mode, as small integers for every place of a string."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import UNKNOWN, Condition

PLACES: Final = 200
"""Steps within a bar, and lengths of a bar, that are told apart; the last number stands for unknown."""


class Given(IntEnum):
    """The columns of an array ``(..., 3)``."""

    STEP_IN_BAR = 0
    """0 to 198; 199 for unknown."""
    BAR_STEPS = 1
    """1 to 198; 199 for unknown."""
    MODE = 2
    """0 major, 1 minor, 2 unknown."""


UNKNOWN_GIVEN: Final = (PLACES - 1, PLACES - 1, 2)
"""What stands in each column where nothing is known."""


def given_rows(conditions: NDArray[np.int16], mode: int) -> NDArray[np.int16]:
    """What is given at every step of a piece and at its end.

    Parameters
    ----------
    conditions
        Conditions of each step, shape ``(t, c)``, at least one step.
    mode
        As in :class:`Given`.

    Returns
    -------
    Shape ``(t + 1, 3)``.
    """
    metre = conditions[:, [Condition.STEP_IN_BAR, Condition.BAR_STEPS]].astype(np.int16)
    step, bar = metre[-1].tolist()
    end = [UNKNOWN, UNKNOWN] if UNKNOWN in (step, bar) else [(step + 1) % max(1, bar), bar]
    metre = np.concatenate([metre, np.array([end], np.int16)])
    metre = np.where(metre == UNKNOWN, PLACES - 1, np.minimum(metre, PLACES - 2))
    return np.column_stack([metre, np.full(len(metre), mode)]).astype(np.int16)
