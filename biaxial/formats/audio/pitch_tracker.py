"""Mono sound at 16 kHz -> pitch, confidence and spectrum, 62.5 frames a second.

The pitch comes from SwiftF0, a small convolutional network (L. Nieradzik, "SwiftF0: Fast and accurate monophonic pitch
detection", 2025, https://arxiv.org/abs/2508.18440), whose package has its weights. It was chosen by measuring
(docs/singing.md).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.formats.audio.sound_file import RATE, library
from biaxial.formats.audio.sung_notes import VOICED, PitchFrames

_HOP: Final = 256
_WINDOW: Final = 1024
_BINS: Final = 320
"""Up to 5 kHz: five overtones of all but the highest whistling."""
_AT_ONCE: Final = 1024
"""Frames whose spectra are made at once."""
_LOWEST: Final = 60.0
_SUNG, _WHISTLED = 1100.0, 2093.0
"""Highest frequency of what is sung or played in its range, and of all that the tracker hears. Where little is above
the first, what is there are overtones of a dying piano note, and the tracker is kept below it."""


def pitch_frames(sound: NDArray[np.float32]) -> PitchFrames:
    """What is heard of a voice.

    Parameters
    ----------
    sound
        Mono at :data:`~biaxial.formats.audio.sound_file.RATE`, shape ``(frames,)``, at least one frame.

    Raises
    ------
    InputError
        If the tracker is not installed.
    """
    found = _tracker().detect(sound, RATE, _LOWEST, _WHISTLED)
    voiced = found.confidence >= VOICED
    if 2 * np.sum(voiced & (found.pitch_hz > _SUNG)) <= np.sum(voiced):
        found = _tracker().detect(sound, RATE, _LOWEST, _SUNG)
    pitches = 69 + 12 * np.log2(np.maximum(found.pitch_hz, 1.0) / 440)
    return PitchFrames(_HOP / RATE, pitches, found.confidence, _powers(sound, len(pitches)), RATE / _WINDOW)


@cache
def _tracker() -> Any:
    return library("swift_f0").SwiftF0(threads=1, spin=False)


def _powers(sound: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Power spectra around the start of each frame, shape ``(t, f)``."""
    padded = np.pad(sound, (_WINDOW // 2, _WINDOW))
    views = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:count]
    window = np.hanning(_WINDOW).astype(np.float32)
    powers = np.empty((count, _BINS), np.float32)
    for first in range(0, count, _AT_ONCE):
        spectra = np.fft.rfft(views[first : first + _AT_ONCE] * window, axis=1)[:, :_BINS]
        powers[first : first + _AT_ONCE] = np.square(np.abs(spectra))
    return powers
