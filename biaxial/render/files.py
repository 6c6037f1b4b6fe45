"""Every kind of file that a piece can be written as: the one table of suffixes of all commands and of ``Piece.save``.

What is plain notes stands in :mod:`biaxial.formats.write`; here pages, pictures and sound join it. The modules that
make these are imported when a file of theirs is asked for, and a missing part is refused before any work is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from biaxial.formats import write as save
from biaxial.formats.json_score import write_json
from biaxial.music.bar_lines import with_pickup
from biaxial.music.errors import InputError
from biaxial.music.instruments import InstrumentName
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import Score

GIVEN_COLOUR: Final = "#0A4FA3"
"""In which pages print the notes that were given."""


@dataclass(frozen=True)
class Rendering:
    """How files look and sound.

    Parameters
    ----------
    staves
        Staves that four voices are printed on, 2 or 4.
    given_colour
        Colour in which pages print the notes that were given, such as #0A4FA3; #000000 is black.
    write_chords
        Whether scores, pages and MIDI files name the chord of every beat.
    instrument
        What sound, MIDI and MusicXML are played on.
    soundfont
        An SF2 or SF3 file in place of the package's own.
    strict_tempo
        Whether sound keeps its tempo at fermatas and at the end.
    """

    staves: Literal[2, 4] = 2
    given_colour: str = GIVEN_COLOUR
    write_chords: bool = False
    instrument: InstrumentName = "organ"
    soundfont: Path | None = None
    strict_tempo: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch("#[0-9A-Fa-f]{6}", self.given_colour):
            raise InputError(f"{self.given_colour!r} is not a colour; give one such as #0A4FA3, or #000000 for black")


PLAIN: Final = Rendering()


class Writer(NamedTuple):
    """What writes a kind of file, and what refuses it where a part is missing; the files come back."""

    write: Callable[[Score, Path, Rendering], list[Path]]
    check: Callable[[Rendering], None] = lambda _: None


def _with_chords(score: Score, rendering: Rendering) -> Score:
    if not rendering.write_chords:
        return score
    from biaxial.metrics.harmony.chord_symbols import with_chord_symbols

    return with_chord_symbols(score)


def _plain(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    save.save_score(_with_chords(score, rendering), path)
    return [path]


def _midi(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    from biaxial.formats.midi.midi_writer import write_midi

    score = _with_chords(score, rendering)
    write_midi(score, path, instrument=rendering.instrument, write_chords=rendering.write_chords)
    return [path]


def _musicxml(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    from biaxial.formats.musicxml import write_musicxml

    write_musicxml(_with_chords(score, rendering), path, staves=rendering.staves, instrument=rendering.instrument)
    return [path]


def _lilypond(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    from biaxial.formats.lilypond import write_lilypond

    write_lilypond(_with_chords(score, rendering), path, staves=rendering.staves)
    return [path]


def _mei(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    from biaxial.formats.mei import write_mei

    score = _with_chords(score, rendering)
    write_mei(score, path, staves=rendering.staves, given_colour=rendering.given_colour)
    return [path]


def _check_mei(_: Rendering) -> None:
    from biaxial.formats.mei import check_verovio

    check_verovio()


def _chart(score: Score, path: Path, _: Rendering) -> list[Path]:
    """A chart, with chords that are found where a score has none: without them there is nothing to write."""
    from biaxial.metrics.harmony.chord_symbols import with_chord_symbols

    save.save_score(with_chord_symbols(score), path)
    return [path]


def _page(suffix: str) -> Writer:
    def write(score: Score, path: Path, rendering: Rendering) -> list[Path]:
        from biaxial.render.engraving import engrave

        score = _with_chords(score, rendering)
        return engrave(score, path, staves=rendering.staves, given_colour=rendering.given_colour)

    def check(_: Rendering) -> None:
        from biaxial.render.engraving import check_installed

        check_installed(suffix)

    return Writer(write, check)


def _roll(score: Score, path: Path, _: Rendering) -> list[Path]:
    from biaxial.render.piano_roll import save_piano_roll

    return save_piano_roll(score, path)


def _sound(score: Score, path: Path, rendering: Rendering) -> list[Path]:
    from biaxial.render.audio import save_audio

    save_audio(
        score,
        path,
        instrument=rendering.instrument,
        soundfont=rendering.soundfont,
        strict_tempo=rendering.strict_tempo,
    )
    return [path]


def _check_sound(rendering: Rendering) -> None:
    if rendering.soundfont is not None:
        from biaxial.render.sound.soundfont import SoundFont

        SoundFont(rendering.soundfont)


WRITERS: Final[dict[str, Writer]] = {
    **dict.fromkeys(save.WRITERS, Writer(_plain)),
    ".mid": Writer(_midi),
    ".midi": Writer(_midi),
    ".musicxml": Writer(_musicxml),
    ".mxl": Writer(_musicxml),
    ".ly": Writer(_lilypond),
    ".mei": Writer(_mei, _check_mei),
    ".cho": Writer(_chart),
    **dict.fromkeys((".roll.png", ".roll.svg"), Writer(_roll)),
    **{suffix: _page(suffix) for suffix in (".svg", ".png", ".pdf")},
    **dict.fromkeys((".flac", ".wav", ".ogg"), Writer(_sound, _check_sound)),
}
"""What writes a file of each ending. ``.svg`` and ``.png`` are engraved pages, ``.roll.svg`` and ``.roll.png`` piano
rolls."""


def suffix_of(path: Path) -> str:
    """The ending of a file name that decides what is written; empty where it is none of :data:`WRITERS`."""
    name = path.name.lower()
    return next((suffix for suffix in WRITERS if name.endswith(suffix) and name != suffix), "")


def check_writable(path: Path, rendering: Rendering = PLAIN) -> None:
    """Refuse a file name that nothing writes, or for which a part is missing, before any work is done.

    Raises
    ------
    InputError
        With the endings that are known, the command that installs the part, or what is wrong with a soundfont.
    OSError
        If the soundfont cannot be read.
    """
    if not suffix_of(path):
        known = ", ".join(WRITERS)
        raise InputError(f"{path}: cannot write {path.suffix or 'a file without a suffix'}; end its name in {known}")
    WRITERS[suffix_of(path)].check(rendering)


def midi_of(score: Score, rendering: Rendering = PLAIN) -> bytes:
    """The MIDI file that :func:`write_file` would write, as bytes."""
    from biaxial.formats.midi.midi_writer import midi_bytes

    score = _with_chords(_begun(score), rendering)
    return midi_bytes(score, instrument=rendering.instrument, write_chords=rendering.write_chords)


def _begun(score: Score) -> Score:
    """A score as it is written: what begins with rests has a pickup, unless something of it was given."""
    return score if any(note.locked for note in score.notes) else with_pickup(score)


def write_file(score: Score, path: Path, rendering: Rendering = PLAIN, plan: PhrasePlan | None = None) -> list[Path]:
    """Write a piece as the kind of file that its name asks for; each file appears whole or not at all.

    A piece of which nothing was given, and that rests for half a bar or more, begins with a pickup in every file.

    Parameters
    ----------
    score
        The music.
    path
        The file.
    rendering
        How it looks and sounds.
    plan
        What its phrases were to be, which ``.json`` keeps.

    Returns
    -------
    The files: the path, or several where a picture takes several pages.

    Raises
    ------
    InputError
        As :func:`check_writable`, or where the piece cannot be written so.
    OSError
        If a file cannot be written; its message names the file and the reason.
    """
    check_writable(path, rendering)
    score = _begun(score)
    if suffix_of(path) == ".json":
        write_json(score, path, plan)
        return [path]
    return WRITERS[suffix_of(path)].write(score, path, rendering)
