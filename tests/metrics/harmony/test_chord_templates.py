"""Chords by templates: each kind on each root, ornaments around them, and where one chord passes into another."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from biaxial.metrics.harmony.chord_templates import (
    DIMINISHED,
    DOMINANT_SEVENTH,
    MAJOR,
    MINOR,
    NO_CHORD,
    TEMPLATES,
    beat_edges,
    fit_chords,
    non_chord_share,
)
from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import Note, Score

Write = Callable[..., Score]


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
