"""Playing notes from a soundfont: which zones sound, the pitch and envelope of a tone, and the mix to stereo.

A sample is first made twice as fine in the frequency domain, which also filters it, and then read at the speed of the
wanted pitch with a cubic through four points. The speed is chosen so that a loop lasts a whole number of frames, which
moves the pitch by less than a fifth of a cent; what has been looped once can then be repeated as it is.

A release falls by 100 dB in its time; a velocity v is softer than 127 by 40 log10(127 / v) dB, as the specification's
default modulator has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.render.sound.soundfont import (
    ADDRESSES,
    ATTACK,
    COARSE_TUNE,
    DECAY,
    DELAY,
    FINE_TUNE,
    HOLD,
    KEY_SCALE,
    LOOP_MODE,
    RELEASE,
    RESONANCE,
    ROOT_KEY,
    Sample,
    SoundFont,
    Zone,
)

Frames = NDArray[np.float32]

MIN_LOOP_SECONDS: Final = 0.2
"""A shorter loop is repeated until it is as long as this."""
JOIN_SECONDS: Final = 0.01
_OPEN_FILTER = 13500
_GUARD = 256
SILENCE_DB: Final = 100.0
"""The attenuation that a decay or a release ends at, when its time is over."""
HEARD_DB: Final = 72.0
"""The attenuation beyond which a release is not played."""
MIN_RELEASE_SECONDS: Final = 0.03
CHOKED_RELEASE_SECONDS: Final = 0.2
"""Longest release of a note that is struck again at once."""
FADE_IN_SECONDS: Final = 0.002


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


@dataclass(frozen=True)
class Struck:
    """A note as it is played.

    Parameters
    ----------
    start_seconds, end_seconds
        When the key goes down and up.
    pitch
        MIDI number.
    velocity
        1 to 127.
    cents
        How far it is out of tune.
    gain_db
        How much louder it is than its velocity says.
    pan
        From -0.5, left, to 0.5, right.
    choked
        The same key is struck again at once: it is released faster.
    """

    start_seconds: float
    end_seconds: float
    pitch: int
    velocity: int = 80
    cents: float = 0.0
    gain_db: float = 0.0
    pan: float = 0.0
    choked: bool = False


class Sampler:
    """Plays a preset of a soundfont; several threads may have it play at once, each into a mix of its own.

    Parameters
    ----------
    font
        Where samples come from.
    zones
        The preset.
    rate
        Frames a second of what is played.
    """

    def __init__(self, font: SoundFont, zones: tuple[Zone, ...], rate: int) -> None:
        self.zones, self.rate = zones, rate
        self._tones = Tones(font, zones, rate)
        self._chosen: dict[tuple[int, int], list[int]] = {}
        self._held: dict[tuple[float, ...], Frames] = {}

    def zones_of(self, pitch: int, velocity: int) -> list[int]:
        """Numbers of the zones that sound: those meant for it, else those whose keys, then velocities are nearest."""
        if (pitch, velocity) not in self._chosen:
            away = [max(zone.keys[0] - pitch, pitch - zone.keys[1], 0) for zone in self.zones]
            missed = [max(zone.velocities[0] - velocity, velocity - zone.velocities[1], 0) for zone in self.zones]
            distances = list(zip(away, missed, strict=True))
            nearest = min(distances)
            self._chosen[pitch, velocity] = [n for n, distance in enumerate(distances) if distance == nearest]
        return self._chosen[pitch, velocity]

    def end_seconds(self, note: Struck) -> float:
        """When a note is heard no more."""
        zones = [self.zones[index] for index in self.zones_of(note.pitch, note.velocity)]
        return note.end_seconds + max(self._release_frames(zone, note) for zone in zones) / self.rate

    def play(self, notes: Iterable[Struck], mix: Frames) -> None:
        """Add notes to a mix.

        Parameters
        ----------
        notes
            The notes, in any order.
        mix
            Planar stereo, ``(2, frames)``; what would sound beyond its end is left out.
        """
        for note in sorted(notes, key=lambda note: note.start_seconds - note.end_seconds):
            self._add(note, mix)  # the longest first: what is made for it will do for the others

    def _add(self, note: Struck, mix: Frames) -> None:
        start = round(note.start_seconds * self.rate)
        held = max(round(note.end_seconds * self.rate) - start, 1)
        for index in self.zones_of(note.pitch, note.velocity):
            zone = self.zones[index]
            delay = round(zone.seconds(DELAY) * self.rate)
            released = self._release_frames(zone, note)
            first, count = start + delay, max(held - delay, 1)
            total = min(count + released, mix.shape[1] - first)
            if total <= 0:
                continue
            envelope = self._envelope(zone, note.pitch, count)
            gains = np.concatenate((envelope, envelope[-1] * _fall(released)))
            tone = self._tones.tone(index, note.pitch, note.cents, total).lasting(total)
            tone = tone * gains[: len(tone)]
            decibels = note.gain_db - zone.attenuation_db - 40 * np.log10(127 / note.velocity)
            for row, gain in zip(mix, _stereo(zone.pan, note.pan), strict=True):
                if gain > 1e-4:
                    row[first : first + len(tone)] += tone * np.float32(gain * 10 ** (decibels / 20))

    def _release_frames(self, zone: Zone, note: Struck) -> int:
        seconds = max(zone.seconds(RELEASE) * HEARD_DB / SILENCE_DB, MIN_RELEASE_SECONDS)
        return round((min(seconds, CHOKED_RELEASE_SECONDS) if note.choked else seconds) * self.rate)

    def _envelope(self, zone: Zone, pitch: int, count: int) -> Frames:
        """Gain of each frame while the key is down; the attack is a line, the decay a line in decibels."""
        attack = max(zone.seconds(ATTACK), FADE_IN_SECONDS)
        hold, decay = zone.seconds(HOLD, pitch), max(zone.seconds(DECAY, pitch), FADE_IN_SECONDS)
        key = (attack, hold, decay, zone.sustain_db)
        held = self._held.get(key)
        if held is None or len(held) < count:
            times = np.arange(count, dtype=np.float32) / np.float32(self.rate)
            decayed = np.maximum(times - np.float32(attack + hold), 0) * np.float32(SILENCE_DB / decay)
            fallen = np.minimum(decayed, np.float32(zone.sustain_db))
            gains = np.exp(fallen * np.float32(-np.log(10) / 20)).astype(np.float32)
            held = self._held[key] = gains * np.minimum(times / np.float32(attack), 1)
        return held[:count]


@lru_cache(maxsize=64)
def _fall(count: int) -> Frames:
    """Gains of a release."""
    return np.exp(np.linspace(0.0, -HEARD_DB / 20 * np.log(10), count)).astype(np.float32)


def _stereo(zone_pan: float, note_pan: float) -> tuple[float, float]:
    """Gains of left and right, of equal power for the zone, 1 and 1 in the middle for the note."""
    zone, note = (zone_pan + 0.5) * np.pi / 2, (note_pan + 0.5) * np.pi / 2
    return float(np.cos(zone) * np.cos(note)) * 2**0.5, float(np.sin(zone) * np.sin(note)) * 2**0.5
