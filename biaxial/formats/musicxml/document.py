"""The elements of a MusicXML 4.0 document around its notes: parts, measures, keys, metres, tempo, chord symbols.

A chord symbol is a root, a kind out of the list that MusicXML has, degrees that differ from the kind, and a bass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from biaxial.formats.musicxml.notes import Line, NoteWriter, Place, add
from biaxial.formats.musicxml.repeat_signs import left_signs, right_signs
from biaxial.formats.page.chord_names import KINDS, Tone, named_chord
from biaxial.formats.page.staves import MAX_LINES, Player, Staff
from biaxial.formats.page.values import Value, rest_of, written
from biaxial.formats.page.written_bars import Bar
from biaxial.formats.page.written_levels import levels_of_player
from biaxial.music.constants import TICKS_PER_QUARTER, VERSION
from biaxial.music.performance.instruments import CHANNELS, Clef, Preset, short_title
from biaxial.music.score import ChordSymbol, Key, Score

_DEGREES = {1: (9, -1), 2: (9, 0), 3: (9, 1), 5: (11, 0), 6: (11, 1), 8: (13, -1), 9: (13, 0), 10: (7, -1), 11: (7, 0)}
_ADDED: Final = {**_DEGREES, 4: (3, 0), 7: (5, 0)}
"""Number of a degree and what changes it, for each interval."""


def harmony(chord: ChordSymbol, key: Key) -> Element:
    """The element of a chord symbol.

    Root, bass and what is printed come from its name where that says the same chord; else they are found from its
    pitch classes. A chord that asks for nothing is printed as N.C.
    """
    element = Element("harmony")
    named = named_chord(chord, key)
    if named is None:
        _named(element, "root", Tone("C", 0), "")
        SubElement(element, "kind", text=chord.name or "N.C.").text = "none"
        return element
    kind, wanted = named.kind, named.intervals
    _named(element, "root", named.root)
    shown = SubElement(element, "kind")
    if named.text is not None:
        shown.set("text", named.text)
    shown.text = kind
    if named.bass is not None:
        _named(element, "bass", named.bass)
    changes = [("subtract", _of_kind(kind, tone)) for tone in sorted(KINDS[kind] - wanted)]
    changes += [("add", _ADDED[tone]) for tone in sorted(wanted - KINDS[kind]) if tone in _ADDED]
    for change, (value, alter) in changes:
        degree = SubElement(element, "degree")
        degree.set("print-object", "no")
        SubElement(degree, "degree-value").text = str(value)
        SubElement(degree, "degree-alter").text = str(alter)
        SubElement(degree, "degree-type").text = change
    return element


def _of_kind(kind: str, tone: int) -> tuple[int, int]:
    """Degree of a tone that a kind has: its third is 3 whether major or minor."""
    if tone in (3, 4):
        return 3, 0
    if tone in (6, 7, 8):
        return 5, 0
    if tone in (9, 10, 11):
        return (6 if kind.endswith("sixth") else 7), 0
    return {0: 1, 2: 9 if kind.endswith("ninth") else 2, 5: 4}[tone], 0


def _named(element: Element, what: str, tone: Tone, text: str | None = None) -> None:
    inside = SubElement(element, what)
    step = SubElement(inside, f"{what}-step")
    step.text = tone.letter
    if text is not None:
        step.set("text", text)
    if tone.alter:
        SubElement(inside, f"{what}-alter").text = str(tone.alter)


_CLEFS: Final[dict[Clef, tuple[str, int, int]]] = {
    "treble": ("G", 2, 0),
    "tenor": ("G", 2, -1),
    "alto": ("C", 3, 0),
    "bass": ("F", 4, 0),
}


def document(
    score: Score,
    key: Key,
    players: Sequence[Player],
    bars: Sequence[Bar],
    notes: NoteWriter,
    preset: Preset,
    captions: Sequence[tuple[int, str]],
) -> Element:
    """The root element.

    Parameters
    ----------
    score
        Music whose times are 480 a quarter and can all be written.
    key
        The key to print.
    players, bars
        Its page.
    notes
        What writes its notes.
    preset
        What plays whatever has no instrument of its own.
    captions
        What is printed under the lowest staff, and from which tick, in order.
    """
    root = Element("score-partwise", version="4.0")
    if score.title:
        add(SubElement(root, "work"), "work-title", score.title)
    encoding = SubElement(SubElement(root, "identification"), "encoding")
    add(encoding, "software", f"biaxial {VERSION}")
    for element in ("accidental", "beam", "stem"):
        SubElement(encoding, "supports", element=element, type="yes")
    _part_list(root, players, preset)
    for number, player in enumerate(players, 1):
        part = SubElement(root, "part", id=f"P{number}")
        under = captions if number == len(players) else ()
        _PartWriter(score, key, player, notes, under, is_top=number == 1).write(part, bars)
    return root


def _part_list(root: Element, players: Sequence[Player], preset: Preset) -> None:
    listed = SubElement(root, "part-list")
    if len(players) > 1:
        group = SubElement(listed, "part-group", number="1", type="start")
        add(group, "group-symbol", "bracket")
        add(group, "group-barline", "yes")
    for number, player in enumerate(players, 1):
        part = SubElement(listed, "score-part", id=f"P{number}")
        name = add(part, "part-name", player.name)
        if len(players) == 1:
            name.set("print-object", "no")
        else:
            add(part, "part-abbreviation", short_title(player.name))
        own = player.preset or preset
        instrument = SubElement(part, "score-instrument", id=f"P{number}-I1")
        add(instrument, "instrument-name", own.name)
        add(instrument, "instrument-sound", own.sound)
        played = SubElement(part, "midi-instrument", id=f"P{number}-I1")
        add(played, "midi-channel", CHANNELS[(number - 1) % len(CHANNELS)] + 1)
        add(played, "midi-program", own.program + 1)
    if len(players) > 1:
        SubElement(listed, "part-group", number="1", type="stop")


class _PartWriter:
    """Writes what one player reads; the top one has the tempo and the chord symbols, the lowest one the captions."""

    def __init__(
        self,
        score: Score,
        key: Key,
        player: Player,
        notes: NoteWriter,
        captions: Sequence[tuple[int, str]],
        *,
        is_top: bool,
    ) -> None:
        self._score, self._key, self._player, self._notes, self._is_top = score, key, player, notes, is_top
        self._altered: dict[int, dict[Line, int]] = {}  # by staff: what the bar before altered
        self._chords: list[ChordSymbol] = list(reversed(score.chords)) if is_top else []
        self._captions = list(reversed(captions))
        self._levels = levels_of_player(score, player)
        self._level_marks = sorted(self._levels.marks.items(), reverse=True)

    def write(self, part: Element, bars: Sequence[Bar]) -> None:
        """Write all measures into an element."""
        lines = [[list(written(line, bars)) for line in staff.lines] for staff in self._player.staves]
        for index, bar in enumerate(bars):
            goes_on = index > 0 and bars[index - 1].number == bar.number
            measure = SubElement(part, "measure", number=f"X{bar.number}" if goes_on else str(bar.number))
            if bar.missing:
                measure.set("implicit", "yes")
            left_signs(measure, bar, self._score.repeats)
            self._attributes(measure, bar, bars[index - 1] if index else None)
            if self._is_top and index == 0:
                self._tempo(measure, bar)
            for number, (staff, values) in enumerate(zip(self._player.staves, lines, strict=True), 1):
                self._staff(measure, bar, number, staff, [line[index] for line in values])
            right_signs(measure, bar, self._score.repeats, is_last=index == len(bars) - 1)

    def _attributes(self, measure: Element, bar: Bar, before: Bar | None) -> None:
        if before is not None and before.metre.name == bar.metre.name:
            return
        attributes = SubElement(measure, "attributes")
        if before is None:
            add(attributes, "divisions", TICKS_PER_QUARTER)
            key = SubElement(attributes, "key")
            add(key, "fifths", self._key.fifths)
            add(key, "mode", self._key.mode)
        time = SubElement(attributes, "time")
        add(time, "beats", bar.metre.numerator)
        add(time, "beat-type", bar.metre.denominator)
        if before is None:
            self._clefs(attributes)

    def _clefs(self, attributes: Element) -> None:
        several = len(self._player.staves) > 1
        if several:
            add(attributes, "staves", len(self._player.staves))
        for number, staff in enumerate(self._player.staves, 1):
            clef = SubElement(attributes, "clef")
            if several:
                clef.set("number", str(number))
            sign, line, octaves = _CLEFS[staff.clef]
            add(clef, "sign", sign)
            add(clef, "line", line)
            if octaves:
                add(clef, "clef-octave-change", octaves)

    def _tempo(self, measure: Element, bar: Bar) -> None:
        """The tempo: what is printed is a whole number, what is played is exact."""
        direction = SubElement(measure, "direction", placement="above")
        mark = SubElement(SubElement(direction, "direction-type"), "metronome")
        dotted = bar.is_compound and bar.metre.denominator == 8
        bpm = self._score.tempo_bpm
        add(mark, "beat-unit", "quarter")
        if dotted:
            SubElement(mark, "beat-unit-dot")
        add(mark, "per-minute", max(1, round(bpm / 1.5 if dotted else bpm)))
        SubElement(direction, "sound", tempo=f"{bpm:.12g}")

    def _staff(self, measure: Element, bar: Bar, number: int, staff: Staff, lines: Sequence[list[Value]]) -> None:
        """One bar of a staff: its first line, or each voice of a choir, is there also where it is silent."""
        lines = [values or (rest_of(bar) if staff.fixed or not line else []) for line, values in enumerate(lines)]
        stems = ("up", "down") if sum(map(bool, lines)) > 1 else ("", "")
        signs = self._notes.signs(lines, self._altered.setdefault(number, {}))
        shown = str(number) if len(self._player.staves) > 1 else ""
        for line, values in enumerate(lines):
            if not values:
                continue
            if line or number > 1:
                add(SubElement(measure, "backup"), "duration", bar.end - bar.start)
            voice = (number - 1) * MAX_LINES + line + 1
            place = Place(voice, shown, stems[line % 2], is_hidden=line > 0 and not staff.fixed)
            for value in values:
                if number == 1 and line == 0:
                    self._harmonies(measure, value)
                if number == len(self._player.staves) and line == 0:
                    self._captions_under(measure, value, place)
                if number == 1 and line == 0:
                    self._level_marks_under(measure, value, place)
                self._notes.write(measure, value, place, signs, self._levels)

    def _harmonies(self, measure: Element, value: Value) -> None:
        """The chord symbols that stand over a value."""
        while self._chords and self._chords[-1].onset_ticks < value.chord.end:
            chord = self._chords.pop()
            element = harmony(chord, self._key)
            if chord.onset_ticks != value.chord.start:
                add(element, "offset", chord.onset_ticks - value.chord.start)
            measure.append(element)

    def _captions_under(self, measure: Element, value: Value, place: Place) -> None:
        """The captions that begin while a value lasts."""
        while self._captions and self._captions[-1][0] < value.chord.end:
            tick, text = self._captions.pop()
            direction = SubElement(measure, "direction", placement="below")
            add(SubElement(direction, "direction-type"), "words", text)
            if tick != value.chord.start:
                add(direction, "offset", tick - value.chord.start)
            if place.staff:
                add(direction, "staff", place.staff)

    def _level_marks_under(self, measure: Element, value: Value, place: Place) -> None:
        """The marks of loudness that begin while a value lasts."""
        while self._level_marks and self._level_marks[-1][0] < value.chord.end:
            tick, name = self._level_marks.pop()
            direction = SubElement(measure, "direction", placement="below")
            SubElement(SubElement(SubElement(direction, "direction-type"), "dynamics"), name)
            if tick != value.chord.start:
                add(direction, "offset", tick - value.chord.start)
            if place.staff:
                add(direction, "staff", place.staff)
