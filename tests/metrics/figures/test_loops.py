"""Loops: near-misses on both sides of the definition."""

from __future__ import annotations

import pytest

from biaxial.metrics.figures.loops import Loop, events_of, find_loop
from biaxial.music.score import Note, Score


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ("a" * 16, Loop(0, 16, 1)),
        ("a" * 15, None),
        ("xyz" + "abcd" * 4 + "x", Loop(3, 16, 4)),
        ("xyz" + "abcd" * 3 + "abcx", None),
        ("abcdefgh" * 4, Loop(0, 32, 8)),
        ("abcdefgh" * 3 + "abcdefg", None),
        ("abcdefghi" * 5, None),
        ("ab" * 8, Loop(0, 16, 2)),
        ("ab" * 8 + "z" + "c" * 20, Loop(17, 20, 1)),
        ("", None),
    ],
)
def test_a_cycle_that_comes_four_times_over_sixteen_events(events: str, found: Loop | None) -> None:
    assert find_loop(list(events)) == found


def test_events_differ_by_pitch_length_and_wait() -> None:
    notes = (Note(0, 240, 60), Note(0, 240, 64), Note(480, 480, 60), Note(960, 240, 60))
    events = events_of(Score(notes, length_ticks=1440))
    assert events == [((60, 240), (64, 240), 480), ((60, 480), 480), ((60, 240), 480)]
    assert len(set(events)) == 3
    assert find_loop(events_of(Score(tuple(Note(480 * i, 480, 60) for i in range(16))))) == Loop(0, 16, 1)
    held = tuple(Note(480 * i, 480 if i < 15 else 960, 60) for i in range(16))
    assert find_loop(events_of(Score(held))) is None
