"""Plans of phrases: what the phrases of a piece are to be before any of its notes is written.

A piece is a row of phrases without gaps. A phrase begins where the one before it has ended and goes on to the end of
its *last note*, the one that a chorale marks with a fermata; a pickup belongs to the first phrase. Times are ticks, 480
to a quarter note (:data:`~biaxial.music.constants.TICKS_PER_QUARTER`).

Keys are Roman numerals beside the home key: upper case is major, lower case minor, and the degree is that of the home
scale (natural minor in minor), so that ``"V"`` of C major is G major, ``"III"`` of A minor is C major and ``"vi"`` of
C major is A minor. Degrees outside the scale have ``b`` or ``#`` before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Mode

CADENCES: Final = {
    "authentic": "auth",
    "half": "half",
    "plagal": "plag",
    "deceptive": "dec",
    "open": "open",
}
"""How a phrase can end, and the short names of these in text; *open* is anything else."""

_STEPS: Final = ("I", "II", "III", "IV", "V", "VI", "VII")
_SCALES: Final[dict[Mode, tuple[int, ...]]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_SPELLED: Final[dict[Mode, tuple[str, ...]]] = {
    "major": ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII"),
    "minor": ("I", "bII", "II", "III", "#III", "IV", "#IV", "V", "VI", "#VI", "VII", "#VII"),
}
_NUMERAL: Final = re.compile(r"([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)")


def numeral(key: Key, home: Key) -> str:
    """A key beside the home key, such as ``"V"``; the inverse of :func:`key_at`."""
    text = _SPELLED[home.mode][(key.tonic - home.tonic) % 12]
    if key.mode == "major":
        return text
    sign, step = _parts(text)
    return sign + step.lower()


def home_numeral(mode: Mode) -> str:
    """The home key itself: ``"I"`` in major, ``"i"`` in minor."""
    return "I" if mode == "major" else "i"


def checked_numeral(text: str) -> str:
    """A numeral as it is.

    Raises
    ------
    InputError
        If it is something else.
    """
    _parts(text)
    return text


def key_at(text: str, home: Key) -> Key:
    """The key that a numeral means beside a home key.

    Raises
    ------
    InputError
        If the text is no numeral.
    """
    sign, step = _parts(text)
    semitones = _SCALES[home.mode][_STEPS.index(step.upper())] + {"b": -1, "": 0, "#": 1}[sign]
    tonic = (home.tonic + semitones) % 12
    return (Key(0) if step.isupper() else Key(-3, "minor")).transposed(tonic)


def _parts(text: str) -> tuple[str, str]:
    """The sign and the step of a numeral."""
    found = _NUMERAL.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is not a key; give a Roman numeral beside the home key, such as I, V, vi or bVII")
    return found[1], found[2]


def letter(number: int) -> str:
    """The letter of the n-th different phrase, counted from 0: A to Z, then A1 to Z1 and so on."""
    return chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase.

    Parameters
    ----------
    length_ticks
        From its beginning to the end of its last note.
    last_ticks
        Length of the last note of its melody.
    key
        The key that it closes in, a Roman numeral beside the home key.
    cadence
        One of :data:`CADENCES`.
    repeats
        The earlier phrase, counted from 0, that comes again; ``None`` for a new one.
    whole
        Whether all voices come again, not the melody alone.

    Raises
    ------
    InputError
        If a value is impossible.
    """

    length_ticks: int
    last_ticks: int
    key: str
    cadence: str
    repeats: int | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.last_ticks <= self.length_ticks:
            raise InputError(
                f"a phrase of {in_quarters(self.length_ticks)} quarter notes cannot end with a note of "
                f"{in_quarters(self.last_ticks)}"
            )
        checked_numeral(self.key)
        if self.cadence not in CADENCES:
            raise InputError(f"{self.cadence!r} is not a cadence; give one of {', '.join(CADENCES)}")
        if self.whole and self.repeats is None:
            raise InputError("a phrase that is new cannot repeat all voices of another one")


@dataclass(frozen=True, slots=True)
class PhrasePlan:
    """The phrases of a piece.

    Parameters
    ----------
    phrases
        In order, at least one. What is repeated is a new phrase, and its length and last note come again; with all
        voices its cadence and key too.
    pickup_ticks
        Part of the first phrase that lies before the first bar line.

    Raises
    ------
    InputError
        If they contradict one another.
    """

    phrases: tuple[Phrase, ...]
    pickup_ticks: int = 0

    def __post_init__(self) -> None:
        if not self.phrases:
            raise InputError("a plan has at least one phrase")
        if self.pickup_ticks < 0:
            raise InputError(f"a pickup cannot have {self.pickup_ticks} ticks")
        for place, phrase in enumerate(self.phrases):
            if phrase.repeats is None:
                continue
            if not 0 <= phrase.repeats < place or self.phrases[phrase.repeats].repeats is not None:
                raise InputError(f"phrase {place + 1} must repeat an earlier one that is new")
            first = self.phrases[phrase.repeats]
            if (phrase.length_ticks, phrase.last_ticks) != (first.length_ticks, first.last_ticks):
                raise InputError(
                    f"phrase {place + 1} repeats phrase {phrase.repeats + 1} but is not as long, in all or in its last "
                    f"note: {in_quarters(phrase.length_ticks)}/{in_quarters(phrase.last_ticks)} and "
                    f"{in_quarters(first.length_ticks)}/{in_quarters(first.last_ticks)} quarter notes"
                )
            if phrase.whole and (phrase.key, phrase.cadence) != (first.key, first.cadence):
                raise InputError(
                    f"phrase {place + 1} repeats all of phrase {phrase.repeats + 1} and must close as it does"
                )

    @property
    def length_ticks(self) -> int:
        """Length of the piece, its pickup included."""
        return sum(phrase.length_ticks for phrase in self.phrases)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each phrase begins."""
        return tuple(accumulate((phrase.length_ticks for phrase in self.phrases[:-1]), initial=0))

    @property
    def last_onsets(self) -> tuple[int, ...]:
        """Where the last note of each phrase begins: the ``fermatas`` of a score."""
        return tuple(
            start + phrase.length_ticks - phrase.last_ticks
            for start, phrase in zip(self.starts, self.phrases, strict=True)
        )

    @property
    def letters(self) -> tuple[str, ...]:
        """A letter for each phrase: ``A'`` is the melody of ``A`` again, ``A`` again is all of it."""
        names, found = list[str](), 0
        for phrase in self.phrases:
            if phrase.repeats is None:
                names.append(letter(found))
                found += 1
            else:
                names.append(names[phrase.repeats] + ("" if phrase.whole else "'"))
        return tuple(names)

    @property
    def form(self) -> str:
        """The letters of the phrases in a row, such as ``"A B A B' C"``."""
        return " ".join(self.letters)

    @property
    def captions(self) -> tuple[str, ...]:
        """What a page prints under each phrase: its letter, key and cadence, such as ``"A V: half"``.

        An en space stands behind the letter, and keys have the signs of music.
        """
        return tuple(
            f"{name}\u2002{phrase.key.replace('b', '♭').replace('#', '♯')}: {phrase.cadence}"
            for name, phrase in zip(self.letters, self.phrases, strict=True)
        )

    @property
    def text(self) -> str:
        """The whole plan as text, which :func:`biaxial.music.plan_text.read_plan` reads."""
        words = [
            f"{name}={phrase.key}:{CADENCES[phrase.cadence]}"
            f"@{in_quarters(phrase.length_ticks)}/{in_quarters(phrase.last_ticks)}"
            for name, phrase in zip(self.letters, self.phrases, strict=True)
        ]
        return f"pickup {in_quarters(self.pickup_ticks)}; {' '.join(words)}"

    @property
    def summary(self) -> str:
        """One line for a reader, such as ``"4 phrases A B A' C, pickup 1; I:half V:auth I:half I:auth"``."""
        many = len(self.phrases)
        closes = " ".join(f"{phrase.key}:{CADENCES[phrase.cadence]}" for phrase in self.phrases)
        pickup = f"pickup {in_quarters(self.pickup_ticks)}" if self.pickup_ticks else "no pickup"
        return f"{many} phrase{'s' if many > 1 else ''} {self.form}, {pickup}; {closes}"

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values, which :meth:`from_dict` reads."""
        return {
            "pickup_ticks": self.pickup_ticks,
            "phrases": [
                {name: getattr(phrase, name) for name in Phrase.__dataclass_fields__} for phrase in self.phrases
            ],
        }

    @classmethod
    def from_dict(cls, document: object) -> PhrasePlan:
        """Read what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If it is something else.
        """
        fields = _checked(document, {"pickup_ticks": int, "phrases": list}, "a plan")
        kinds = {"length_ticks": int, "last_ticks": int, "key": str, "cadence": str, "whole": bool}
        phrases = []
        for number, entry in enumerate(fields["phrases"], start=1):
            values = dict(_checked(entry, {**kinds, "repeats": object}, f"phrase {number} of a plan"))
            if values["repeats"] is not None:
                _checked({"repeats": values["repeats"]}, {"repeats": int}, f"phrase {number} of a plan")
            phrases.append(Phrase(**values))
        return cls(tuple(phrases), fields["pickup_ticks"])


def form_of(letters: Sequence[str]) -> list[tuple[int | None, bool]]:
    """For letters of phrases such as ``A``, ``B``, ``A'``: which earlier one each repeats, and whether wholly.

    Raises
    ------
    InputError
        If one is no letter, or the first of its kind has a stroke.
    """
    first = dict[str, int]()
    found = list[tuple[int | None, bool]]()
    for place, name in enumerate(letters):
        plain = name.removesuffix("'")
        if re.fullmatch(r"[A-Z]\d{0,3}", plain) is None:
            raise InputError(f"{name!r} is not the letter of a phrase; give A to Z, or A' for the melody of A alone")
        if plain in first:
            found.append((first[plain], plain == name))
            continue
        if plain != name:
            raise InputError(f"{name} stands before any {plain}; give the first of them without the stroke")
        first[plain] = place
        found.append((None, False))
    return found


def in_quarters(ticks: int) -> str:
    """Ticks as a number of quarter notes, such as ``"8"`` or ``"1.5"``; thirds and the like as ``"1~3"``."""
    value = Fraction(ticks, TICKS_PER_QUARTER)
    if value.denominator == 1:
        return str(value.numerator)
    plain = f"{float(value):.10g}"
    return plain if Fraction(plain) == value else f"{value.numerator}~{value.denominator}"


def quarters_ticks(text: str) -> int:
    """Read what :func:`in_quarters` writes.

    Raises
    ------
    InputError
        If it is no length, or no whole number of ticks.
    """
    if re.fullmatch(r"\d{1,6}(\.\d{1,10}|~\d{1,4})?", text) is None or text.endswith("~0"):
        raise InputError(f"{text!r} is not a number of quarter notes; give one such as 8 or 1.5")
    ticks = Fraction(text.replace("~", "/")) * TICKS_PER_QUARTER
    if ticks.denominator != 1:
        raise InputError(f"{text} quarter notes are not a whole number of ticks, {TICKS_PER_QUARTER} a quarter")
    return ticks.numerator


def _checked(document: object, kinds: Mapping[str, type], name: str) -> Mapping[str, Any]:
    """An object with these fields and no others, each of its kind."""
    if not isinstance(document, dict) or set(document) != set(kinds):
        raise InputError(f"{name} has the fields {', '.join(kinds)} and no others")
    for field, kind in kinds.items():
        value = document[field]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(f"{name}: {field} has the wrong type, {type(value).__name__}")
    return document
