"""Notes of Humdrum kern: what a token says, and the notes of a part once ties are followed.

A length is a number of which so many make a whole note, ``4`` a quarter, ``3%2`` two thirds of one, ``0`` two whole
notes; pitches are letters, ``c`` middle C, ``cc`` an octave above, ``C`` an octave below. Beams, slurs, ornaments and
stems are passed over. https://www.humdrum.org/rep/kern
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from biaxial.formats.written_music import Line, ticks
from biaxial.music.constants import MAX_PITCH, MIN_PITCH
from biaxial.music.performance.dynamics import DynamicMarks
from biaxial.music.score import Note

MAX_TOKEN_LENGTH: Final = 100
"""Longest token that is music."""
MAX_NUMBER: Final = 1024
"""Largest number in a length: the sum of thousands of other fractions has a million digits."""
MAX_DOTS: Final = 4
"""Most dots of a note."""

_LENGTH = re.compile(r"(\d+)(?:%(\d+))?")
_PITCH = re.compile(r"([a-gA-G]+)(#+|-+|n)?")
_LONG = {"0": Fraction(8), "00": Fraction(16), "000": Fraction(32)}
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


class Head(NamedTuple):
    """A note of a token: MIDI pitch, whether it goes on from one before and into one after, its fermata and accent."""

    pitch: int
    ends_tie: bool
    begins_tie: bool
    fermata: bool
    accent: bool


class Event(NamedTuple):
    """What a token says.

    ``quarters`` is the length, 0 for grace notes; ``unequal`` counts notes of a chord whose length is not the first's.
    """

    heads: tuple[Head, ...]
    quarters: Fraction
    is_grace: bool
    unequal: int


@lru_cache(maxsize=1 << 14)
def event_of(token: str) -> Event:
    """What a token of a part says: a note, a chord or a rest.

    Raises
    ------
    ValueError
        If it is none of these; the message does not say where.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"a token of {len(token)} letters, {token[:20]!r}")
    marks = token.split()
    lengths = [_quarters(mark) for mark in marks]
    is_grace = all("q" in mark or "Q" in mark for mark in marks)
    stated = [length for length in lengths if length is not None]
    if not stated and not is_grace:
        raise ValueError(f"{token!r} has no length")
    quarters = Fraction(0) if is_grace else stated[0]
    unequal = 0 if is_grace else sum(length != quarters for length in stated)
    return Event(tuple(_head(mark) for mark in marks if "r" not in mark), quarters, is_grace, unequal)


def _quarters(mark: str) -> Fraction | None:
    found = _LENGTH.search(mark)
    if found is None:
        return None
    whole, shared, dots = found[1], int(found[2] or 1), mark.count(".")
    if len(whole) > 4 or int(whole) > MAX_NUMBER or not 0 < shared <= MAX_NUMBER or dots > MAX_DOTS:
        raise ValueError(f"{mark!r} is not a length that is read")
    if int(whole) == 0 and whole not in _LONG:
        raise ValueError(f"{mark!r} is not a length")
    plain = _LONG[whole] * shared if int(whole) == 0 else Fraction(4 * shared, int(whole))
    return plain * (2 - Fraction(1, 2**dots))


def _head(mark: str) -> Head:
    found = _PITCH.search(mark)
    if found is None or len(set(found[1])) > 1:
        raise ValueError(f"{mark!r} is not a note or a rest")
    letters, sign = found[1], found[2] or ""
    octave = 4 + len(letters) if letters.islower() else 5 - len(letters)  # counted so that MIDI 0 is in octave 0
    pitch = 12 * octave + _SEMITONES[letters[0].lower()] + sign.count("#") - sign.count("-")
    if not MIN_PITCH <= pitch <= MAX_PITCH:
        raise ValueError(f"{mark!r} is not a MIDI number")
    goes_on = "_" in mark
    return Head(pitch, goes_on or "]" in mark, goes_on or "[" in mark, ";" in mark, "^" in mark or "z" in mark)


@dataclass
class PartNotes:
    """Notes of one part as they are read, ties merged.

    Parameters
    ----------
    name
        Of the part.
    notes
        Each with the column that it stands in, ``None`` where its part has one.
    fermatas
        Places in ``notes``.
    num_heads, num_grace, num_joined
        Notes as they are written; grace notes, which are dropped; those that go on from one before.
    marks
        How loud it is.
    """

    name: str = ""
    notes: list[tuple[Note, int | None]] = field(default_factory=list)
    fermatas: set[int] = field(default_factory=set)
    num_heads: int = 0
    num_grace: int = 0
    num_joined: int = 0
    marks: DynamicMarks = field(default_factory=DynamicMarks)
    _tied: dict[tuple[int, Fraction], int] = field(default_factory=dict)
    """Places of notes that go on, by pitch and end."""

    def add(self, event: Event, start: Fraction, voice: int | None) -> None:
        """Take what a token says at a time in quarter notes."""
        self.num_heads += len(event.heads)
        if event.is_grace:
            self.num_grace += len(event.heads)
            return
        end = start + event.quarters
        for head in event.heads:
            place = self._tied.pop((head.pitch, start), None) if head.ends_tie else None
            if place is None:
                place = len(self.notes)
                self.notes.append((_note(ticks(start), end, head.pitch), voice))
                if head.accent:
                    self.marks.accents.add(ticks(start))
            else:
                self.num_joined += 1
                before, its_voice = self.notes[place]
                self.notes[place] = _note(before.onset_ticks, end, head.pitch), its_voice
            if head.begins_tie:
                self._tied[head.pitch, end] = place
            if head.fermata:
                self.fermatas.add(place)

    def line(self, voice: int | None = None) -> Line:
        """The part, or one of two voices of it: what stands in its own column, and what stands where there is one."""
        chosen = [
            place for place, (_, its_voice) in enumerate(self.notes) if voice is None or its_voice in (None, voice)
        ]
        held = {self.notes[place][0].onset_ticks for place in chosen if place in self.fermatas}
        return Line(self.name, self.marks.heard([self.notes[place][0] for place in chosen]), held)


def _note(onset_ticks: int, end: Fraction, pitch: int) -> Note:
    return Note(onset_ticks, max(ticks(end) - onset_ticks, 1), pitch)
