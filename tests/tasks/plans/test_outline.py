"""Outlines: bars, phrases, phrase ends."""

from __future__ import annotations

import pytest

from biaxial.music.errors import InputError
from biaxial.music.score import Key, TimeSignature
from biaxial.tasks.plans.outline import default_phrases, make_outline, phrase_ends, read_phrases

Q = 480


def test_an_outline_has_full_bars_and_its_phrase_ends() -> None:
    outline = make_outline(4, key=Key(2), phrases=(1, 3), tempo_bpm=60)
    assert outline.length_ticks == 16 * Q
    assert outline.fermatas == (2 * Q, 14 * Q)
    assert outline.duration_seconds == 16
    waltz = make_outline(8, time_signature=TimeSignature(3, 4))
    assert waltz.length_ticks == 24 * Q
    assert waltz.fermatas == (9 * Q, 21 * Q)


@pytest.mark.parametrize(("bars", "expected"), [(1, (1,)), (2, (2,)), (3, (3,)), (5, (2, 3)), (8, (2, 2, 2, 2))])
def test_default_phrases_add_up(bars: int, expected: tuple[int, ...]) -> None:
    assert default_phrases(bars, TimeSignature()) == expected


def test_phrases_end_on_the_third_beat_of_four_and_on_the_first_of_three() -> None:
    assert phrase_ends((1, 2), TimeSignature(4, 4), Q) == (2 * Q, 10 * Q)
    assert phrase_ends((2,), TimeSignature(3, 4), Q) == (3 * Q,)
    assert phrase_ends((2,), TimeSignature(6, 8), Q) == (3 * Q,)
    assert phrase_ends((1,), TimeSignature(5, 4), Q) == (0,)


@pytest.mark.parametrize("text", ["", "4+", "4+x", "4,4", "0+4", "-4+8", "4++4", "４"])
def test_what_is_no_list_of_phrases_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"4\+4\+4\+4"):
        read_phrases(text)


def test_phrases_are_read_and_must_add_up() -> None:
    assert read_phrases("4+4 + 8") == (4, 4, 8)
    with pytest.raises(InputError, match=r"4\+4 bars make 8, not 16"):
        make_outline(16, phrases=(4, 4))


@pytest.mark.parametrize("bars", [0, -3, 1001])
def test_the_number_of_bars_has_bounds(bars: int) -> None:
    with pytest.raises(InputError, match="1 to 1000"):
        make_outline(bars)
