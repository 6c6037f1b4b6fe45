"""Pitches by their names, both ways."""

from __future__ import annotations

import pytest

from biaxial.music.errors import InputError
from biaxial.music.pitch_names import class_name, pitch_name, read_pitch
from biaxial.music.score import Key


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
    with pytest.raises(InputError, match=r"^'.*' is no (MIDI )?pitch; give "):
        read_pitch(text)


def test_every_name_is_read_back_in_every_key() -> None:
    for key in (None, *(Key(fifths) for fifths in range(-7, 8))):
        assert [read_pitch(pitch_name(pitch, key)) for pitch in range(128)] == list(range(128))


def test_keys_with_flats_are_spelled_with_flats() -> None:
    assert [pitch_name(70, key) for key in (None, Key(0), Key(2), Key(-2))] == ["A#4", "A#4", "A#4", "Bb4"]
    assert class_name(15, Key(-1)) == "Eb"
