"""Phrase ends that are stated, in both ways, and those that are guessed."""

from __future__ import annotations

import pytest

from biaxial.music.errors import InputError
from biaxial.music.phrase_guess import guessed_ends, stated_ends
from biaxial.music.score import Note, Score, TimeSignature

Q = 480
EVEN = Score(tuple(Note(beat * Q, Q, 60 + beat % 5) for beat in range(32)), 32 * Q)
UPBEAT = Score(tuple(Note(beat * Q, Q, 60 + beat % 5) for beat in range(32)), 32 * Q, pickup_ticks=Q)


def quarters(ends: tuple[int, ...]) -> list[float]:
    return [tick / Q for tick in ends]


@pytest.mark.parametrize("phrases", ["4+4", "4, 8", (4, 4), [4, 4]])
def test_bars_of_phrases_and_bars_they_end_in_say_the_same(phrases: str) -> None:
    assert quarters(stated_ends(EVEN, phrases)) == [15, 31]


def test_the_pickup_belongs_to_the_phrase_that_follows() -> None:
    assert quarters(stated_ends(UPBEAT, "2+2+4")) == [7, 15, 31]


def test_a_long_note_that_reaches_the_end_of_its_bar_ends_the_phrase() -> None:
    tune = Score((*(Note(beat * Q, Q, 60) for beat in range(6)), Note(6 * Q, 2 * Q, 64), Note(8 * Q, 8 * Q, 60)))
    assert quarters(stated_ends(tune, "2,4")) == [6, 8]


@pytest.mark.parametrize(
    ("phrases", "message"),
    [
        ("4+x", "'4\\+x' does not say phrases"),
        ("", "does not say phrases"),
        ("8,4", "follow one another"),
        ("4,4", "follow one another"),
        ("4+5", "end in bar 9, but the tune has 8"),
        ((4, 0), "one bar at least"),
    ],
)
def test_what_cannot_be_meant_is_refused(phrases: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        stated_ends(EVEN, phrases)


def test_even_notes_are_divided_every_two_bars_and_a_waltz_every_four() -> None:
    assert quarters(guessed_ends(EVEN)) == [7, 15, 23, 31]
    assert quarters(guessed_ends(UPBEAT)) == [7, 15, 23, 31]
    waltz = Score(EVEN.notes[:24], time_signatures=(TimeSignature(3, 4),))
    assert quarters(guessed_ends(waltz)) == [11, 23]


def test_long_notes_and_rests_move_an_end() -> None:
    lengths = (*[1] * 8, 4) * 2
    notes, now = [], 0
    for place, length in enumerate(lengths):
        notes.append(Note(now, length * Q, 60 + place % 7))
        now += length * Q
    assert quarters(guessed_ends(Score(tuple(notes)))) == [8, 20]
    apart = Score(tuple(Note((beat + 2 * (beat >= 10)) * Q, Q, 60) for beat in range(20)))
    assert quarters(guessed_ends(apart)) == [9, 21]


def test_one_note_is_one_phrase_and_silence_none() -> None:
    assert guessed_ends(Score((Note(0, Q, 60),))) == (0,)
    assert guessed_ends(Score((), 4 * Q)) == ()
