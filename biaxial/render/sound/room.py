"""The room that music sounds in.

It is a reverberation of noise that dies away, the higher the sooner: an impulse response of white noise with an
exponential decay is what a large room's late sound amounts to (Moorer, "About this reverberation business", Computer
Music Journal 3, 1979). Both sides have noise of their own, so that a sound from the middle comes back from all round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_BANDS = ((0.0, 250.0, 1.1), (250.0, 1000.0, 1.0), (1000.0, 3000.0, 0.8), (3000.0, 8000.0, 0.5))
"""Lower and upper edge, Hz, and decay time as a share of the room's. What is higher does not come back."""
_DELAY_SECONDS = 0.02
_SEED = 4  # of the first ten, the one that keeps organ and choir nearest to the middle


@dataclass(frozen=True)
class Room:
    """A room.

    Parameters
    ----------
    decay_seconds
        Time in which its sound falls by 60 dB.
    level_db
        Level of the reverberation of white noise below that of the noise itself.
    """

    decay_seconds: float
    level_db: float

    def response(self, rate: int) -> NDArray[np.float32]:
        """Impulse response of the reverberation alone, ``(2, frames)``."""
        size = round(self.decay_seconds * rate)
        times = np.arange(size) / rate
        spectrum = np.fft.rfft(np.random.default_rng(_SEED).standard_normal((2, size)))
        frequencies = np.fft.rfftfreq(size, 1 / rate)
        total = np.zeros((2, size))
        for low, high, share in _BANDS:
            band = np.where((low <= frequencies) & (frequencies < high), spectrum, 0)
            part = np.fft.irfft(band, size) * 10 ** (-3 * times / (self.decay_seconds * share))
            power = np.square(part).sum(axis=1, keepdims=True)
            total += part * np.sqrt(power.mean() / power)  # both sides alike, in every band
        total *= 10 ** (self.level_db / 20) / np.sqrt(np.square(total).sum(axis=1, keepdims=True))
        return np.pad(total, ((0, 0), (round(_DELAY_SECONDS * rate), 0))).astype(np.float32)

    def add_to(self, mix: NDArray[np.float32], rate: int) -> None:
        """Add the room to planar stereo ``(2, frames)``, in place; what would sound beyond its end is left out."""
        spectrum, length = _spectrum(self, rate)
        size = 2 * (spectrum.shape[1] - 1)
        step = size - length
        tail = np.zeros((2, length), np.float32)
        for first in range(0, mix.shape[1], step):
            block = mix[:, first : first + step]
            wet = np.fft.irfft(np.fft.rfft(block.mean(axis=0), size) * spectrum, size)
            wet[:, : tail.shape[1]] += tail
            block += wet[:, : block.shape[1]].astype(np.float32)
            tail = wet[:, step:].astype(np.float32)


@lru_cache(maxsize=4)
def _spectrum(room: Room, rate: int) -> tuple[NDArray[np.complexfloating], int]:
    """The spectrum of a room's response, of the size that its blocks have, and the frames of the response."""
    response = room.response(rate)
    size = 1 << (2 * response.shape[1] - 1).bit_length()
    return np.fft.rfft(response, size), response.shape[1]
