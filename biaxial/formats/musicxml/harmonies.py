"""Chord symbols as MusicXML has them: a root, a kind out of its list, degrees that differ from the kind, a bass."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from biaxial.music.chord_symbols import parse_chord
from biaxial.music.score import ChordSymbol, Key
from biaxial.music.spelling import nearest_place, spelled

KINDS: Final[dict[str, frozenset[int]]] = {
    "major": frozenset({0, 4, 7}),
    "minor": frozenset({0, 3, 7}),
    "diminished": frozenset({0, 3, 6}),
    "augmented": frozenset({0, 4, 8}),
    "dominant": frozenset({0, 4, 7, 10}),
    "major-seventh": frozenset({0, 4, 7, 11}),
    "minor-seventh": frozenset({0, 3, 7, 10}),
    "diminished-seventh": frozenset({0, 3, 6, 9}),
    "half-diminished": frozenset({0, 3, 6, 10}),
    "augmented-seventh": frozenset({0, 4, 8, 10}),
    "major-minor": frozenset({0, 3, 7, 11}),
    "major-sixth": frozenset({0, 4, 7, 9}),
    "minor-sixth": frozenset({0, 3, 7, 9}),
    "dominant-ninth": frozenset({0, 2, 4, 7, 10}),
    "major-ninth": frozenset({0, 2, 4, 7, 11}),
    "minor-ninth": frozenset({0, 2, 3, 7, 10}),
    "suspended-second": frozenset({0, 2, 7}),
    "suspended-fourth": frozenset({0, 5, 7}),
    "power": frozenset({0, 7}),
}
"""Semitones above the root of each kind, the plainest first."""

_NAME = re.compile(r"([A-G])([#b♯♭]?)(.*?)(?:/([A-G])([#b♯♭]?))?")
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_DEGREES = {1: (9, -1), 2: (9, 0), 3: (9, 1), 5: (11, 0), 6: (11, 1), 8: (13, -1), 9: (13, 0), 10: (7, -1), 11: (7, 0)}
_ADDED: Final = {**_DEGREES, 4: (3, 0), 7: (5, 0)}
"""Number of a degree and what changes it, for each interval."""


class _Tone(NamedTuple):
    letter: str
    alter: int


def harmony(chord: ChordSymbol, key: Key) -> Element:
    """The element of a chord symbol.

    Root, bass and what is printed come from its name where that says the same chord; else they are found from its
    pitch classes. A chord that asks for nothing is printed as N.C.
    """
    element = Element("harmony")
    if not chord.pitch_classes:
        _named(element, "root", _Tone("C", 0), "")
        SubElement(element, "kind", text=chord.name or "N.C.").text = "none"
        return element
    root, bass, text = _of_name(chord) or _of_classes(chord, key)
    _named(element, "root", root)
    wanted = frozenset((pitch_class - _pitch_class(root)) % 12 for pitch_class in chord.pitch_classes)
    if bass is not None:  # the bass of C/D is no part of what stands above it
        added = (_pitch_class(bass) - _pitch_class(root)) % 12
        if wanted not in KINDS.values() and wanted - {added} in KINDS.values():
            wanted -= {added}
    kind = min(KINDS, key=lambda kind: (len(KINDS[kind] ^ wanted), len(KINDS[kind] - wanted)))
    shown = SubElement(element, "kind")
    if text is not None:
        shown.set("text", text)
    shown.text = kind
    if bass is not None:
        _named(element, "bass", bass)
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


def _named(element: Element, what: str, tone: _Tone, text: str | None = None) -> None:
    inside = SubElement(element, what)
    step = SubElement(inside, f"{what}-step")
    step.text = tone.letter
    if text is not None:
        step.set("text", text)
    if tone.alter:
        SubElement(inside, f"{what}-alter").text = str(tone.alter)


def _pitch_class(tone: _Tone) -> int:
    return {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[tone.letter] + tone.alter


def _of_name(chord: ChordSymbol) -> tuple[_Tone, _Tone | None, str | None] | None:
    """Root, bass and text of a name; ``None`` if it is no name, or that of another chord."""
    try:
        said = parse_chord(chord.name)
    except ValueError:
        return None
    match = _NAME.fullmatch(chord.name.strip())
    if match is None or said != (chord.pitch_classes, chord.bass):
        return None
    bass = None if match[4] is None else _Tone(match[4], _SIGNS[match[5]])
    return _Tone(match[1], _SIGNS[match[2]]), bass, match[3]


def _of_classes(chord: ChordSymbol, key: Key) -> tuple[_Tone, _Tone | None, str | None]:
    """Root and bass: that of the pitch classes above which the rest is nearest to a kind."""

    def distance(root: int) -> tuple[int, int]:
        above = frozenset((pitch_class - root) % 12 for pitch_class in chord.pitch_classes)
        return min((len(tones ^ above), number) for number, tones in enumerate(KINDS.values()))

    def tone(pitch_class: int) -> _Tone:
        spelling = spelled(60 + pitch_class, nearest_place(pitch_class, key.fifths + 2))
        return _Tone(spelling.letter, spelling.alter)

    root = min(sorted(chord.pitch_classes), key=distance)
    return tone(root), None if chord.bass in (None, root) else tone(chord.bass or 0), None
