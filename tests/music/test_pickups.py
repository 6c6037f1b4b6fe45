"""Pickups that are stated, and those that the metre asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from biaxial.music.errors import InputError
from biaxial.music.pickups import likely_pickup, with_pickup
from biaxial.music.score import Note, Score, TimeSignature

Q = 480


def tune(metre: str, quarters: Sequence[float]) -> Score:
    """Notes of these lengths, one after the other."""
    notes, now = [], 0
    for length in quarters:
        notes.append(Note(now, int(length * Q), 72))
        now += int(length * Q)
    return Score(tuple(notes), time_signatures=(TimeSignature.from_name(metre),))


@pytest.mark.parametrize(
    ("metre", "quarters", "pickup"),
    [
        ("3/4", (1, 2, 1, 2, 1, 1, 1, 1, 2), 1),
        ("4/4", (1, 2, 1, 1, 1, 1, 1, 1, 1, 3), None),  # its last note begins inside a bar
        ("4/4", (1, 2, 1, 1, 1, 2, 1, 1, 3), None),
        ("4/4", (1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 3), 1),
        ("6/8", (0.5, 1, 0.5, 1, 0.5, 1, 0.5, 1, 0.5, 2.5), Fraction(1, 2)),
        ("3/4", (2, 1, 2, 1, 1, 1, 1, 3), None),
        ("4/4", (1,) * 16, None),
        ("3/4", (1, 2, 1, 2), None),
    ],
)
def test_the_pickup_with_which_the_metre_fits(metre: str, quarters: Sequence[float], pickup: Fraction | None) -> None:
    score = tune(metre, quarters)
    assert likely_pickup(score) == pickup
    if pickup is not None:
        assert likely_pickup(with_pickup(score, pickup)) is None


def test_a_pickup_that_is_stated() -> None:
    score = tune("3/4", (1,) * 7)
    assert with_pickup(score, 1) == replace(score, pickup_ticks=Q)
    assert with_pickup(score, 0.5).bar_starts() == (240, 1680, 3120)
    assert with_pickup(with_pickup(score, 1), 0) == score


@pytest.mark.parametrize("quarters", [3, 0.3333, -1])
def test_a_pickup_that_is_none_is_refused(quarters: float) -> None:
    with pytest.raises(InputError, match=r"does not fit into a bar of 3/4; give less, such as 1 or 0\.5"):
        with_pickup(tune("3/4", (1, 1)), quarters)
