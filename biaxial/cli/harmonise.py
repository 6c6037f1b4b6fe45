"""``biaxial-harmonise`` (also ``biaxial-harmonize``): write the other voices to a tune."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, verb
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.cli.writing import REPEATS_HELP, WritingOptions, drawing_of, load_model, paths_of, seed_of, write_plan
from biaxial.formats.read import read_music
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.chord_line import read_chords
from biaxial.music.constants import VOICE_NAMES
from biaxial.music.score import Key
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading

PROG = "biaxial-harmonise"
DESCRIPTION = "Harmonise a tune: its notes stay as they are, in a voice of their own, and the other voices are written."


def read_voices(text: str) -> tuple[str, ...]:
    """Read ``"soprano"``, ``"S,B"``: names of voices or their first letters.

    Raises
    ------
    ValueError
        If one of them is not a voice.
    """
    known = {form: name.lower() for name in VOICE_NAMES for form in (name.lower(), name[0].lower())}
    names = [part.strip() for part in text.split(",")]
    if unknown := [name for name in names if name.lower() not in known]:
        raise ValueError(f"{unknown[0]!r} is not a voice; give {', '.join(name.lower() for name in VOICE_NAMES)}")
    return tuple(known[name.lower()] for name in names)


@dataclass(frozen=True)
class HarmoniseOptions:
    """What to harmonise."""

    tune: Path = option(
        REQUIRED, positional=True, metavar="TUNE", help="MIDI, MusicXML, ABC, Humdrum kern or JSON file"
    )
    voices: tuple[str, ...] = option(
        ("soprano",),
        parse=read_voices,
        metavar="VOICE,...",
        formerly="voice",
        help="the voice that the tune is; or several voices that the file has, such as S,B",
    )
    part: str | None = option(
        None,
        metavar="PART",
        formerly="line",
        help="which part of the file is the tune: its number or its name (default: its melody)",
    )
    key: Key | None = option(
        None,
        parse=Key.from_name,
        metavar="KEY",
        help="key of the tune, such as 'G major' (default: the file's, or else estimated)",
    )
    chords: str | None = option(
        None, metavar="CHORDS", help="chord symbols, a bar between strokes: 'G | D7 G | Em C | D' (default: the file's)"
    )
    repeats: Repeats = option("keep", help=REPEATS_HELP)
    cadence: bool = option(True, help="end with a chord on the tonic, where the tune allows it")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Harmonise as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    options, writing, leading, rendering = parse(
        parser(prog, DESCRIPTION, HarmoniseOptions, WritingOptions, VoiceLeading, Rendering), argv
    )
    paths = paths_of(writing, rendering, "harmonised")
    music = read_music(options.tune, options.repeats)
    symbols = None if options.chords is None else read_chords(options.chords, music.score)
    model = load_model(writing)
    from biaxial.tasks.drawing.sampling_options import HARMONISING

    plan = model.plan_harmonisation(
        music,
        voice=options.voices,
        line=options.part,
        key=options.key,
        chords=symbols,
        n=writing.num_outputs,
        seed=seed_of(writing),
        drawing=drawing_of(writing, leading, HARMONISING, cadence=options.cadence),
    )
    write_plan(model, plan, writing, rendering, paths, started)
