"""Names of pitches, as musicians write them: ``C4`` is middle C, MIDI number 60."""

from __future__ import annotations

import re

from biaxial.music.constants import MAX_PITCH, MIN_PITCH
from biaxial.music.errors import InputError
from biaxial.music.score import Key

_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAME = re.compile(r"([A-Ga-g])(##|#|♯|bb|b|♭)?(-?\d{1,2})")
_ALTERED = {None: 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}


def class_name(pitch_class: int, key: Key | None = None) -> str:
    """The name of a pitch class, 0 (C) to 11: with flats in keys that have them, else with sharps."""
    return (_FLATS if key is not None and key.fifths < 0 else _SHARPS)[pitch_class % 12]


def pitch_name(pitch: int, key: Key | None = None) -> str:
    """The name of a MIDI number, such as ``"F#4"``; spelled as :func:`class_name` does."""
    return f"{class_name(pitch, key)}{pitch // 12 - 1}"


def read_pitch(text: str) -> int:
    """Read ``"G4"``, ``"f#4"``, ``"Bb3"`` or a MIDI number.

    Raises
    ------
    InputError
        If it is neither, or lies outside the MIDI range.
    """
    text = text.strip()
    match = _NAME.fullmatch(text)
    if match is not None:
        pitch = _CLASSES[match[1].upper()] + _ALTERED[match[2]] + 12 * (int(match[3]) + 1)
    elif re.fullmatch(r"\d{1,3}", text, flags=re.ASCII):
        pitch = int(text)
    else:
        raise InputError(f"{text!r} is no pitch; give a name with its octave, such as G4 or Bb3, or a MIDI number")
    if not MIN_PITCH <= pitch <= MAX_PITCH:
        raise InputError(f"{text!r} is no MIDI pitch; give {MIN_PITCH} (C-1) to {MAX_PITCH} (G9)")
    return pitch
