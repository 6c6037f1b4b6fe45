"""Repeat signs: what they make, what they refuse, and in what order a piece is played."""

from __future__ import annotations

import pytest

from biaxial.music.repeats import MAX_PASSES, Ending, Repeat, Sign, passages, repeats_of


def signs(text: str) -> list[Sign]:
    """Signs out of words such as ``"0|: 4:| 4[1"``, each with its tick before it."""
    found = []
    for word in text.split():
        digits = len(word) - len(word.lstrip("0123456789"))
        tick, sign = int(word[:digits]), word[digits:]
        if sign.startswith("["):
            found.append(Sign(tick, "ending", numbers=tuple(map(int, sign[1:].split(",")))))
        else:
            kind = {"|:": "start", ":|": "end", "::|": "end", "||": "stop"}[sign]
            found.append(Sign(tick, kind, 3 if sign == "::|" else 2))  # type: ignore[arg-type]
    return found


PIECE = "abcdefghijkl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcdefghijkl"),
        ("12:|", "abcdefghijkl abcdefghijkl"),
        ("4|: 8:|", "abcd efgh efgh ijkl"),
        ("4:| 8:|", "abcd abcd efgh efgh ijkl"),
        ("4:| 6|: 8:|", "abcd abcd ef gh gh ijkl"),
        ("0|: 4::|", "abcd abcd abcd efghijkl"),
        ("0|: 4[1 6:| 6[2 8||", "abcd ef abcd gh ijkl"),
        ("4[1 6:| 6[2", "abcd ef abcd ghijkl"),
        ("4[1 6:| 6[2 8:| 10:|", "abcd ef abcd gh ij ij kl"),
        ("2[1 3:| 3[2 4:| 4|: 6[1 7:| 7[2 8||", "ab c ab d ef g ef h ijkl"),
        ("2[1 3:| 3[2 4|| 6[1 7:| 7[2 8||", "ab c ab d ef g ef h ijkl"),
        ("4[1,3 6:| 6[2,4 8:|", "abcd ef abcd gh abcd ef abcd gh ijkl"),
        ("4[1 6:|", "abcd ef abcd ghijkl"),  # a first ending alone is left out the second time
        ("4[1 6||", "abcdefghijkl"),  # an ending from which nothing goes back is none
        ("4|: 4:|", "abcdefghijkl"),
        ("12|:", "abcdefghijkl"),
    ],
)
def test_signs_and_what_is_played(text: str, expected: str) -> None:
    played = "".join(PIECE[first:last] for first, last, _ in passages(repeats_of(signs(text), 12), 12))
    assert played == expected.replace(" ", "")


def test_passages_say_which_pass_it_is() -> None:
    assert passages(repeats_of(signs("0|: 4[1 6:| 6[2"), 8), 8) == [(0, 6, 1), (0, 4, 2), (6, 8, 2)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Repeat(4, 4), "cannot go from tick 4 to 4"),
        (lambda: Repeat(-1, 4), "cannot go from tick -1"),
        (lambda: Repeat(0, 4, times=1), "played 2 to 32 times, not 1"),
        (lambda: Repeat(0, 4, times=MAX_PASSES + 1), "not 33"),
        (lambda: Repeat(0, 4, (Ending(1, 2, (1,)),)), "must follow one another to its end"),
        (lambda: Repeat(0, 4, (Ending(1, 2, (1,)), Ending(3, 4, (2,)))), "must follow one another"),
        (lambda: Repeat(2, 4, (Ending(1, 4, (1,)),)), "must follow one another"),
        (lambda: Ending(2, 2, (1,)), "an ending cannot go"),
        (lambda: Ending(2, 3, ()), r"1 to 32, not \(\)"),
        (lambda: Ending(2, 3, (0,)), r"1 to 32, not \(0,\)"),
    ],
)
def test_what_cannot_be_a_repeat(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()


def test_a_repeat_that_moves() -> None:
    repeat = Repeat(0, 8, (Ending(4, 6, (1,)), Ending(6, 8, (2,))))
    assert repeat.moved(lambda tick: 10 * tick) == Repeat(0, 80, (Ending(40, 60, (1,)), Ending(60, 80, (2,))))
    assert repeat.moved(lambda tick: tick // 4) is None
