"""Plans read off written music: lengths, pickup, keys, cadences, and what comes again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from biaxial.metrics.harmony.phrase_plans import phrase_plan_of
from biaxial.music.errors import InputError
from biaxial.music.phrases import Phrase, PhrasePlan
from biaxial.music.score import Key, Note, Score

Write = Callable[..., Score]
Q = 480

C = (72, 67, 64, 48)
C_HIGH = (76, 67, 60, 48)
F = (72, 69, 65, 53)
G = (71, 67, 62, 55)
G7 = (74, 65, 59, 55)
A_MINOR = (72, 69, 64, 57)
D7 = (72, 69, 66, 50)

HOME = [C, F, C, F, C_HIGH, G7, C]
"""Seven quarter notes that close in C; the tune is not flat."""
TO_V = [C, F, C, D7, G, D7, G]


def chorale(write: Write, *phrases: Sequence[tuple[int, ...]], last: int = 1, **fields: object) -> Score:
    """Phrases of chords, a quarter each; the last chord of each lasts ``last`` quarters."""
    lines: list[list[tuple[int, float]]] = [[], [], [], []]
    fermatas, tick = [], 0
    for chords in phrases:
        for place, chord in enumerate(chords):
            length = last if place == len(chords) - 1 else 1
            for line, pitch in zip(lines, chord, strict=True):
                line.append((pitch, length))
        tick += len(chords) - 1 + last
        fermatas.append((tick - last) * Q)
    return write(*lines, fermatas=tuple(fermatas), key=Key(0), **fields)


def test_lengths_keys_cadences_and_the_pickup(write: Write) -> None:
    score = chorale(write, HOME, TO_V, [C, F, C, F, C, F, G], [*HOME[:-1], A_MINOR], last=2, pickup_ticks=Q)
    plan = phrase_plan_of(score)
    assert plan.pickup_ticks == Q
    assert [(phrase.length_ticks, phrase.last_ticks) for phrase in plan.phrases] == [(8 * Q, 2 * Q)] * 4
    assert plan.length_ticks == score.length_ticks
    assert plan.last_onsets == score.fermatas
    closes = [(phrase.key, phrase.cadence) for phrase in plan.phrases]
    assert closes == [("I", "authentic"), ("V", "authentic"), ("I", "half"), ("I", "deceptive")]
    assert plan.form == "A B C A'"


def test_a_phrase_that_comes_again_wholly_and_one_whose_melody_does(write: Write) -> None:
    other = [(top, 64 if top % 12 in (0, 4, 7) else alto, *rest) for top, alto, *rest in HOME]
    other[1] = (72, 69, 60, 57)  # another bass
    plan = phrase_plan_of(chorale(write, HOME, TO_V, HOME, other))
    assert plan.form == "A B A A'"
    assert [(phrase.repeats, phrase.whole) for phrase in plan.phrases[2:]] == [(0, True), (0, False)]


def test_the_first_note_may_differ_in_length_and_no_other_one(write: Write) -> None:
    score = chorale(write, HOME, HOME)
    notes = {note for note in score.notes if note.voice == 0}

    def shortened(place: int) -> PhrasePlan:
        short = next(note for note in notes if note.onset_ticks == (7 + place) * Q)
        others = [note for note in score.notes if note is not short]
        return phrase_plan_of(replace(score, notes=(*others, replace(short, length_ticks=Q // 2))))

    assert phrase_plan_of(score).form == "A A"
    assert shortened(0).phrases[1].repeats == 0
    assert shortened(2).phrases[1].repeats is None
    higher = tuple(replace(n, pitch=n.pitch + (n.voice == 0 and n.onset_ticks == 9 * Q)) for n in score.notes)
    assert phrase_plan_of(replace(score, notes=higher)).form == "A B"


def test_a_phrase_of_another_length_is_another_one(write: Write) -> None:
    assert phrase_plan_of(chorale(write, HOME, [*HOME[:3], *HOME])).form == "A B"


def test_music_after_the_last_fermata_is_a_phrase(write: Write) -> None:
    score = chorale(write, HOME, TO_V)
    plan = phrase_plan_of(replace(score, fermatas=score.fermatas[:1] if score.fermatas else None))
    assert [phrase.length_ticks for phrase in plan.phrases] == [7 * Q, 7 * Q]
    assert plan.phrases[1].last_ticks == Q


def test_in_minor_a_raised_third_is_at_home(write: Write) -> None:
    e_major, a_major, d_minor = (71, 68, 64, 52), (73, 69, 64, 57), (74, 69, 65, 50)
    score = replace(
        chorale(write, [A_MINOR, d_minor, A_MINOR, d_minor, A_MINOR, e_major, a_major]), key=Key.from_name("A minor")
    )
    assert [(phrase.key, phrase.cadence) for phrase in phrase_plan_of(score).phrases] == [("i", "authentic")]


def test_ticks_are_those_of_a_plan_whatever_the_score_has(write: Write) -> None:
    score = chorale(write, HOME, TO_V)
    fine = score.retimed(lambda tick: 2 * tick, 960)
    assert phrase_plan_of(fine) == phrase_plan_of(score)


def test_music_without_phrase_ends_or_voices_has_no_plan(write: Write) -> None:
    score = chorale(write, HOME)
    for wrong in (
        replace(score, fermatas=None),
        replace(score, fermatas=()),
        replace(score, notes=tuple(replace(note, voice=None) for note in score.notes)),
        Score((), 4 * Q, fermatas=(0,)),
    ):
        with pytest.raises(InputError, match="with fermatas only"):
            phrase_plan_of(wrong)
    silent = replace(score, notes=(Note(0, Q, 60, 0),), length_ticks=score.length_ticks)
    with pytest.raises(InputError, match="nothing sounds at a fermata"):
        phrase_plan_of(silent)


def test_one_phrase_is_a_plan(write: Write) -> None:
    assert phrase_plan_of(chorale(write, HOME)) == PhrasePlan((Phrase(7 * Q, Q, "I", "authentic"),))
