"""Notes and rests as elements of MusicXML, in the order that its schema asks for, and the accidentals to print.

Besides, elements take text, whatever the text is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from biaxial.formats.musicxml.plain_dynamics import percent
from biaxial.formats.page.marks import Marks
from biaxial.formats.page.values import Value
from biaxial.formats.page.written_levels import Levels
from biaxial.music.score import Key, Score, Syllable
from biaxial.music.spelling import Spelling, altered

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: Element, tag: str, text: str | int) -> Element:
    """Append an element with a text, without the control characters and lone surrogates that XML forbids."""
    element = SubElement(parent, tag)
    element.text = _NOT_XML.sub("", text) if isinstance(text, str) else str(text)
    return element


_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}

Line = tuple[str, int]
"""A letter and an octave: a line or a space of a staff."""
Signs = dict[tuple[int, int], int]
"""The accidentals of a bar: semitones, for the start of a note and its place in the score."""


@dataclass(frozen=True)
class Place:
    """Where a value is written.

    Parameters
    ----------
    voice
        Its number within the part.
    staff
        Its number within the part; empty if there is only one.
    stem
        ``"up"``, ``"down"``, or empty where the reader may decide.
    is_hidden
        Whether its rests are not shown.
    """

    voice: int
    staff: str
    stem: str
    is_hidden: bool


class NoteWriter:
    """Writes values as notes.

    Parameters
    ----------
    score, key, spellings, marks
        The music, the key that is printed, and what belongs to each of its notes.
    colour
        Of notes that are locked; empty for black.
    names
        Ids of the notes of the score, in its order; none by default. What is tied to a note has its id and a number.
    """

    def __init__(
        self,
        score: Score,
        key: Key,
        spellings: Sequence[Spelling],
        marks: Marks,
        colour: str,
        names: Sequence[str] = (),
    ) -> None:
        self._score, self._key, self._spellings, self._marks, self._colour = score, key, spellings, marks, colour
        self._names, self._pieces = names, Counter[int]()

    def signs(self, lines: Sequence[Sequence[Value]], before: dict[Line, int]) -> Signs:
        """The accidentals that one bar of a staff prints.

        They are those that neither the signature nor the bar says already, and reminders: where the same line or space
        was altered otherwise in the bar before, or by a note tied out of it.

        Parameters
        ----------
        lines
            What is written in the bar.
        before
            What the bar before leaves altered; it becomes what this one does.
        """
        shown: dict[Line, int] = {}
        recent, signs = dict(before), Signs()
        before.clear()
        heads = sorted(
            (value.chord.start, line, note, note in value.chord.came_from)
            for line, values in enumerate(lines)
            for value in values
            for note in value.chord.notes
        )
        for start, _, note, is_tied in heads:
            spelling = self._spellings[note]
            place = spelling.letter, spelling.octave
            said = shown.get(place, altered(spelling.letter, self._key))
            if is_tied:
                recent[place] = spelling.alter
            elif {said, recent.get(place, said)} != {spelling.alter}:
                signs[start, note] = shown[place] = spelling.alter
                recent.pop(place, None)
            before[place] = spelling.alter
        for place in [place for place, alter in before.items() if alter == altered(place[0], self._key)]:
            del before[place]
        return signs

    def write(self, measure: Element, value: Value, place: Place, signs: Signs, levels: Levels) -> None:
        """Append a chord, a note or a rest to a measure."""
        chord = value.chord
        if not chord.notes and place.is_hidden and not value.triplet:
            add(SubElement(measure, "forward"), "duration", chord.end - chord.start)
            return
        for index, note in enumerate(chord.notes):
            element = SubElement(measure, "note")
            if self._colour and self._score.notes[note].locked:
                element.set("color", self._colour)
            if note in levels.exact and note not in chord.came_from:
                element.set("dynamics", percent(levels.exact[note]))
            if self._names:
                piece = self._pieces[note]
                element.set("id", f"{self._names[note]}.{piece}" if piece else self._names[note])
                self._pieces[note] += 1
            if index:
                SubElement(element, "chord")
            self._pitch(element, self._spellings[note])
            ties = ["stop"] * (note in chord.came_from) + ["start"] * (note in chord.goes_on)
            _body(element, value, place, ties, signs.get((chord.start, note)))
            if not index:
                for level, mark in enumerate(value.beams, 1):
                    add(element, "beam", mark).set("number", str(level))
            accent = note in levels.accents and note not in chord.came_from
            self._notations(element, note, value, ties, is_first=index == 0, has_accent=accent)
            if note in self._marks.words and note not in chord.came_from:
                _lyric(element, *self._marks.words[note])
        if not chord.notes:
            element = SubElement(measure, "note")
            if place.is_hidden:
                element.set("print-object", "no")
            rest = SubElement(element, "rest")
            if not value.name:
                rest.set("measure", "yes")
            _body(element, value, place, (), None)
            self._notations(element, -1, value, (), is_first=True)

    @staticmethod
    def _pitch(element: Element, spelling: Spelling) -> None:
        pitch = SubElement(element, "pitch")
        add(pitch, "step", spelling.letter)
        if spelling.alter:
            add(pitch, "alter", spelling.alter)
        add(pitch, "octave", spelling.octave)

    def _notations(
        self,
        element: Element,
        note: int,
        value: Value,
        ties: Sequence[str],
        *,
        is_first: bool,
        has_accent: bool = False,
    ) -> None:
        chord, marks = value.chord, self._marks
        found = [Element("tied", type=tie) for tie in ties]
        bracket = "no" if value.beams else "yes"
        found += [Element("tuplet", type=kind, bracket=bracket) for kind in value.bracket if is_first]
        if chord.start < marks.above.get(note, -1) <= chord.end:
            found.append(Element("fermata", type="upright"))
        if chord.start < marks.below.get(note, -1) <= chord.end:
            found.append(Element("fermata", type="inverted"))
        if has_accent:
            SubElement(articulations := Element("articulations"), "accent")
            found.append(articulations)
        if found:
            SubElement(element, "notations").extend(found)


def _body(element: Element, value: Value, place: Place, ties: Sequence[str], sign: int | None) -> None:
    """What notes and rests have in common, from the duration to the staff."""
    add(element, "duration", value.chord.end - value.chord.start)
    for tie in ties:
        SubElement(element, "tie", type=tie)
    add(element, "voice", place.voice)
    if value.name:
        add(element, "type", value.name)
    if value.dots:
        SubElement(element, "dot")
    if sign is not None:
        add(element, "accidental", _ACCIDENTALS[sign])
    if value.triplet:
        change = SubElement(element, "time-modification")
        add(change, "actual-notes", 3)
        add(change, "normal-notes", 2)
    if value.chord.notes and place.stem and value.name not in ("whole", "breve"):
        add(element, "stem", place.stem)
    if place.staff:
        add(element, "staff", place.staff)


def _lyric(element: Element, syllable: Syllable, begins_word: bool) -> None:
    lyric = SubElement(element, "lyric", number="1")
    kind = ("begin" if begins_word else "middle") if syllable.goes_on else ("single" if begins_word else "end")
    add(lyric, "syllabic", kind)
    add(lyric, "text", syllable.text)
