"""Pieces with their repeats written out: notes, words, chords, bars."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biaxial.formats.abc.tune import parse_abc
from biaxial.music.parts import as_score
from biaxial.music.repeats import Ending, Repeat
from biaxial.music.score import Note, Score, Syllable, TimeSignature
from biaxial.music.written_out import written_out

Q = 480


def score(music: str, header: str = "M:4/4\nL:1/4\nK:C\n") -> Score:
    return as_score(parse_abc(header + music))


@pytest.mark.parametrize(
    ("written", "played"),
    [
        ("c4|d4|", "c4|d4|"),
        ("|:c4|d4:|e4|", "c4|d4|c4|d4|e4|"),
        ("|:c4|1 d4:|2 e4|]", "c4|d4|c4|e4|]"),
        ("G|c4|d2 e:|", "G|c4|d2 e G|c4|d2 e|"),
        ("G|c4|d2 e:|g|a4|b2 b:|", "G|c4|d2 e G|c4|d2 e g|a4|b2 b g|a4|b2 b|"),
        ("|:c4|1 d4-|d4:|2 e4|]", "c4|d4-|d4|c4|e4|]"),
        ("|:c4-|1 c4:|2 c4|]", "c4-|c4|c4-|c4|]"),  # tied into both endings
        ("|:c4|1 d4-:|2 d4|]", "c4|d4|c4|d4|]"),  # but not out of the first one
        ("|:c4|d4-:|d4|", "c4|d4|c4|d4-|d4|"),  # the last time it goes on
        ('|:"C"c4|"G"d4:|e4|', '"C"c4|"G"d4|"C"c4|"G"d4|e4|'),
        ('"C"c4|:d4|"G"e4:|f4|', '"C"c4|d4|"G"e4|"C"d4|"G"e4|f4|'),
        ("|:c4|Hd4:|", "c4|Hd4|c4|Hd4|"),
        ("|:c4|[M:3/4]d3:|e3|", "c4|[M:3/4]d3|[M:4/4]c4|[M:3/4]d3|e3|"),
        ("V:1\n|:c4|d4:|\nV:2\nE4|F4:|", "V:1\nc4|d4|c4|d4|\nV:2\nE4|F4|E4|F4|"),
    ],
)
def test_a_piece_is_as_if_it_had_been_written_out(written: str, played: str) -> None:
    signed = score(written)
    assert written_out(signed) == score(played)


def test_the_second_verse_is_sung_the_second_time() -> None:
    piece = parse_abc("M:2/4\nL:1/4\nK:C\n|:c d|e f:|g2|\nw: one two three four end\nw: five six\n")
    found = written_out(replace(piece.outline, notes=piece.parts[0].notes), piece.more_verses)
    assert [(word.onset_ticks // Q, word.text) for word in found.lyrics] == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
        (3, "four"),
        (4, "five"),
        (5, "six"),
        (8, "end"),
    ]


def test_where_there_is_one_verse_it_is_sung_again() -> None:
    found = written_out(score("|:c2 d2:|\nw: la lo\n"))
    assert [word.text for word in found.lyrics] == ["la", "lo", "la", "lo"]


def test_other_resolutions_have_bars_too() -> None:
    notes = tuple(Note(beat * 96, 96, 60 + beat) for beat in range(7))
    piece = Score(notes, ticks_per_quarter=96, pickup_ticks=96, repeats=(Repeat(0, 4 * 96),))
    found = written_out(piece)
    assert found.pickup_ticks == 96
    assert found.time_signatures == (TimeSignature(),)
    assert [note.pitch - 60 for note in found.notes] == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6]


def test_repeats_move_with_the_piece_and_those_that_are_cut_are_left_out() -> None:
    piece = score("|:c4|d4:|:e4|1 f4:|2 g4|]")
    finer = piece.retimed(lambda tick: 2 * tick, 2 * Q)
    assert finer.repeats[1] == Repeat(16 * Q, 40 * Q, (Ending(24 * Q, 32 * Q, (1,)), Ending(32 * Q, 40 * Q, (2,))))
    assert piece.cut(8 * Q, 20 * Q).repeats == (
        Repeat(0, 12 * Q, (Ending(4 * Q, 8 * Q, (1,)), Ending(8 * Q, 12 * Q, (2,)))),
    )
    assert piece.cut(4 * Q, 16 * Q).repeats == ()


def test_repeats_lie_in_the_piece_and_not_in_one_another() -> None:
    with pytest.raises(ValueError, match="the repeat at tick 480 begins inside another"):
        Score((Note(0, 4 * Q, 60),), repeats=(Repeat(0, 2 * Q), Repeat(Q, 3 * Q)))
    with pytest.raises(ValueError, match="ends at tick 480, but a repeat goes on after it"):
        Score((Note(0, Q, 60),), repeats=(Repeat(0, 2 * Q),))
    assert Score((Note(0, Q, 60),), lyrics=(Syllable(0, "a"),)).repeats == ()
