"""What a piece is played on, as other programs call it.

Programs are those of General MIDI 1, counted from 0; sounds are of the list of MusicXML 4.0,
https://www.w3.org/2021/06/musicxml40/listings/sounds.xml/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

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
    """

    title: str
    preset: Preset
    clef: Clef | None
    like: InstrumentName


def _seat(title: str, program: int, name: str, sound: str, clef: Clef | None, like: InstrumentName = "organ") -> Seat:
    return Seat(title, Preset(program, name, sound), clef, like)


SEATS: Final[dict[str, Seat]] = {
    "violin": _seat("Violin", 40, "Violin", "strings.violin", "treble", "strings"),
    "viola": _seat("Viola", 41, "Viola", "strings.viola", "alto", "strings"),
    "cello": _seat("Violoncello", 42, "Cello", "strings.cello", "bass", "strings"),
    "contrabass": _seat("Contrabass", 43, "Contrabass", "strings.contrabass", "bass", "strings"),
    "flute": _seat("Flute", 73, "Flute", "wind.flutes.flute", "treble"),
    "recorder": _seat("Recorder", 74, "Recorder", "wind.flutes.recorder", None),
    "oboe": _seat("Oboe", 68, "Oboe", "wind.reed.oboe", "treble"),
    "clarinet": _seat("Clarinet", 71, "Clarinet", "wind.reed.clarinet", "treble"),
    "saxophone": _seat("Saxophone", 65, "Alto Sax", "wind.reed.saxophone", None),
    "bassoon": _seat("Bassoon", 70, "Bassoon", "wind.reed.bassoon", "bass"),
    "trumpet": _seat("Trumpet", 56, "Trumpet", "brass.trumpet", "treble"),
    "horn": _seat("Horn", 60, "French Horn", "brass.french-horn", None),
    "trombone": _seat("Trombone", 57, "Trombone", "brass.trombone", "bass"),
    "tuba": _seat("Tuba", 58, "Tuba", "brass.tuba", "bass"),
    "harp": _seat("Harp", 46, "Orchestral Harp", "pluck.harp", None, "piano"),
    "guitar": _seat("Guitar", 24, "Acoustic Guitar (nylon)", "pluck.guitar.nylon-string", "tenor", "piano"),
    "harpsichord": _seat("Harpsichord", 6, "Harpsichord", "keyboard.harpsichord", None, "piano"),
    "piano": Seat("Piano", PRESETS["piano"], None, "piano"),
    "organ": Seat("Organ", PRESETS["organ"], None, "organ"),
    "choir": Seat("Choir", PRESETS["choir"], None, "choir"),
    "strings": Seat("Strings", PRESETS["strings"], None, "strings"),
}
"""The instruments that a voice may be written for. All are written as they sound."""

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


def seat_at(seats: Sequence[Seat], voice: int | None) -> Seat:
    """What a voice is played on; the last instrument plays the voices below it too, the first what has no voices."""
    return seats[min(voice or 0, len(seats) - 1)]


CHANNELS: Final = (*range(9), *range(10, 16))
"""All MIDI channels but the tenth, the drums', counted from 0."""
