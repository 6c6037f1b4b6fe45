"""Soundfonts read, the shipped one among them; damaged ones refused in one line."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score
from biaxial.render.audio import INSTRUMENTS, SOUNDFONT, render_audio
from biaxial.render.sound.soundfont import (
    ATTENUATION,
    DECAY,
    FINE_TUNE,
    KEYS,
    LOOP_MODE,
    LOOP_START,
    PAN,
    RELEASE,
    ROOT_KEY,
    SUSTAIN,
    VELOCITIES,
    SoundFont,
)
from tests.render.conftest import WriteFont

PIECE = Score((Note(0, 480, 60), Note(480, 480, 67)), tempo_bpm=240.0)


def test_the_shipped_one_has_the_instruments_and_is_small() -> None:
    font = SoundFont(SOUNDFONT)
    assert font.presets.keys() == {(0, instrument.program) for instrument in INSTRUMENTS.values()}
    assert SOUNDFONT.stat().st_size <= 2_600_000
    assert "Frank Wen" in SOUNDFONT.with_name("fluid-chorale.LICENSE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_the_shipped_one_has_a_sample_for_every_key_and_velocity(instrument: object) -> None:
    zones = SoundFont(SOUNDFONT).zones(0, instrument.program)  # type: ignore[attr-defined]
    for key in range(128):
        found = [zone for zone in zones if zone.keys[0] <= key <= zone.keys[1] and zone.velocities == (0, 127)]
        assert [zone.pan for zone in found] in ([0.0], [-0.5, 0.5])


def test_generators_of_a_zone(write_font: WriteFont) -> None:
    zone = [(KEYS, 40 | 50 << 8), (VELOCITIES, 1 | 99 << 8), (PAN, -250), (ATTENUATION, 100), (RELEASE, 1200)]
    (read,) = SoundFont(write_font([*zone, (SUSTAIN, 60), (DECAY, 0), (LOOP_MODE, 1)])).zones(0, 0)
    assert (read.keys, read.velocities, read.pan) == ((40, 50), (1, 99), -0.25)
    assert (read.attenuation_db, read.sustain_db) == (4.0, 6.0)
    assert (read.seconds(RELEASE), read.seconds(DECAY), read.amount(ROOT_KEY)) == (2.0, 1.0, -1)


def test_a_preset_adds_to_its_instrument_and_narrows_its_keys(write_font: WriteFont) -> None:
    path = write_font(
        [(KEYS, 0 | 60 << 8), (FINE_TUNE, 10)],
        [(KEYS, 61 | 127 << 8), (FINE_TUNE, 20), (RELEASE, 0)],
        preset=[(KEYS, 50 | 80 << 8), (FINE_TUNE, 5), (RELEASE, 1200)],
    )
    low, high = SoundFont(path).zones(0, 0)
    assert (low.keys, low.amount(FINE_TUNE), low.amount(RELEASE)) == ((50, 60), 15, -10800)
    assert (high.keys, high.amount(FINE_TUNE), high.amount(RELEASE)) == ((61, 80), 25, 1200)


def test_a_sample_and_its_loop(write_font: WriteFont) -> None:
    font = SoundFont(write_font([(LOOP_MODE, 1), (LOOP_START, 80)], correction=-7))
    (zone,) = font.zones(0, 0)
    sample = font.sample(0, zone)
    assert (sample.rate, sample.pitch, sample.cents, sample.loop_start, sample.loop_end) == (32000, 60, -7, 8080, 16000)
    assert np.abs(sample.frames).max() == pytest.approx(16000 / 32768)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a soundfont"),
        (b"hello\n" * 100, "not a soundfont"),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), "not a soundfont"),
        (b"RIFF\x04\0\0\0sfbk", "its part smpl is missing"),
        (SOUNDFONT.read_bytes()[:100_000], "cut short"),
    ],
)
def test_what_is_no_soundfont_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.sf2"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        render_audio(PIECE, soundfont=path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.sf2"):
        render_audio(PIECE, soundfont=tmp_path / "none.sf2")


@pytest.mark.parametrize(
    "head", [{"rate": 0}, {"end": 99999}, {"start": 5, "end": 5}, {"type": 0x11, "end": 1000}], ids=str
)
def test_a_damaged_sample_is_refused(write_font: WriteFont, head: dict[str, int]) -> None:
    with pytest.raises(InputError, match="damaged soundfont"):
        render_audio(PIECE, soundfont=write_font(**head))


def test_a_loop_that_cannot_be_is_none(write_font: WriteFont) -> None:
    font = SoundFont(write_font(loop_start=16000, loop_end=8000))
    assert font.sample(0, font.zones(0, 0)[0]).loop_end == 0


@pytest.mark.parametrize("seed", range(30))
def test_bytes_at_random_give_sound_or_one_line(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(SOUNDFONT.read_bytes())
    tables = data.rindex(b"pdta")
    for _ in range(rng.choice((5, 50, 1000))):
        data[rng.randrange(tables if seed % 2 else 0, len(data))] = rng.randrange(256)
    path = tmp_path / "damaged.sf3"
    path.write_bytes(data)
    try:
        frames = render_audio(PIECE, soundfont=path, sample_rate=22050)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert np.isfinite(frames).all()
