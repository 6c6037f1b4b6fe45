"""A first bar that begins with silence: half of it or more makes a pickup, less is a rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.music.bar_lines import beamed_ticks, with_pickup
from biaxial.music.score import Note, Score, TimeSignature

Q = 480


def late(onset: int, metre: str = "4/4") -> Score:
    return Score((Note(onset, Q, 60), Note(6 * Q, 2 * Q, 62)), 8 * Q, time_signatures=(TimeSignature.from_name(metre),))


@pytest.mark.parametrize(
    ("onset", "metre", "pickup"),
    [(2 * Q, "4/4", 2 * Q), (3 * Q, "4/4", Q), (3 * Q + 120, "4/4", Q), (2 * Q, "3/4", Q), (5 * Q // 2, "6/8", Q // 2)],
)
def test_silence_of_half_a_bar_becomes_a_pickup(onset: int, metre: str, pickup: int) -> None:
    score = late(onset, metre)
    short = with_pickup(score)
    gone = score.time_signatures[0].bar_ticks(Q) - pickup
    assert short.pickup_ticks == pickup
    assert [note.onset_ticks for note in short.notes] == [onset - gone, 6 * Q - gone]
    assert short.length_ticks == score.length_ticks - gone
    assert [start + gone for start in short.bar_starts()] == list(score.bar_starts()[1:])


@pytest.mark.parametrize("onset", [0, Q, 2 * Q - 1, 4 * Q])
def test_other_silence_stays(onset: int) -> None:
    assert with_pickup(late(onset)) == late(onset)


def test_a_pickup_stays_and_so_does_music_without_notes() -> None:
    score = replace(late(Q // 2), pickup_ticks=Q)
    assert with_pickup(score) == score
    assert with_pickup(Score((), 4 * Q)) == Score((), 4 * Q)


def test_a_silent_pickup_is_left_out() -> None:
    short = with_pickup(replace(late(Q), pickup_ticks=Q, fermatas=(6 * Q,)))
    assert (short.pickup_ticks, short.length_ticks, short.fermatas) == (0, 7 * Q, (5 * Q,))
    assert [note.onset_ticks for note in short.notes] == [0, 5 * Q]
    later = with_pickup(replace(late(4 * Q), pickup_ticks=Q))
    assert (later.pickup_ticks, later.notes[0].onset_ticks) == (Q, 0)


@pytest.mark.parametrize(
    ("metre", "quarters"),
    [
        ("4/4", 1),
        ("3/4", 1),
        ("2/2", 2),
        ("3/8", 1.5),
        ("6/8", 1.5),
        ("6/4", 1),
        ("5/8", 1),
        ("12/16", 1),
        ("9/8", 1.5),
    ],
)
def test_beams_go_over_a_beat_that_is_a_quarter_at_least(metre: str, quarters: float) -> None:
    assert beamed_ticks(TimeSignature.from_name(metre), 48) == 48 * quarters
