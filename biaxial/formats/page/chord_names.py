"""What a chord symbol is made of, as formats of written music ask for it: root, kind, bass."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from biaxial.music.score import ChordSymbol, Key
from biaxial.music.spelling import nearest_place, spelled
from biaxial.music.symbols import NO_CHORD, parse_chord

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

_TEXTS: Final = {
    "major": "",
    "minor": "m",
    "diminished": "dim",
    "augmented": "aug",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished-seventh": "dim7",
    "half-diminished": "m7b5",
    "augmented-seventh": "aug7",
    "major-minor": "mmaj7",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "power": "5",
}
_NAME = re.compile(r"([A-G])([#b♯♭]?)(.*?)(?:/([A-G])([#b♯♭]?))?")
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


class Tone(NamedTuple):
    """A letter, and the semitones by which an accidental changes it."""

    letter: str
    alter: int

    @property
    def pitch_class(self) -> int:
        """0 (C) to 11."""
        return {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[self.letter] + self.alter


class NamedChord(NamedTuple):
    """A chord symbol.

    Parameters
    ----------
    root, bass
        As they are spelled; no bass where the name has none.
    text
        What is printed between the two; ``None`` where nobody wrote a name.
    kind
        Which of :data:`KINDS` is nearest.
    intervals
        What belongs to it, in semitones above the root; a bass that is no part of what stands above it is left out.
    """

    root: Tone
    bass: Tone | None
    text: str | None
    kind: str
    intervals: frozenset[int]


def named_chord(chord: ChordSymbol, key: Key) -> NamedChord | None:
    """What a chord symbol is made of; ``None`` for one that asks for nothing.

    Root, bass and what is printed come from its name where that says the same chord; else they are found from its
    pitch classes.
    """
    if not chord.pitch_classes:
        return None
    root, bass, text = _of_name(chord) or _of_classes(chord, key)
    wanted = frozenset((pitch_class - root.pitch_class) % 12 for pitch_class in chord.pitch_classes)
    if bass is not None:  # the bass of C/D is no part of what stands above it
        added = (bass.pitch_class - root.pitch_class) % 12
        if wanted not in KINDS.values() and wanted - {added} in KINDS.values():
            wanted -= {added}
    kind = min(KINDS, key=lambda kind: (len(KINDS[kind] ^ wanted), len(KINDS[kind] - wanted)))
    return NamedChord(root, bass, text, kind, wanted)


def _of_name(chord: ChordSymbol) -> tuple[Tone, Tone | None, str | None] | None:
    """Root, bass and text of a name; ``None`` if it is no name, or that of another chord."""
    try:
        said = parse_chord(chord.name)
    except ValueError:
        return None
    match = _NAME.fullmatch(chord.name.strip())
    if match is None or said != (chord.pitch_classes, chord.bass):
        return None
    bass = None if match[4] is None else Tone(match[4], _SIGNS[match[5]])
    return Tone(match[1], _SIGNS[match[2]]), bass, match[3]


def _of_classes(chord: ChordSymbol, key: Key) -> tuple[Tone, Tone | None, str | None]:
    """Root and bass: that of the pitch classes above which the rest is nearest to a kind."""

    def distance(root: int) -> tuple[int, int]:
        above = frozenset((pitch_class - root) % 12 for pitch_class in chord.pitch_classes)
        return min((len(tones ^ above), number) for number, tones in enumerate(KINDS.values()))

    def tone(pitch_class: int) -> Tone:
        spelling = spelled(60 + pitch_class, nearest_place(pitch_class, key.fifths + 2))
        return Tone(spelling.letter, spelling.alter)

    root = min(sorted(chord.pitch_classes), key=distance)
    return tone(root), None if chord.bass in (None, root) else tone(chord.bass or 0), None


def name_of(chord: ChordSymbol, key: Key) -> str:
    """What is printed of a chord symbol: its name, or one for what it consists of."""
    if chord.name:
        return " ".join(chord.name.split())
    named = named_chord(chord, key)
    if named is None:
        return NO_CHORD[0]
    bass = "" if named.bass is None else f"/{_printed(named.bass)}"
    return f"{_printed(named.root)}{_TEXTS[named.kind]}{bass}"


def _printed(tone: Tone) -> str:
    return tone.letter + ("#" * tone.alter if tone.alter > 0 else "b" * -tone.alter)
