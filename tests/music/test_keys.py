"""The key that a piece sounds in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from biaxial.music import keys
from biaxial.music.score import Key, Note, Score

Tone = int | None | tuple[int | None, float]
Write = Callable[..., Score]

CADENCE: tuple[list[Tone], ...] = (
    [67, 69, 71, (72, 2)],  # C major: I IV V I
    [64, 65, 67, (67, 2)],
    [60, 60, 62, (64, 2)],
    [48, 53, 43, (48, 2)],
)
MINOR: tuple[list[Tone], ...] = (
    [67, 68, 71, (72, 2)],  # C minor: i iv V i
    [63, 65, 67, (67, 2)],
    [60, 60, 62, (63, 2)],
    [48, 53, 43, (48, 2)],
)


@pytest.mark.parametrize("semitones", range(-6, 6))
def test_the_key_of_a_cadence_in_every_key(write: Write, semitones: int) -> None:
    major, minor = write(*CADENCE, key=Key(3)), write(*MINOR)  # the key that is written down is not looked at
    assert keys.detect_key(major.transposed(semitones)) == Key(0).transposed(semitones)
    assert keys.detect_key(minor.transposed(semitones)) == Key(-3, "minor").transposed(semitones)


def test_the_key_goes_by_duration_not_by_number_of_notes(write: Write) -> None:
    scale: list[Tone] = [60, 62, 64, 65, 67, 69, 71]
    long_tonic = write([*scale, (60, 8), (64, 8), (67, 8)])
    other_tonic = write([*scale, (67, 8), (71, 8), (62, 8)])
    assert keys.detect_key(long_tonic) == Key(0)
    assert keys.detect_key(other_tonic) == Key(1)


def test_no_key_where_none_is_nearer(write: Write) -> None:
    assert keys.detect_key(Score(length_ticks=480)) is None
    assert keys.detect_key(write(list(range(60, 72)))) is None
    assert keys.detect_key(write(list(range(60, 71)))) is not None


def test_pitch_class_durations_are_quarters(write: Write) -> None:
    durations = keys.pitch_class_durations(write([60, (62, 0.5), (72, 3)], [(50, 2)]))
    assert durations[[0, 2]].tolist() == [4, 2.5]
    assert np.count_nonzero(durations) == 2


def test_key_correlations_are_pearsons(write: Write) -> None:
    durations = np.stack([keys.pitch_class_durations(write(*lines)) for lines in (CADENCE, MINOR)])
    found = keys.key_correlations(durations)
    assert found.shape == (2, 24)
    major = np.roll(keys.PROFILES["major"], 7)
    assert found[0, 7] == pytest.approx(np.corrcoef(durations[0], major)[0, 1])
    assert found.argmax(axis=1).tolist() == [0, 12]
    assert np.isnan(keys.key_correlations(np.ones(12))).all()


def test_the_stated_key_goes_before_the_one_that_sounds(write: Write) -> None:
    assert keys.key_of(write(*CADENCE, key=Key(3))) == Key(3)
    assert keys.key_of(write(*CADENCE)) == Key(0)
    assert keys.key_of(Score(length_ticks=480)) is None


def test_the_lowest_of_the_last_notes_is_the_likelier_tonic(write: Write) -> None:
    scale: list[Tone] = [60, 62, 64, 65, 67, 69, 71]
    durations = keys.pitch_class_durations(write(scale))
    tonics = {final: keys.nearest_key(durations, final) for final in (0, 9)}
    assert tonics == {0: Key(0), 9: Key(0, "minor")}
    assert keys.detect_key(write([*scale, (69, 2)])) == Key(0, "minor")
    assert keys.detect_key(write([*scale, (76, 2)], [*[None] * 7, (60, 2)])) == Key(0)


def test_a_scale_is_in_its_key() -> None:
    for key in (Key(f, mode) for f in range(-6, 6) for mode in keys.MODES):
        third = 4 if key.mode == "major" else 3
        scale = (0, 2, third, 5, 7, third + 5, 11, 12, 7, third, 0)
        pitches = [60 + key.tonic + step for step in scale]
        assert keys.detect_key(Score(tuple(Note(i, 1, pitch) for i, pitch in enumerate(pitches)))) == key
