"""Keys, time signatures, bars and the grid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.music.grid import Grid
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature

Q = 480


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("fifths", range(-7, 8))
def test_every_key_has_a_name_that_reads_back(fifths: int, mode: str) -> None:
    key = Key(fifths, mode)  # type: ignore[arg-type]
    assert Key.from_name(key.name) == key
    assert key.transposed(5).tonic == (key.tonic + 5) % 12
    assert key.transposed(12).tonic == key.tonic


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [("G major", 7, "major"), ("f# minor", 6, "minor"), ("Am", 9, "minor"), ("bb", 10, "minor"), ("Eb", 3, "major")],
)
def test_keys_are_read_as_people_write_them(text: str, tonic: int, mode: str) -> None:
    key = Key.from_name(text)
    assert (key.tonic, key.mode) == (tonic, mode)


@pytest.mark.parametrize("text", ["H#", "", "C mjor", "G# major", "Q minor", "C##"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|accidentals"):
        Key.from_name(text)


@pytest.mark.parametrize("text", ["4/5", "0/4", "4", "four/four", "4/4/4", "65/4"])
def test_what_is_no_time_signature_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time signature"):
        TimeSignature.from_name(text)


def test_bars_begin_after_the_pickup_and_follow_changes_of_metre() -> None:
    signatures = (TimeSignature(4, 4), TimeSignature(3, 4, 5 * Q))
    score = Score((), 11 * Q, pickup_ticks=Q, time_signatures=signatures)
    assert score.bar_starts() == (Q, 5 * Q, 8 * Q)
    assert score.time_signature_at(5 * Q - 1).name == "4/4"
    assert score.time_signature_at(5 * Q).name == "3/4"


def test_a_score_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="sounds until"):
        Score((Note(0, Q, 60),), Q - 1)
    with pytest.raises(ValueError, match="pickup"):
        Score((), 4 * Q, pickup_ticks=4 * Q)
    with pytest.raises(ValueError, match="pitch 128"):
        Note(0, Q, 128)
    with pytest.raises(ValueError, match="tempo"):
        Score((), Q, tempo_bpm=0)
    with pytest.raises(ValueError, match="time signatures"):
        Score((), Q, time_signatures=(TimeSignature(4, 4, Q),))


def test_quantising_counts_what_it_moves_and_moves_nothing_on_the_grid() -> None:
    on = Score((Note(0, 120, 60), Note(120, 360, 62)))
    assert Grid(4).quantised(on) == (on, 0)
    beside, moved = Grid(4).quantised(Score((Note(0, 120, 60), Note(130, 350, 62))))
    assert (beside.notes[1].onset_ticks, moved) == (120, 1)
    odd, moved = Grid(4).quantised(Score((Note(0, 96, 60),), ticks_per_quarter=97))
    assert odd.ticks_per_quarter % 4 == 0
    assert odd.notes[0].length_ticks == odd.ticks_per_quarter
    assert moved == 1


C_MAJOR = ChordSymbol(0, frozenset({0, 4, 7}), name="C")
D7_F_SHARP = ChordSymbol(2 * Q, frozenset({2, 6, 9, 0}), 6, "D7/F#")


def test_chords_are_kept_in_order_and_belong_to_the_outline() -> None:
    score = Score((Note(0, 4 * Q, 60),), chords=(D7_F_SHARP, C_MAJOR))
    assert score.chords == (C_MAJOR, D7_F_SHARP)
    assert score.outline.chords == score.chords


def test_a_chord_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="tick -1"):
        ChordSymbol(-1, frozenset({0}))
    with pytest.raises(ValueError, match="not \\[0, 12\\]"):
        ChordSymbol(0, frozenset({0, 12}))
    with pytest.raises(ValueError, match="bass 2 is none"):
        ChordSymbol(0, frozenset({0, 4, 7}), 2)
    with pytest.raises(ValueError, match="bass 0 is none"):
        ChordSymbol(0, frozenset(), 0)
    with pytest.raises(ValueError, match="two chords begin at tick 0"):
        Score((), Q, chords=(C_MAJOR, ChordSymbol(0, frozenset())))


def test_transposing_moves_chords_and_their_names() -> None:
    free = ChordSymbol(3 * Q, frozenset(), name="N.C.")
    score = Score((), 4 * Q, chords=(C_MAJOR, D7_F_SHARP, free), key=Key(0))
    up = score.transposed(3)
    assert up.chords == (
        ChordSymbol(0, frozenset({3, 7, 10}), name="Eb"),
        ChordSymbol(2 * Q, frozenset({5, 9, 0, 3}), 9, "F7/A"),
        free,
    )
    assert [chord.name for chord in score.transposed(4).chords] == ["E", "F#7/A#", "N.C."]
    assert score.transposed(12).chords == score.chords
    assert up.transposed(-3) == score


def test_quantising_moves_chords_and_the_last_of_one_step_stays() -> None:
    chords = (C_MAJOR, ChordSymbol(59, frozenset({1})), ChordSymbol(61, frozenset({2})), ChordSymbol(200, frozenset()))
    score, moved = Grid(4).quantised(Score((), 4 * Q, chords=chords))
    assert [(chord.onset_ticks, chord.pitch_classes) for chord in score.chords] == [
        (0, frozenset({1})),
        (120, frozenset({2})),
        (240, frozenset()),
    ]
    assert moved == 0


def test_a_locked_note_stays_locked() -> None:
    score = Score((Note(0, Q, 60, locked=True), Note(0, Q, 60)))
    assert score == Score((Note(0, Q, 60), Note(0, Q, 60, locked=True)))
    assert [note.locked for note in score.transposed(1).notes] == [False, True]
    assert [note.locked for note in Grid(4).quantised(score)[0].notes] == [False, True]


MARKED = Score(
    (Note(0, Q, 67, 0), Note(Q, 4 * Q, 72, 0), Note(5 * Q, 4 * Q, 71, 0)),
    9 * Q,
    time_signatures=(TimeSignature(), TimeSignature(3, 4, 5 * Q)),
    pickup_ticks=Q,
    fermatas=(Q, 5 * Q),
    chords=(C_MAJOR, D7_F_SHARP),
    lyrics=(Syllable(0, "Nun", True), Syllable(Q, "ruht"), Syllable(5 * Q, "all")),
)


def test_retiming_moves_every_time() -> None:
    doubled = MARKED.retimed(lambda tick: 2 * tick, 2 * Q)
    assert doubled.retimed(lambda tick: tick // 2, Q) == MARKED
    assert doubled.notes[1] == Note(2 * Q, 8 * Q, 72, 0)
    assert (doubled.length_ticks, doubled.pickup_ticks, doubled.fermatas) == (18 * Q, 2 * Q, (2 * Q, 10 * Q))
    assert [sign.onset_ticks for sign in doubled.time_signatures] == [0, 10 * Q]
    assert [chord.onset_ticks for chord in doubled.chords] == [0, 4 * Q]
    assert [word.onset_ticks for word in doubled.lyrics] == [0, 2 * Q, 10 * Q]
    still = MARKED.retimed(lambda tick: tick // (9 * Q), 1)
    assert [note.length_ticks for note in still.notes] == [1, 1, 1]
    assert still.length_ticks == 1
    assert [chord.name for chord in still.chords] == ["D7/F#"]


def test_a_cut_keeps_what_lies_within() -> None:
    assert MARKED.cut(0, 99 * Q) == MARKED
    start = MARKED.cut(0, 2 * Q)
    assert start.notes == (Note(0, Q, 67, 0), Note(Q, Q, 72, 0))
    assert (start.length_ticks, start.pickup_ticks, start.fermatas) == (2 * Q, Q, (Q,))
    assert start.time_signatures == (TimeSignature(),)
    assert start.chords == (C_MAJOR,)
    assert [word.text for word in start.lyrics] == ["Nun", "ruht"]


def test_a_cut_takes_the_metre_and_the_chord_that_hold_where_it_begins() -> None:
    end = MARKED.cut(3 * Q, 7 * Q)
    assert end.notes == (Note(0, 2 * Q, 72, 0), Note(2 * Q, 2 * Q, 71, 0))
    assert end.time_signatures == (TimeSignature(), TimeSignature(3, 4, 2 * Q))
    assert (end.length_ticks, end.pickup_ticks, end.fermatas) == (4 * Q, 2 * Q, (2 * Q,))
    assert [(chord.onset_ticks, chord.name) for chord in end.chords] == [(0, "D7/F#")]
    assert [(word.onset_ticks, word.text) for word in end.lyrics] == [(2 * Q, "all")]
    last = MARKED.cut(8 * Q, 9 * Q)
    assert (last.time_signatures, last.pickup_ticks) == ((TimeSignature(3, 4),), 0)
    for first, end_tick in ((9 * Q, 10 * Q), (3 * Q, 3 * Q), (-1, 2)):
        with pytest.raises(ValueError, match="not part of a piece of 4320"):
            MARKED.cut(first, end_tick)


def test_a_cut_forgets_the_pickup_of_the_whole() -> None:
    movements = replace(
        MARKED,
        time_signatures=(TimeSignature(), TimeSignature(1, 8, 3 * Q), TimeSignature(2, 4, 3 * Q + Q // 2)),
        fermatas=None,
    )
    second = movements.cut(3 * Q, 6 * Q)
    assert second.pickup_ticks == 0
    assert second.time_signatures == (TimeSignature(1, 8), TimeSignature(2, 4, Q // 2))
