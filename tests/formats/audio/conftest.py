"""A voice to listen to: harmonics with a soft attack, a vibrato and a breath between notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

ODE = "EEFGGFEDCCDEEDD EEFGGFEDCCDEDCC"
"""The first two lines of the Ode to Joy; a quarter each but where they end."""
ODE_PITCHES = [{"C": 60, "D": 62, "E": 64, "F": 65, "G": 67}[letter] for letter in ODE if letter != " "]
ODE_STEPS = [*[4] * 12, 6, 2, 8, *[4] * 12, 6, 2, 8]
"""Sixteenths of each note."""


def voice(
    pitches: Sequence[float],
    steps: Sequence[int],
    *,
    step_seconds: float = 0.16,
    breath: float = 0.06,
    vibrato_cents: float = 30.0,
    drift_cents: float = 0.0,
    noise: float = 0.0,
    rate: int = RATE,
) -> NDArray[np.float32]:
    """One note after another, each of ``steps`` sixteenths, with a breath before the next.

    ``drift_cents`` is how far the pitch has risen at the end.
    """
    ends = np.cumsum(steps) * step_seconds
    times = np.arange(round((ends[-1] + 0.3) * rate)) / rate
    index = np.minimum(np.searchsorted(ends, times, side="right"), len(ends) - 1)
    cents = vibrato_cents * np.sin(2 * np.pi * 5.5 * times) + drift_cents * times / ends[-1]
    hertz = 440 * 2 ** ((np.asarray(pitches, float)[index] - 69 + cents / 100) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    since, left = times - np.concatenate(([0.0], ends[:-1]))[index], ends[index] - breath - times
    loud = np.clip(since / 0.03, 0, 1) * np.clip(left / 0.02, 0, 1)
    sung = sum(np.sin(number * phase) / number for number in range(1, 6)) * loud
    draw = np.random.default_rng(0)
    return np.asarray(0.3 * sung + noise * draw.normal(size=len(times)), np.float32)


def spoken(seconds: float = 12.0, rate: int = RATE) -> NDArray[np.float32]:
    """Syllables of a seventh of a second whose pitch falls by a fourth each, with stops between some."""
    draw = np.random.default_rng(1)
    times = np.arange(round(seconds * rate)) / rate
    syllable = (times / 0.14).astype(int)
    within = times / 0.14 - syllable
    starts = draw.uniform(43, 52, size=syllable[-1] + 1)[syllable]
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((starts - 5 * within - 69) / 12)) / rate
    voiced = (draw.random(syllable[-1] + 1) < 0.8)[syllable] * np.sin(np.pi * within)
    return np.asarray(0.2 * sum(np.sin(k * phase) / k for k in range(1, 12)) * voiced, np.float32)


def drums(seconds: float = 8.0, rate: int = RATE) -> NDArray[np.float32]:
    """Bass drum, snare and cymbal in eighths."""
    draw = np.random.default_rng(2)
    loop = np.zeros(round(seconds * rate))
    for number in range(int(seconds * 4)):
        hit = loop[number * rate // 4 :][: rate // 4]
        since = np.arange(len(hit)) / rate
        hit += 0.1 * draw.normal(size=len(hit)) * np.exp(-60 * since)
        if number % 4 == 0:
            hit += np.sin(2 * np.pi * (50 * since + 2 * (1 - np.exp(-30 * since)))) * np.exp(-12 * since)
        elif number % 4 == 2:
            hit += 0.5 * draw.normal(size=len(hit)) * np.exp(-20 * since)
    return np.asarray(0.5 * loop, np.float32)
