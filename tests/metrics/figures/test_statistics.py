"""Statistics of time and loops, near their bounds; those of notes, by hand from the definitions of muspy."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.figures import statistics
from biaxial.metrics.figures.statistics import Loop, events_of, find_loop
from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import ChordSymbol, Note, Score, Syllable, TimeSignature

Write = Callable[..., Score]


def test_first_bars_keeps_the_pickup_and_ends_notes_at_the_cut(write: Write) -> None:
    score = write(
        [72, (74, 6), (76, 4), 77],
        pickup_ticks=480,
        fermatas=(480, 3360),
        time_signatures=(TimeSignature(), TimeSignature(3, 4, 4320)),
    )
    cut = statistics.first_bars(score, 1)
    assert [(note.onset_ticks, note.end_ticks, note.pitch) for note in cut.notes] == [(0, 480, 72), (480, 2400, 74)]
    assert (cut.length_ticks, cut.fermatas, cut.time_signatures) == (2400, (480,), (TimeSignature(),))
    assert len(statistics.first_bars(score, 2).notes) == 3
    assert statistics.first_bars(score, 2).length_ticks == 4320


def test_first_bars_drops_chord_symbols_and_words_after_the_cut(write: Write) -> None:
    chords = tuple(ChordSymbol(tick, frozenset({0, 4, 7}), name="C") for tick in (0, 1440, 1920, 3000))
    lyrics = (Syllable(0, "Nun"), Syllable(1920, "ruht"))
    cut = statistics.first_bars(write([(72, 4), (74, 4)], chords=chords, lyrics=lyrics), 1)
    assert [chord.onset_ticks for chord in cut.chords] == [0, 1440]
    assert [word.text for word in cut.lyrics] == ["Nun"]


def test_first_bars_leaves_a_short_piece_alone(write: Write) -> None:
    score = write([(72, 8)])
    assert statistics.first_bars(score, 2) is score
    assert statistics.first_bars(score, 1).length_ticks == 1920
    assert statistics.first_bars(write([(72, 9)]), 2).length_ticks == 8 * 480
    with pytest.raises(ValueError, match="not 0"):
        statistics.first_bars(score, 0)


def test_a_note_that_begins_at_the_cut_is_gone(write: Write) -> None:
    assert len(statistics.first_bars(write([(72, 4), 74]), 1).notes) == 1


def test_longest_silence(write: Write) -> None:
    assert statistics.longest_silence_bars(write([72, 74], [60, 62])) == 0
    assert statistics.longest_silence_bars(write([72, (None, 3), 74], [60, (None, 2), 62, 62])) == 0.5
    assert statistics.longest_silence_bars(write([(None, 6), 72])) == 1.5  # before the first note
    assert statistics.longest_silence_bars(write([72], length_ticks=5 * 480)) == 1  # after the last one
    waltz = (TimeSignature(3, 4),)
    assert statistics.longest_silence_bars(write([72, (None, 3), 74], time_signatures=waltz)) == 1
    assert statistics.longest_silence_bars(Score(length_ticks=3840)) == 2


def test_longest_chord(write: Write) -> None:
    assert statistics.longest_chord_bars(write([(72, 6), 74], [(60, 7)])) == 1.5
    assert statistics.longest_chord_bars(write([72, 72, (72, 4), 74], [60, (60, 5), 60])) == 1.5  # struck again
    assert statistics.longest_chord_bars(write([(72, 6), 74], [(60, 3), (61, 3), 60])) == 0.75  # one voice moves
    assert statistics.longest_chord_bars(write([72, (None, 8), 72])) == 0.25  # silence is no chord
    assert statistics.longest_chord_bars(Score(length_ticks=3840)) == 0


def test_sounding_share(write: Write) -> None:
    score = write([72, 72], [67, 67], [64, 64], [48, None])
    assert statistics.sounding_share(score) == 0.5
    assert statistics.sounding_share(score, 3) == 1
    assert math.isnan(statistics.sounding_share(Score()))
    assert statistics.sounding_share(Score(length_ticks=480)) == 0


def test_shares_weigh_time_not_chords(write: Write) -> None:
    score = write([(72, 3), 72], [(67, 3), 67], [(64, 3), 64], [(48, 3), None])
    assert statistics.sounding_share(score) == 0.75
    assert statistics.distinct_share(score) == 0.75


def test_distinct_share(write: Write) -> None:
    assert statistics.distinct_share(write([72], [67], [60], [48])) == 1  # an octave is two pitches
    assert statistics.distinct_share(write([72], [67], [67], [48])) == 0  # a unison is one
    assert statistics.distinct_share(write([72], [67], [48], [67])) == 0  # in any two voices
    assert statistics.distinct_share(write([72], [67], [67], [48]), 3) == 1
    assert statistics.distinct_share(write([72], [67], [60], [None], length_ticks=480)) == 0  # a rest is none


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


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ("a" * 16, Loop(0, 16, 1)),
        ("a" * 15, None),
        ("xyz" + "abcd" * 4 + "x", Loop(3, 16, 4)),
        ("xyz" + "abcd" * 3 + "abcx", None),
        ("abcdefgh" * 4, Loop(0, 32, 8)),
        ("abcdefgh" * 3 + "abcdefg", None),
        ("abcdefghi" * 5, None),
        ("ab" * 8, Loop(0, 16, 2)),
        ("ab" * 8 + "z" + "c" * 20, Loop(17, 20, 1)),
        ("", None),
    ],
)
def test_a_cycle_that_comes_four_times_over_sixteen_events(events: str, found: Loop | None) -> None:
    assert find_loop(list(events)) == found


def test_events_differ_by_pitch_length_and_wait() -> None:
    notes = (Note(0, 240, 60), Note(0, 240, 64), Note(480, 480, 60), Note(960, 240, 60))
    events = events_of(Score(notes, length_ticks=1440))
    assert events == [((60, 240), (64, 240), 480), ((60, 480), 480), ((60, 240), 480)]
    assert len(set(events)) == 3
    assert find_loop(events_of(Score(tuple(Note(480 * i, 480, 60) for i in range(16))))) == Loop(0, 16, 1)
    held = tuple(Note(480 * i, 480 if i < 15 else 960, 60) for i in range(16))
    assert find_loop(events_of(Score(held))) is None
