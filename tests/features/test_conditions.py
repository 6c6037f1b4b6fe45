"""Conditions of every step."""

from __future__ import annotations

import numpy as np

from biaxial.features.conditions import FAR, UNKNOWN, Condition, hidden, outline_conditions
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Score, TimeSignature

Q = 480


def outline() -> Score:
    """A pickup of one quarter, a bar of 3/4, a bar of 4/4, cut after its second quarter."""
    return Score(
        (), 6 * Q, time_signatures=(TimeSignature(3, 4), TimeSignature(4, 4, 4 * Q)), pickup_ticks=Q,
        key=Key(1, "minor"), fermatas=(3 * Q,),
    )  # fmt: skip


def test_metre_follows_the_real_bars() -> None:
    rows = outline_conditions(outline(), Grid(4))
    assert rows[:, Condition.STEP_IN_BAR].tolist() == [*range(8, 12), *range(12), *range(8)]
    assert rows[:, Condition.BAR_STEPS].tolist() == [12] * 16 + [16] * 8


def test_key_end_and_phrases() -> None:
    rows = outline_conditions(outline(), Grid(4))
    assert (rows[:, Condition.TONIC] == 4).all()
    assert (rows[:, Condition.MODE] == 1).all()
    assert rows[:, Condition.TO_END].tolist() == list(range(23, -1, -1))
    assert rows[:, Condition.TO_FERMATA].tolist() == [*range(12, -1, -1), *[FAR] * 11]
    assert rows[:, Condition.SINCE_FERMATA].tolist() == [*[FAR] * 13, *range(1, 12)]
    assert rows[:, Condition.FIRST].tolist() == [1] + [0] * 23


def test_what_is_not_recorded_is_unknown() -> None:
    rows = outline_conditions(Score((), 4 * Q), Grid(4))
    for column in (Condition.TONIC, Condition.MODE, Condition.TO_FERMATA, Condition.SINCE_FERMATA):
        assert (rows[:, column] == UNKNOWN).all()
    assert (rows[:, Condition.TO_END] != UNKNOWN).all()


def test_hiding_a_group_hides_that_group_alone() -> None:
    rows = outline_conditions(outline(), Grid(4))
    without = hidden(rows, "key", "end")
    gone = [Condition.TONIC, Condition.MODE, Condition.TO_END]
    assert (without[:, gone] == UNKNOWN).all()
    kept = [c for c in Condition if c not in gone]
    assert np.array_equal(without[:, kept], rows[:, kept])
    assert (rows[:, gone] != UNKNOWN).all()
