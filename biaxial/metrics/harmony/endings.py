"""Harmony: the pitch classes of the chords of a piece, and how it ends.

A pitch class is 0 (C) to 11. A pitch-class set of a chord counts every voice that sounds, chord tone or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Score


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
