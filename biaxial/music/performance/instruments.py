"""What a piece is played on, as other programs call it.

Programs are those of General MIDI 1, counted from 0; sounds are of the list of MusicXML 4.0,
https://www.w3.org/2021/06/musicxml40/listings/sounds.xml/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from biaxial.music.constants import MAX_PITCH
from biaxial.music.errors import InputError

InstrumentName = Literal["organ", "choir", "piano", "strings"]


class Preset(NamedTuple):
    """An instrument of General MIDI.

    Parameters
    ----------
    program
        Its number, counted from 0.
    name
        Its name there.
    sound
        What MusicXML calls it.
    """

    program: int
    name: str
    sound: str


PRESETS: Final[dict[InstrumentName, Preset]] = {
    "organ": Preset(19, "Church Organ", "keyboard.organ.pipe"),
    "choir": Preset(52, "Choir Aahs", "voice.vocals"),
    "piano": Preset(0, "Acoustic Grand Piano", "keyboard.piano"),
    "strings": Preset(48, "String Ensemble 1", "strings.group"),
}
"""The instruments that a piece may be written for."""

Clef = Literal["treble", "tenor", "alto", "bass"]
"""The tenor clef is a treble clef that sounds an octave lower, as choirs and guitars read it."""


class Seat(NamedTuple):
    """What one voice is played on.

    Parameters
    ----------
    title
        What stands before its staff.
    preset
        As other programs call it.
    clef
        How it is read; ``None`` where that depends on the notes.
    like
        What it sounds like where a soundfont lacks it.
    lowest, highest
        What it sounds at most, MIDI numbers.
    at_once
        Notes that it can hold at once.
    span
        Semitones from the lowest of these to the highest.
    """

    title: str
    preset: Preset
    clef: Clef | None
    like: InstrumentName
    lowest: int
    highest: int
    at_once: int = 1
    span: int = MAX_PITCH

    @property
    def has_keys(self) -> bool:
        """Whether it is read on two staves where it plays more than a line."""
        return self.preset.sound.startswith(("keyboard", "pluck.harp"))


def _blown(title: str, program: int, name: str, sound: str, clef: Clef | None, lowest: int, highest: int) -> Seat:
    return Seat(title, Preset(program, name, sound), clef, "organ", lowest, highest)


def _plucked(
    title: str, program: int, name: str, sound: str, clef: Clef | None, lowest: int, highest: int, at_once: int
) -> Seat:
    return Seat(title, Preset(program, name, sound), clef, "piano", lowest, highest, at_once)


def _bowed(title: str, program: int, name: str, sound: str, clef: Clef, lowest: int, highest: int) -> Seat:
    """Two strings at once, an octave apart at most."""
    return Seat(title, Preset(program, name, sound), clef, "strings", lowest, highest, at_once=2, span=12)


SEATS: Final[dict[str, Seat]] = {
    "violin": _bowed("Violin", 40, "Violin", "strings.violin", "treble", 55, 103),
    "viola": _bowed("Viola", 41, "Viola", "strings.viola", "alto", 48, 93),
    "cello": _bowed("Violoncello", 42, "Cello", "strings.cello", "bass", 36, 90),
    "contrabass": _bowed("Contrabass", 43, "Contrabass", "strings.contrabass", "bass", 24, 67),
    "flute": _blown("Flute", 73, "Flute", "wind.flutes.flute", "treble", 59, 98),
    "recorder": _blown("Recorder", 74, "Recorder", "wind.flutes.recorder", None, 53, 98),
    "oboe": _blown("Oboe", 68, "Oboe", "wind.reed.oboe", "treble", 58, 96),
    "clarinet": _blown("Clarinet", 71, "Clarinet", "wind.reed.clarinet", "treble", 50, 94),
    "saxophone": _blown("Saxophone", 65, "Alto Sax", "wind.reed.saxophone", None, 49, 87),
    "bassoon": _blown("Bassoon", 70, "Bassoon", "wind.reed.bassoon", "bass", 34, 76),
    "trumpet": _blown("Trumpet", 56, "Trumpet", "brass.trumpet", "treble", 52, 85),
    "horn": _blown("Horn", 60, "French Horn", "brass.french-horn", None, 31, 77),
    "trombone": _blown("Trombone", 57, "Trombone", "brass.trombone", "bass", 36, 74),
    "tuba": _blown("Tuba", 58, "Tuba", "brass.tuba", "bass", 22, 72),
    "harp": _plucked("Harp", 46, "Orchestral Harp", "pluck.harp", None, 23, 104, 8),
    "guitar": _plucked("Guitar", 24, "Acoustic Guitar (nylon)", "pluck.guitar.nylon-string", "tenor", 40, 83, 6),
    "harpsichord": _plucked("Harpsichord", 6, "Harpsichord", "keyboard.harpsichord", None, 29, 89, 8),
    "piano": Seat("Piano", PRESETS["piano"], None, "piano", 21, 108, at_once=10),
    "organ": Seat("Organ", PRESETS["organ"], None, "organ", 36, 96, at_once=10),
    "choir": Seat("Choir", PRESETS["choir"], None, "choir", 38, 84, at_once=8),
    "strings": Seat("Strings", PRESETS["strings"], None, "strings", 24, 108, at_once=8),
}
"""The instruments that a voice may be written for. All are written as they sound.

Ranges are what MuseScore 3.2 gives a professional player (``pPitchRange`` of its ``instruments.xml``), as they sound;
recorders go from the bass to the descant, saxophones are altos, the choir's basses to its sopranos, and the organ has
five octaves of keys. How many notes they hold at once, and how far apart, was set here.
"""

_SHORT: Final = {
    "Violin": "Vln.",
    "Viola": "Vla.",
    "Violoncello": "Vc.",
    "Contrabass": "Cb.",
    "Flute": "Fl.",
    "Recorder": "Rec.",
    "Oboe": "Ob.",
    "Clarinet": "Cl.",
    "Saxophone": "Sax.",
    "Bassoon": "Bsn.",
    "Trumpet": "Tpt.",
    "Horn": "Hn.",
    "Trombone": "Tbn.",
    "Tuba": "Tba.",
    "Harp": "Hp.",
    "Guitar": "Gtr.",
    "Harpsichord": "Hpschd.",
    "Piano": "Pno.",
    "Organ": "Org.",
    "Strings": "Str.",
}


def short_title(title: str) -> str:
    """What stands before every staff but the first: ``"Vln. 1"`` of Violin 1; the initials of what is not known."""
    return " ".join(_SHORT.get(word, word[0]) for word in title.split())


ENSEMBLES: Final[dict[str, tuple[str, ...]]] = {
    "quartet": ("violin", "violin", "viola", "cello"),
    "winds": ("flute", "oboe", "clarinet", "bassoon"),
    "brass": ("trumpet", "horn", "trombone", "tuba"),
    "recorders": ("recorder",) * 4,
}
"""Names of several instruments, from the top voice down."""


def read_instruments(text: str) -> tuple[str, ...]:
    """Read ``"violin,violin,viola,cello"`` or the name of an ensemble.

    Raises
    ------
    InputError
        As :func:`seats_of`.
    """
    names = tuple(name for part in text.split(",") if (name := part.strip().lower()))
    names = tuple(each for name in names for each in ENSEMBLES.get(name, (name,)))
    if not names:
        raise InputError(f"{text!r} names no instrument; give one for each voice, such as violin,violin,viola,cello")
    seats_of(names)
    return names


def seats_of(names: Sequence[str]) -> tuple[Seat, ...]:
    """The instruments of voices by their names, two of a kind with a number: Violin 1, Violin 2.

    Raises
    ------
    InputError
        If one is unknown.
    """
    if unknown := next((name for name in names if name not in SEATS), None):
        raise InputError(
            f"no instrument {unknown!r}; there are {', '.join(SEATS)}, and together {', '.join(ENSEMBLES)}"
        )
    seats, counts = [], Counter[str]()
    for name in names:
        counts[name] += 1
        seat = SEATS[name]
        seats.append(seat._replace(title=f"{seat.title} {counts[name]}") if names.count(name) > 1 else seat)
    return tuple(seats)


CHANNELS: Final = (*range(9), *range(10, 16))
"""All MIDI channels but the tenth, the drums', counted from 0."""
