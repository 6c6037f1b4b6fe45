"""How a piece ends, and how each of its phrases does: final chord, strong beats, cadences.

A pitch class is 0 (C) to 11. A pitch-class set of a chord counts every voice that sounds, chord tone or not.

*Cadences* are told where the ends of phrases are known. A phrase ends with the note that has a fermata. Its *last
chord* is the one that fits the time of that note (of the highest note sounding there) best, by the templates of
:mod:`biaxial.metrics.harmony.local_harmony`, so that a suspension or a bass that moves on does not hide it; its bass is
the lowest pitch at the fermata. The *chord before* is that of the last of the :data:`BEATS_BEFORE` quarter notes before
the fermata whose root is another one. The *key* is that of the last :data:`KEY_QUARTERS` quarter notes and the last
chord together (:func:`local_keys` there), the key of the piece favoured a little: many phrases of a chorale end in a
key of their own.

All four kinds have a triad in root position at the end (Aldwell and Schachter, *Harmony and Voice Leading*; Piston,
*Harmony*):

- *authentic*: V, V7 or a diminished chord on the leading tone, then I. A seventh or diminished chord that goes to its
  tonic is one in any key, the triad V only in the key found, since V - I in one key is I - IV in another.
- *half*: a major triad on V comes last, after anything that does not make the above of it.
- *plagal*: IV, major or minor, then I.
- *deceptive*: V, V7 or a diminished chord, then vi in major, VI in minor.

The mode of I does not matter: Bach ends phrases in minor with a major triad. Everything else is no cadence here. The
key of so little music is a guess; where it is wrong, half and plagal (i - V, iv - I) can be taken for each other.
Cadences need no voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.local_harmony import (
    DIMINISHED,
    DIMINISHED_SEVENTH,
    DOMINANT_SEVENTH,
    HALF_DIMINISHED,
    MAJOR,
    MINOR,
    NO_CHORD,
    fit_chords,
    local_keys,
)
from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.keys import key_of
from biaxial.music.score import Note, Score


def pitch_class_sets(music: Score | Slices) -> list[frozenset[int]]:
    """The pitch classes of each chord, in order; silences are left out."""
    chords = Slices.of(music).chords
    return [pitch_classes(pitches) for pitches in chords.pitches if (pitches != REST).any()]


@dataclass(frozen=True, slots=True)
class FinalChord:
    """How a piece ends.

    Parameters
    ----------
    onset_ticks
        Where the final chord begins: where the bass that ends the piece (the lowest pitch sounding last) came to its
        pitch, so that a suspension which resolves above a bass already there does not move the chord off its beat.
    pitch_classes
        What sounds in the last chord.
    bass
        Pitch class of its lowest pitch.
    on_strong_beat
        Whether it begins on a strong beat, :func:`is_strong_beat`.
    """

    onset_ticks: int
    pitch_classes: frozenset[int]
    bass: int
    on_strong_beat: bool

    def is_tonic_triad(self, tonic: int) -> bool:
        """Whether this is a triad on a tonic in root position.

        The tonic is in the bass and nothing sounds but the tonic, one third (major or minor, whatever the mode of the
        piece: Bach ends most pieces in minor with a major triad) and the fifth. The third must be there; the fifth
        may be missing.
        """
        degrees = frozenset((pitch_class - tonic) % 12 for pitch_class in self.pitch_classes)
        return self.bass == tonic % 12 and degrees - {7} in ({0, 3}, {0, 4})


def final_chord(music: Score | Slices) -> FinalChord | None:
    """The last chord that sounds; ``None`` in a piece of silence."""
    chords = Slices.of(music).chords
    sounding = np.flatnonzero(chords.is_sound)
    if not len(sounding):
        return None
    last = int(sounding[-1])
    lowest = np.where(chords.sounding, chords.pitches, np.iinfo(np.int64).max).min(axis=1)
    first = last
    while first > 0 and lowest[first - 1] == lowest[last]:
        first -= 1
    onset, bass = int(chords.onsets[first]), int(lowest[last]) % 12
    return FinalChord(onset, pitch_classes(chords.pitches[last]), bass, is_strong_beat(chords.score, onset))


def is_strong_beat(score: Score, tick: int) -> bool:
    """Whether a moment is the first beat of a bar or, in bars of four beats, the third.

    Bars of four beats have a numerator of 4 or 12 (4/4, 4/2, 12/8); half of such a bar is strong. All other metres
    have one strong beat. A pickup has the beats of the end of a bar, so that half a bar of pickup begins on a strong
    one.
    """
    signature = score.time_signature_at(tick)
    bar = signature.bar_ticks(score.ticks_per_quarter)
    starts = [start for start in score.bar_starts() if start <= tick]
    place = tick - starts[-1] if starts else tick - score.pickup_ticks + bar
    return place % bar == 0 or (signature.numerator in (4, 12) and 2 * place == bar)


def strong_beats(score: Score) -> NDArray[np.int64]:
    """All moments of a piece that are strong beats, :func:`is_strong_beat`, in ticks and in order."""
    starts = score.bar_starts()
    beats = list(starts)
    for start, end in pairwise((*starts, score.length_ticks)):
        beats += [half for half in _half_bar(score, start) if half < end]
    beats += [tick for tick in _half_bar(score, 0, upbeat=True) if 0 <= tick < score.pickup_ticks]
    return np.array(sorted(beats), dtype=np.int64)


def _half_bar(score: Score, start: int, upbeat: bool = False) -> list[int]:
    """Where the second half of the bar that begins at a tick, or of the one before the first, has a strong beat."""
    signature = score.time_signature_at(start)
    half, odd = divmod(signature.bar_ticks(score.ticks_per_quarter), 2)
    if signature.numerator not in (4, 12) or odd:
        return []
    return [score.pickup_ticks - half if upbeat else start + half]


def pitch_classes(pitches: NDArray[np.int64]) -> frozenset[int]:
    """The pitch classes of the voices of one chord, shape ``(v,)``; rests are left out."""
    return frozenset(int(pitch) % 12 for pitch in pitches if pitch != REST)


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
