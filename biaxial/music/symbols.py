"""What stands over and under the notes of a score: chord symbols and the words that are sung."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

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
