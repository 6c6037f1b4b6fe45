"""Which chords a piece uses: a label for each beat, counted.

A label is the set of pitch classes that sound at the first moment of a beat, above the tonic, chord tones or not; a
beat is that of :mod:`biaxial.metrics.harmony.agreement`. Pairs of labels are counted by
:func:`biaxial.metrics.harmony.agreement.chord_bigrams`, and two counts, of single labels or of pairs, are compared by
:func:`biaxial.metrics.harmony.agreement.jensen_shannon`. Four voices are needed.
"""

from __future__ import annotations

from collections import Counter

from biaxial.metrics.harmony.agreement import Chord, beat_pitches
from biaxial.metrics.harmony.endings import pitch_classes
from biaxial.music.score import Key, Score

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
