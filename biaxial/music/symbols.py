"""What stands over and under the notes of a score: chord symbols and the words that are sung.

Chord symbols are read as people write them: ``Am7``, ``Bb``, ``F♯m7b5``, ``Csus4``, ``D/F#``, ``N.C.``. A root (a
capital letter with at most one accidental), a quality out of one table, alterations such as ``b9``, and a bass after a
stroke. The bass belongs to the chord even where the quality does not have it (``C/D``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

_SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_NOTE_IN_CHORD_NAME = re.compile(r"(^|/)([A-G])([#b♯♭]?)")


@dataclass(frozen=True, slots=True)
class ChordSymbol:
    """A chord that holds from ``onset_ticks`` on, until the next one or the end of the piece.

    Parameters
    ----------
    onset_ticks
        Start, from the beginning of the piece.
    pitch_classes
        What belongs to the chord, 0 (C) to 11. Empty: no chord is asked for, and anything may sound.
    bass
        Pitch class of the lowest note, one of ``pitch_classes``; ``None`` where any of them may be lowest.
    name
        How it was written, for example ``"D7/F#"``; may be empty.

    Raises
    ------
    ValueError
        If the onset is negative, a pitch class is outside 0 to 11, or the bass is not in the chord.
    """

    onset_ticks: int
    pitch_classes: frozenset[int]
    bass: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.onset_ticks < 0:
            raise ValueError(f"a chord cannot begin at tick {self.onset_ticks}")
        if any(not 0 <= pitch_class <= 11 for pitch_class in self.pitch_classes):
            raise ValueError(f"pitch classes are 0 (C) to 11 (B), not {sorted(self.pitch_classes)}")
        if self.bass is not None and self.bass not in self.pitch_classes:
            raise ValueError(f"the bass {self.bass} is none of the chord's pitch classes {sorted(self.pitch_classes)}")

    def transposed(self, semitones: int, *, flats: bool = False) -> ChordSymbol:
        """The same chord a number of semitones higher, its name spelled with sharps or with flats."""
        if semitones % 12 == 0:
            return self
        names = _FLAT_NAMES if flats else _SHARP_NAMES

        def renamed(match: re.Match[str]) -> str:
            accidental = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[match[3]]
            return match[1] + names[(_SHARP_NAMES.index(match[2]) + accidental + semitones) % 12]

        return replace(
            self,
            pitch_classes=frozenset((pitch_class + semitones) % 12 for pitch_class in self.pitch_classes),
            bass=None if self.bass is None else (self.bass + semitones) % 12,
            name=_NOTE_IN_CHORD_NAME.sub(renamed, self.name) if self.pitch_classes else self.name,
        )


@dataclass(frozen=True, slots=True)
class Syllable:
    """A syllable of the words that are sung, from ``onset_ticks`` on.

    Parameters
    ----------
    onset_ticks
        Start of the note that it stands under, from the beginning of the piece.
    text
        As it is printed, without a hyphen at its end.
    goes_on
        Whether the next syllable belongs to the same word.

    Raises
    ------
    ValueError
        If the onset is negative.
    """

    onset_ticks: int
    text: str
    goes_on: bool = False

    def __post_init__(self) -> None:
        if self.onset_ticks < 0:
            raise ValueError(f"a syllable cannot begin at tick {self.onset_ticks}")


NO_CHORD: Final = ("N.C.", "NC", "N.C", "n.c.")
"""What says that no chord is asked for."""

_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SYMBOL = re.compile(r"([A-G])([#b]?)(.*?)(?:/([A-G])([#b]?))?")
_ALTERATION = re.compile(r"(add|no|b|#|[+-](?=\d))(\d+)")
_DEGREES = {2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 9: 2, 11: 5, 13: 9}

_MAJOR, _MINOR, _DIMINISHED, _AUGMENTED = (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)
_QUALITIES: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("", "maj", "M", "major"), _MAJOR),
    **dict.fromkeys(("m", "min", "mi", "-", "minor"), _MINOR),
    **dict.fromkeys(("dim", "o", "°", "mb5"), _DIMINISHED),
    **dict.fromkeys(("aug", "+", "#5"), _AUGMENTED),
    **dict.fromkeys(("7", "dom7"), (*_MAJOR, 10)),
    **dict.fromkeys(("maj7", "M7", "Δ", "Δ7", "ma7", "j7"), (*_MAJOR, 11)),
    **dict.fromkeys(("m7", "min7", "mi7", "-7"), (*_MINOR, 10)),
    **dict.fromkeys(("mmaj7", "mM7", "minmaj7", "m#7", "-Δ", "-maj7"), (*_MINOR, 11)),
    **dict.fromkeys(("dim7", "o7", "°7"), (*_DIMINISHED, 9)),
    **dict.fromkeys(("m7b5", "ø", "ø7", "min7b5", "-7b5", "h7"), (*_DIMINISHED, 10)),
    **dict.fromkeys(("aug7", "+7", "7#5", "7+"), (*_AUGMENTED, 10)),
    **dict.fromkeys(("sus4", "sus"), (0, 5, 7)),
    "sus2": (0, 2, 7),
    **dict.fromkeys(("7sus4", "7sus", "sus7"), (0, 5, 7, 10)),
    **dict.fromkeys(("6", "maj6", "M6"), (*_MAJOR, 9)),
    **dict.fromkeys(("m6", "min6", "-6"), (*_MINOR, 9)),
    **dict.fromkeys(("69", "6/9"), (*_MAJOR, 9, 2)),
    **dict.fromkeys(("m69", "m6/9"), (*_MINOR, 9, 2)),
    "2": (*_MAJOR, 2),
    "5": (0, 7),
    "9": (*_MAJOR, 10, 2),
    **dict.fromkeys(("+9", "aug9", "9#5"), (*_AUGMENTED, 10, 2)),
    **dict.fromkeys(("maj9", "M9", "Δ9"), (*_MAJOR, 11, 2)),
    **dict.fromkeys(("m9", "min9", "-9"), (*_MINOR, 10, 2)),
    **dict.fromkeys(("9sus4", "9sus"), (0, 5, 7, 10, 2)),
    # The third of a dominant eleventh and the eleventh of a thirteenth clash, and players leave them out.
    "11": (0, 7, 10, 2, 5),
    **dict.fromkeys(("m11", "min11", "-11"), (*_MINOR, 10, 2, 5)),
    "13": (*_MAJOR, 10, 2, 9),
    **dict.fromkeys(("maj13", "M13"), (*_MAJOR, 11, 2, 9)),
    **dict.fromkeys(("m13", "min13", "-13"), (*_MINOR, 10, 2, 9)),
}
"""Semitones above the root."""


def parse_chord(name: str) -> tuple[frozenset[int], int | None]:
    """Pitch classes and bass of a chord symbol.

    Parameters
    ----------
    name
        Flats and sharps as ``b`` and ``#`` or as the signs; alterations may stand in parentheses.

    Returns
    -------
    Pitch classes, none of them for ``"N.C."``, and the bass, ``None`` where there is no stroke.

    Raises
    ------
    ValueError
        If it is no chord symbol; one line that names it and gives examples.
    """
    plain = name.strip().translate({ord("♭"): "b", ord("♯"): "#"})
    if plain in NO_CHORD:
        return frozenset(), None
    match = _SYMBOL.fullmatch(plain)
    # Parentheses go only now: C(b5) is no Cb5.
    intervals = None if match is None else _intervals(re.sub(r"[(),]", "", match[3]))
    if match is None or intervals is None:
        raise ValueError(f"{name!r} is not a chord symbol: write for example C, Am7, Bb, F#m7b5, Gsus4, D/F# or N.C.")
    root = _pitch_class(match[1], match[2])
    classes = frozenset((root + interval) % 12 for interval in intervals)
    bass = None if match[4] is None else _pitch_class(match[4], match[5])
    return (classes, None) if bass is None else (classes | {bass}, bass)


def _pitch_class(letter: str, accidental: str) -> int:
    return (_NATURALS[letter] + {"": 0, "#": 1, "b": -1}[accidental]) % 12


def _intervals(quality: str) -> frozenset[int] | None:
    """Semitones above the root; ``None`` if there is no such quality.

    The longest head that the table knows is taken, and all that follows must be alterations.
    """
    for cut in range(len(quality), -1, -1):
        head, tail = quality[:cut], quality[cut:]
        if head not in _QUALITIES or _ALTERATION.sub("", tail):
            continue
        found = set(_QUALITIES[head])
        for kind, degree in _ALTERATION.findall(tail):
            if int(degree) not in _DEGREES:
                return None
            plain = _DEGREES[int(degree)]
            if kind == "no":
                found -= {plain, plain - 1 if degree == "3" else plain}
            else:
                if degree == "5":
                    found.discard(plain)
                found.add((plain + {"add": 0, "b": -1, "#": 1, "+": 1, "-": -1}[kind]) % 12)
        return frozenset(found)
    return None
