"""Plans of phrases: numerals in every key, letters, text and plain values there and back, and plans that cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from biaxial.music.errors import InputError
from biaxial.music.phrases import (
    Phrase,
    PhrasePlan,
    form_of,
    home_numeral,
    in_quarters,
    key_at,
    letter,
    numeral,
    quarters_ticks,
)
from biaxial.music.plan_text import read_plan
from biaxial.music.score import Key

Q = 480
PLAN = PhrasePlan(
    (
        Phrase(8 * Q, Q, "I", "half"),
        Phrase(8 * Q, 3 * Q, "V", "authentic"),
        Phrase(8 * Q, Q, "I", "half", 0, True),
        Phrase(8 * Q, 3 * Q, "vi", "plagal", 1),
        Phrase(7 * Q + 240, 240, "I", "authentic"),
    ),
    Q,
)


@pytest.mark.parametrize("home", ["C major", "A minor", "F# minor", "Eb major"])
def test_every_key_has_a_numeral_that_means_it(home: str) -> None:
    at_home = Key.from_name(home)
    keys = [one.transposed(k) for one in (Key(0), Key(-3, "minor")) for k in range(12)]
    assert [key_at(numeral(key, at_home), at_home) for key in keys] == keys
    assert len({numeral(key, at_home) for key in keys}) == 24
    assert numeral(at_home, at_home) == home_numeral(at_home.mode)


@pytest.mark.parametrize(
    ("home", "text", "key"),
    [
        ("C major", "V", "G major"),
        ("C major", "vi", "A minor"),
        ("C major", "bVII", "Bb major"),
        ("C major", "iii", "E minor"),
        ("A minor", "III", "C major"),
        ("A minor", "VII", "G major"),
        ("A minor", "v", "E minor"),
        ("A minor", "#vi", "F# minor"),
    ],
)
def test_numerals_stand_beside_the_home_scale(home: str, text: str, key: str) -> None:
    assert key_at(text, Key.from_name(home)) == Key.from_name(key)


@pytest.mark.parametrize("text", ["", "VIII", "Vi", "b", "V7", "bbV", "I ", "H"])
def test_what_is_no_numeral_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a key; give a Roman numeral"):
        key_at(text, Key(0))


def test_a_plan_knows_where_its_phrases_are() -> None:
    assert PLAN.length_ticks == 39 * Q + 240
    assert PLAN.starts == (0, 8 * Q, 16 * Q, 24 * Q, 32 * Q)
    assert PLAN.last_onsets == (7 * Q, 13 * Q, 23 * Q, 29 * Q, 39 * Q)
    assert PLAN.form == "A B A B' C"
    assert PLAN.summary == "5 phrases A B A B' C, pickup 1; I:half V:auth I:half vi:plag I:auth"
    assert PhrasePlan((Phrase(Q, Q, "i", "open"),)).summary == "1 phrase A, no pickup; i:open"
    assert PLAN.captions[1:4] == ("B\u2002V: authentic", "A\u2002I: half", "B'\u2002vi: plagal")
    altered = PhrasePlan((Phrase(Q, Q, "bVII", "open"), Phrase(Q, Q, "#iv", "half")))
    assert altered.captions == ("A\u2002♭VII: open", "B\u2002♯iv: half")


def test_text_and_plain_values_give_the_plan_back() -> None:
    assert PLAN.text == "pickup 1; A=I:half@8/1 B=V:auth@8/3 A=I:half@8/1 B'=vi:plag@8/3 C=I:auth@7.5/0.5"
    assert read_plan(PLAN.text).plan == PLAN
    assert PhrasePlan.from_dict(json.loads(json.dumps(PLAN.to_dict()))) == PLAN


@pytest.mark.parametrize(
    ("phrases", "message"),
    [
        ((), "at least one phrase"),
        ((Phrase(Q, Q, "I", "open", 0),), "phrase 1 must repeat an earlier one"),
        ((Phrase(Q, Q, "I", "open"), Phrase(Q, Q, "I", "open", 0), Phrase(Q, Q, "I", "open", 1)), "phrase 3 must"),
        ((Phrase(2 * Q, Q, "I", "open"), Phrase(3 * Q, Q, "I", "open", 0)), "2 repeats phrase 1 but is not as long"),
        ((Phrase(2 * Q, Q, "I", "open"), Phrase(2 * Q, 240, "I", "open", 0)), "2/0.5 and 2/1 quarter notes"),
        ((Phrase(Q, Q, "I", "open"), Phrase(Q, Q, "V", "open", 0, True)), "must close as it does"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(phrases: tuple[Phrase, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PhrasePlan(phrases)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((Q, 2 * Q, "I", "open"), "of 1 quarter notes cannot end with a note of 2"),
        ((Q, 0, "I", "open"), "cannot end with a note of 0"),
        ((Q, Q, "I", "perfect"), "'perfect' is not a cadence; give one of authentic, half"),
        ((Q, Q, "I", "open", None, True), "that is new cannot repeat"),
    ],
)
def test_phrases_that_cannot_be_are_refused(values: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Phrase(*values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pickup_ticks": "1"}, "pickup_ticks has the wrong type, str"),
        ({"pickup_ticks": True}, "pickup_ticks has the wrong type, bool"),
        ({"pickup_ticks": -1}, "a pickup cannot have -1 ticks"),
        ({"phrases": {}}, "phrases has the wrong type"),
        ({"phrases": [None]}, "phrase 1 of a plan has the fields"),
        ({"more": 1}, "has the fields pickup_ticks, phrases and no others"),
        ({"phrases": [{**PLAN.to_dict()["phrases"][0], "repeats": "A"}]}, "repeats has the wrong type, str"),
    ],
)
def test_damaged_plain_values_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PhrasePlan.from_dict({**PLAN.to_dict(), **change})


def test_forms_name_what_comes_again() -> None:
    assert form_of(["A", "B", "A", "B'", "C"]) == [(None, False), (None, False), (0, True), (1, False), (None, False)]
    assert form_of(["B", "A", "B"]) == [(None, False), (None, False), (0, True)]
    for wrong, message in ((["A'"], "A' stands before any A"), (["a"], "'a' is not the letter")):
        with pytest.raises(InputError, match=message):
            form_of(wrong)
    assert [letter(n) for n in (0, 25, 26, 52)] == ["A", "Z", "A1", "A2"]


@pytest.mark.parametrize("ticks", [0, 1, 160, 240, 480, 3840, 3841])
def test_lengths_in_quarters_come_back(ticks: int) -> None:
    assert quarters_ticks(in_quarters(ticks)) == ticks


@pytest.mark.parametrize("text", ["", "-1", "1/2", "x", "1~0", "0.0001", "1e3"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="quarter notes"):
        quarters_ticks(text)
