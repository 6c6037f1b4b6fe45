"""The room: how long it sounds, how loud, and that blocks do not show."""

from __future__ import annotations

import numpy as np
import pytest

from biaxial.render.sound.room import Room

RATE = 22050


def test_its_sound_falls_by_sixty_decibels_in_its_time() -> None:
    spectrum = np.fft.rfft(Room(1.0, 0.0).response(RATE))
    frequencies = np.fft.rfftfreq(2 * (spectrum.shape[1] - 1), 1 / RATE)
    response = np.fft.irfft(np.where((frequencies > 250) & (frequencies < 1000), spectrum, 0))
    early, late = (np.square(response[:, int(a * RATE) : int((a + 0.2) * RATE)]).sum() for a in (0.1, 0.6))
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=3)


def test_its_level_is_that_of_noise() -> None:
    noise = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    mix = np.stack([noise, noise])
    Room(0.5, -10.0).add_to(mix, RATE)
    wet = mix - noise
    assert 10 * np.log10(np.square(wet[:, RATE:]).mean()) == pytest.approx(-10, abs=0.5)
    assert abs(np.corrcoef(wet)[0, 1]) < 0.1


def test_long_sound_is_that_of_one_convolution() -> None:
    room = Room(0.3, -6.0)
    dry = np.random.default_rng(1).standard_normal((2, 5 * RATE)).astype(np.float32)
    mix = dry.copy()
    room.add_to(mix, RATE)
    size = 8 * RATE
    wet = np.fft.irfft(np.fft.rfft(dry.mean(axis=0), size) * np.fft.rfft(room.response(RATE), size), size)
    np.testing.assert_allclose(mix, dry + wet[:, : dry.shape[1]], atol=1e-4)
