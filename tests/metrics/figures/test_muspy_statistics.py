"""Statistics of notes: worked out by hand from the definitions of muspy, and its edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.figures import muspy_statistics as statistics
from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import Note, Score, TimeSignature

Write = Callable[..., Score]
Q = 480


def test_pitches(write: Write) -> None:
    score = write([60, 72, 72, 64], [(36, 4)])
    assert statistics.n_pitches_used(score) == 4
    assert statistics.n_pitch_classes_used(score) == 2
    assert statistics.pitch_range(score) == 36
    assert statistics.pitch_entropy(score) == pytest.approx(-(3 * 0.2 * math.log2(0.2) + 0.4 * math.log2(0.4)))
    assert statistics.pitch_class_entropy(score) == pytest.approx(-(0.2 * math.log2(0.2) + 0.8 * math.log2(0.8)))


def test_entropies_go_from_0_to_all_alike(write: Write) -> None:
    assert statistics.pitch_entropy(write([60, (60, 4)])) == 0
    assert math.copysign(1, statistics.pitch_entropy(write([60]))) == 1
    assert statistics.pitch_class_entropy(write(list(range(60, 72)))) == pytest.approx(math.log2(12))


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        pytest.param([60, 62, 64, 65, 67, 69, 71], 1, id="major"),
        pytest.param([57, 59, 60, 62, 64, 65, 67], 1, id="natural minor"),
        pytest.param([57, 59, 60, 62, 64, 65, 68], 6 / 7, id="harmonic minor"),
        pytest.param([60, 61, 62, 63], 3 / 4, id="chromatic"),
        pytest.param([60, 60, 60, 61, 62, 63], 5 / 6, id="notes, not classes"),
    ],
)
def test_scale_consistency(write: Write, pitches: list[int], expected: float) -> None:
    for semitones in range(12):
        assert statistics.scale_consistency(write(pitches).transposed(semitones)) == pytest.approx(expected)


def test_polyphony_is_over_the_time_that_sounds(write: Write) -> None:
    score = write([72, 72, None, None], [60, None, None, 60])
    assert statistics.polyphony(score) == pytest.approx(4 / 3)
    assert statistics.polyphony(write([60], [60])) == 1  # two notes, one pitch
    assert statistics.polyphony(Score((Note(0, Q, 60), Note(Q // 2, Q, 60)))) == 1  # and while they overlap


def test_the_polyphony_rate_wants_more_than_two_pitches_of_all_time(write: Write) -> None:
    score = write([72, 72, None, 72], [67, 67, None, 67], [60, 67, None, 64])
    assert statistics.polyphony_rate(score) == pytest.approx(2 / 4)
    assert statistics.polyphony_rate(score, 1) == pytest.approx(3 / 4)
    assert statistics.polyphony_rate(score, 3) == 0
    late = Score((Note(Q, Q, 60), Note(Q, Q, 64), Note(Q, Q, 67)), length_ticks=8 * Q)
    assert statistics.polyphony_rate(late) == 0.5  # silence before counts, after does not


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([(0, Q)], 0, id="the end fills the beat that begins there"),
        pytest.param([(0, Q - 1)], 0, id="one beat"),
        pytest.param([(0, Q), (3 * Q, Q)], 1 / 5, id="a beat of silence"),
        pytest.param([(0, Q - 1), (3 * Q, Q - 1)], 2 / 4, id="two of them"),
        pytest.param([(2 * Q, Q)], 2 / 4, id="silence before"),
    ],
)
def test_empty_beats(notes: list[tuple[int, int]], expected: float) -> None:
    score = Score(tuple(Note(onset, length, 60) for onset, length in notes), length_ticks=20 * Q)
    assert statistics.empty_beat_rate(score) == pytest.approx(expected)


def test_empty_measures(write: Write) -> None:
    assert statistics.empty_measure_rate(write([60, (None, 10), 60])) == pytest.approx(1 / 4)
    waltz = (TimeSignature(3, 4),)
    assert statistics.empty_measure_rate(write([60, (None, 10), 60], time_signatures=waltz)) == pytest.approx(2 / 5)
    assert statistics.empty_measure_rate(write([(60, 12)])) == 0


def test_groove(write: Write) -> None:
    same = write([60, 60, (60, 2), 62, 62, (62, 1.75)])
    assert statistics.groove_consistency(same) == 1
    other = write([60, 60, (60, 2), 62, (62, 2.75)])  # one onset fewer in the second bar
    assert statistics.groove_consistency(other) == 1 - 1 / 96
    assert statistics.groove_consistency(other, 4) == 1 - 1 / 16
    moved = write([60, 60, (60, 2), 62, (62, 0.5), (62, 2.25)])  # one moved
    assert statistics.groove_consistency(moved, 4) == 1 - 2 / 16
    assert statistics.groove_consistency(write([(60, 4)]), 4) == 1 - 1 / 16  # against the bar that begins at its end
    assert statistics.groove_consistency(write([60, 60], [72, 72], [(None, 4), 60]), 4) == 1 - 1 / 16


def test_groove_needs_two_bars_of_whole_steps(write: Write) -> None:
    assert math.isnan(statistics.groove_consistency(write([(60, 3.9)])))
    odd = write([60] * 9, time_signatures=(TimeSignature(5, 16),))
    assert math.isnan(statistics.groove_consistency(odd, 2))
    assert statistics.groove_consistency(odd, 4) < 1


def test_note_lengths(write: Write) -> None:
    score = write([60, (60, 0.5), (60, 0.5), (62, 2)])
    assert statistics.mean_note_length(score) == 1
    assert statistics.note_length_entropy(score) == pytest.approx(1.5)
    assert statistics.note_length_entropy(write([60, 62])) == 0


@pytest.mark.parametrize("score", [Score(), Score(length_ticks=960)])
def test_no_notes(score: Score) -> None:
    found = statistics.note_statistics(score)
    counts = {"pitch_range", "n_pitches_used", "n_pitch_classes_used"}
    assert {name for name, value in found.items() if value == 0} == counts
    assert all(math.isnan(value) for name, value in found.items() if name not in counts)


def test_any_music_is_measured_and_voices_make_no_difference() -> None:
    notes = [(0, 700, 60), (100, 300, 64), (100, 950, 64), (500, 500, 67), (2400, 60, 40)]
    plain = Score(tuple(Note(*note) for note in notes))
    voiced = Score(tuple(Note(*note, voice=voice) for voice, note in enumerate(notes)))
    found = statistics.note_statistics(plain)
    assert found == statistics.note_statistics(voiced) == statistics.note_statistics(Slices.from_score(voiced))
    assert set(found) == set(statistics.STATISTICS)
    assert all(math.isfinite(value) for value in found.values())
