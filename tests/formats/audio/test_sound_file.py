"""Sound files of every kind as mono at 16 kHz, and one line for what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from biaxial.formats.audio import sound_file
from biaxial.formats.audio.sound_file import MAX_SECONDS, RATE, SUFFIXES, library, read_sound
from biaxial.music.errors import InputError

pytest.importorskip("soxr", reason="reading sound needs soxr: pip install -e '.[audio]'")
soundfile: Any = pytest.importorskip("soundfile")

TONE = 0.25 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100).astype(np.float32)


def hertz(sound: np.ndarray[Any, Any]) -> float:
    """The strongest frequency."""
    return float(np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound))))) * RATE / len(sound))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_keeps_its_length_and_pitch(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, TONE, 44100)
    for sound in (read_sound(path), read_sound(path.read_bytes())):
        assert sound.dtype == np.float32
        assert abs(len(sound) - RATE) < 0.1 * RATE  # an MP3 begins and ends with some silence
        assert hertz(sound) == pytest.approx(440, abs=2)
        assert np.abs(sound).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("rate", [8000, 22050, 48000, 96000])
def test_every_rate_keeps_its_length_and_pitch(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.25 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate), rate)
    sound = read_sound(path)
    assert len(sound) == pytest.approx(RATE, abs=2)
    assert hertz(sound) == pytest.approx(440, abs=2)


def test_two_channels_are_their_mean_and_a_constant_is_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "stereo.flac"
    soundfile.write(path, np.stack([TONE + 0.5, np.full_like(TONE, 0.1)], axis=1), 44100)
    sound = read_sound(path)
    assert hertz(sound) == pytest.approx(440, abs=2)
    assert abs(sound.mean()) < 1e-3


def refusal(tmp_path: Path, data: bytes | np.ndarray[Any, Any], suffix: str = ".wav", **kind: Any) -> str:
    path = tmp_path / f"bad{suffix}"
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        soundfile.write(path, data, kind.pop("rate", RATE), **kind)
    with pytest.raises(InputError) as caught:
        read_sound(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_damaged_files(tmp_path: Path) -> None:
    assert "cannot be read as sound" in refusal(tmp_path, b"no sound" * 40, ".mp3")
    soundfile.write(tmp_path / "good.flac", TONE, 44100)
    good = bytearray((tmp_path / "good.flac").read_bytes())
    assert "cannot be read as sound" in refusal(tmp_path, bytes(good[:60]), ".flac")
    good[len(good) // 2 :] = bytes(len(good) - len(good) // 2)
    assert "cannot be read as sound" in refusal(tmp_path, bytes(good), ".flac")


def test_silence_nothing_and_numbers_that_are_no_sound(tmp_path: Path) -> None:
    assert refusal(tmp_path, np.zeros(RATE)) == "it is silent; check the microphone, and record again"
    assert "silent" in refusal(tmp_path, np.zeros(0))
    assert "silent" in refusal(tmp_path, 1e-4 * TONE, rate=44100)
    broken = TONE.copy()
    broken[100] = np.nan
    assert "not finite" in refusal(tmp_path, broken, subtype="FLOAT")


def test_too_long_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = np.zeros(8000 * 3600, np.int8)
    text = refusal(tmp_path, hour.astype(np.int16), rate=8000, subtype="PCM_U8")
    assert text == f"60 minutes of sound, and a tune is read from at most {MAX_SECONDS // 60}; cut it"
    monkeypatch.setattr(sound_file, "MAX_SECONDS", 0.5)
    assert "0 minutes of sound" in refusal(tmp_path, TONE, rate=44100)


def test_odd_rates_and_missing_files_and_packages(tmp_path: Path) -> None:
    assert "2 frames a second" in refusal(tmp_path, TONE, rate=2)
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "nowhere.wav")
    with pytest.raises(InputError, match=r"needs no-such-wheel, not installed: pip install 'biaxial\[audio\]'"):
        library("no_such_wheel")
