"""The leading tone: where an outer voice leaves it hanging, and where two voices double it.

The leading tone is the third of a dominant or the root of a diminished chord, a semitone below the tonic. It counts as
one only in a *dominant chord* on a tonic ``x``, which is one of these sets of pitch classes above ``x``, complete and
with nothing else: V (7 11 2); V7 (7 11 2 5), also without its fifth; V9 without fifth (7 11 5 8); the diminished triad
on the leading tone (11 2 5), and its sevenths (8 or 9 besides), the diminished one also without its third. And ``x``
must be a tonic there, since the same notes have another meaning in another key: either the key of the music around
it, :data:`AROUND_QUARTERS` quarter notes before and after the beginning of the chord, is on ``x``; or the chord has
the tritone (11 and 5) that only a dominant has, and the tonic triad on ``x`` follows at once: an applied dominant. A
triad alone proves nothing by what follows, since I - IV sounds as V - I does.

Chords, successive chords and the counting of faults are those of :mod:`biaxial.metrics.writing.voice_leading`. Sources:
E. Aldwell and C. Schachter, *Harmony and Voice Leading*; W. Piston, *Harmony*: the leading tone rises to the tonic in
an outer voice, may fall to the fifth in an inner one, and is not doubled.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.local_keys import local_keys
from biaxial.metrics.writing.faults import Fault, faults_of
from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Score

AROUND_QUARTERS = 8
"""Quarter notes before and after a chord that tell its key: two bars of 4/4 each way."""

TRIADS_OF_THE_DOMINANT = ((7, 11, 2),)
TRITONES_OF_THE_DOMINANT = (
    (7, 11, 2, 5),
    (7, 11, 5),
    (11, 2, 5),
    (11, 2, 5, 8),
    (11, 2, 5, 9),
    (11, 5, 8),
    (7, 11, 5, 8),
)
TONICS = ((0, 4, 7), (0, 3, 7), (0, 4), (0, 3))
"""The triads on a tonic, of either mode; the fifth may be missing."""


def _codes(sets: tuple[tuple[int, ...], ...]) -> list[int]:
    """Each set as one number, a bit for each pitch class."""
    return [sum(1 << degree for degree in degrees) for degrees in sets]


def _dominants(chords: Slices) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each chord and tonic, shape ``(s, 12)``: whether it is a dominant chord there; whether the tonic follows."""
    degrees = np.where(chords.sounding, 1 << (chords.pitches % 12), 0)
    sounding = np.bitwise_or.reduce(degrees, axis=1)[:, None]
    tonics = np.arange(12)
    above = ((sounding >> tonics) | (sounding << (12 - tonics))) & 0xFFF  # bits of the degrees above each tonic
    follows = np.zeros(above.shape, dtype=bool)
    follows[:-1] = np.isin(above[1:], _codes(TONICS))
    tritone = np.isin(above, _codes(TRITONES_OF_THE_DOMINANT))
    around = AROUND_QUARTERS * chords.score.ticks_per_quarter
    keys = local_keys(chords.score, chords.onsets - around, chords.onsets + around)
    in_key = keys.tonics[:, None] == tonics
    dominant = (tritone | np.isin(above, _codes(TRIADS_OF_THE_DOMINANT))) & in_key | tritone & follows
    return dominant, follows


def unresolved_leading_tones(music: Score | Slices) -> list[Fault]:
    """The leading tone of a dominant chord, in an outer voice, does not rise to the tonic although the tonic follows.

    The first or the last voice sounds the leading tone in a dominant chord on some tonic, the very next chord is the
    triad on that tonic, and the voice is then anywhere but a semitone higher. Inner voices are free. No fault is a
    leading tone with anything between it and the tonic triad, be it a passing note, nor one that is followed by a
    rest. After the end of a phrase a new one may begin with the tonic wherever it likes; this is counted all the same.
    """
    chords = Slices.of(music).chords
    found = []
    dominant, follows = _dominants(chords)
    for place, tonic in np.argwhere(dominant & follows).tolist():
        for voice in (0, chords.num_voices - 1):
            before, after = chords.pitches[place, voice], chords.pitches[place + 1, voice]
            if before != REST and after != REST and (before + 1) % 12 == tonic and after != before + 1:
                found.append((int(chords.onsets[place + 1]), voice))
    return [Fault(tick, (voice,)) for tick, voice in sorted(found)]


def doubled_leading_tones(music: Score | Slices) -> list[Fault]:
    """Two voices sound the leading tone of a dominant chord, in unison or octaves apart; every pair, every chord."""
    chords = Slices.of(music).chords
    found: set[tuple[int, int, int]] = set()
    for place, tonic in np.argwhere(_dominants(chords)[0]).tolist():
        row = chords.pitches[place].tolist()
        doubling = [voice for voice, pitch in enumerate(row) if pitch != REST and (pitch + 1) % 12 == tonic]
        found.update((int(chords.onsets[place]), high, low) for high, low in combinations(doubling, 2))
    return faults_of(found)
