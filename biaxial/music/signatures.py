"""Keys and time signatures, which stand before the notes of a piece. Times are ticks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Mode = Literal["major", "minor"]

_LETTERS = "FCGDAEB"
_KEY_NAME = re.compile(r"([A-Ga-g])(#|b|-|♯|♭)?\s*(major|minor|maj|min|dur|moll|m)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Key:
    """A major or minor key, named by its signature.

    Parameters
    ----------
    fifths
        Sharps (positive) or flats (negative) of the signature, -7 to 7.
    mode
        ``"major"`` or ``"minor"``.
    """

    fifths: int
    mode: Mode = "major"

    def __post_init__(self) -> None:
        if not -7 <= self.fifths <= 7:
            raise ValueError(f"a key signature has -7 to 7 sharps, not {self.fifths}")
        if self.mode not in ("major", "minor"):
            raise ValueError(f"the mode of a key is 'major' or 'minor', not {self.mode!r}")

    @classmethod
    def from_name(cls, name: str) -> Key:
        """Read ``"G major"``, ``"Eb minor"``, ``"f# minor"``, ``"Am"``; a lone small letter is minor.

        Raises
        ------
        ValueError
            If the name is no key, or one with more than seven accidentals.
        """
        match = _KEY_NAME.fullmatch(name.strip())
        if match is None:
            raise ValueError(f"{name!r} is not a key: write for example 'G major', 'Eb major' or 'F# minor'")
        letter, accidental, word = match.groups()
        if word is None:
            minor = letter.islower()
        else:
            minor = word == "m" or word.lower() in ("minor", "min", "moll")
        fifths = _LETTERS.index(letter.upper()) - 1
        fifths += {None: 0, "#": 7, "♯": 7, "b": -7, "-": -7, "♭": -7}[accidental]
        fifths -= 3 if minor else 0
        if not -7 <= fifths <= 7:
            raise ValueError(f"{name!r} would need {abs(fifths)} accidentals: use its enharmonic twin")
        return cls(fifths, "minor" if minor else "major")

    @property
    def tonic(self) -> int:
        """Pitch class of the tonic, 0 (C) to 11."""
        return (self.fifths * 7 + (9 if self.mode == "minor" else 0)) % 12

    @property
    def name(self) -> str:
        """For example ``"Eb major"``; the inverse of :meth:`from_name`."""
        place = self.fifths + 1 + (3 if self.mode == "minor" else 0)
        octave, letter = divmod(place, 7)
        return f"{_LETTERS[letter]}{'b' * -octave if octave < 0 else '#' * octave} {self.mode}"

    def transposed(self, semitones: int) -> Key:
        """The same mode a number of semitones higher, spelled with at most six accidentals."""
        return Key((self.fifths + 7 * semitones + 6) % 12 - 6, self.mode)


@dataclass(frozen=True, slots=True)
class TimeSignature:
    """A metre that holds from ``onset_ticks`` on.

    Raises
    ------
    ValueError
        If the numerator is not in 1..64 or the denominator no power of two in 1..64.
    """

    numerator: int = 4
    denominator: int = 4
    onset_ticks: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= 64 or self.denominator not in (1, 2, 4, 8, 16, 32, 64):
            raise ValueError(
                f"{self.numerator}/{self.denominator} is not a time signature: "
                "the lower number is a power of two up to 64, the upper one 1 to 64"
            )
        if self.onset_ticks < 0:
            raise ValueError(f"a time signature cannot begin at tick {self.onset_ticks}")

    @classmethod
    def from_name(cls, name: str) -> TimeSignature:
        """Read ``"3/4"``.

        Raises
        ------
        ValueError
            If the text is no time signature.
        """
        match = re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", name)
        if match is None:
            raise ValueError(f"{name!r} is not a time signature: write for example '4/4', '3/4' or '6/8'")
        return cls(int(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """For example ``"3/4"``."""
        return f"{self.numerator}/{self.denominator}"

    def beat_ticks(self, ticks_per_quarter: int) -> int:
        """Length of a beat, which is dotted in 6/8, 9/8, 12/8 and their like; a tick at least."""
        beats = 1 if self.numerator % 3 or self.numerator == 3 else 3
        return max(1, 4 * ticks_per_quarter * beats // self.denominator)

    def bar_ticks(self, ticks_per_quarter: int) -> int:
        """Length of a full bar.

        Raises
        ------
        ValueError
            If a bar of this metre is no whole number of ticks.
        """
        ticks, rest = divmod(self.numerator * 4 * ticks_per_quarter, self.denominator)
        if rest:
            raise ValueError(f"a bar of {self.name} is not a whole number of ticks at {ticks_per_quarter} a quarter")
        return ticks
