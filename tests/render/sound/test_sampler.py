"""Notes from a small soundfont: pitch, loops, envelope, place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.render.sound.sampler import Sampler, Struck, Tones
from biaxial.render.sound.soundfont import (
    ATTACK,
    ATTENUATION,
    CUTOFF,
    DECAY,
    FINE_TUNE,
    KEYS,
    LOOP_MODE,
    PAN,
    RELEASE,
    ROOT_KEY,
    SUSTAIN,
    VELOCITIES,
    SoundFont,
)
from tests.render.conftest import WriteFont

RATE = 44100
LOOPED = (LOOP_MODE, 1)


def played(font: SoundFont, *notes: Struck, seconds: float = 3.0) -> NDArray[np.float32]:
    mix = np.zeros((2, round(seconds * RATE)), np.float32)
    Sampler(font, font.zones(0, 0), RATE).play(notes, mix)
    return mix


def frequency(wave: NDArray[np.float32]) -> float:
    """The strongest frequency, by a parabola through the logarithm of a windowed spectrum."""
    size = 1 << 19
    spectrum = np.log(np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size)) + 1e-12)
    peak = int(spectrum.argmax())
    below, at, above = spectrum[peak - 1 : peak + 2]
    return float((peak + (below - above) / (2 * (below - 2 * at + above))) * RATE / size)


def level_db(wave: NDArray[np.float32], start: float, end: float) -> float:
    return float(20 * np.log10(np.sqrt(np.square(wave[round(start * RATE) : round(end * RATE)]).mean())))


@pytest.mark.parametrize("pitch", [36, 47, 60, 61, 72, 84])
@pytest.mark.parametrize("zone", [(), ((ROOT_KEY, 67),), ((FINE_TUNE, 30),)], ids=["plain", "root", "tuned"])
def test_pitch(write_font: WriteFont, pitch: int, zone: tuple[tuple[int, int], ...]) -> None:
    mix = played(SoundFont(write_font([LOOPED, *zone])), Struck(0, 2.5, pitch))
    semitones = pitch - dict(zone).get(ROOT_KEY, 60) + dict(zone).get(FINE_TUNE, 0) / 100
    cents = 1200 * np.log2(frequency(mix[0, : 2 * RATE]) / 400) - 100 * semitones
    assert abs(cents) < 0.3


def test_a_pure_tone_stays_pure_through_its_loops(write_font: WriteFont) -> None:
    wave = played(SoundFont(write_font()), Struck(0, 2.5, 65))[0, 2000 : 2 * RATE]
    spectrum = np.square(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))))
    peak = int(spectrum.argmax())
    rest = spectrum.sum() - spectrum[peak - 10 : peak + 11].sum()
    assert 10 * np.log10(rest / spectrum.sum()) < -60


def test_a_sample_without_a_loop_ends(write_font: WriteFont) -> None:
    mix = played(SoundFont(write_font([])), Struck(0, 2.5, 60))
    assert np.abs(mix[0, : RATE - 100]).max() > 0.05
    assert not mix[0, RATE + 100 :].any()


def test_tones_are_the_same_whatever_was_asked_for_before(write_font: WriteFont) -> None:
    font = SoundFont(write_font())
    tones = Tones(font, font.zones(0, 0), RATE)
    first, long = tones.tone(0, 62, 0.0, 3000).lasting(3000), tones.tone(0, 62, 0.0, 90000).lasting(90000)
    np.testing.assert_array_equal(first, long[:3000])
    assert len(long) == 90000


def test_velocity_attenuation_and_envelope(write_font: WriteFont) -> None:
    plain = played(SoundFont(write_font([LOOPED])), Struck(0, 2, 60, 127))[0]
    soft = played(SoundFont(write_font([LOOPED])), Struck(0, 2, 60, 64))[0]
    assert level_db(plain, 1, 2) - level_db(soft, 1, 2) == pytest.approx(40 * np.log10(127 / 64), abs=0.05)
    less = played(SoundFont(write_font([LOOPED, (ATTENUATION, 150)])), Struck(0, 2, 60, 127))[0]
    assert level_db(plain, 1, 2) - level_db(less, 1, 2) == pytest.approx(6, abs=0.05)
    slow = [LOOPED, (ATTACK, 0), (DECAY, 1200), (SUSTAIN, 200), (RELEASE, 0)]
    shaped = played(SoundFont(write_font(slow)), Struck(0, 2, 60, 127), seconds=4)[0]
    assert level_db(shaped, 0.48, 0.52) - level_db(plain, 0.48, 0.52) == pytest.approx(-6, abs=0.2)
    assert level_db(shaped, 1.19, 1.21) - level_db(plain, 1.19, 1.21) == pytest.approx(-10, abs=0.3)
    assert level_db(shaped, 1.7, 1.8) - level_db(plain, 1.7, 1.8) == pytest.approx(-20, abs=0.1)
    assert level_db(shaped, 2.09, 2.11) - level_db(shaped, 1.9, 2) == pytest.approx(-10, abs=0.3)
    assert not shaped[round(2.75 * RATE) :].any()


def test_a_filter_takes_the_top(write_font: WriteFont) -> None:
    closed = [LOOPED, (CUTOFF, round(1200 * np.log2(400 / 8.176)))]
    bright = played(SoundFont(write_font([LOOPED])), Struck(0, 2, 60))[0]
    dark = played(SoundFont(write_font(closed)), Struck(0, 2, 60))[0]
    assert level_db(bright, 1, 2) - level_db(dark, 1, 2) == pytest.approx(3, abs=0.2)


def test_pan_of_zone_and_of_note(write_font: WriteFont) -> None:
    left = played(SoundFont(write_font([LOOPED, (PAN, -500)])), Struck(0, 1, 60))
    assert np.abs(left[0]).max() > 0.05
    assert not left[1].any()
    middle = played(SoundFont(write_font()), Struck(0, 1, 60), Struck(1, 2, 60, pan=0.2))
    np.testing.assert_allclose(middle[0, :RATE], middle[1, :RATE], atol=1e-6)
    assert level_db(middle[1], 1.2, 1.8) > level_db(middle[0], 1.2, 1.8) + 3


def test_a_note_outside_all_keys_takes_the_nearest_zone(write_font: WriteFont) -> None:
    zones = [(KEYS, 50 | 60 << 8), LOOPED], [(KEYS, 61 | 70 << 8), (VELOCITIES, 0 | 40 << 8), (FINE_TUNE, 50), LOOPED]
    font = SoundFont(write_font(*zones))
    sampler = Sampler(font, font.zones(0, 0), RATE)
    assert [sampler.zones_of(pitch, 80) for pitch in (20, 55, 65, 100)] == [[0], [0], [1], [1]]
    assert frequency(played(font, Struck(0, 2, 48))[0, :RATE]) == pytest.approx(200, abs=0.1)


def test_a_choked_note_is_released_sooner(write_font: WriteFont) -> None:
    font = SoundFont(write_font([LOOPED, (RELEASE, 1200)]))
    long = played(font, Struck(0, 1, 60))[0]
    short = played(font, Struck(0, 1, 60, choked=True))[0]
    assert level_db(long, 1.1, 1.15) > level_db(short, 1.1, 1.15) + 20
