from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Note, Score

Write = Callable[..., Score]


def test_music_is_cut_at_every_onset_and_end(write: Write) -> None:
    slices = Slices.from_score(write([(72, 2), (None, 1)], [(60, 0.5), (62, 2.5)]))
    assert slices.onsets.tolist() == [0, 240, 960]
    assert slices.lengths.tolist() == [240, 720, 480]
    assert slices.pitches.tolist() == [[72, 60], [72, 62], [REST, 62]]


def test_the_cut_keeps_the_length_of_the_score(write: Write) -> None:
    score = write([(None, 1), 72], [(None, 1), 60], length_ticks=5000)
    slices = Slices.from_score(score)
    assert slices.lengths.sum() == 5000
    assert slices.is_sound.tolist() == [False, True, False]


def test_a_chord_struck_again_is_no_change(write: Write) -> None:
    assert Slices.from_score(write([72, 72, 74], [60, 60, 60])).num_changes == 1
    assert Slices.from_score(write([72, 73, 74], [60, 60, 60])).num_changes == 2


def test_voices_that_exchange_their_pitches_change_the_chord(write: Write) -> None:
    assert Slices.from_score(write([72, 67], [67, 72])).num_changes == 1


def test_the_first_chord_and_the_beginning_of_silence_are_no_changes(write: Write) -> None:
    assert Slices.from_score(write([None, 72, None], [None, 60, None], length_ticks=1440)).num_changes == 0
    assert Slices.from_score(write([72, None, 72], [60, None, 60])).num_changes == 1  # back after a silence
    assert Slices.from_score(write([72, None], [(60, 2)])).num_changes == 1  # one voice falls silent


def test_chords_are_slices_of_equal_pitches_put_together(write: Write) -> None:
    chords = Slices.from_score(write([72, (72, 0.5), (72, 0.5), 74], [(60, 3)])).chords
    assert chords.onsets.tolist() == [0, 960]
    assert chords.lengths.tolist() == [960, 480]
    assert np.array_equal(chords.pitches, [[72, 60], [74, 60]])


def test_notes_without_voices_are_refused() -> None:
    with pytest.raises(ValueError, match="assign_voices"):
        Slices.from_score(Score((Note(0, 480, 60),)))


def test_two_notes_of_a_voice_at_once_are_refused_and_named() -> None:
    with pytest.raises(ValueError, match="voice 1 has two notes at once at or after tick 240"):
        Slices.from_score(Score((Note(0, 480, 60, 1), Note(240, 480, 62, 1), Note(0, 720, 72, 0))))
    Slices.from_score(Score((Note(0, 240, 60, 1), Note(240, 480, 62, 1), Note(0, 720, 72, 0))))


@pytest.mark.parametrize("score", [Score(), Score(length_ticks=1920)])
def test_a_score_without_notes_has_no_chord(score: Score) -> None:
    slices = Slices.from_score(score)
    assert slices.num_changes == 0
    assert slices.chords.lengths.sum() == score.length_ticks
    assert not slices.is_sound.any()
