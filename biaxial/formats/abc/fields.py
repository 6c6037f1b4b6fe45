"""The information fields of ABC notation: key, metre, unit length, tempo and voice, in quarter notes and semitones.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1, sections 3 and 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, NamedTuple

from biaxial.music.score import TimeSignature

ACCIDENTALS: Final = {"": 0, "^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}

MAX_NUMBER: Final = 256
"""Largest number of a length, above or below its stroke, and of a tuplet: print has nothing shorter than 1/256, and
larger numbers below the stroke make slow sums."""
FARTHEST_SHIFT: Final = 127
"""Most semitones between what is written and what sounds: all MIDI numbers."""

_LETTERS = "FCGDAEB"
_CLEFS: Final = ("treble", "alto", "tenor", "bass", "baritone", "soprano", "mezzosoprano", "mezzo", "perc")
_CLEF_SHIFTS: Final = {None: 0, "+8": 12, "-8": -12, "+15": 24, "-15": -24}
_CLEF: Final = re.compile(rf"(?<!\S)(?:{'|'.join(_CLEFS)})\d?(?:[+-](?:8|15))?(?!\S)")
_PROPERTY: Final = re.compile(
    r"\b(?:clef|octave|transpose|middle|m|score|sound|shift|instrument|stafflines|staffscale|cue|style|name|nm|subname"
    r"|sname|snm|stem|gchords?|stafftype|merge)=(?:\"[^\"]*\"|\S+)"
)
_MODES: Final = {
    "": ("major", 0),
    "maj": ("major", 0),
    "ion": ("ionian", 0),
    "m": ("minor", -3),
    "min": ("minor", -3),
    "aeo": ("aeolian", -3),
    "mix": ("mixolydian", -1),
    "dor": ("dorian", -2),
    "phr": ("phrygian", -4),
    "lyd": ("lydian", 1),
    "loc": ("locrian", -5),
}
"""Name of a mode and the sharps that it has more than major on the same tonic, by its first three letters."""


@dataclass(frozen=True)
class AbcKey:
    """A ``K:`` field: the signature, and what it does to each letter.

    Parameters
    ----------
    fifths, mode
        The signature; the mode is ``None`` where the field names no tonic.
    letters
        Semitones by which each capital letter is raised.
    """

    fifths: int = 0
    mode: str | None = None
    letters: dict[str, int] = field(default_factory=dict)


def read_key(text: str) -> tuple[AbcKey | None, str]:
    """Read ``"Gm"``, ``"D mix"``, ``"A exp ^c"``, ``"none"``, ``"HP"``; a clef beside it is passed over.

    Returns
    -------
    The key, ``None`` where only a clef or the like is named; and a remark, or nothing, on what was made of the text.

    Raises
    ------
    ValueError
        If the signature would have more than seven accidentals.
    """
    plain = " ".join(_CLEF.sub(" ", _PROPERTY.sub(" ", text)).split())
    if plain[:2] in ("HP", "Hp"):
        return AbcKey(2, "mixolydian", {"F": 1, "C": 1}), ""
    if plain.lower().startswith("none") or not text.strip():
        return AbcKey(), ""
    if not plain:
        return None, ""
    match = re.match(r"([A-Ga-g])([#b]?)(?:\s*([A-Za-z]+))?(?=$|[\s^_=])", plain)
    remark, key, word = "", AbcKey(), ""
    if match is not None:
        word = (match[3] or "").lower()
        mode, more = _MODES.get(word if word in ("", "m") else word[:3], ("major", 0))
        fifths = _LETTERS.index(match[1].upper()) - 1 + {"": 0, "#": 7, "b": -7}[match[2]] + more
        if not -7 <= fifths <= 7:
            raise ValueError(f"the key K:{text.strip()} would need {abs(fifths)} accidentals")
        named = _LETTERS[:fifths] if fifths > 0 else _LETTERS[fifths:] if fifths < 0 else ""
        key = AbcKey(fifths, mode, dict.fromkeys(named, 1 if fifths > 0 else -1))
        if match[1].islower() or (word[:3] not in _MODES and word != "exp"):
            remark = f"K:{plain[:20]} is taken for {match[1].upper()}{match[2]} {mode}"
        if word == "exp":
            key = AbcKey()
    signs = re.findall(r"(\^\^|\^|__|_|=)([A-Ga-g])(?![A-Za-z])", plain)
    if match is None and not signs:
        remark = f"K:{plain[:20]} is not a key: read without accidentals"
    for sign, letter in signs:
        key.letters[letter.upper()] = ACCIDENTALS[sign]
    return key, remark


def read_metre(text: str) -> TimeSignature | None:
    """Read ``"3/4"``, ``"C"``, ``"C|"``, ``"2+3/8"``; ``None`` for free metre.

    Raises
    ------
    ValueError
        If it is no metre.
    """
    plain = text.strip()
    if plain.lower() in ("", "none"):
        return None
    if plain in ("C", "C|"):
        return TimeSignature() if plain == "C" else TimeSignature(2, 2)
    upper, _, lower = plain.replace("(", "").replace(")", "").partition("/")
    if re.fullmatch(r"\d+([+ ]\d+)+", upper.strip()):
        upper = str(sum(map(int, re.findall(r"\d+", upper))))
    return TimeSignature.from_name(f"{upper}/{lower}")


def read_unit(text: str) -> Fraction:
    """Unit length in quarter notes, from ``"1/8"``.

    Raises
    ------
    ValueError
        If it is no length.
    """
    match = re.fullmatch(r"\s*(\d+)(?:\s*/\s*([1-9]\d*))?\s*", text)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"L:{text.strip()} is not a note length such as 1/8")
    return 4 * Fraction(read_number(match[1]), read_number(match[2] or "1"))


def read_number(digits: str) -> int:
    """A number of a length or a tuplet.

    Raises
    ------
    ValueError
        If it is above :data:`MAX_NUMBER`.
    """
    if len(digits) > 9 or int(digits) > MAX_NUMBER:
        raise ValueError(f"a length with {digits[:9]} in it; {MAX_NUMBER} is the most")
    return int(digits)


def default_unit(metre: TimeSignature | None) -> Fraction:
    """Unit length in quarter notes where no ``L:`` says it: an eighth, in metres shorter than 3/4 a sixteenth."""
    short = metre is not None and Fraction(metre.numerator, metre.denominator) < Fraction(3, 4)
    return Fraction(1, 4) if short else Fraction(1, 2)


def read_tempo(text: str) -> float | None:
    """Quarter notes a minute, from ``1/4=120``, ``"Slow" 3/8=50`` or ``120``; ``None`` if it has no such number."""
    plain = re.sub(r'"[^"]*"', " ", text)
    beats, _, number = plain.rpartition("=")
    match = re.fullmatch(r"\s*(\d{1,4}(?:\.\d+)?)\s*", number)
    if match is None or float(match[1]) == 0:
        return None
    lengths = [Fraction(int(a), int(b)) for a, b in re.findall(r"\b(\d{1,3})\s*/\s*([1-9]\d{0,2})\b", beats)]
    return float(match[1]) * float(4 * sum(lengths) or 1)


class Shift(NamedTuple):
    """By how many semitones music sounds higher than it is written; ``None`` where nothing is said.

    ``clef`` is what ``treble-8`` says, and any clef without a number; ``octave`` and ``transpose`` are what the
    properties of these names say, and ``sound=CB`` as well as ``shift=CB`` count as the latter.
    """

    clef: int | None = None
    octave: int | None = None
    transpose: int | None = None

    @property
    def semitones(self) -> int:
        """All of it.

        Raises
        ------
        ValueError
            If it is more than :data:`FARTHEST_SHIFT`.
        """
        total = sum(part or 0 for part in self)
        if abs(total) > FARTHEST_SHIFT:
            raise ValueError(f"a voice that sounds more than {FARTHEST_SHIFT} semitones away from what is written")
        return total

    def changed(self, later: Shift) -> Shift:
        """What holds where something is said later."""
        return Shift(*(old if new is None else new for old, new in zip(self, later, strict=True)))


def read_shift(text: str) -> Shift:
    """Read ``clef=treble-8``, ``bass``, ``octave=-1``, ``transpose=2``, ``sound=CB``; the rest is passed over."""
    text = re.sub(r"\s*=\s*", "=", re.sub(r'"[^"]*"', " ", text))
    clef = None
    for word in text.split():
        match = re.fullmatch(r"([A-Za-z]+)\d?([+-](?:8|15))?", word.removeprefix("clef="))
        if match is not None and (word.startswith("clef=") or match[1] in _CLEFS):
            clef = _CLEF_SHIFTS[match[2]]
    octaves = re.findall(r"\boctave=([+-]?\d+)\b", text)
    transposes = [_few_digits(number) for number in re.findall(r"\btranspose=([+-]?\d+)\b", text)]
    for written, sounding in re.findall(rf"\b(?:sound|shift)=({_NOTE})({_NOTE})(?!\S)", text):
        transposes.append(_semitones(sounding) - _semitones(written))
    return Shift(clef, 12 * _few_digits(octaves[-1]) if octaves else None, transposes[-1] if transposes else None)


_NOTE: Final = r"[\^_=]{0,2}[A-Ga-g][,']*"


def _few_digits(number: str) -> int:
    """A number of semitones or octaves, of which a few digits are enough to see that it is too large."""
    return int(number[:5])


def _semitones(note: str) -> int:
    """A note of ABC in semitones above C."""
    sign = note.rstrip("ABCDEFGabcdefg,'")
    letter = note[len(sign)]
    octave = letter.islower() + note.count("'") - note.count(",")
    return 12 * octave + "C D EF G A B".index(letter.upper()) + ACCIDENTALS.get(sign, 0)


NO_SHIFT: Final = Shift()


@dataclass(frozen=True)
class AbcVoice:
    """A ``V:`` field: its id, the name to show, and how it sounds beside what is written."""

    key: str
    name: str = ""
    shift: Shift = NO_SHIFT


def read_voice(text: str, known: AbcVoice | None = None) -> AbcVoice:
    """Read ``T1 name="Tenor" clef=treble-8``; what is not said stays as it is known."""
    key, _, rest = text.strip().partition(" ")
    voice = known or AbcVoice(key, "" if key.isdigit() else key)
    if name := re.search(r'\b(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))', rest):
        voice = replace(voice, name=name[1] or name[2] or "")
    return replace(voice, shift=voice.shift.changed(read_shift(rest)))
