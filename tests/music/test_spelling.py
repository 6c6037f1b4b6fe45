"""Letters and accidentals: the line of fifths, chromatic steps, chorales whose spelling is known; names of pitches."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from biaxial.corpora.bach_chorales import chorale_paths, read_chorale
from biaxial.formats.written_music import ticks
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score
from biaxial.music.spelling import (
    MAX_PLACE,
    MIN_PLACE,
    Spelling,
    altered,
    class_name,
    nearest_place,
    pitch_name,
    places_of,
    read_pitch,
    spell,
    spelled,
)

Q = 480
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def line(*pitches: int) -> Score:
    return Score(tuple(Note(i * Q, Q, pitch, 0) for i, pitch in enumerate(pitches)))


def names(score: Score, key: str | None = None) -> str:
    found = spell(score, None if key is None else Key.from_name(key))
    return " ".join(f"{spelling.letter}{SIGNS[spelling.alter]}" for spelling in found)


def test_a_spelling_sounds_as_its_pitch() -> None:
    for place in range(MIN_PLACE, MAX_PLACE + 1):
        for pitch in range(12 * 5 + place * 7 % 12, 128, 12):
            spelling = spelled(pitch, place)
            assert 12 * (spelling.octave + 1) + STEPS[spelling.letter] + spelling.alter == pitch
    assert spelled(60, 0) == Spelling("C", 0, 4)
    assert spelled(60, 12) == Spelling("B", 1, 3)
    assert spelled(59, -7) == Spelling("C", -1, 4)


def test_the_nearest_place_is_within_half_the_circle_and_the_bounds() -> None:
    for centre in range(-12, 13):
        for pitch in range(60, 72):
            place = nearest_place(pitch, centre)
            assert (place * 7 - pitch) % 12 == 0
            assert MIN_PLACE <= place <= MAX_PLACE
            assert abs(place - centre) <= 6 or not MIN_PLACE + 6 <= centre <= MAX_PLACE - 6


def test_what_a_signature_does() -> None:
    assert [altered(letter, Key(0)) for letter in STEPS] == [0] * 7
    assert {letter for letter in STEPS if altered(letter, Key(3)) == 1} == {"F", "C", "G"}
    assert {letter for letter in STEPS if altered(letter, Key(-2)) == -1} == {"B", "E"}
    assert {altered(letter, Key(7)) for letter in STEPS} == {1}
    assert {altered(letter, Key(-7)) for letter in STEPS} == {-1}


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_scales_are_in_their_signature(fifths: int) -> None:
    key = Key(fifths)
    scale = [60 + key.tonic + step for step in (0, 2, 4, 5, 7, 9, 11, 12)]
    for spelling in spell(line(*scale), key):
        assert spelling.alter == altered(spelling.letter, key)


@pytest.mark.parametrize(
    ("key", "pitches", "expected"),
    [
        ("C major", (65, 66, 67), "F F# G"),
        ("C major", (69, 68, 67), "A Ab G"),
        ("C major", (69, 68, 69), "A G# A"),
        ("C major", (60, 61, 62, 63, 64), "C C# D D# E"),
        ("C major", (64, 63, 62), "E Eb D"),
        ("A minor", (69, 68, 69), "A G# A"),
        ("A minor", (64, 66, 68, 69), "E F# G# A"),
        ("G minor", (67, 66, 67), "G F# G"),
        ("E major", (64, 63, 62, 61), "E D# D C#"),
        ("Bb minor", (70, 69, 70, 66, 65), "Bb A Bb Gb F"),
        ("C# major", (61, 60, 61), "C# B# C#"),
    ],
)
def test_steps_of_a_voice(key: str, pitches: tuple[int, ...], expected: str) -> None:
    assert names(line(*pitches), key) == expected


def test_what_sounds_together_keeps_together() -> None:
    notes = [Note(0, Q, pitch, voice) for voice, pitch in enumerate((68, 65, 61, 49))]
    score = Score((*notes, Note(Q, Q, 64, 1)), key=Key.from_name("A major"))
    assert names(score).split()[:4] == ["G#", "E#", "C#", "C#"]


def test_without_a_key_the_likeliest_is_taken() -> None:
    assert names(line(*(64, 66, 68, 69, 71, 73, 75, 76))) == "E F# G# A B C# D# E"
    assert names(line(*(63, 65, 67, 68, 70, 72, 74, 75))) == "Eb F G Ab Bb C D Eb"
    assert spell(Score()) == ()


CHORALES = ("bwv269", "bwv10.7", "bwv272", "bwv244.32", "bwv60.5", "bwv244.15", "bwv304")


@pytest.mark.parametrize("name", CHORALES)
def test_chorales_are_spelled_as_they_are_printed(name: str) -> None:
    from music21 import converter

    path = next(path for path in chorale_paths() if path.stem == name)
    printed = {
        (ticks(note.offset), round(note.pitch.ps)): (note.pitch.step, int(note.pitch.alter), note.pitch.octave)
        for note in converter.parse(path, forceSource=True).flatten().notes
    }
    score = read_chorale(path)
    for seen in (score, replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))):
        found = zip(seen.notes, spell(seen), strict=True)
        differ = [n for n, s in found if printed[n.onset_ticks, n.pitch] != (s.letter, s.alter, s.octave)]
        assert len(differ) <= (1 if name in ("bwv272", "bwv244.32") else 0)


def test_places_are_bounded_in_the_wildest_music() -> None:
    draw = random.Random(0)
    for fifths in (-7, 7):
        notes = (Note(draw.randrange(4000), draw.randrange(1, 900), draw.randrange(128)) for _ in range(300))
        score = Score(tuple(notes))
        places = places_of(score, Key(fifths, "minor"))
        assert all(MIN_PLACE <= place <= MAX_PLACE for place in places)
        assert all(abs(spelling.alter) <= 2 for spelling in spell(score, Key(fifths)))


@pytest.mark.parametrize(
    ("text", "pitch"),
    [
        ("C4", 60),
        ("c4", 60),
        ("A4", 69),
        ("F#3", 54),
        ("Gb3", 54),
        ("b♭2", 46),
        ("C##5", 74),
        ("Ebb5", 74),
        ("C-1", 0),
        ("G9", 127),
        ("B#3", 60),
        ("0", 0),
        (" 67 ", 67),
    ],
)
def test_names_are_read(text: str, pitch: int) -> None:
    assert read_pitch(text) == pitch


@pytest.mark.parametrize("text", ["", "H4", "C", "128", "G#9", "Cb-1", "C4.5", "-3", "C 4", "１２", "C#b4"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^'.*' is not a (MIDI )?pitch; give "):
        read_pitch(text)


def test_every_name_is_read_back_in_every_key() -> None:
    for key in (None, *(Key(fifths) for fifths in range(-7, 8))):
        assert [read_pitch(pitch_name(pitch, key)) for pitch in range(128)] == list(range(128))


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (None, "C C# D D# E F F# G G# A A# B"),
        ("C major", "C C# D Eb E F F# G G# A Bb B"),
        ("D minor", "C C# D Eb E F F# G G# A Bb B"),
        ("D major", "C C# D D# E F F# G G# A A# B"),
        ("Ab major", "C Db D Eb E F Gb G Ab A Bb Cb"),
        ("C# minor", "B# C# D D# E E# F# F## G# A A# B"),
    ],
)
def test_names_lie_around_the_key(key: str | None, names: str) -> None:
    home = None if key is None else Key.from_name(key)
    assert [class_name(pitch, home) for pitch in range(12)] == names.split()
    assert class_name(18, home) == class_name(6, home)


def test_octaves_are_those_of_the_letters() -> None:
    assert pitch_name(60, Key.from_name("C# major")) == "B#3"
    assert pitch_name(59, Key.from_name("Gb major")) == "Cb4"
    assert [pitch_name(70, key) for key in (None, Key(2), Key(-2))] == ["A#4", "A#4", "Bb4"]
