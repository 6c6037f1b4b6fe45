"""The time that pitch classes sound in spans, and the keys of the spans."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.metrics.harmony.local_keys import HOME_BONUS, local_keys, pitch_class_time
from biaxial.music.keys import detect_key, key_correlations, pitch_class_durations
from biaxial.music.score import Key, Note, Score

Write = Callable[..., Score]
SCALE = [60, 62, 64, 65, 67, 69, 71]


def spans(*pairs: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, ends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return starts, ends


def test_time_is_that_within_the_span() -> None:
    score = Score((Note(100, 200, 60), Note(200, 50, 72), Note(250, 300, 62)), 1000)
    time = pitch_class_time(score, *spans((0, 1000), (0, 100), (150, 225), (299, 301), (-50, 120), (500, 5000)))
    assert time[:, 0].tolist() == [250, 0, 100, 1, 20, 0]
    assert time[:, 2].tolist() == [300, 0, 0, 2, 0, 50]
    assert not time[:, [1, *range(3, 12)]].any()


def test_time_agrees_with_a_plain_count() -> None:
    generator = np.random.default_rng(0)
    notes = tuple(
        Note(int(onset), int(length), int(pitch))
        for onset, length, pitch in generator.integers([0, 1, 40], [900, 300, 90], (60, 3))
    )
    score = Score(notes)
    starts = generator.integers(-100, 900, 40)
    ends = starts + generator.integers(0, 500, 40)
    plain = np.zeros((40, 12))
    for note in notes:
        overlap = np.minimum(ends, note.end_ticks) - np.maximum(starts, note.onset_ticks)
        plain[:, note.pitch % 12] += np.maximum(overlap, 0)
    assert np.array_equal(pitch_class_time(score, starts, ends), plain)
    whole = pitch_class_time(score, *spans((0, score.length_ticks)))[0]
    assert whole == pytest.approx(pitch_class_durations(score) * 480)


def test_nothing_sounds() -> None:
    assert not pitch_class_time(Score(length_ticks=480), *spans((0, 480))).any()
    assert pitch_class_time(Score(), *spans()).shape == (0, 12)


@pytest.mark.parametrize("semitones", range(12))
def test_each_span_has_its_key(write: Write, semitones: int) -> None:
    major = [*SCALE, (60, 3), (64, 2), (67, 3)]
    minor = [*(pitch + 1 for pitch in (57, 59, 60, 62, 64, 65, 68)), (58, 3), (61, 2), (65, 3)]
    score = write([*major, *minor]).transposed(semitones)
    half = score.length_ticks // 2
    keys = local_keys(score, *spans((0, half), (half, 2 * half)))
    assert keys.tonics.tolist() == [semitones, (10 + semitones) % 12]
    assert keys.minor.tolist() == [False, True]


def test_a_span_of_all_is_the_key_of_the_piece(write: Write) -> None:
    score = write([*SCALE, (67, 8), (71, 8), (62, 8)])
    key = detect_key(score)
    assert key is not None
    assert local_keys(score, *spans((0, score.length_ticks))).tonics.tolist() == [key.tonic]


def test_the_key_of_the_piece_is_favoured_where_it_is_close(write: Write) -> None:
    score = write([60, 62, 64, 65, 67, 69, 60, 67, 65, 69])  # a little nearer to F major than to C major
    whole = spans((0, score.length_ticks))
    c, f = key_correlations(pitch_class_durations(score))[[0, 5]]
    assert 0 < f - c < HOME_BONUS
    assert local_keys(score, *whole).tonics.tolist() == [5]
    assert local_keys(score, *whole, home=Key(0)).tonics.tolist() == [0]
    assert local_keys(score, *whole, home=Key(1)).tonics.tolist() == [5]  # G major is too far
    minor = local_keys(write([57, 60, 64, 57, 56, 59]), *spans((0, 6 * 480)), home=Key(0))
    assert (minor.tonics.tolist(), minor.minor.tolist()) == ([9], [True])


def test_no_key_where_none_is_nearer(write: Write) -> None:
    score = write(list(range(60, 72)))
    keys = local_keys(score, *spans((0, score.length_ticks), (0, 480), (9600, 9700)))
    assert (keys.tonics == -1).tolist() == [True, False, True]
    assert not keys.minor[[0, 2]].any()
