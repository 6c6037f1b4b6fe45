"""Dissonance on strong beats, prepared and not, just inside and just outside of each condition."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.writing.dissonance import (
    dissonant_beat_share,
    strong_beat_dissonances,
    unprepared_beat_share,
    unprepared_dissonances,
)
from biaxial.metrics.writing.slices import Slices
from biaxial.metrics.writing.voice_leading import Fault
from biaxial.music.score import Note, Score, TimeSignature

Write = Callable[..., Score]
THIRD = Fault(2 * 480, (0, 1))


@pytest.mark.parametrize("interval", range(26))
@pytest.mark.parametrize("crossed", [False, True])
def test_seconds_and_sevenths_are_dissonant(write: Write, interval: int, crossed: bool) -> None:
    lines = ([(64, 2), (60 + interval, 2)], [(57, 2), (60, 2)])
    score = write(*(reversed(lines) if crossed else lines))
    expected = [THIRD] if interval % 12 in (1, 2, 10, 11) else []
    assert strong_beat_dissonances(score) == expected
    assert dissonant_beat_share(score) == len(expected) / 2


@pytest.mark.parametrize(
    ("high", "low", "count"),
    [
        pytest.param([(64, 2), (62, 2)], [(57, 2), (60, 2)], 1, id="both arrive"),
        pytest.param([(62, 4)], [(59, 2), (60, 2)], 0, id="the higher held"),
        pytest.param([(62, 2), (62, 2)], [(59, 2), (60, 2)], 0, id="the higher struck again"),
        pytest.param([(64, 2), (62, 2)], [(60, 4)], 0, id="the lower held: a pedal"),
        pytest.param([(62, 1), (64, 1), (62, 2)], [(57, 2), (60, 2)], 1, id="there, but not just before"),
        pytest.param([(64, 1), (62, 3)], [(57, 2), (60, 2)], 0, id="there on the beat before"),
        pytest.param([(74, 2), (62, 2)], [(57, 2), (60, 2)], 1, id="there an octave higher"),
        pytest.param([(None, 2), (62, 2)], [(57, 2), (60, 2)], 1, id="after a rest"),
    ],
)
def test_a_dissonance_is_prepared_by_a_pitch_that_was_there(
    write: Write, high: list[tuple[int, float]], low: list[tuple[int, float]], count: int
) -> None:
    score = write(high, low)
    assert THIRD in strong_beat_dissonances(score)
    assert unprepared_dissonances(score) == [THIRD] * count


def test_a_pitch_that_passed_to_another_voice_is_not_prepared(write: Write) -> None:
    score = write([(65, 2), (62, 2)], [(62, 2), (60, 2)])
    assert unprepared_dissonances(score) == [THIRD]


def test_only_strong_beats_are_looked_at(write: Write) -> None:
    assert strong_beat_dissonances(write([72, 74, 76, 74], [60, 60, 60, 60])) == []
    assert len(strong_beat_dissonances(write([74, 76, 74, 76], [60, 60, 60, 60]))) == 2
    waltz = write([74, 76, 74, 74], [60, 60, 60, 60], time_signatures=(TimeSignature(3, 4),))
    assert [fault.tick for fault in strong_beat_dissonances(waltz)] == [0, 3 * 480]
    upbeat = write([74, 76, 74], [60, 60, 60], pickup_ticks=480)
    assert strong_beat_dissonances(upbeat) == []
    assert strong_beat_dissonances(write([(76, 0.5), (74, 0.5)], [60])) == []  # after the beat


def test_a_beat_counts_once_and_its_pairs_each(write: Write) -> None:
    score = write([(74, 2), (76, 2)], [(62, 2), (67, 2)], [(60, 4)])
    assert strong_beat_dissonances(score) == [Fault(0, (0, 2)), Fault(0, (1, 2))]
    assert dissonant_beat_share(score) == unprepared_beat_share(score) == 0.5  # the beginning prepares nothing
    assert unprepared_dissonances(Slices.from_score(score)) == unprepared_dissonances(score)


def test_beats_with_one_voice_do_not_count(write: Write) -> None:
    score = write([(74, 2), (None, 2)], [(60, 4)])
    assert dissonant_beat_share(score) == 1
    assert unprepared_beat_share(score) == 1
    for alone in (write([(74, 4)]), Score(length_ticks=1920), Score()):
        assert math.isnan(dissonant_beat_share(alone))
        assert math.isnan(unprepared_beat_share(alone))
    with pytest.raises(ValueError, match="assign_voices"):
        dissonant_beat_share(Score((Note(0, 480, 60),)))
