"""Conditions of every step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from biaxial.features.conditions import CADENCE_NAMES, FAR, UNKNOWN, Condition, hidden, outline_conditions
from biaxial.music.grid import Grid
from biaxial.music.phrases import Phrase, PhrasePlan
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


def test_a_plan_is_laid_over_the_steps_of_its_phrases() -> None:
    plan = PhrasePlan(
        (
            Phrase(3 * Q, Q, "III", "half"),
            Phrase(3 * Q, 2 * Q, "i", "authentic"),
        )
    )
    rows = outline_conditions(outline(), Grid(4), plan)
    assert rows[:, Condition.CADENCE].tolist() == [CADENCE_NAMES.index("half")] * 12 + [0] * 12
    assert rows[:, Condition.PHRASE_TONIC].tolist() == [7] * 12 + [4] * 12  # G major, and E minor itself
    assert rows[:, Condition.PHRASE_MODE].tolist() == [0] * 12 + [1] * 12
    assert rows[:, Condition.LAST_STEPS].tolist() == [4] * 12 + [8] * 12
    assert (rows[:, Condition.RETURNS] == 0).all()
    assert (outline_conditions(outline(), Grid(4))[:, Condition.CADENCE] == UNKNOWN).all()


def test_a_phrase_that_returns_says_whether_all_of_it_does() -> None:
    first = Phrase(2 * Q, Q, "i", "authentic")
    again = Phrase(2 * Q, Q, "i", "authentic", 0)
    rows = outline_conditions(outline(), Grid(4), PhrasePlan((first, again, replace(again, whole=True))))
    assert rows[:, Condition.RETURNS].tolist() == [0] * 8 + [1] * 8 + [2] * 8


def test_beats_are_dotted_in_compound_metres() -> None:
    for metre, steps in (("6/8", 6), ("3/4", 4), ("12/8", 6), ("3/8", 2), ("2/2", 8)):
        signature = TimeSignature.from_name(metre)
        rows = outline_conditions(Score((), 12 * Q, time_signatures=(signature,)), Grid(4))
        assert (rows[:, Condition.BEAT_STEPS] == steps).all(), metre
