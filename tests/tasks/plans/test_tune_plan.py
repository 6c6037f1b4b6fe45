"""The plan that a given tune asks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from biaxial.music.score import Key, Note, Score
from biaxial.tasks.plans.plan_model import shipped_plans
from biaxial.tasks.plans.tune_plan import LEAP, close_context, plan_of_tune

Q = 480
HOME = Key(0)


def tune(*phrases: str, ticks: int = Q) -> Score:
    """A tune in C of quarter notes, with a half note at the end of each phrase; a letter a note."""
    degrees = dict(zip("cdefgab", (72, 74, 76, 77, 67, 69, 71), strict=True))
    notes, fermatas, onset = list[Note](), list[int](), 0
    for phrase in phrases:
        for place, letter in enumerate(phrase):
            length = ticks * (2 if place == len(phrase) - 1 else 1)
            notes.append(Note(onset, length, degrees[letter], 0))
            onset += length
        fermatas.append(notes[-1].onset_ticks)
    return Score(tuple(notes), onset, ticks_per_quarter=ticks, key=HOME, fermatas=tuple(fermatas))


def test_lengths_and_last_notes_are_those_of_the_tune() -> None:
    score = tune("cdefe", "gabc")
    plan = plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), 1)
    assert plan is not None
    assert [(phrase.length_ticks, phrase.last_ticks) for phrase in plan.phrases] == [(6 * Q, 2 * Q), (5 * Q, 2 * Q)]
    assert plan.last_onsets == score.fermatas


def test_a_grid_of_other_ticks_gives_the_same_plan() -> None:
    plans = [
        plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), 4)
        for score in (tune("cdefe", "gabc"), tune("cdefe", "gabc", ticks=24))
    ]
    assert plans[0] == plans[1]
    odd = tune("cdefe", "gabc", ticks=7)
    odd = replace(odd, length_ticks=odd.length_ticks + 1)
    assert plan_of_tune(odd, odd.fermatas or (), HOME, shipped_plans(), 4) is None


def test_what_a_tune_says_twice_comes_again() -> None:
    score = tune("cdefe", "gabc", "cdefe", "eddc")
    plans = [plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), seed) for seed in range(40)]
    assert all(plan is not None and [p.repeats for p in plan.phrases] == [None, None, 0, None] for plan in plans)
    whole = [plan for plan in plans if plan is not None and plan.phrases[2].whole]
    assert 0 < len(whole) < 40
    for plan in whole:
        assert (plan.phrases[2].key, plan.phrases[2].cadence) == (plan.phrases[0].key, plan.phrases[0].cadence)


def test_a_piece_closes_at_home_and_a_rise_to_the_dominant_seldom_does() -> None:
    score = tune("cdefg", "gabc")
    closes = Counter[tuple[str, str]]()
    for seed in range(60):
        plan = plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), seed)
        assert plan is not None
        closes[plan.phrases[0].key, plan.phrases[0].cadence] += 1
        assert plan.phrases[1].key == "I"
        assert plan.phrases[1].cadence in ("authentic", "plagal")
    assert len(closes) > 2  # another seed, another plan


def test_the_colder_the_likelier() -> None:
    score = tune("agfed", "gabc")

    def drawn(temperature: float) -> Counter[str]:
        found = Counter[str]()
        for seed in range(60):
            plan = plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), seed, temperature)
            assert plan is not None
            found[plan.phrases[0].key + plan.phrases[0].cadence] += 1
        return found

    warm, cold = drawn(1.0), drawn(0.2)
    assert len(cold) < len(warm)
    assert cold.most_common(1)[0][1] > warm.most_common(1)[0][1]


def test_the_context_of_a_close() -> None:
    melody = tune("cdefg").voice_notes(0)
    assert close_context(melody, 4 * Q, HOME) == ("major", 7, LEAP)  # from f down to g
    assert close_context(melody, 2 * Q, HOME) == ("major", 4, 2)
    assert close_context(melody, 2 * Q + 100, Key(0, "minor")) == ("minor", 7, 2)
    assert close_context(melody, 0, HOME) == ("major", 0, 0)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_a_seed_gives_one_plan(temperature: float) -> None:
    score = tune("cdefe", "gabc")
    first, second = (plan_of_tune(score, score.fermatas or (), HOME, shipped_plans(), 9, temperature) for _ in range(2))
    assert first == second
