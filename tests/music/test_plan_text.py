"""Wishes as text: what is left out is open, and what is wrong is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from biaxial.music.errors import InputError
from biaxial.music.phrases import Phrase, PhrasePlan
from biaxial.music.plan_text import PhraseWish, PlanWish, read_form, read_plan

Q = 480


def test_keys_and_cadences_alone() -> None:
    wish = read_plan("I:half V:authentic vi I:auth")
    assert wish == PlanWish(
        (
            PhraseWish(key="I", cadence="half"),
            PhraseWish(key="V", cadence="authentic"),
            PhraseWish(key="vi"),
            PhraseWish(key="I", cadence="authentic"),
        )
    )
    with pytest.raises(InputError, match="leaves its pickup or its form open"):
        _ = wish.plan


def test_every_part_may_be_left_out() -> None:
    assert read_plan("?").phrases == (PhraseWish(),)
    assert read_plan("?:half@?/2").phrases == (PhraseWish(None, 2 * Q, None, "half"),)
    assert read_plan("pickup 0.5; V@8").phrases == (PhraseWish(8 * Q, None, "V"),)
    assert read_plan("pickup 0.5; V@8").pickup_ticks == 240
    lettered = read_plan("A=I B=? A'=?:half")
    assert lettered.has_form
    assert [(each.repeats, each.whole) for each in lettered.phrases] == [(None, False), (None, False), (0, False)]
    with pytest.raises(InputError, match="phrase 1 of the plan is not complete"):
        _ = read_plan("pickup 1; A=I:half B=I").plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no phrases"),
        ("pickup 1;", "has no phrases"),
        ("pickup x; I", "'x' is not a number of quarter notes"),
        ("I:", "'I:' is not a phrase"),
        ("I:half:half", "is not a phrase"),
        ("H:half", "'H' is not a key"),
        ("I:full", "'full' is not a cadence; give one of auth, half, plag, dec, open"),
        ("I@0", "I@0: a length is more than 0"),
        ("I@8/0", "a length is more than 0"),
        ("I@-8", "'-8' is not a number"),
        ("A=I V", "some phrases of the plan have a letter and some have none"),
        ("A'=I", "A' stands before any A"),
        ("a=I", "'a' is not the letter of a phrase"),
        ("I " * 1001, "1001 phrases, and 1000 is the most"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_plan(text)
    assert "\n" not in str(caught.value)


def test_forms_are_read_with_and_without_blanks() -> None:
    assert read_form("AAB") == read_form(" A A B ") == [(None, False), (0, True), (None, False)]
    assert read_form("AA'A1A1'") == [(None, False), (0, False), (None, False), (2, False)]
    for wrong in ("", " ", "A?B", "'A", "a", "A''"):
        with pytest.raises(InputError, match="is not a form; give the letters"):
            read_form(wrong)
    with pytest.raises(InputError, match="1001 phrases"):
        read_form("A" * 1001)


def test_wishes_that_contradict_one_another_are_refused() -> None:
    wish = read_plan("pickup 1; A=I@8 B=V")
    assert wish.with_pickup(Q).with_lengths([8 * Q, 4 * Q]).with_form([(None, False), (None, False)]).has_form
    changes: list[tuple[Callable[[], PlanWish], str]] = [
        (lambda: wish.with_pickup(0), "the pickup is not that of the plan"),
        (lambda: wish.with_lengths([Q, Q]), "lengths of the phrases are not those of the plan"),
        (lambda: wish.with_lengths([8 * Q]), "1 lengths of 2 phrases"),
        (lambda: wish.with_form([(None, False)]), "the form has 1 phrases, the plan 2"),
        (lambda: wish.with_form([(None, False), (0, True)]), "the form is not that of the plan"),
    ]
    for change, message in changes:
        with pytest.raises(InputError, match=message):
            change()


def test_all_of_a_plan_can_be_wished() -> None:
    plan = PhrasePlan((Phrase(8 * Q, Q, "I", "half"), Phrase(8 * Q, Q, "V", "open", 0)), Q)
    assert PlanWish.of(plan).plan == plan
    assert PlanWish.of(plan) == read_plan(plan.text)
