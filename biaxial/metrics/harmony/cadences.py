"""Cadences: how each phrase ends, where the ends of phrases are known.

A phrase ends with the note that has a fermata. Its *last chord* is the one that fits the time of that note (of the
highest note sounding there) best, by the templates of :mod:`biaxial.metrics.harmony.chord_templates`, so that a
suspension or a bass that moves on does not hide it; its bass is the lowest pitch at the fermata. The *chord before* is
that of the last of the :data:`BEATS_BEFORE` quarter notes before the fermata whose root is another one. The *key* is
that of the last :data:`KEY_QUARTERS` quarter notes and the last chord together
(:mod:`biaxial.metrics.harmony.local_keys`), the key of the piece favoured a little: many phrases of a chorale end in a
key of their own.

All four kinds have a triad in root position at the end (Aldwell and Schachter, *Harmony and Voice Leading*; Piston,
*Harmony*):

- *authentic*: V, V7 or a diminished chord on the leading tone, then I. A seventh or diminished chord that goes to its
  tonic is one in any key, the triad V only in the key found, since V - I in one key is I - IV in another.
- *half*: a major triad on V comes last, after anything that does not make the above of it.
- *plagal*: IV, major or minor, then I.
- *deceptive*: V, V7 or a diminished chord, then vi in major, VI in minor.

The mode of I does not matter: Bach ends phrases in minor with a major triad. Everything else is no cadence here. The
key of so little music is a guess; where it is wrong, half and plagal (i - V, iv - I) can be taken for each other. No
measure here needs voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from biaxial.metrics.harmony.chord_templates import (
    DIMINISHED,
    DIMINISHED_SEVENTH,
    DOMINANT_SEVENTH,
    HALF_DIMINISHED,
    MAJOR,
    MINOR,
    NO_CHORD,
    fit_chords,
)
from biaxial.metrics.harmony.local_keys import local_keys
from biaxial.metrics.writing.slices import Slices
from biaxial.music.keys import key_of
from biaxial.music.score import Note, Score

BEATS_BEFORE: Final = 3
"""Quarter notes in which the chord before the last one is looked for."""
KEY_QUARTERS: Final = 4
"""Quarter notes before the last chord that tell the key with it."""
KINDS: Final = ("authentic", "half", "plagal", "deceptive")
"""What a cadence can be."""


class Cadence(NamedTuple):
    """How one phrase ends.

    Parameters
    ----------
    tick
        The fermata.
    kind
        One of :data:`KINDS`; ``None`` for any other ending.
    """

    tick: int
    kind: str | None


class Close(NamedTuple):
    """How one phrase ends, and in which key.

    Parameters
    ----------
    tick
        The fermata.
    kind
        One of :data:`KINDS`; ``None`` for any other ending.
    tonic
        Pitch class of the key's tonic, which is the last chord's root where the cadence is authentic; -1 where no key
        is nearer than another.
    minor
        Whether the key is minor.
    """

    tick: int
    kind: str | None
    tonic: int
    minor: bool


class _Chord(NamedTuple):
    root: int
    kind: int

    def is_dominant_of(self, tonic: int) -> bool:
        degree = (self.root - tonic) % 12
        if self.kind == DIMINISHED_SEVENTH:
            return degree % 3 == 2  # 11, or another tone of the same chord
        if self.kind in (DIMINISHED, HALF_DIMINISHED):
            return degree == 11
        return self.kind in (MAJOR, DOMINANT_SEVENTH) and degree == 7


def cadences(music: Score | Slices) -> list[Cadence]:
    """Every phrase end, in order; none where fermatas are not known, or where nothing sounds at one."""
    return [Cadence(close.tick, close.kind) for close in closes(music)]


def closes(music: Score | Slices, key_quarters: int = KEY_QUARTERS) -> list[Close]:
    """Every phrase end with its key, in order; none where fermatas are not known, or where nothing sounds at one.

    Parameters
    ----------
    music
        The piece.
    key_quarters
        Quarter notes before the last chord that tell the key with it.
    """
    score = music.score if isinstance(music, Slices) else music
    ends = [(tick, sounding) for tick in score.fermatas or () if (sounding := _sounding(score, tick))]
    if not ends:
        return []
    ticks = np.array([tick for tick, _ in ends], dtype=np.int64)
    after = np.array([max(sounding, key=lambda note: note.pitch).end_ticks for _, sounding in ends], dtype=np.int64)
    quarter = score.ticks_per_quarter
    earlier = np.arange(BEATS_BEFORE, -1, -1) * -quarter  # of the beats before, then the fermata
    starts = ticks[:, None] + earlier
    stops = np.concatenate([starts[:, 1:], after[:, None]], axis=1)
    fitted = fit_chords(score, starts.ravel(), stops.ravel())
    chords = np.stack([fitted.roots, fitted.kinds], axis=1).reshape(len(ends), BEATS_BEFORE + 1, 2).tolist()
    keys = local_keys(score, ticks - key_quarters * quarter, after, home=key_of(score))
    found = []
    for place, (tick, sounding) in enumerate(ends):
        *approach, last = (_Chord(*chord) for chord in chords[place])
        before = next((chord for chord in reversed(approach) if chord.root not in (NO_CHORD, last.root)), None)
        bass = min(note.pitch for note in sounding) % 12
        tonic, minor = int(keys.tonics[place]), bool(keys.minor[place])
        known = before is not None and bass == last.root and tonic >= 0
        kind = _kind(before, last, tonic, minor) if before is not None and known else None
        if kind == "authentic" and last.root != tonic:  # it needed no key to be one
            tonic, minor = last.root, last.kind == MINOR
        found.append(Close(tick, kind, tonic, minor))
    return found


def cadence_shares(music: Score | Slices) -> dict[str, float]:
    """Share of phrase ends with each kind of cadence; NaN where no phrase end is known."""
    found = [cadence.kind for cadence in cadences(music)]
    return {kind: found.count(kind) / len(found) if found else float("nan") for kind in KINDS}


def _sounding(score: Score, tick: int) -> Sequence[Note]:
    return [note for note in score.notes if note.onset_ticks <= tick < note.end_ticks]


def _kind(before: _Chord, last: _Chord, tonic: int, minor: bool) -> str | None:
    """The cadence of two chords in a key, the last of them in root position."""
    degree = (last.root - tonic) % 12
    if last.kind in (MAJOR, MINOR):
        if before.is_dominant_of(last.root) and (degree == 0 or before.kind != MAJOR):
            return "authentic"
        if degree == 0 and (before.root - tonic) % 12 == 5 and before.kind in (MAJOR, MINOR):
            return "plagal"
    if last.kind == MAJOR and degree == 7:
        return "half"
    if before.is_dominant_of(tonic) and (degree, last.kind) == ((8, MAJOR) if minor else (9, MINOR)):
        return "deceptive"
    return None
