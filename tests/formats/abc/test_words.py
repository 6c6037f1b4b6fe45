"""Words of ABC tunes: syllables, bars, what passes over notes, verses; and how they travel on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from biaxial.formats.abc.tune import parse_abc
from biaxial.formats.abc.words import Word, WrittenNote, read_words
from biaxial.formats.musicxml import musicxml_text, write_musicxml
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score, Syllable
from biaxial.tasks.plans.plan import rescaled

Q = 480
NOTES = [WrittenNote(Fraction(place), place // 4) for place in range(12)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A-maz-ing grace", [(0, "A", True), (1, "maz", True), (2, "ing", False), (3, "grace", False)]),
        ("time__ flies", [(0, "time", False), (3, "flies", False)]),
        ("sa--cred * word", [(0, "sa", True), (2, "cred", False), (4, "word", False)]),
        ("of~the day", [(0, "of the", False), (1, "day", False)]),
        (r"tra\-la la", [(0, "tra-la", False), (1, "la", False)]),
        ("one two | three | four", [(0, "one", False), (1, "two", False), (4, "three", False), (8, "four", False)]),
        ("a b c d | e", [*((place, text, False) for place, text in enumerate("abcd")), (4, "e", False)]),
        ("", []),
        ("| | late", [(8, "late", False)]),
    ],
)
def test_syllables_under_notes(text: str, expected: list[tuple[int, str, bool]]) -> None:
    assert read_words(text, NOTES) == [Word(Fraction(onset), said, goes_on) for onset, said, goes_on in expected]


def test_what_is_too_many_is_left_out() -> None:
    assert len(read_words("la " * 20, NOTES)) == 12
    assert read_words("la", []) == []


TUNE = """X:1
L:1/4
M:3/4
K:G
D | G2 B/G/ | B2 A- |
w: A-maz-ing_ grace, how
w: sec-ond verse
A z G | (3EFG D>B |
w: * sweet | the sound that saved a
[V:2] G,3 |
w: no
"""


def test_words_of_a_tune() -> None:
    piece = parse_abc(TUNE)
    lyrics = piece.outline.lyrics
    assert [(word.onset_ticks / Q, word.text, word.goes_on) for word in lyrics] == [
        (0, "A", True),
        (1, "maz", True),
        (3, "ing", False),
        (4, "grace,", False),
        (6, "how", False),
        (9, "sweet", False),
        (10, "the", False),
        (pytest.approx(10 + 2 / 3, abs=0.01), "sound", False),
        (pytest.approx(10 + 4 / 3, abs=0.01), "that", False),
        (12, "saved", False),
        (13.5, "a", False),
    ]


def test_a_syllable_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="line 3: a syllable of 5000 letters"):
        parse_abc(f"K:C\nC|\nw: {'a' * 5000}\n")


WORDS = (Syllable(0, "Al", True), Syllable(Q, "le", True), Syllable(2 * Q, "lu"), Syllable(4 * Q, "ja & <so>"))
FOUR = Score(
    tuple(Note(beat * Q, Q, 72 - 7 * voice + beat, voice) for beat in (0, 1, 2, 4, 5) for voice in range(4)),
    lyrics=WORDS[::-1],
)


def test_words_come_back_out_of_musicxml(tmp_path: Path) -> None:
    for name in ("x.musicxml", "x.mxl"):
        write_musicxml(FOUR, tmp_path / name)
        assert read_score(tmp_path / name).lyrics == WORDS
    kinds = [lyric.findtext("syllabic") for lyric in fromstring(musicxml_text(FOUR)).iter("lyric")]
    assert kinds == ["begin", "middle", "end", "single"]


def test_words_stand_under_the_voice_that_sings_them() -> None:
    tenor = tuple(note for note in FOUR.notes if note.voice == 2)
    others = (Note(0, 6 * Q, 72, 0), Note(0, 6 * Q, 67, 1), Note(0, 6 * Q, 50, 3))
    root = fromstring(musicxml_text(replace(FOUR, notes=(*tenor, *others), length_ticks=0)))
    found = [
        (part.get("id"), note.findtext("voice"))
        for part in root.iter("part")
        for note in part.iter("note")
        if note.find("lyric") is not None
    ]
    assert found == [("P2", "1")] * 4


def test_words_move_with_the_notes() -> None:
    assert [word.onset_ticks for word in rescaled(FOUR, 960).lyrics] == [0, 960, 1920, 3840]
    late = replace(
        FOUR, lyrics=tuple(replace(word, onset_ticks=word.onset_ticks + 7) for word in WORDS), length_ticks=9 * Q
    )
    assert Grid(4).quantised(late)[0].lyrics == WORDS
    assert FOUR.transposed(2).lyrics == WORDS == FOUR.outline.lyrics
    with pytest.raises(ValueError, match="cannot begin at tick -1"):
        Syllable(-1, "no")
