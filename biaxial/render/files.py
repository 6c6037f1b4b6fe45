"""Every kind of file that a piece can be written as: the one table of suffixes of all commands and of ``Piece.save``.

What is plain notes stands in :mod:`biaxial.formats.write`; here pages, pictures and sound join it. The modules that
make these are imported when a file of theirs is asked for, and a missing part is refused before any work is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from biaxial.files.atomic import atomic_write
from biaxial.formats import write as save
from biaxial.formats.json_score import write_json
from biaxial.music.bar_lines import with_pickup
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import InstrumentName, read_instruments
from biaxial.music.performance.seating import seated
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
    write_plan
        Whether scores and pages print, under each phrase of a piece that has a plan, what it was to be.
    instrument
        What sound, MIDI and MusicXML are played on.
    instruments
        What each voice is played on in place of that, from the top, such as violin,violin,viola,cello, or the name of
        several: quartet, winds, brass, recorders. Scores and pages have a staff for each. The last one plays the
        voices below it too. Notes without voices are given to them all by least movement.
    humanise
        How far sound and MIDI are played as people play, 0 to 1: onsets and velocities move a little, and phrases
        breathe.
    humanise_seed
        Seed of the random numbers of that.
    soundfont
        An SF2 or SF3 file in place of the package's own.
    strict_tempo
        Whether sound keeps its tempo at fermatas and at the end.
    """

    staves: Literal[2, 4] = 2
    given_colour: str = GIVEN_COLOUR
    write_chords: bool = False
    write_plan: bool = True
    instrument: InstrumentName = "organ"
    instruments: tuple[str, ...] = field(default=(), metadata={"parse": read_instruments, "metavar": "NAME,..."})
    humanise: float = field(default=0.0, metadata={"within": (0, 1)})
    humanise_seed: int = field(default=0, metadata={"within": (0, 2**63 - 1)})
    soundfont: Path | None = None
    strict_tempo: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch("#[0-9A-Fa-f]{6}", self.given_colour):
            raise InputError(f"{self.given_colour!r} is not a colour; give one such as #0A4FA3, or #000000 for black")
        if not 0 <= self.humanise <= 1:
            raise InputError(f"{self.humanise} is not a share in which to humanise; give 0 to 1")
        given: object = self.instruments  # in Python also as on the command line
        names = given if isinstance(given, str) else ",".join(self.instruments)
        object.__setattr__(self, "instruments", read_instruments(names) if names else ())

    def played_on(self, instruments: Sequence[str]) -> Rendering:
        """The same on the instruments that a piece is for, unless others are asked for."""
        asked = self.instruments or self.instrument != PLAIN.instrument
        return self if asked or not instruments else replace(self, instruments=tuple(instruments))


PLAIN: Final = Rendering()


class Writer(NamedTuple):
    """What writes a kind of file, and what refuses it where a part is missing; the files come back."""

    write: Callable[[Score, Path, Rendering, PhrasePlan | None], list[Path]]
    check: Callable[[Rendering], None] = lambda _: None


def _json(score: Score, path: Path, _: Rendering, plan: PhrasePlan | None) -> list[Path]:
    write_json(score, path, plan)
    return [path]


def _with_chords(score: Score, rendering: Rendering) -> Score:
    if not rendering.write_chords:
        return score
    from biaxial.metrics.harmony.chord_symbols import with_chord_symbols

    return with_chord_symbols(score)


def _plain(score: Score, path: Path, rendering: Rendering, _: PhrasePlan | None) -> list[Path]:
    save.save_score(_with_chords(score, rendering), path)
    return [path]


def plan_under(score: Score, plan: PhrasePlan) -> list[tuple[int, str]]:
    """What is printed of a plan under its music: the tick where each phrase begins, and its text.

    A phrase begins with the first note of the melody after the last note of the phrase before. Where silence at the
    beginning was left out, the plan is longer than the music by that much.
    """
    unit, quarter = score.ticks_per_quarter, TICKS_PER_QUARTER
    missing = plan.length_ticks * unit // quarter - score.length_ticks
    melody = [note.onset_ticks for note in score.voice_notes(0)]
    places = [0]
    for last, start in zip(plan.last_onsets, plan.starts[1:], strict=False):
        after = last * unit // quarter - missing
        places.append(next((onset for onset in melody if onset > after), start * unit // quarter - missing))
    return list(zip(places, plan.captions, strict=True))


def _captions(score: Score, rendering: Rendering, plan: PhrasePlan | None) -> list[tuple[int, str]]:
    return [] if plan is None or not rendering.write_plan else plan_under(score, plan)


def _midi(score: Score, path: Path, rendering: Rendering, _: PhrasePlan | None) -> list[Path]:
    atomic_write(path, _midi_bytes(score, rendering))
    return [path]


def _midi_bytes(score: Score, rendering: Rendering) -> bytes:
    from biaxial.formats.midi.midi_writer import midi_bytes
    from biaxial.music.performance.playing import humanised

    seating = seated(_with_chords(score, rendering), rendering.instruments)
    played = humanised(seating.score, rendering.humanise, rendering.humanise_seed)
    return midi_bytes(
        played.score,
        instrument=rendering.instrument,
        instruments=rendering.instruments,
        write_chords=rendering.write_chords,
        tempos=played.tempos,
        titles=seating.titles,
    )


def _musicxml(score: Score, path: Path, rendering: Rendering, plan: PhrasePlan | None) -> list[Path]:
    from biaxial.formats.musicxml import write_musicxml

    captions, named = _captions(score, rendering, plan), _with_chords(score, rendering)
    plays: dict[str, Any] = {"instrument": rendering.instrument, "instruments": rendering.instruments}
    write_musicxml(named, path, staves=rendering.staves, captions=captions, **plays)
    return [path]


def _lilypond(score: Score, path: Path, rendering: Rendering, _: PhrasePlan | None) -> list[Path]:
    from biaxial.formats.lilypond import write_lilypond

    write_lilypond(_with_chords(score, rendering), path, staves=rendering.staves, instruments=rendering.instruments)
    return [path]


def _mei(score: Score, path: Path, rendering: Rendering, plan: PhrasePlan | None) -> list[Path]:
    from biaxial.formats.mei import write_mei

    captions, named = _captions(score, rendering, plan), _with_chords(score, rendering)
    looks: dict[str, Any] = {"given_colour": rendering.given_colour, "instruments": rendering.instruments}
    write_mei(named, path, staves=rendering.staves, captions=captions, **looks)
    return [path]


def _check_mei(_: Rendering) -> None:
    from biaxial.formats.mei import check_verovio

    check_verovio()


def _chart(score: Score, path: Path, _: Rendering, __: PhrasePlan | None) -> list[Path]:
    """A chart, with chords that are found where a score has none: without them there is nothing to write."""
    from biaxial.metrics.harmony.chord_symbols import with_chord_symbols

    save.save_score(with_chord_symbols(score), path)
    return [path]


def _page(suffix: str) -> Writer:
    def write(score: Score, path: Path, rendering: Rendering, plan: PhrasePlan | None) -> list[Path]:
        from biaxial.render.engraving import engrave

        captions, named = _captions(score, rendering, plan), _with_chords(score, rendering)
        looks: dict[str, Any] = {"given_colour": rendering.given_colour, "instruments": rendering.instruments}
        return engrave(named, path, staves=rendering.staves, captions=captions, **looks)

    def check(_: Rendering) -> None:
        from biaxial.render.engraving import check_installed

        check_installed(suffix)

    return Writer(write, check)


def _roll(score: Score, path: Path, *_: object) -> list[Path]:
    from biaxial.render.piano_roll import save_piano_roll

    return save_piano_roll(score, path)


def _sound(score: Score, path: Path, rendering: Rendering, _: PhrasePlan | None) -> list[Path]:
    from biaxial.render.audio import save_audio

    save_audio(
        score,
        path,
        instrument=rendering.instrument,
        soundfont=rendering.soundfont,
        strict_tempo=rendering.strict_tempo,
        instruments=rendering.instruments,
        humanise=rendering.humanise,
        humanise_seed=rendering.humanise_seed,
    )
    return [path]


def unplayable(score: Score, rendering: Rendering) -> tuple[str, ...]:
    """What the instruments that music without voices is given to cannot play of it, one line each."""
    return seated(_begun(score), rendering.instruments).remarks


def missing_sounds(paths: Iterable[Path], rendering: Rendering) -> str:
    """One line on the instruments that the soundfont lacks, where one of the files is sound; else nothing."""
    if not rendering.instruments or not any(path.name.lower().endswith(SOUNDS) for path in paths):
        return ""
    from biaxial.render.audio import fallbacks

    pairs = fallbacks(rendering.instruments, rendering.soundfont)
    said = ", ".join(f"{name} as {like}" for name, like in pairs.items())
    return f"the soundfont has no sound of its own for some instruments; it plays {said}" if said else ""


def _check_sound(rendering: Rendering) -> None:
    if rendering.soundfont is not None:
        from biaxial.render.sound.soundfont import SoundFont

        SoundFont(rendering.soundfont)


SOUNDS: Final = (".flac", ".wav", ".ogg")
"""Endings of sound files."""

WRITERS: Final[dict[str, Writer]] = {
    ".mid": Writer(_midi),
    ".midi": Writer(_midi),
    ".musicxml": Writer(_musicxml),
    ".mxl": Writer(_musicxml),
    ".abc": Writer(_plain),
    ".krn": Writer(_plain),
    ".ly": Writer(_lilypond),
    ".mei": Writer(_mei, _check_mei),
    ".cho": Writer(_chart),
    ".json": Writer(_json),
    **dict.fromkeys((".roll.png", ".roll.svg"), Writer(_roll)),
    **{suffix: _page(suffix) for suffix in (".svg", ".png", ".pdf")},
    **dict.fromkeys(SOUNDS, Writer(_sound, _check_sound)),
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
    return _midi_bytes(_begun(score), rendering)


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
        What its phrases were to be, which ``.json`` keeps, and scores and pages print.

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
    return WRITERS[suffix_of(path)].write(_begun(score), path, rendering, plan)
