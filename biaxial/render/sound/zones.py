"""Zones of a soundfont: what sounds for which keys, and how, in seconds and decibels.

Source: SoundFont Technical Specification 2.04 (Creative and E-mu, 2006), chapter 8. Of a zone's generators this knows
what a sustained tone needs: ranges, tuning, pan, attenuation, volume envelope, loops, address offsets, and a filter
that stands still, as open as its envelope ever makes it. Low-frequency oscillators, the rest of the modulation envelope
and modulators are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

INSTRUMENT, SAMPLE = 41, 53
START, END, LOOP_START, LOOP_END = 0, 1, 2, 3
START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE = 4, 12, 45, 50
CUTOFF, RESONANCE, CUTOFF_BY_ENVELOPE, PAN = 8, 9, 11, 17
DELAY, ATTACK, HOLD, DECAY, SUSTAIN, RELEASE, HOLD_BY_KEY, DECAY_BY_KEY = 33, 34, 35, 36, 37, 38, 39, 40
KEYS, VELOCITIES, ATTENUATION, COARSE_TUNE, FINE_TUNE, LOOP_MODE, KEY_SCALE, ROOT_KEY = 43, 44, 48, 51, 52, 54, 56, 58
"""Generators, by the numbers of the specification (8.1.2)."""
ADDRESSES: Final = (0, 1, 2, 3, 4, 12, 45, 50)
"""Those that move a sample's start, end and loop."""

DEFAULTS: Final[Mapping[int, int]] = {
    **dict.fromkeys((DELAY, ATTACK, HOLD, DECAY, RELEASE), -12000),
    CUTOFF: 13500,
    KEY_SCALE: 100,
    ROOT_KEY: -1,
}
"""Values of generators that are not 0 by default."""
NOT_ADDED: Final = frozenset({KEYS, VELOCITIES, INSTRUMENT, SAMPLE, LOOP_MODE, ROOT_KEY, 46, 47, 57})
"""Generators of a preset that are not added to those of its instruments."""


@dataclass(frozen=True)
class Zone:
    """What sounds for some keys and velocities of a preset: a sample, and how it is played.

    Parameters
    ----------
    sample
        Number of the sample.
    amounts
        Generators that are set, in the units of the specification.
    keys, velocities
        Lowest and highest of each.
    """

    sample: int
    amounts: Mapping[int, int]
    keys: tuple[int, int]
    velocities: tuple[int, int]

    def amount(self, kind: int) -> int:
        """Value of a generator, or its default."""
        return self.amounts.get(kind, DEFAULTS.get(kind, 0))

    def seconds(self, kind: int, key: int = 60) -> float:
        """Length of a stage of the volume envelope for a key, at most 100 s; those of under 2 ms are none."""
        by_key = {HOLD: HOLD_BY_KEY, DECAY: DECAY_BY_KEY}.get(kind)
        timecents = self.amount(kind) + (self.amount(by_key) * (60 - key) if by_key else 0)
        return 0.0 if timecents <= -10800 else float(2.0 ** (min(timecents, 8000) / 1200))

    @property
    def cutoff(self) -> int:
        """Where the filter begins, in cents above 8.176 Hz."""
        return self.amount(CUTOFF) + max(self.amount(CUTOFF_BY_ENVELOPE), 0)

    @property
    def pan(self) -> float:
        """From -0.5, left, to 0.5, right."""
        return min(max(self.amount(PAN) / 1000, -0.5), 0.5)

    @property
    def attenuation_db(self) -> float:
        """Attenuation; 0.4 of what is written, as the synthesisers that soundfonts are made for have it."""
        return 0.04 * min(max(self.amount(ATTENUATION), 0), 1440)

    @property
    def sustain_db(self) -> float:
        """Attenuation that the envelope decays to."""
        return 0.1 * min(max(self.amount(SUSTAIN), 0), 1440)


@dataclass(frozen=True)
class Sample:
    """A sample: mono ``frames`` at ``rate``, the key at which it was recorded, how far it is off in ``cents``."""

    frames: NDArray[np.float32]
    rate: int
    pitch: int
    cents: int
    loop_start: int
    loop_end: int
