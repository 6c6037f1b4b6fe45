"""Chord charts: a cell for each beat, repeats, words with their chords, names that other programs know."""

from __future__ import annotations

import re

import pytest
from music21 import harmony

from biaxial.formats.chord_chart import chord_chart
from biaxial.formats.page.chord_names import KINDS, name_of
from biaxial.music.errors import InputError
from biaxial.music.repeats import Ending, Repeat
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature
from biaxial.music.symbols import parse_chord

Q = 480


def tune(*chords: tuple[float, str], beats: int = 8, **fields: object) -> Score:
    symbols = tuple(ChordSymbol(round(beat * Q), *parse_chord(name), name) for beat, name in chords)
    notes = tuple(Note(beat * Q, Q, 67, 0) for beat in range(beats))
    return Score(notes, key=Key(1), chords=symbols, **fields)  # type: ignore[arg-type]


def grid(score: Score) -> list[str]:
    lines = chord_chart(score).splitlines()
    return lines[lines.index("{start_of_grid}") + 1 : lines.index("{end_of_grid}")]


def test_a_cell_for_each_beat_and_a_dot_where_a_chord_stays() -> None:
    assert grid(tune((0, "G"), (2, "D7/F#"), (4, "Em"))) == ["| G . D7/F# . | Em . . . |."]
    assert grid(tune((0, "G"), (0.5, "C"), (1, "D"))) == ["| G~C D . . | . . . . |."]
    six = TimeSignature(6, 8)
    assert grid(tune((0, "G"), (1.5, "C"), beats=6, time_signatures=(six,))) == ["| G C | . . |."]


def test_a_pickup_fills_its_bar_from_the_left_with_dots() -> None:
    assert grid(tune((0, "D"), (1, "G"), beats=9, pickup_ticks=Q)) == ["| . . . D | G . . . | . . . . |."]


def test_repeats_and_endings_have_their_lines() -> None:
    score = tune((0, "G"), (8, "D"), (12, "C"), beats=20, repeats=(Repeat(0, 8 * Q), Repeat(8 * Q, 16 * Q)))
    assert grid(score) == ["| G . . . | . . . . :|: D . . . | C . . . :|", "| . . . . |."]
    endings = (Ending(4 * Q, 8 * Q, (1,)), Ending(8 * Q, 12 * Q, (2,)))
    score = tune((0, "G"), beats=12, repeats=(Repeat(0, 12 * Q, endings),))
    assert grid(score) == ["| G . . . |1 . . . . :|2 . . . . |."]


def test_words_have_the_chords_before_their_syllables() -> None:
    words = (Syllable(0, "A", True), Syllable(Q, "men"), Syllable(5 * Q, "so"))
    chart = chord_chart(tune((0, "G"), (5, "C"), lyrics=words, fermatas=(Q,)))
    assert chart.endswith("{start_of_verse}\n[G]A-men\n[C]so\n{end_of_verse}\n")


def test_a_score_without_chords_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="no chord symbols to make a chart of; give music that has some"):
        chord_chart(tune())


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_chord_that_nobody_named_gets_a_name_that_music21_reads_as_the_same_chord(kind: str) -> None:
    for root in range(12):
        chord = ChordSymbol(0, frozenset((root + interval) % 12 for interval in KINDS[kind]))
        name = name_of(chord, Key(0))
        assert parse_chord(name)[0] == chord.pitch_classes
        symbol = harmony.ChordSymbol(re.sub("(?<=[A-G])b", "-", name).replace("maj9", "M9").replace("mmaj7", "mM7"))
        assert {pitch.pitchClass for pitch in symbol.pitches} == chord.pitch_classes, name
