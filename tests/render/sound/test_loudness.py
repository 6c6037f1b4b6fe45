"""Loudness against the reference values of BS.1770 and EBU Tech 3341."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.render.sound.loudness import PEAK_DBFS, TARGET_LUFS, _k_weighting, gain, loudness

RATE = 48000


def sine(level_db: float, seconds: float = 5.0, frequency: float = 997.0, rate: int = RATE) -> NDArray[np.float32]:
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave, wave]).astype(np.float32)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_sine_in_one_channel_at_full_scale_is_minus_three(rate: int) -> None:
    mix = sine(0.0, rate=rate)
    mix[1] = 0
    assert loudness(mix, rate) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_stereo_sine_is_as_loud_as_its_level(level: float) -> None:  # EBU Tech 3341, cases 1 and 2
    assert loudness(sine(level, 20.0, 1000.0), RATE) == pytest.approx(level, abs=0.1)


def test_the_weighting_is_the_published_one() -> None:  # tables 1 and 2 of BS.1770, for 48 kHz
    frequencies = np.array([20.0, 100.0, 997.0, 5000.0, 15000.0])
    z = np.exp(-2j * np.pi * frequencies / RATE)
    shelf = np.polyval([1.19839281085285, -2.69169618940638, 1.53512485958697], z)
    shelf /= np.polyval([0.73248077421585, -1.69065929318241, 1.0], z)
    high_pass = np.polyval([1.0, -2.0, 1.0], z) / np.polyval([0.99007225036621, -1.99004745483398, 1.0], z)
    np.testing.assert_allclose(_k_weighting(frequencies, RATE), np.abs(shelf * high_pass) ** 2, rtol=1e-9)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],  # case 3
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],  # case 4
        [(-26, 20), (-20, 20.1), (-26, 20)],  # case 5
    ],
)
def test_what_is_much_softer_does_not_count(parts: list[tuple[float, float]]) -> None:
    mix = np.concatenate([sine(level, seconds, 1000.0) for level, seconds in parts], axis=1)
    assert loudness(mix, RATE) == pytest.approx(-23, abs=0.1)


def test_low_sounds_count_less_and_high_ones_more() -> None:
    assert loudness(sine(-20, frequency=30.0), RATE) < -25
    assert loudness(sine(-20, frequency=8000.0), RATE) == pytest.approx(-20 + 3.3, abs=0.3)


def test_silence_has_no_loudness_and_stays_silence() -> None:
    mix = np.zeros((2, RATE), np.float32)
    assert loudness(mix, RATE) == -np.inf
    assert gain(mix, RATE) == 1


def test_less_than_a_block_has_one() -> None:
    assert loudness(sine(-20, 0.1), RATE) == pytest.approx(-20 - 6, abs=0.3)  # a quarter of a block


def test_sound_is_brought_to_the_target() -> None:
    mix = sine(-50.0)
    mix *= gain(mix, RATE)
    assert loudness(mix, RATE) == pytest.approx(TARGET_LUFS, abs=0.01)


def test_a_peak_limits_the_gain() -> None:
    mix = sine(-50.0)
    mix[0, 1000] = 0.9
    mix *= gain(mix, RATE)
    assert 20 * np.log10(np.abs(mix).max()) == pytest.approx(PEAK_DBFS, abs=0.01)
    assert loudness(mix, RATE) < TARGET_LUFS - 10
