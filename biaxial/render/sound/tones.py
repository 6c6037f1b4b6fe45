"""Samples brought to a pitch, so that their loops can be repeated for ever.

A sample is first made twice as fine in the frequency domain, which also filters it, and then read at the speed of the
wanted pitch with a cubic through four points. The speed is chosen so that a loop lasts a whole number of frames, which
moves the pitch by less than a fifth of a cent; what has been looped once can then be repeated as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.render.sound.soundfont import SoundFont
from biaxial.render.sound.zones import (
    ADDRESSES,
    COARSE_TUNE,
    FINE_TUNE,
    KEY_SCALE,
    LOOP_MODE,
    RESONANCE,
    ROOT_KEY,
    Sample,
    Zone,
)

Frames = NDArray[np.float32]

MIN_LOOP_SECONDS: Final = 0.2
"""A shorter loop is repeated until it is as long as this."""
JOIN_SECONDS: Final = 0.01
_OPEN_FILTER = 13500
_GUARD = 256


@dataclass(frozen=True)
class Tone:
    """A sample at a pitch.

    Parameters
    ----------
    frames
        The sound.
    loop
        How many of the last frames go on for ever; 0 where the sound ends.
    whole
        Whether this is all of it.
    """

    frames: Frames
    loop: int
    whole: bool

    def lasting(self, count: int) -> Frames:
        """So many frames of it, or fewer if it ends before."""
        if count <= len(self.frames) or not self.loop:
            return self.frames[:count]
        return np.concatenate((self.frames, np.resize(self.frames[-self.loop :], count - len(self.frames))))


class Tones:
    """The tones of a preset, each made when it is first wanted.

    Parameters
    ----------
    font
        Where samples come from.
    zones
        The preset.
    rate
        Frames a second of the tones.
    """

    def __init__(self, font: SoundFont, zones: tuple[Zone, ...], rate: int) -> None:
        self.font, self.zones, self.rate = font, zones, rate
        self._fine: dict[tuple[int, ...], tuple[Sample, Frames]] = {}
        self._tones: dict[tuple[int, int, float], Tone] = {}

    def tone(self, index: int, pitch: int, cents: float, count: int) -> Tone:
        """A zone's sample at a pitch and so many cents beside it: that many frames or more, or a loop, or all."""
        key = (index, pitch, cents)
        known = self._tones.get(key)
        if known is not None and (known.whole or len(known.frames) >= count):
            return known
        zone = self.zones[index]
        sample, fine = self._made_fine(zone)
        speed = 2 * sample.rate / self.rate * 2.0 ** (self._cents(zone, sample, pitch, cents) / 1200)
        loop = self._loop_length(sample)
        if loop:
            frames = max(round(2 * loop / speed), 1)
            speed = 2 * loop / frames
            end = int(np.ceil(2 * sample.loop_start / speed)) + frames
        else:
            frames, end = 0, int(len(fine) / speed)
        whole = end <= count
        tone = Tone(_read(fine, speed, min(end, count)), frames if whole else 0, whole)
        if tone.loop:
            self._join(tone)
        self._tones[key] = tone
        return tone

    def _join(self, tone: Tone) -> None:
        """Let the end of a loop become what stands before its start, since packed samples do not quite meet there."""
        count = min(round(JOIN_SECONDS * self.rate), len(tone.frames) - tone.loop)
        before = tone.frames[len(tone.frames) - tone.loop - count : len(tone.frames) - tone.loop]
        end = tone.frames[len(tone.frames) - count :]
        end += (before - end) * np.linspace(0.0, 1.0, count, dtype=np.float32)

    @staticmethod
    def _cents(zone: Zone, sample: Sample, pitch: int, cents: float) -> float:
        """How far a sample must be moved to sound at a pitch, and so many cents beside it."""
        root = zone.amount(ROOT_KEY)
        root = root if 0 <= root <= 127 else sample.pitch
        scale = min(max(zone.amount(KEY_SCALE), 0), 1200)
        tuned = sample.cents + zone.amount(FINE_TUNE) + 100 * zone.amount(COARSE_TUNE)
        return min(max((pitch - root) * scale + tuned + cents, -7200), 7200)

    def _loop_length(self, sample: Sample) -> int:
        """Source frames of a loop, repeated until it is not too short; 0 where there is none."""
        once = sample.loop_end - sample.loop_start
        return once * -(-int(MIN_LOOP_SECONDS * sample.rate) // once) if once else 0

    def _made_fine(self, zone: Zone) -> tuple[Sample, Frames]:
        """A sample, and its frames at twice its rate, with its loop unrolled."""
        filters = (zone.cutoff, zone.amount(RESONANCE)) if zone.cutoff < _OPEN_FILTER else (0, 0)
        key = (zone.sample, *filters, *(zone.amount(kind) for kind in (*ADDRESSES, LOOP_MODE)))
        if key not in self._fine:
            sample = self.font.sample(zone.sample, zone)
            source = sample.frames
            if loop := self._loop_length(sample):
                body = source[sample.loop_start : sample.loop_end]
                more = loop - len(body) + _GUARD
                source = np.concatenate((source[: sample.loop_end], np.resize(body, more)))
            self._fine[key] = sample, _doubled(source, sample.rate, *filters)
        return self._fine[key]


def _doubled(source: Frames, rate: int, cutoff: int, resonance: int) -> Frames:
    """The same sound at twice the rate, through a low-pass of two poles if ``cutoff``, cents of 8.176 Hz, is not 0."""
    size = _smooth(len(source) + _GUARD)
    spectrum = np.fft.rfft(source, size)
    if cutoff:
        corner = 8.176 * 2.0 ** (max(cutoff, 1500) / 1200)
        sharpness = 10 ** (min(max(resonance, 0), 960) / 200) / np.sqrt(2)
        along = np.arange(len(spectrum)) * (rate / size / corner)
        spectrum = spectrum / (1 - along**2 + 1j * along / sharpness)
    return (2 * np.fft.irfft(spectrum, 2 * size)[: 2 * len(source) + 8]).astype(np.float32)


def _smooth(count: int) -> int:
    """The smallest size from ``count`` on that is a power of two, three quarters or five eighths of one."""
    power = 1 << (count - 1).bit_length()
    return next(size for size in (5 * power // 8, 3 * power // 4, power) if size >= count)


def _read(fine: Frames, speed: float, count: int) -> Frames:
    """``count`` frames read from a sample at a speed: a cubic through four points (Catmull and Rom)."""
    places = np.minimum(np.arange(count) * speed, len(fine) - 4)
    whole = places.astype(np.int64)
    part = (places - whole).astype(np.float32)
    a, b, c, d = fine[np.maximum(whole - 1, 0)], fine[whole], fine[whole + 1], fine[whole + 2]
    read: Frames = b + part * (
        (c - a) / 2 + part * (a - 2.5 * b + 2 * c - d / 2 + part * (1.5 * (b - c) + (d - a) / 2))
    )
    return read
