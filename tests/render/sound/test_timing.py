"""The tempo of a performance: even, waiting at fermatas, slowing down at the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from biaxial.music.score import Note, Score
from biaxial.render.sound.timing import FERMATA_QUARTERS, FINAL_TEMPO, tempo_curve

PIECE = Score(tuple(Note(480 * beat, 480, 60, 0) for beat in range(16)), tempo_bpm=60.0)
"""Sixteen quarter notes, a second each."""


def test_a_strict_tempo_is_that_of_the_score() -> None:
    curve = tempo_curve(replace(PIECE, fermatas=(480, 7200)), strict=True)
    assert curve.at([0, 240, 7200, 7680]).tolist() == [0.0, 0.5, 15.0, 16.0]
    assert curve.duration_seconds == PIECE.duration_seconds


def test_the_end_is_slower_and_the_beginning_is_not() -> None:
    curve = tempo_curve(PIECE)
    beats = np.diff(curve.at(range(0, 7681, 480)))
    np.testing.assert_allclose(beats[:11], 1.0)
    assert (np.diff(beats[10:]) > 0).all()
    assert beats[-1] == pytest.approx(1 / FINAL_TEMPO)
    assert 0.5 < curve.duration_seconds - 16 < 2.0


def test_a_fermata_adds_half_a_beat_and_nothing_else() -> None:
    plain, held = tempo_curve(PIECE), tempo_curve(replace(PIECE, fermatas=(1440,)))
    ticks = range(0, 7681, 240)
    late = held.at(ticks) - plain.at(ticks)
    np.testing.assert_allclose(late[:7], 0, atol=1e-12)
    assert late[7] == pytest.approx(FERMATA_QUARTERS / 2)
    np.testing.assert_allclose(late[8:], FERMATA_QUARTERS)


def test_a_fermata_where_no_note_begins_holds_a_quarter() -> None:
    plain, held = tempo_curve(PIECE), tempo_curve(replace(PIECE, fermatas=(600,)))
    assert held.at([600])[0] == plain.at([600])[0]
    assert held.at([1080])[0] == pytest.approx(plain.at([1080])[0] + FERMATA_QUARTERS)


def test_a_fermata_of_the_top_voice_holds_as_long_as_its_note() -> None:
    score = replace(PIECE, notes=(*PIECE.notes, Note(1440, 240, 50, 1), Note(1680, 240, 52, 1)), fermatas=(1440,))
    curve = tempo_curve(score)
    assert curve.at([1680])[0] - curve.at([1440])[0] == pytest.approx(0.5 + FERMATA_QUARTERS / 2)


def test_time_never_runs_back() -> None:
    curve = tempo_curve(replace(PIECE, fermatas=(0, 480, 6720, 7200, 9999)))
    assert (np.diff(curve.seconds) > 0).all()
    assert (np.diff(curve.ticks) > 0).all()


@pytest.mark.parametrize("score", [Score((Note(0, 480, 60),), tempo_bpm=60.0), Score(length_ticks=480, tempo_bpm=60.0)])
def test_one_chord_or_none_has_nothing_to_slow_down_to(score: Score) -> None:
    assert tempo_curve(score).duration_seconds == 1.0


def test_a_share_of_the_tempo_holds_from_its_tick_to_the_next() -> None:
    score = Score(tuple(Note(beat * 480, 480, 60) for beat in range(16)), tempo_bpm=60.0)
    plain, slow = tempo_curve(score), tempo_curve(score, tempos=((480, 0.5), (1440, 1.0)))
    assert slow.at([480, 960, 1440]).tolist() == pytest.approx([1.0, 3.0, 5.0])
    assert slow.duration_seconds == pytest.approx(plain.duration_seconds + 2.0)
    assert tempo_curve(score, strict=True, tempos=((480, 0.5),)).duration_seconds == pytest.approx(16.0)
