from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from biaxial.metrics.figures import statistics
from biaxial.music.score import ChordSymbol, Score, Syllable, TimeSignature

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
