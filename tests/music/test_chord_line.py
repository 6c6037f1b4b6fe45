"""A line of chords laid over a tune."""

from __future__ import annotations

import pytest

from biaxial.music.chord_line import read_chords
from biaxial.music.errors import InputError
from biaxial.music.score import Score, TimeSignature

Q = 480
PLAIN = Score((), 16 * Q)
"""Four bars of 4/4."""
PICKUP = Score((), 12 * Q, pickup_ticks=Q, time_signatures=(TimeSignature(3, 4),))
"""A quarter, three bars of 3/4, and one of 2/4 that the pickup fills up."""


def laid(text: str, outline: Score = PLAIN) -> list[tuple[float, str]]:
    return [(chord.onset_ticks / Q, chord.name) for chord in read_chords(text, outline)]


ONE_LINE = [(0, "G"), (4, "D7"), (6, "G"), (8, "Em"), (12, "D")]


@pytest.mark.parametrize(
    "text",
    ["G | D7 G | Em | D", "| G | D7 G | Em | D |", "G|D7 G||Em|D|]"[:-1], "G | D7 G |\n| Em | D\n", "G\nD7 G\n\nEm\nD"],
)
def test_strokes_and_lines_separate_bars(text: str) -> None:
    assert laid(text) == ONE_LINE


def test_pitch_classes_bass_and_name() -> None:
    (chord,) = read_chords("D7/F# | % | % | %", PLAIN)
    assert (chord.pitch_classes, chord.bass, chord.name) == (frozenset({0, 2, 6, 9}), 6, "D7/F#")


@pytest.mark.parametrize(
    ("metre", "bar", "onsets"),
    [
        ((4, 4), "C F", [0, 2]),
        ((4, 4), "C F G", [0, 2, 3]),
        ((4, 4), "C F G Am", [0, 1, 2, 3]),
        ((4, 4), "C F G Am D", [0, 1, 2, 3, 3.5]),  # eighths: 2 + 2 + 2 + 1 + 1
        ((3, 4), "C F", [0, 2]),
        ((3, 4), "C F G", [0, 1, 2]),
        ((5, 4), "C F", [0, 3]),
        ((6, 8), "C F", [0, 1.5]),
        ((6, 8), "C F G", [0, 1, 2]),  # eighths, not dotted quarters
        ((12, 8), "C F G", [0, 3, 4.5]),
        ((3, 8), "C F", [0, 1]),
        ((2, 2), "C F", [0, 2]),
        ((4, 4), "C / / F", [0, 3]),
        ((4, 4), "C . F .", [0, 2]),
        ((4, 4), "C F C C", [0, 1, 2]),  # what goes on is given once
    ],
)
def test_symbols_share_their_bar(metre: tuple[int, int], bar: str, onsets: list[float]) -> None:
    outline = Score((), 12 * Q * metre[0] // metre[1], time_signatures=(TimeSignature(*metre),))
    chords = laid(f"{bar} | N.C.", outline)
    assert [onset for onset, name in chords if name != "N.C."] == onsets


def test_a_bar_is_repeated_whole() -> None:
    expected = [(0, "G"), (2, "C"), (4, "G"), (6, "C"), (8, "G"), (10, "C"), (12, "D")]
    assert laid("G C | % | % | D") == laid("G C | | | D") == laid("G C || % | | D") == expected


def test_a_chord_goes_on_into_the_next_bar() -> None:
    assert laid("G | / C | . . . F | C") == [(0, "G"), (6, "C"), (11, "F"), (12, "C")]


def test_the_rest_of_the_tune_is_free() -> None:
    chords = read_chords("G | D", PLAIN)
    assert [(chord.onset_ticks // Q, chord.name) for chord in chords] == [(0, "G"), (4, "D"), (8, "N.C.")]
    assert chords[-1].pitch_classes == frozenset()
    assert laid("G | D | C | G")[-1] == (12, "G")


def test_the_pickup_has_the_first_chord_or_its_own() -> None:
    assert laid("G | D | C | G", PICKUP) == [(0, "G"), (4, "D"), (7, "C"), (10, "G")]
    assert laid("(D7) | G | D | C | G", PICKUP) == [(0, "D7"), (1, "G"), (4, "D"), (7, "C"), (10, "G")]
    assert laid("(N.C.) | G | % | % | %", PICKUP) == [(0, "N.C."), (1, "G")]
    assert laid("(D7 C)|G", PICKUP) == [(0, "D7"), (0.5, "C"), (1, "G"), (4, "N.C.")]


def test_a_last_bar_that_is_cut_short_is_shared_as_it_is() -> None:
    assert laid("G | G | G | G D", PICKUP) == [(0, "G"), (11, "D")]


def test_metres_that_change() -> None:
    signatures = (TimeSignature(4, 4), TimeSignature(3, 4, 4 * Q))
    outline = Score((), 10 * Q, time_signatures=signatures)
    assert laid("G C | % | %", outline) == [(0, "G"), (2, "C"), (4, "G"), (6, "C"), (7, "G"), (9, "C")]


@pytest.mark.parametrize(
    ("text", "outline", "message"),
    [
        ("", PLAIN, "chords: there are none; write for example"),
        (" | |\n", PLAIN, "chords: there are none; write for example"),
        ("| | G", PLAIN, "chords: bar 1 repeats the bar before it, but there is none; write N.C."),
        ("% | C", PLAIN, "chords: bar 1 repeats the bar before it, but there is none; write N.C."),
        ("G | Hm | C", PLAIN, "chords: bar 2: 'Hm' is not a chord symbol"),
        ("G | C | C | C | D", PLAIN, "chords: 5 bars of them, but the tune has 4; take out the rest"),
        ("/ G", PLAIN, "chords: bar 1: '/' goes on with a chord, but there is none before it"),
        ("(D) | G", PLAIN, "chords: D in parentheses is for a pickup, but the tune has none"),
        ("(X) | G", PICKUP, "chords: the pickup: 'X' is not a chord symbol"),
        ("C " * 4000, PLAIN, "chords: bar 1: 4000 symbols are more than it has room for; leave some out"),
    ],
)
def test_what_is_wrong_is_said(text: str, outline: Score, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_chords(text, outline)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
