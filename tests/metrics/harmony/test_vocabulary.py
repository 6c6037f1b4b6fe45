from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest

from biaxial.metrics.harmony.agreement import jensen_shannon
from biaxial.metrics.harmony.vocabulary import chord_labels, chord_unigrams, distinct_chord_share
from biaxial.music.score import Key, Note, Score

Write = Callable[..., Score]
TONIC, DOMINANT = frozenset({0, 4, 7}), frozenset({7, 11, 2})


@pytest.fixture
def score(write: Write) -> Score:
    return write([72, 72, None, 71], [67, 67, None, 67], [64, 64, None, 62], [48, 48, None, 55])


@pytest.mark.parametrize("semitones", [0, 3, -4])
def test_a_label_for_each_beat_that_sounds(score: Score, semitones: int) -> None:
    key = Key(0).transposed(semitones)
    moved = score.transposed(semitones)
    assert chord_labels(moved, key) == [TONIC, TONIC, DOMINANT]
    assert chord_unigrams(moved, key) == Counter({(TONIC,): 2, (DOMINANT,): 1})
    assert distinct_chord_share(moved, key) == pytest.approx(2 / 3)


def test_a_label_is_what_sounds_at_the_first_moment(write: Write) -> None:
    score = write([(64, 0.5), (65, 0.5)], [67], [60], [48])
    assert chord_labels(score, Key(0)) == [TONIC]
    late = write([(65, 0.5), (64, 0.5)], [67], [60], [48])
    assert chord_labels(late, Key(0)) == [frozenset({0, 5, 7})]


def test_the_mode_belongs_to_a_label(score: Score) -> None:
    assert chord_labels(score, Key(-3, "minor"))[0] == TONIC | {-1}
    major, minor = chord_unigrams(score, Key(0)), chord_unigrams(score, Key(-3, "minor"))
    assert jensen_shannon(major, minor) == pytest.approx(1)
    assert jensen_shannon(major, chord_unigrams(score, Key(0))) == pytest.approx(0, abs=1e-12)


def test_silence_has_no_labels() -> None:
    empty = Score(length_ticks=960)
    assert chord_labels(empty, Key(0)) == []
    assert not chord_unigrams(empty, Key(0))
    assert math.isnan(distinct_chord_share(empty, Key(0)))
    with pytest.raises(ValueError, match="4 voices"):
        chord_labels(Score((Note(0, 480, 60),)), Key(0))
