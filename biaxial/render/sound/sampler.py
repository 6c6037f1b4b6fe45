"""Playing notes from a soundfont: which zones sound, the envelope of a tone, and the mix to stereo.

A release falls by 100 dB in its time; a velocity v is softer than 127 by 40 log10(127 / v) dB, as the specification's
default modulator has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from biaxial.render.sound.soundfont import SoundFont
from biaxial.render.sound.tones import Frames, Tones
from biaxial.render.sound.zones import ATTACK, DECAY, DELAY, HOLD, RELEASE, Zone

SILENCE_DB: Final = 100.0
"""The attenuation that a decay or a release ends at, when its time is over."""
HEARD_DB: Final = 72.0
"""The attenuation beyond which a release is not played."""
MIN_RELEASE_SECONDS: Final = 0.03
CHOKED_RELEASE_SECONDS: Final = 0.2
"""Longest release of a note that is struck again at once."""
FADE_IN_SECONDS: Final = 0.002


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
    """Plays a preset of a soundfont.

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
        if len(self._held.get(key, ())) < count:
            times = np.arange(count, dtype=np.float32) / np.float32(self.rate)
            decayed = np.maximum(times - np.float32(attack + hold), 0) * np.float32(SILENCE_DB / decay)
            fallen = np.minimum(decayed, np.float32(zone.sustain_db))
            gains = np.exp(fallen * np.float32(-np.log(10) / 20)).astype(np.float32)
            self._held[key] = gains * np.minimum(times / np.float32(attack), 1)
        return self._held[key][:count]


@lru_cache(maxsize=64)
def _fall(count: int) -> Frames:
    """Gains of a release."""
    return np.exp(np.linspace(0.0, -HEARD_DB / 20 * np.log(10), count)).astype(np.float32)


def _stereo(zone_pan: float, note_pan: float) -> tuple[float, float]:
    """Gains of left and right, of equal power for the zone, 1 and 1 in the middle for the note."""
    zone, note = (zone_pan + 0.5) * np.pi / 2, (note_pan + 0.5) * np.pi / 2
    return float(np.cos(zone) * np.cos(note)) * 2**0.5, float(np.sin(zone) * np.sin(note)) * 2**0.5
