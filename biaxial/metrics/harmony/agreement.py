"""Chords beat by beat: a setting of a melody against the composer's own, and which chords a piece uses.

A beat is a quarter note, counted from the end of the pickup backwards and forwards; what sounds at its first moment is
its chord. Agreement is not a mark for beauty, since a melody can be set in many good ways: two composers would not
agree everywhere. What it tells is told by comparison, and so is the distance of the chords that follow each other from
those of a corpus, which grows by chance as pieces are fewer: the composer's own settings are measured alike.

Which chords a piece uses is told by a *label* for each beat, counted: it is the set of pitch classes that sound at the
first moment of a beat, above the tonic, chord tones or not. Pairs of labels are counted by :func:`chord_bigrams`, and
two counts, of single labels or of pairs, are compared by :func:`jensen_shannon`. Four voices are needed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.harmony.endings import pitch_classes
from biaxial.metrics.writing.slices import REST
from biaxial.music.score import Key, Score

Chord = frozenset[int]
"""Pitch classes above the tonic, 0 to 11."""
Chords = TypeVar("Chords", bound=tuple[Chord, ...])
"""Chords in a row: what is counted."""


def beat_pitches(score: Score, num_voices: int = 4) -> NDArray[np.int64]:
    """The pitch of each voice at each beat, shape ``(beats, v)``; ``REST`` in silence."""
    quarter = score.ticks_per_quarter
    first = score.pickup_ticks % quarter
    count = max(0, -(-(score.length_ticks - first) // quarter))
    pitches = np.full((count, num_voices), REST, dtype=np.int64)
    for note in score.notes:
        if note.voice is None or note.voice >= num_voices:
            raise ValueError(f"these measures need {num_voices} voices, and a voice for every note")
        pitches[
            max(0, -(-(note.onset_ticks - first) // quarter)) : -(-(note.end_ticks - first) // quarter), note.voice
        ] = note.pitch
    return pitches


@dataclass(frozen=True)
class Agreement:
    """How often two settings of one melody are alike; every field is a count.

    Parameters
    ----------
    beats
        Beats at which both sound.
    pitches, pitches_of
        Pitches of the voices below the melody that are the same, of all at which the model setting sounds.
    chords
        Beats with the same pitch classes.
    basses
        Beats with the same pitch class in the lowest voice.
    """

    beats: int
    pitches: int
    pitches_of: int
    chords: int
    basses: int


def agreement(setting: Score, model: Score, melody: int = 0) -> Agreement:
    """Compare a setting with a model one, beat by beat.

    Parameters
    ----------
    setting, model
        Two settings of one melody in four voices.
    melody
        The voice that both were given.
    """
    ours, theirs = beat_pitches(setting), beat_pitches(model)
    beats = min(len(ours), len(theirs))
    ours, theirs = ours[:beats], theirs[:beats]
    both = (ours != REST).any(axis=1) & (theirs != REST).any(axis=1)
    others = [voice for voice in range(ours.shape[1]) if voice != melody]
    sounding = theirs[:, others] != REST
    same = (ours[:, others] == theirs[:, others]) & sounding
    chords = [_classes(a) == _classes(b) for a, b in zip(ours[both], theirs[both], strict=True)]
    bass = [_lowest(a) == _lowest(b) for a, b in zip(ours[both], theirs[both], strict=True)]
    return Agreement(int(both.sum()), int(same[both].sum()), int(sounding[both].sum()), sum(chords), sum(bass))


def chord_bigrams(score: Score, key: Key) -> Counter[tuple[Chord, Chord]]:
    """How often each chord is followed by each other one, from beat to beat, as pitch classes above the tonic.

    A chord that stays is no step. The mode belongs to a bigram: a piece in minor begins with the set ``{-1}``.
    """
    chords = [frozenset((p - key.tonic) % 12 for p in _classes(row)) for row in beat_pitches(score)]
    chords = [chord for chord in chords if chord]
    mode: Chord = frozenset({-1}) if key.mode == "minor" else frozenset()
    return Counter((a | mode, b | mode) for a, b in pairwise(chords) if a != b)


def distinct_chords(score: Score) -> int:
    """How many different sets of pitch classes a piece has on its beats."""
    return len({chord for chord in map(_classes, beat_pitches(score)) if chord})


def jensen_shannon(first: Counter[Chords], second: Counter[Chords]) -> float:
    """Distance of two distributions given by counts: the Jensen-Shannon divergence in bits, 0 to 1 (Lin 1991).

    NaN where one of them counts nothing and so is no distribution.
    """
    totals = first.total(), second.total()
    if not all(totals):
        return float("nan")
    common = {name for name in first if first[name] and second[name]}

    def divergence(counts: Counter[Chords], total: int, others: Counter[Chords], other_total: int) -> float:
        alone = (count / total for name, count in counts.items() if name not in common)  # p log2(2 p / p) is p
        shares = ((counts[name] / total, others[name] / other_total) for name in common)
        both = (p * math.log2(2 * p / (p + q)) for p, q in shares)
        return math.fsum(chain(alone, both))  # an exact sum: the order does not matter

    return (divergence(first, totals[0], second, totals[1]) + divergence(second, totals[1], first, totals[0])) / 2


def voice_moves(score: Score) -> tuple[int, int]:
    """How often a voice comes to another pitch, and the number of beats."""
    moves = 0
    for voice in range(score.num_voices):
        notes = score.voice_notes(voice)
        moves += sum(one.pitch != other.pitch for one, other in pairwise(notes))
    return moves, len(beat_pitches(score, score.num_voices))


def total_bigrams(scores: Iterable[Score], keys: Sequence[Key]) -> Counter[tuple[Chord, Chord]]:
    """Bigrams of many pieces together."""
    total: Counter[tuple[Chord, Chord]] = Counter()
    for score, key in zip(scores, keys, strict=True):
        total += chord_bigrams(score, key)
    return total


def _classes(pitches: NDArray[np.int64]) -> Chord:
    return frozenset(int(pitch) % 12 for pitch in pitches if pitch != REST)


def _lowest(pitches: NDArray[np.int64]) -> int:
    return int(pitches[pitches != REST].min()) % 12


MINOR_MODE: Chord = frozenset({-1})
"""What the labels of a piece in minor have besides, as its bigrams do: the same triad is another chord there."""


def chord_labels(score: Score, key: Key) -> list[Chord]:
    """The label of each beat on which anything sounds, in order.

    Raises
    ------
    ValueError
        If a note has no voice, or a fifth one.
    """
    mode: Chord = MINOR_MODE if key.mode == "minor" else frozenset()
    chords = [pitch_classes(pitches) for pitches in beat_pitches(score)]
    return [frozenset((pitch_class - key.tonic) % 12 for pitch_class in chord) | mode for chord in chords if chord]


def chord_unigrams(score: Score, key: Key) -> Counter[tuple[Chord]]:
    """How many beats have each label; a chord that stays counts on each beat."""
    return Counter((label,) for label in chord_labels(score, key))


def distinct_chord_share(score: Score, key: Key) -> float:
    """Different labels for each beat that sounds: 1 where no chord comes twice; NaN in a piece of silence.

    A long piece has more time to repeat itself, so pieces are compared at equal length.
    """
    labels = chord_labels(score, key)
    return len(set(labels)) / len(labels) if labels else float("nan")
