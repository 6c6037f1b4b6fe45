"""Which melodies count as one tune, and the split that keeps a tune together."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from biaxial.corpora.same_tune import MAX_HELD_OUT, beat_melody, similarities, split_groups, tune_groups
from biaxial.music.score import Note, Score, TimeSignature

TUNE = (67, 69, 71, 72, 74, 72, 71, 69, 67, 74, 76, 77, 79, 77, 76, 74, 72, 71, 69, 71, 72, 69, 67, 66, 67)


def plain_alignment(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """The score of similarities, cell by cell."""
    best = 0
    for shift in range(-12, 13):
        scores = np.zeros((len(first) + 1, len(second) + 1), int)
        for i, j in itertools.product(range(len(first)), range(len(second))):
            match = 1 if first[i] == second[j] + shift else -1
            scores[i + 1, j + 1] = max(0, scores[i, j] + match, scores[i, j + 1] - 1, scores[i + 1, j] - 1)
        best = max(best, int(scores.max()))
    return best


def test_similarities_are_those_of_the_plain_table() -> None:
    draw = random.Random(0)
    melodies = [tuple(draw.randrange(60, 68) for _ in range(draw.randrange(1, 16))) for _ in range(8)]
    found = similarities(melodies)
    for i, j in itertools.product(range(8), repeat=2):
        assert found[i, j] == plain_alignment(melodies[i], melodies[j])


def test_a_melody_is_heard_on_the_beats() -> None:
    notes = (
        Note(0, 480, 60, 0),
        Note(480, 240, 62, 0),
        Note(720, 240, 64, 0),  # a passing note
        Note(960, 960, 65, 0),  # held over two beats
        Note(1920, 480, 65, 0),  # repeated
        Note(2880, 480, 60, 0),  # after a rest
        Note(0, 3360, 40, 1),
    )
    assert beat_melody(Score(notes=notes)) == (60, 62, 65, 60)


def test_the_beats_follow_the_pickup() -> None:
    notes = (Note(0, 240, 60, 0), Note(240, 240, 62, 0), Note(480, 240, 64, 0), Note(720, 480, 65, 0))
    score = Score(notes=notes, pickup_ticks=240, time_signatures=(TimeSignature(3, 4),))
    assert beat_melody(score) == (62, 65)


def groups(*melodies: tuple[int, ...], titles: tuple[str, ...] = ()) -> list[int]:
    return tune_groups(melodies, titles or ("",) * len(melodies), similarities(melodies))


def test_one_tune_in_another_key_and_with_ornaments() -> None:
    ornamented = tuple(pitch - 5 for pitch in (*TUNE[:8], 80, *TUNE[8:]))
    other = tuple(60 + 5 * i % 13 for i in range(25))
    assert groups(TUNE, other, ornamented) == [0, 1, 0]


def test_a_tune_is_joined_through_a_third_setting() -> None:
    long = TUNE + tuple(60 + 5 * i % 13 for i in range(25))
    assert groups(TUNE, tuple(60 + 5 * i % 13 for i in range(25)), long) == [0, 0, 0]


@pytest.mark.parametrize(("shared", "joined"), [(21, False), (22, True)])
def test_the_bound_for_long_tunes(shared: int, joined: bool) -> None:
    # two melodies of a hundred notes that share so many, and then have no pitch in common
    first = tuple(60 + 7 * i % 11 for i in range(shared)) + (40, 39) * 39
    second = tuple(60 + 7 * i % 11 for i in range(shared)) + (90, 107) * 39
    assert (groups(first, second) == [0, 0]) is joined


@pytest.mark.parametrize(("title", "joined"), [("Jesu, meine Freude", True), ("", False)])
def test_a_common_title_joins_what_is_half_alike(title: str, joined: bool) -> None:
    first = tuple(60 + 7 * i % 11 for i in range(13)) + (40, 39) * 20
    second = tuple(60 + 7 * i % 11 for i in range(13)) + (90, 107) * 20
    assert (groups(first, second, titles=(title, title)) == [0, 0]) is joined


def test_the_split_keeps_groups_together_and_does_not_hang_on_the_order() -> None:
    draw = random.Random(1)
    names = [f"bwv{number}" for number in range(200)]
    numbers = [draw.randrange(80) for _ in names]
    sides = dict(zip(names, split_groups(names, numbers), strict=True))
    for number in set(numbers):
        members = [name for name, group in zip(names, numbers, strict=True) if group == number]
        assert len({sides[name] for name in members}) == 1
        if len(members) > MAX_HELD_OUT:
            assert sides[members[0]] == "train"
    assert [list(sides.values()).count(side) for side in ("train", "valid", "test")] == [160, 20, 20]
    order = draw.sample(range(200), 200)
    again = split_groups([names[i] for i in order], [numbers[i] for i in order])
    assert dict(zip([names[i] for i in order], again, strict=True)) == sides
