"""Music as events that transposition does not change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from biaxial.metrics.novelty.events import (
    END,
    HASH_SHIFT,
    Events,
    chord_events,
    height_between,
    line_events,
    same_music,
)
from biaxial.metrics.writing.slices import Places
from biaxial.music.score import Note, Score, TimeSignature

Write = Callable[..., Score]


def first(score: Score, voice: int = 0) -> Events:
    return line_events(score)[voice]


def hashes(events: Events, size: int = 3) -> list[int]:
    return [gram >> HASH_SHIFT for gram in events.grams(size).tolist()]


def test_a_line_is_its_notes_and_rests(write: Write) -> None:
    events = first(write([62, (None, 2), (60, 0.5), 60]))
    assert events.onsets.tolist() == [0, 480, 1440, 1680]
    assert events.lengths.tolist() == [480, 960, 240, 480]
    assert events.heights.tolist() == [62, 62, 60, 60]
    assert events.moves.tolist() == [0, 0, 1, 1]


def test_silence_before_and_after_is_no_event(write: Write) -> None:
    events = first(write([(None, 2), 60, 62, None], length_ticks=9600))
    assert events.onsets.tolist() == [960, 1440]
    assert len(events) == 2


def test_chords_are_cut_at_every_onset_and_end(write: Write) -> None:
    (events,) = chord_events(write([72, (74, 2)], [(64, 2), None], [48, 50, 50]))
    assert events.onsets.tolist() == [0, 480, 960]
    assert events.heights.tolist() == [48, 50, 50]
    assert events.moves.tolist() == [0, 1, 2]


def test_a_rest_is_no_move_and_passes_on_the_chord_before_it(write: Write) -> None:
    (events,) = chord_events(write([72, None, 72, None, 74], [60, None, 60, None, 60]))
    assert events.moves.tolist() == [0, 0, 0, 0, 1]
    assert events.heights.tolist() == [60] * 5


def test_a_size_counts_two_events_for_a_move(write: Write) -> None:
    events = first(write([60, 60, 60, 60, 62, 64, 64]))
    sizes, ticks = events.sizes(np.array([0, 0, 2, 4, 3]), np.array([4, 5, 3, 2, 1]))
    assert sizes.tolist() == [0, 2, 2, 2, 0]
    assert ticks.tolist() == [1920, 2400, 1440, 960, 480]


def test_time_in_passages_that_overlap_counts_once(write: Write) -> None:
    events = first(write([60, (62, 2), 64, 65, (67, 3), 69]))
    assert events.ticks_within(np.array([1, 0, 4]), np.array([2, 2, 2])) == 8 * 480
    assert events.ticks_within(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)) == 0


def test_grams_know_neither_pitch_nor_ticks(write: Write) -> None:
    score = write([60, (62, 0.5), (None, 0.5), 67, 65, (64, 3)])
    fine = replace(
        score,
        ticks_per_quarter=960,
        notes=tuple(replace(n, onset_ticks=2 * n.onset_ticks, length_ticks=2 * n.length_ticks) for n in score.notes),
        length_ticks=2 * score.length_ticks,
    )
    assert hashes(first(score.transposed(5))) == hashes(first(fine)) == hashes(first(score))
    assert len(set(hashes(first(score)))) == 4


@pytest.mark.parametrize(
    "other",
    [
        [60, 62, 67, 68, 64],  # another pitch
        [60, 62, 67, (65, 0.5), 64],  # another length
        [60, 62, 67, (65, 0.5), (65, 0.5), 64],  # struck twice
        [60, 62, 67, None, 64],  # a rest
    ],
)
def test_a_gram_is_changed_by_what_is_in_it_alone(write: Write, other: list[int]) -> None:
    before = hashes(first(write([60, 62, 67, 65, 64])), 2)
    after = hashes(first(write(other)), 2)
    assert after[:2] == before[:2]
    assert not set(after[2:]) & set(before)


def test_strikes_and_holds_differ(write: Write) -> None:
    held = write([72, 74, 76], [(60, 3)])
    struck = write([72, 74, 76], [60, 60, 60])
    assert hashes(chord_events(held)[0], 1)[0] == hashes(chord_events(struck)[0], 1)[0]
    assert hashes(chord_events(held)[0], 1)[1] != hashes(chord_events(struck)[0], 1)[1]


def test_voice_numbers_do_not_count(write: Write) -> None:
    score = write([72, 74, 76, 77], [60, 62, 64, 65])
    bare = replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))
    crossed = write([72, 62, 64, 77], [60, 74, 76, 65])
    assert hashes(chord_events(bare)[0]) == hashes(chord_events(score)[0]) == hashes(chord_events(crossed)[0])
    assert [events.voice for events in line_events(score)] == [0, 1]
    assert [events.voice for events in line_events(bare)] == [None]
    assert hashes(first(bare)) == hashes(first(score))


def test_several_notes_at_once_in_one_voice_are_their_highest_line() -> None:
    notes = [Note(0, 480, 60, 0), Note(0, 480, 67, 0), Note(480, 480, 69, 0), Note(480, 240, 62, 0)]
    assert first(Score(tuple(notes))).heights.tolist() == [67, 69]


def test_the_height_is_read_by_who_has_the_gram(write: Write) -> None:
    score = write([60, 62, 67, 65, (64, 2), 60, 59])
    low, high = first(score).grams(3), first(score.transposed(13)).grams(3)
    assert [height_between(*pair) for pair in zip(low.tolist(), high.tolist(), strict=True)] == [13] * 5
    assert [height_between(*pair) for pair in zip(high.tolist(), low.tolist(), strict=True)] == [-13] * 5
    assert np.diff(low & 0xFF).tolist() != np.diff(first(score).heights[:5]).tolist()


def test_too_few_events_have_no_gram(write: Write) -> None:
    assert first(write([60, 62])).grams(3).tolist() == []
    assert END not in first(write([60, 62, 64])).grams(3)
    assert line_events(Score()) == chord_events(Score()) == []


def test_bars_are_counted_after_the_pickup() -> None:
    metres = (TimeSignature(), TimeSignature(3, 4, 480 + 1920))
    score = Score((Note(0, 480 * 11, 60),), pickup_ticks=480, time_signatures=metres)
    ticks = np.array([0, 479, 480, 2399, 2400, 2400 + 1439, 2400 + 1440])
    assert Places(score).bars_at(ticks).tolist() == [0, 0, 1, 1, 2, 2, 3]


@pytest.fixture
def score(write: Write) -> Score:
    return write([60, (62, 0.5), None, 67, (64, 3)], [48, 50, (52, 4)])


def test_the_same_music_in_another_key_elsewhere_without_voices(score: Score) -> None:
    bare = replace(score, notes=tuple(replace(note, voice=None, velocity=1) for note in score.notes))
    later = replace(
        score, notes=tuple(replace(n, onset_ticks=n.onset_ticks + 960) for n in score.notes), length_ticks=0
    )
    ticks = [replace(n, onset_ticks=n.onset_ticks * 2, length_ticks=n.length_ticks * 2) for n in score.notes]
    fine = replace(score, notes=tuple(ticks), length_ticks=0, ticks_per_quarter=960)
    for other in (bare.transposed(7), later, fine):
        assert same_music(score, other)
        assert same_music(other, score)
    assert same_music(Score(), Score())


@pytest.mark.parametrize("other", [Note(1200, 480, 68, 0), Note(1200, 479, 67, 0), Note(1199, 480, 67, 0), None])
def test_one_note_makes_it_other_music(score: Score, other: Note | None) -> None:
    note = Note(1200, 480, 67, 0)
    assert note in score.notes
    rest = tuple(n for n in score.notes if n != note)
    assert same_music(score, replace(score, notes=(*rest, note)))
    assert not same_music(score, replace(score, notes=rest if other is None else (*rest, other)))
    assert not same_music(score, Score())
