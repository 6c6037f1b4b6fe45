"""Dissonance on strong beats: how often, and how often unprepared.

Two voices are dissonant where they sound a second or a seventh apart, or either with octaves between (1, 2, 10 or 11
semitones, modulo 12). The tritone is left out, since it belongs to chords that may come in freely, and so is the
fourth. Strong beats are those of :func:`biaxial.metrics.harmony.endings.is_strong_beat`; what sounds at their first
moment is looked at, struck there or held. A dissonance is *prepared* if one of its two voices had its pitch already
just before the beat, tied over or struck again: a suspension, a pedal, a seventh that was there. That preparation is
what strict style asks for, and is all that this looks at; how a dissonance resolves is not looked at, and a passing
note on a strong beat is unprepared. Sources: J. J. Fux, *Gradus ad Parnassum* (1725), the fourth species; E. Aldwell
and C. Schachter, *Harmony and Voice Leading*, on suspensions and sevenths.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.endings import strong_beats
from biaxial.metrics.writing.slices import REST, Slices
from biaxial.metrics.writing.voice_leading import Fault, faults_of
from biaxial.music.score import Score

DISSONANCES = (1, 2, 10, 11)
"""Semitones, modulo 12, of seconds and sevenths."""


def strong_beat_dissonances(music: Score | Slices) -> list[Fault]:
    """Pairs of voices that are dissonant on a strong beat."""
    return _faults(Slices.of(music), unprepared=False)


def unprepared_dissonances(music: Score | Slices) -> list[Fault]:
    """Pairs of voices that are dissonant on a strong beat, neither of which had its pitch just before."""
    return _faults(Slices.of(music), unprepared=True)


def dissonant_beat_share(music: Score | Slices) -> float:
    """Share of strong beats with a dissonance, of those on which two voices sound; NaN where there are none."""
    slices = Slices.of(music)
    return _share(slices, strong_beat_dissonances(slices))


def unprepared_beat_share(music: Score | Slices) -> float:
    """Share of strong beats with an unprepared dissonance, of those on which two voices sound; NaN without any."""
    slices = Slices.of(music)
    return _share(slices, unprepared_dissonances(slices))


def _beats(slices: Slices) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Strong beats on which two voices sound; what sounds there, and what sounded just before, shape ``(beats, v)``."""
    ticks = strong_beats(slices.score)
    place = np.searchsorted(slices.onsets, ticks, side="right") - 1
    earlier = np.searchsorted(slices.onsets, ticks - 1, side="right") - 1  # -1 before the beginning
    now = slices.pitches[place]
    before = np.where((earlier >= 0)[:, None], slices.pitches[earlier], REST)
    heard = (now != REST).sum(axis=1) >= 2
    return ticks[heard], now[heard], before[heard]


def _faults(slices: Slices, unprepared: bool) -> list[Fault]:
    ticks, now, before = _beats(slices)
    found = []
    for high, low in combinations(range(slices.num_voices), 2):
        sounding = (now[:, high] != REST) & (now[:, low] != REST)
        dissonant = sounding & np.isin((now[:, high] - now[:, low]) % 12, DISSONANCES)
        if unprepared:
            dissonant &= (now[:, high] != before[:, high]) & (now[:, low] != before[:, low])
        found += [(int(tick), high, low) for tick in ticks[dissonant]]
    return faults_of(found)


def _share(slices: Slices, found: list[Fault]) -> float:
    beats = len(_beats(slices)[0])
    return len({fault.tick for fault in found}) / beats if beats else float("nan")
