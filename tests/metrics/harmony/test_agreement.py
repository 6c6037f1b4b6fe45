"""Measures of a setting against another one, and of the chords of a piece, by hand on a few beats."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from biaxial.metrics.harmony.agreement import (
    Agreement,
    agreement,
    beat_pitches,
    chord_bigrams,
    chord_labels,
    chord_unigrams,
    distinct_chord_share,
    distinct_chords,
    jensen_shannon,
    total_bigrams,
    voice_moves,
)
from biaxial.metrics.writing.slices import REST
from biaxial.music.score import Key, Note, Score

Q = 480


def setting(*beats: Sequence[int | None], pickup: int = 0) -> Score:
    """Four voices, a chord on each beat, ``None`` for a rest."""
    notes = tuple(
        Note(i * Q, Q, pitch, voice)
        for i, chord in enumerate(beats)
        for voice, pitch in enumerate(chord)
        if pitch is not None
    )
    return Score(notes, len(beats) * Q, pickup_ticks=pickup)


C, G, F = (72, 67, 64, 48), (71, 67, 62, 55), (72, 69, 65, 53)


def test_a_beat_is_what_sounds_at_its_first_moment() -> None:
    score = Score(
        (
            Note(0, Q + 1, 72, 0),  # still sounds on the second beat
            Note(0, Q, 67, 1),  # does not
            Note(Q + 1, Q - 1, 65, 1),  # between two beats
            Note(Q // 2, Q // 2, 64, 2),
            Note(2 * Q, 1, 48, 3),
        ),
        3 * Q,
    )
    assert beat_pitches(score).tolist() == [[72, 67, REST, REST], [72, REST, REST, REST], [REST, REST, REST, 48]]


@pytest.mark.parametrize(("pickup", "expected"), [(0, [60, 62]), (Q, [60, 62]), (Q // 2, [60, 62])])
def test_beats_are_counted_from_the_end_of_the_pickup(pickup: int, expected: list[int]) -> None:
    first = pickup % Q
    score = Score((Note(first, Q, 60, 0), Note(first + Q, Q, 62, 0)), pickup_ticks=pickup)
    assert beat_pitches(score, 1)[:, 0].tolist() == expected
    late = Score((Note(first + 1, Q - 1, 60, 0), Note(first + Q - 1, Q, 62, 0)), pickup_ticks=pickup)
    assert beat_pitches(late, 1)[:, 0].tolist() == [REST, 62]


def test_what_sounds_only_before_the_first_beat_is_on_none() -> None:
    score = Score((Note(0, Q // 2, 60, 0), Note(Q // 2, Q, 62, 0)), pickup_ticks=Q // 2)
    assert beat_pitches(score, 1)[:, 0].tolist() == [62]


def test_notes_need_voices() -> None:
    for voice in (None, 4):
        with pytest.raises(ValueError, match="4 voices"):
            beat_pitches(Score((Note(0, Q, 60, voice),)))


def test_agreement_counts_pitches_chords_and_basses() -> None:
    assert agreement(setting(C, G), setting(C, G)) == Agreement(2, 6, 6, 2, 2)
    octave = (72, 67, 64, 60)  # another pitch of the same class in the bass
    assert agreement(setting(octave, G), setting(C, G)) == Agreement(2, 5, 6, 2, 2)
    inverted = (72, 67, 60, 52)  # the same classes over another bass
    assert agreement(setting(inverted), setting(C)) == Agreement(1, 1, 3, 1, 0)
    assert agreement(setting(F), setting(C)) == Agreement(1, 0, 3, 0, 0)


def test_the_melody_is_not_counted_whichever_voice_it_is() -> None:
    ours = (60, 67, 64, 48)
    assert agreement(setting(ours), setting(C)).pitches == 3
    assert agreement(setting(ours), setting(C), melody=3) == Agreement(1, 2, 3, 1, 1)


def test_rests_are_neither_right_nor_asked_for() -> None:
    trio = (72, None, 64, 48)
    assert agreement(setting(trio), setting(C)) == Agreement(1, 2, 3, 0, 1)
    assert agreement(setting(C), setting(trio)) == Agreement(1, 2, 2, 0, 1)
    nothing = (None,) * 4
    assert agreement(setting(nothing, C), setting(C, C)) == Agreement(1, 3, 3, 1, 1)
    assert agreement(setting(C, C), setting(C)) == Agreement(1, 3, 3, 1, 1)


def test_a_chord_that_stays_is_no_step() -> None:
    tonic, dominant = frozenset({0, 4, 7}), frozenset({7, 11, 2})
    assert chord_bigrams(setting(C, C, G, G, C), Key(0)) == Counter({(tonic, dominant): 1, (dominant, tonic): 1})
    assert chord_bigrams(setting(C, (None,) * 4, G), Key(0)) == Counter({(tonic, dominant): 1})
    assert not chord_bigrams(setting(C, (60, 64, 55, 48)), Key(0))


def test_bigrams_are_above_the_tonic_and_know_the_mode() -> None:
    in_d = setting(C, G).transposed(2)
    assert chord_bigrams(in_d, Key(2)) == chord_bigrams(setting(C, G), Key(0))
    minor = chord_bigrams(setting(C, G), Key(-3, "minor"))
    assert list(minor) == [(frozenset({-1, 0, 4, 7}), frozenset({-1, 7, 11, 2}))]


def test_bigrams_of_many_pieces_add_up() -> None:
    scores = [setting(C, G, C), setting(C, G)]
    total = total_bigrams(scores, [Key(0), Key(0)])
    assert sorted(total.values()) == [1, 2]
    with pytest.raises(ValueError, match="shorter"):
        total_bigrams(scores, [Key(0)])


def test_distinct_chords() -> None:
    assert distinct_chords(setting(C, G, C, F)) == 3
    assert distinct_chords(setting(C, (60, 64, 55, 36), (None,) * 4)) == 1


def test_the_divergence_is_0_of_equals_and_1_of_strangers() -> None:
    a, b, c = ((frozenset({n}), frozenset({n + 1})) for n in range(3))
    assert jensen_shannon(Counter({a: 3, b: 1}), Counter({a: 6, b: 2})) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon(Counter({a: 3}), Counter({b: 5, c: 1})) == pytest.approx(1)
    half = 0.5 * np.log2(4 / 3) + 0.5 * (0.5 * np.log2(2 / 3) + 0.5 * np.log2(2))
    assert jensen_shannon(Counter({a: 1}), Counter({a: 1, b: 1})) == pytest.approx(half)
    assert jensen_shannon(Counter({a: 1, b: 1}), Counter({a: 1})) == pytest.approx(half)


def test_nothing_counted_is_no_distribution() -> None:
    pair = (frozenset({0}), frozenset({7}))
    some, nothing = Counter({pair: 2}), Counter({pair: 0})
    for first, second in ((some, Counter()), (Counter(), some), (nothing, some), (Counter(), Counter())):
        assert np.isnan(jensen_shannon(first, second))
    assert jensen_shannon(some, Counter({pair: 1})) == 0


def test_a_move_is_to_another_pitch() -> None:
    assert voice_moves(setting(C, C, G)) == (3, 3)  # the alto stays
    rested = setting(C, (None, *C[1:]), C)
    assert voice_moves(rested) == (0, 3)
    assert voice_moves(replace(rested, notes=(*rested.notes[:4], Note(2 * Q, Q, 74, 0)))) == (1, 3)


Write = Callable[..., Score]
TONIC, DOMINANT = frozenset({0, 4, 7}), frozenset({7, 11, 2})


@pytest.fixture
def score(write: Write) -> Score:
    return write([72, 72, None, 71], [67, 67, None, 67], [64, 64, None, 62], [48, 48, None, 55])


@pytest.mark.parametrize("semitones", [0, 3, -4])
def test_a_label_for_each_beat_that_sounds(score: Score, semitones: int) -> None:
    key = Key(0).transposed(semitones)
    moved = score.transposed(semitones)
    assert chord_labels(moved, key) == [TONIC, TONIC, DOMINANT]
    assert chord_unigrams(moved, key) == Counter({(TONIC,): 2, (DOMINANT,): 1})
    assert distinct_chord_share(moved, key) == pytest.approx(2 / 3)


def test_a_label_is_what_sounds_at_the_first_moment(write: Write) -> None:
    score = write([(64, 0.5), (65, 0.5)], [67], [60], [48])
    assert chord_labels(score, Key(0)) == [TONIC]
    late = write([(65, 0.5), (64, 0.5)], [67], [60], [48])
    assert chord_labels(late, Key(0)) == [frozenset({0, 5, 7})]


def test_the_mode_belongs_to_a_label(score: Score) -> None:
    assert chord_labels(score, Key(-3, "minor"))[0] == TONIC | {-1}
    major, minor = chord_unigrams(score, Key(0)), chord_unigrams(score, Key(-3, "minor"))
    assert jensen_shannon(major, minor) == pytest.approx(1)
    assert jensen_shannon(major, chord_unigrams(score, Key(0))) == pytest.approx(0, abs=1e-12)


def test_silence_has_no_labels() -> None:
    empty = Score(length_ticks=960)
    assert chord_labels(empty, Key(0)) == []
    assert not chord_unigrams(empty, Key(0))
    assert math.isnan(distinct_chord_share(empty, Key(0)))
    with pytest.raises(ValueError, match="4 voices"):
        chord_labels(Score((Note(0, 480, 60),)), Key(0))
