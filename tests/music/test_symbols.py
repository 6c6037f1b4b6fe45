"""Chord symbols and their pitch classes."""

from __future__ import annotations

import pytest

from biaxial.music.symbols import parse_chord

TABLE = {
    "C": "0 4 7",
    "Cmaj": "0 4 7",
    "CM": "0 4 7",
    "Cm": "0 3 7",
    "Cmin": "0 3 7",
    "C-": "0 3 7",
    "Cdim": "0 3 6",
    "Co": "0 3 6",
    "C°": "0 3 6",
    "Caug": "0 4 8",
    "C+": "0 4 8",
    "C7": "0 4 7 10",
    "Cmaj7": "0 4 7 11",
    "CM7": "0 4 7 11",
    "CΔ": "0 4 7 11",
    "Cm7": "0 3 7 10",
    "C-7": "0 3 7 10",
    "CmM7": "0 3 7 11",
    "Cm(maj7)": "0 3 7 11",
    "Cdim7": "0 3 6 9",
    "Co7": "0 3 6 9",
    "Cm7b5": "0 3 6 10",
    "Cm7(b5)": "0 3 6 10",
    "Cø": "0 3 6 10",
    "Cø7": "0 3 6 10",
    "C+7": "0 4 8 10",
    "C7#5": "0 4 8 10",
    "Csus4": "0 5 7",
    "Csus": "0 5 7",
    "Csus2": "0 2 7",
    "C7sus4": "0 5 7 10",
    "C6": "0 4 7 9",
    "Cm6": "0 3 7 9",
    "C6/9": "0 2 4 7 9",
    "C69": "0 2 4 7 9",
    "C5": "0 7",
    "C9": "0 2 4 7 10",
    "Cmaj9": "0 2 4 7 11",
    "Cm9": "0 2 3 7 10",
    "Cadd9": "0 2 4 7",
    "C(add9)": "0 2 4 7",
    "C2": "0 2 4 7",
    "Cmadd9": "0 2 3 7",
    "C7b9": "0 1 4 7 10",
    "C7(b9)": "0 1 4 7 10",
    "C7#9": "0 3 4 7 10",
    "C7b5": "0 4 6 10",
    "C7-5": "0 4 6 10",
    "C(b5)": "0 4 6",
    "C7(b9,#11)": "0 1 4 6 7 10",
    "C11": "0 2 5 7 10",
    "C13": "0 2 4 7 9 10",
    "Cno3": "0 7",
    "D": "2 6 9",
    "Bb": "10 2 5",
    "B♭": "10 2 5",
    "B": "11 3 6",
    "F#m": "6 9 1",
    "F♯m": "6 9 1",
    "Cb": "11 3 6",
    "E#": "5 9 0",
    "Gb9": "6 10 1 4 8",
    "Bbm7b5": "10 1 4 8",
    "N.C.": "",
    "NC": "",
    " Am ": "9 0 4",
}


@pytest.mark.parametrize(("name", "classes"), TABLE.items())
def test_pitch_classes(name: str, classes: str) -> None:
    assert parse_chord(name) == (frozenset(map(int, classes.split())), None)


@pytest.mark.parametrize(
    ("name", "classes", "bass"),
    [
        ("C/E", {0, 4, 7}, 4),
        ("C/Bb", {0, 4, 7, 10}, 10),
        ("C/D", {0, 2, 4, 7}, 2),
        ("D7/F♯", {2, 6, 9, 0}, 6),
        ("C/C", {0, 4, 7}, 0),
        ("C6/9/E", {0, 2, 4, 7, 9}, 4),
    ],
)
def test_the_bass_after_a_stroke_belongs_to_the_chord(name: str, classes: set[int], bass: int) -> None:
    assert parse_chord(name) == (frozenset(classes), bass)


@pytest.mark.parametrize(
    "name", ["", "H", "c", "Cmjor", "C##", "C/", "C/H", "/E", "C7b", "Cadd", "Cadd8", "C E", "am", "%", "C/e", "C\nm"]
)
def test_what_is_no_chord_is_named_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match="is not a chord symbol: write for example C, Am7") as caught:
        parse_chord(name)
    assert str(caught.value).startswith(repr(name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["C", "Cm", "C7", "Cmaj7", "Cm7", "Cdim", "Cdim7", "Cm7b5", "C+", "Csus4", "C6", "C9"])
@pytest.mark.parametrize("root", ["C", "F#", "Bb"])
def test_music21_agrees_on_the_usual_ones(name: str, root: str) -> None:
    from music21.harmony import ChordSymbol

    other = ChordSymbol(root.replace("b", "-") + name[1:])
    assert parse_chord(root + name[1:])[0] == {tone.pitchClass for tone in other.pitches}
