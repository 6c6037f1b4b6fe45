"""The time that pitch classes sound in spans, and the keys of the spans.

Chords by templates: each kind on each root, ornaments around them, and where one chord passes into another.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.metrics.harmony.local_harmony import (
    DIMINISHED,
    DOMINANT_SEVENTH,
    HOME_BONUS,
    MAJOR,
    MINOR,
    NO_CHORD,
    TEMPLATES,
    beat_edges,
    fit_chords,
    local_keys,
    non_chord_share,
    pitch_class_time,
)
from biaxial.metrics.writing.slices import Slices
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


def fitted(score: Score) -> tuple[int, int]:
    chords = fit_chords(score, np.array([0]), np.array([score.length_ticks]))
    return int(chords.roots[0]), int(chords.kinds[0])


@pytest.mark.parametrize("kind", range(len(TEMPLATES)))
@pytest.mark.parametrize("root", range(12))
def test_each_chord_is_itself(write: Write, kind: int, root: int) -> None:
    score = write(*([60 + root + degree] for degree in TEMPLATES[kind]), [48 + root])  # four or five voices
    assert fitted(score) == (root, kind)
    assert non_chord_share(score) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("lines", "expected", "share"),
    [
        pytest.param([[(64, 0.5), (65, 0.5)], [67], [60], [48]], (0, MAJOR), 1 / 8, id="a passing note"),
        pytest.param([[(65, 0.5), (64, 0.5)], [67], [60], [48]], (0, MAJOR), 1 / 8, id="a suspension that resolves"),
        pytest.param([[65], [67], [60], [48]], (0, MAJOR), 1 / 4, id="a fourth in place of the third"),
        pytest.param([[64], [67], [(60, 0.5), (58, 0.5)], [48]], (0, DOMINANT_SEVENTH), 0, id="a passing seventh"),
        pytest.param([[64], [67], [(60, 0.5), (59, 0.5)], [48]], (0, MAJOR), 1 / 8, id="a major seventh passing"),
        pytest.param([[65], [69], [60], [50]], (5, MAJOR), 1 / 4, id="a minor seventh chord: the third weighs"),
        pytest.param([[64], [72], [60], [48]], (0, MAJOR), 0, id="no fifth"),
        pytest.param([[63], [72], [60], [48]], (0, MINOR), 0, id="no fifth, minor"),
        pytest.param([[65], [62], [59], [50]], (11, DIMINISHED), 0, id="diminished, its third doubled"),
    ],
)
def test_ornaments(write: Write, lines: list[list[int]], expected: tuple[int, int], share: float) -> None:
    score = write(*lines)
    assert fitted(score) == expected
    assert non_chord_share(score) == pytest.approx(share, abs=1e-12)
    assert non_chord_share(Slices.from_score(score)) == non_chord_share(score)


def test_a_longer_tone_wins(write: Write) -> None:
    assert fitted(write([(63, 0.4), (64, 0.6)], [67], [60])) == (0, MAJOR)
    assert fitted(write([(63, 0.6), (64, 0.4)], [67], [60])) == (0, MINOR)


def test_each_beat_has_its_chord_and_silence_has_none(write: Write) -> None:
    score = write([64, 65, None, 62], [67, 69, None, 67], [60, 60, None, 59])
    edges = beat_edges(score)
    chords = fit_chords(score, edges[:-1], edges[1:])
    assert chords.roots.tolist() == [0, 5, NO_CHORD, 7]
    assert chords.kinds.tolist() == [MAJOR, MAJOR, NO_CHORD, MAJOR]
    assert chords.sounding.tolist() == chords.inside.tolist() == [1440, 1440, 0, 1440]


def test_beats_are_quarters_from_the_end_of_the_pickup() -> None:
    assert beat_edges(Score(length_ticks=1200)).tolist() == [0, 480, 960, 1200]
    assert beat_edges(Score(length_ticks=1200, pickup_ticks=240)).tolist() == [0, 240, 720, 1200]
    assert beat_edges(Score(length_ticks=1440, pickup_ticks=960)).tolist() == [0, 480, 960, 1440]


def test_music_without_voices_has_chords_too() -> None:
    score = Score((Note(0, 480, 60), Note(0, 480, 64), Note(0, 480, 67), Note(240, 240, 62)))
    assert non_chord_share(score) == pytest.approx(240 / 1680)
    assert non_chord_share(Score((Note(0, 480, 60),))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("score", [Score(), Score(length_ticks=960)])
def test_silence_has_no_share(score: Score) -> None:
    assert math.isnan(non_chord_share(score))
