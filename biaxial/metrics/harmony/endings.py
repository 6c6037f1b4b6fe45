"""Harmony: the key that a piece sounds in, the pitch classes of its chords, and how it ends.

A pitch class is 0 (C) to 11. A pitch-class set of a chord counts every voice that sounds, chord tone or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Key, Score


class KeyProfiles(NamedTuple):
    """How well each pitch class, from the tonic upwards, fits a major and a minor key; only its shape matters."""

    major: tuple[float, ...]
    minor: tuple[float, ...]


KRUMHANSL_KESSLER = KeyProfiles(
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Rated by listeners: C. L. Krumhansl and E. J. Kessler, "Tracing the dynamic changes in perceived tonal organization
in a spatial representation of musical keys", Psychological Review 89 (1982)."""

ALBRECHT_SHANAHAN = KeyProfiles(
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""Counted in music: J. Albrecht and D. Shanahan, "The use of large corpora to train a new type of key-finding
algorithm", Music Perception 31 (2013). The default: in Bach's chorales the listeners' profiles often take the
dominant for the tonic."""


def pitch_class_durations(score: Score) -> NDArray[np.float64]:
    """Quarter notes that each pitch class sounds, summed over notes, shape ``(12,)``."""
    pitches = np.array([note.pitch for note in score.notes], dtype=np.int64)
    lengths = np.array([note.length_ticks for note in score.notes], dtype=np.float64)
    return np.bincount(pitches % 12, weights=lengths, minlength=12) / score.ticks_per_quarter


def key_correlations(durations: NDArray[np.float64], profiles: KeyProfiles = ALBRECHT_SHANAHAN) -> NDArray[np.float64]:
    """How well each key fits, by Pearson's correlation with its profile.

    Parameters
    ----------
    durations
        How long each pitch class sounds, in any unit, shape ``(..., 12)``.
    profiles
        How well each pitch class fits a key.

    Returns
    -------
    Shape ``(..., 24)``: the major keys on C, C# and so on, then the minor ones; NaN where all sound equally long.
    """
    keys = np.array([np.roll(profile, tonic) for profile in profiles for tonic in range(12)])
    keys = keys - keys.mean(axis=1, keepdims=True)
    durations = durations - durations.mean(axis=-1, keepdims=True)
    sizes = np.linalg.norm(durations, axis=-1, keepdims=True) * np.linalg.norm(keys, axis=1)
    with np.errstate(invalid="ignore"):
        correlations: NDArray[np.float64] = (durations @ keys.T) / sizes
    return correlations


def detect_key(
    score: Score, profiles: KeyProfiles = ALBRECHT_SHANAHAN, favoured: Mapping[int, float] | None = None
) -> Key | None:
    """The key of a whole piece, from its notes alone.

    The algorithm of Krumhansl and Schmuckler (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990, chapter 4):
    the durations of the twelve pitch classes are correlated (Pearson) with the profiles of all 24 keys, and the
    highest wins. Keys are spelled with at most six accidentals. The signature and ``score.key`` are not looked at.

    Parameters
    ----------
    score
        The piece.
    profiles
        How well each pitch class fits a key.
    favoured
        What is added to the correlations of the keys on a tonic, by its pitch class; nothing by default.

    Returns
    -------
    The key; ``None`` where none is nearer than another, because nothing sounds or all pitch classes sound equally
    long.
    """
    durations = pitch_class_durations(score)
    if np.ptp(durations) == 0:
        return None
    correlations = key_correlations(durations, profiles)
    for tonic, bonus in (favoured or {}).items():
        correlations[[tonic, tonic + 12]] += bonus
    best = int(np.argmax(correlations))
    if best < 12:
        return Key(0, "major").transposed(best)
    return Key(0, "minor").transposed(best - 12 - Key(0, "minor").tonic)


def key_of(score: Score) -> Key | None:
    """The key that a score states, else the one it sounds in, :func:`detect_key`."""
    return detect_key(score) if score.key is None else score.key


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
