"""Frames of pitch as notes: tuning, vibrato, repeats, rests."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.formats.audio.sung_notes import PitchFrames, SungNote, sung_notes, tuning

HOP = 0.016
BIN = 15.625


def frames(pitches: NDArray[np.float64], decibels: NDArray[np.float64] | float = 0.0) -> PitchFrames:
    """Frames of a pure tone; ``nan`` is no pitch."""
    voiced = ~np.isnan(pitches)
    known = np.where(voiced, pitches, 60.0)
    powers = np.full((len(pitches), 320), 1e-6, np.float32)
    bins = np.round(440 * 2 ** ((known - 69) / 12) / BIN).astype(int)
    level = np.where(voiced, 10 ** (np.broadcast_to(decibels, len(pitches)) / 10), 1e-6)
    powers[np.arange(len(pitches)), bins] = level
    return PitchFrames(HOP, known, np.where(voiced, 0.95, 0.05), powers, BIN)


def heard(found: tuple[SungNote, ...]) -> list[int]:
    return [note.pitch for note in found]


def test_each_pitch_is_a_note_where_it_begins_and_ends() -> None:
    found = sung_notes(frames(np.repeat([60.0, 64.0, 62.0], 30)))
    assert heard(found) == [60, 64, 62]
    for number, note in enumerate(found):
        assert note.onset_seconds == pytest.approx(30 * HOP * number, abs=HOP)
        assert note.end_seconds == pytest.approx(30 * HOP * (number + 1), abs=HOP)
        assert note.cents == pytest.approx(0, abs=1)


@pytest.mark.parametrize("cents", [-45, -20, 0, 30, 45])
def test_who_is_out_of_tune_sings_the_same_intervals(cents: float) -> None:
    found = sung_notes(frames(np.repeat([60.0, 62.0, 64.0, 65.0, 67.0], 30) + cents / 100))
    assert heard(found) == [60, 62, 64, 65, 67]
    assert [note.cents for note in found] == pytest.approx([cents] * 5, abs=1)


def test_a_drift_of_more_than_a_semitone_is_followed() -> None:
    line = np.tile(np.repeat([60.0, 62.0, 64.0, 62.0], 50), 20)
    drifted = frames(line + np.linspace(-0.6, 0.6, len(line)))
    above = tuning(drifted)
    assert above - round(float(np.median(above))) == pytest.approx(np.linspace(-0.6, 0.6, len(line)), abs=0.1)
    pitches = heard(sung_notes(drifted))
    assert len(pitches) == 80
    assert pitches == [60, 62, 64, 62] * 20


def test_a_vibrato_of_a_semitone_to_and_fro_is_one_note() -> None:
    times = np.arange(90) * HOP
    assert heard(sung_notes(frames(60 + 0.5 * np.sin(2 * np.pi * 5.5 * times)))) == [60]


def test_a_scoop_into_a_note_is_no_note() -> None:
    line = np.concatenate((np.full(40, 60.0), np.linspace(60.5, 64, 5), np.full(40, 64.0)))
    assert heard(sung_notes(frames(line))) == [60, 64]


def test_a_repeated_pitch_is_two_notes_where_the_level_falls_and_rises() -> None:
    line = np.full(90, 60.0)
    dip = np.zeros(90)
    dip[43:48] = -25
    first, second = sung_notes(frames(line, dip))
    assert (first.pitch, second.pitch) == (60, 60)
    assert second.onset_seconds == pytest.approx(46 * HOP, abs=3 * HOP)
    assert heard(sung_notes(frames(line, dip / 8))) == [60]


def test_a_note_that_fades_ends_when_it_is_heard_no_more() -> None:
    fading = np.linspace(0, -60, 90)
    (note,) = sung_notes(frames(np.full(90, 60.0), fading))
    assert 0.3 < note.end_seconds < 0.7


def test_what_has_no_pitch_has_no_notes() -> None:
    assert sung_notes(frames(np.full(50, np.nan))) == ()
    (note,) = sung_notes(frames(np.concatenate((np.full(40, np.nan), np.full(40, 57.0), np.full(40, np.nan)))))
    assert note.pitch == 57
    assert note.onset_seconds == pytest.approx(40 * HOP, abs=3 * HOP)


@pytest.mark.parametrize(("low", "high"), [(60, 64), (69, 67), (57, 58)])
def test_a_note_begins_under_one_that_rings(low: int, high: int) -> None:
    first, second = (frames(np.full(80, float(pitch))).powers for pitch in (low, high))
    powers = np.full_like(first, 1e-6)
    powers[:50] = first[:50]  # the first rings on
    powers[30:] += second[30:]
    heard_as = np.where(np.arange(80) < 40, float(low), float(high))
    ringing = PitchFrames(HOP, heard_as, np.full(80, 0.95), powers, BIN)
    before, after = sung_notes(ringing)
    assert (before.pitch, after.pitch) == (low, high)
    # A semitone apart the two share their bins, and the pitch decides.
    late = abs(low - high) == 1
    assert after.onset_seconds == pytest.approx((40 if late else 30) * HOP, abs=2 * HOP)
