"""What a part of MusicXML says of itself between its notes, made plain: divisions, metres, keys, repeated bars."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from biaxial.music.score import TimeSignature

MODES: Final = frozenset(
    ("major", "minor", "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")
)
"""Modes that are understood; others are taken as none."""

_BEATS = re.compile(r"\d{1,3}(\s*\+\s*\d{1,3})*")


@dataclass
class Attributes:
    """What holds where a part is read.

    Parameters
    ----------
    metre
        Length of a bar in quarter notes; ``None`` where none is stated.
    num_staves
        Staves of the part.
    key_is_unknown
        Whether its first signature is that of no key.
    repeats
        For each staff, or for ``None`` where it is the whole part, how many bars a sign repeats.
    counts
        What was met that has to be said.
    """

    metre: Fraction | None = None
    num_staves: int = 1
    key_is_unknown: bool = False
    repeats: dict[str | None, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _divisions: Fraction | None = None
    _has_key: bool = False

    def set_staves(self, part: Element) -> None:
        """Let a part have as many staves as its notes are on."""
        stated = [staves for staves in part.iter("staves") if (staves.text or "").strip().isdecimal()]
        used = {text for note in part.iter("note") if (text := (note.findtext("staff") or "").strip())}
        if not all(text.isdecimal() and 0 < int(text) <= 16 for text in used):
            raise ValueError("a note is on a staff that is not a number from 1 to 16")
        self.num_staves = max([1, *(int(staves.text or 1) for staves in stated), *map(int, used)])
        if stated and int(stated[0].text or 1) < self.num_staves:
            stated[0].text = str(self.num_staves)

    def divisions_in(self, measure: Element) -> Fraction:
        """Parts of a quarter note that durations are counted in; 1 is written into the measure where none is stated."""
        if self._divisions is None:
            self._divisions = Fraction(1)
            self.counts["undivided"] = 1
            attributes = Element("attributes")
            SubElement(attributes, "divisions").text = "1"
            measure.insert(0, attributes)
        return self._divisions

    def take(self, attributes: Element) -> None:
        """Take an element of attributes.

        Raises
        ------
        ValueError
            If it cannot be read; the message does not say where.
        """
        if (divisions := attributes.find("divisions")) is not None:
            text = (divisions.text or "").strip()
            if not re.fullmatch(r"\d{1,9}(\.\d{0,9})?", text) or not Fraction(text):
                raise ValueError(f"{text[:20]!r} divisions of a quarter note: give a number above 0")
            self._divisions = Fraction(text)
        for key in attributes.findall("key"):
            self._key(attributes, key)
        for time in attributes.findall("time"):
            self._time(attributes, time)

    def mark_repeats(self, measure: Element) -> None:
        """Follow the signs that repeat bars, up to and in a measure."""
        for style in measure.iter("measure-style"):
            self.counts["beats"] += sum(beat.get("type") == "start" for beat in style.findall("beat-repeat"))
            for sign in style.findall("measure-repeat"):
                self.repeats.pop(style.get("number"), None)
                if sign.get("type") == "start":
                    text = (sign.text or "").strip() or "1"
                    if not re.fullmatch(r"[1-8]", text):
                        raise ValueError(f"a sign repeats {text[:20]!r} bars")
                    self.repeats[style.get("number")] = int(text)

    def _key(self, attributes: Element, key: Element) -> None:
        fifths = key.find("fifths")
        if fifths is None:
            attributes.remove(key)
            self.counts["keys"] += 1
            self.key_is_unknown |= not self._has_key
        elif not re.fullmatch(r"[-+]?\d{1,2}", (fifths.text or "").strip()):
            raise ValueError(f"a key of {(fifths.text or '')[:20].strip()!r} fifths")
        elif (mode := key.find("mode")) is not None and (mode.text or "").strip().lower() not in MODES:
            key.remove(mode)
        self._has_key = True

    def _time(self, attributes: Element, time: Element) -> None:
        for other in time.findall("interchangeable"):
            time.remove(other)
        beats, kinds = time.findall("beats"), time.findall("beat-type")
        if not beats or len(beats) != len(kinds):
            if beats or kinds or time.find("senza-misura") is None:
                raise ValueError("a metre without beats")
            attributes.remove(time)
            self.metre = None
            self.counts["free"] += 1
            return
        pairs = [(_sum(one.text), _sum(kind.text)) for one, kind in zip(beats, kinds, strict=True)]
        whole = sum((Fraction(upper, lower) for upper, lower in pairs), Fraction(0))
        lower = max(kind for _, kind in pairs)
        metre = TimeSignature.from_name(f"{whole * lower}/{lower}")
        if len(pairs) > 1 or "+" in (beats[0].text or ""):
            for element in (*beats, *kinds):
                time.remove(element)
            for place, (tag, number) in enumerate((("beats", metre.numerator), ("beat-type", metre.denominator))):
                element = Element(tag)
                element.text = str(number)
                time.insert(place, element)
            time.attrib.pop("symbol", None)
        self.metre = Fraction(4 * metre.numerator, metre.denominator)


def _sum(text: str | None) -> int:
    text = (text or "").strip()
    if not _BEATS.fullmatch(text) or not sum(map(int, text.split("+"))):
        raise ValueError(f"{text[:20]!r} beats of a metre")
    return sum(map(int, text.split("+")))
