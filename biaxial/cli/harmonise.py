"""``biaxial-harmonise`` (also ``biaxial-harmonize``): write the other voices to a tune."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import Arguments, verb
from biaxial.cli.given_shards import write_given_shards
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.cli.sharding import ShardOptions, resume, resumes
from biaxial.cli.writing import (
    REPEATS_HELP,
    WritingOptions,
    drawing_of,
    load_model,
    paths_of,
    seed_of,
    write_plan,
)
from biaxial.corpora.splits import is_folder
from biaxial.files.atomic import check_output, write_new
from biaxial.formats.abc.abc_writer import abc_text
from biaxial.formats.read import Music, NoteEnds, is_sound, read_music
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.chord_line import read_chords
from biaxial.music.constants import VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.phrase_guess import check_phrases
from biaxial.music.score import Key
from biaxial.render.files import Rendering, check_writable, write_file
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.given import given_notes, voice_number

if TYPE_CHECKING:
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

PROG = "biaxial-harmonise"
STEM = "harmonised"
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


def read_phrases(text: str) -> str:
    """Read bars of phrases, or bars in which they end, or ``"none"``; the tune says later whether it has such bars.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if text != "none":
        check_phrases(text)
    return text


def read_transposition(text: str) -> int | Literal["fit"]:
    """Read a number of semitones, or ``"fit"``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if text == "fit":
        return "fit"
    if not re.fullmatch(r"[+-]?\d{1,2}", text, re.ASCII):
        raise ValueError(f"{text!r} does not say how far; give semitones, such as 3 or -5, or fit")
    return int(text)


@dataclass(frozen=True)
class HarmoniseOptions:
    """What to harmonise."""

    tune: Path = option(
        REQUIRED,
        positional=True,
        metavar="TUNE",
        help="MIDI, MusicXML, ABC, Humdrum kern or JSON file, or sound (WAV, FLAC, Ogg, MP3) in which one voice sings; "
        "with --shards a folder of files of notes",
    )
    heard: Path | None = option(
        None,
        help="where the tune that is heard in a sound file is written, to be corrected (default: its name and .abc, "
        "beside the piece)",
    )
    voices: tuple[str, ...] = option(
        (),
        parse=read_voices,
        metavar="VOICE,...",
        formerly="voice",
        help="the voice that the tune is (default: soprano, or a lower one in whose range it lies); or several voices "
        "that the file has, such as S,B",
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
    note_ends: NoteEnds = option(
        "written", help="whether notes that a MIDI file has a little shorter than written are lengthened"
    )
    pickup: float | None = option(
        None, within=(0, 64), help="quarter notes before the first bar, 0 for none (default: the file's)"
    )
    phrases: str | None = option(
        None,
        parse=read_phrases,
        metavar="BARS",
        help="bars of each phrase, 4+4+4+4, or bars in which phrases end, 4,8,12,16; 'none' leaves them open "
        "(default: the fermatas of the file, or else guessed)",
    )
    transpose: int | Literal["fit"] = option(
        0,
        parse=read_transposition,
        metavar="SEMITONES",
        help="move the tune, its key and chords, and so the piece, up, or down below 0; 'fit' for the fewest semitones "
        "that let its voice sing it",
    )
    transpose_back: bool = option(False, help="move the piece back in the end")
    cadence: bool = option(True, help="end with a chord on the tonic, where the tune allows it")


def check_heard(options: HarmoniseOptions) -> None:
    """Refuse a place for the tune that is heard where nothing is heard, or nothing can be written.

    Raises
    ------
    InputError
        In one line.
    """
    if options.heard is None:
        return
    if not is_sound(options.tune):
        raise InputError(f"--heard: {options.tune} is not a sound file, so nothing is heard in it; leave --heard out")
    check_writable(options.heard)
    try:
        check_output(options.heard)
    except InputError as error:
        raise InputError(str(error).replace("--output", "--heard", 1)) from None


def written_heard(music: Music, wanted: Path | None, usual: Path) -> Music:
    """The same music with a remark that says where the tune was written that is heard in it.

    Parameters
    ----------
    music
        A sound file.
    wanted, usual
        The file; where none is wanted a new name like the usual one.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    tune = music.score
    path = write_new(usual, abc_text(tune).encode()) if wanted is None else write_file(tune, wanted)[0]
    parts = music.parts
    remarks = (*parts.remarks, f"{path} has the tune as it was heard; where that is wrong, correct and harmonise it")
    told = replace(parts, remarks=("; ".join(remarks),))
    return replace(music, make_parts=lambda: told)


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Harmonise as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    if resumes(argv):
        resume(argv, prog, PROG)
        return
    options, writing, leading, rendering, sharding = parse(
        parser(prog, DESCRIPTION, HarmoniseOptions, WritingOptions, VoiceLeading, Rendering, ShardOptions), argv
    )
    plan: dict[str, Any] = {
        "voice": options.voices or None,
        "line": options.part,
        "key": options.key,
        "chords": options.chords,
        "phrases": () if options.phrases == "none" else options.phrases,
        "transpose": options.transpose,
        "transpose_back": options.transpose_back,
    }

    def drawing() -> SamplingOptions:
        from biaxial.tasks.drawing.sampling_options import HARMONISING  # loads the sampler

        return drawing_of(writing, leading, HARMONISING, cadence=options.cadence)

    if sharding.is_asked:
        write_given_shards(
            sharding,
            writing,
            rendering,
            command=PROG,
            stem=STEM,
            verb="harmonise",
            plan=plan,
            given=options.tune,
            reading={"repeats": options.repeats, "pickup": options.pickup, "note_ends": options.note_ends},
            drawing=drawing,
        )
        return
    check_heard(options)
    paths = paths_of(writing, rendering, STEM)
    if is_folder(options.tune):
        raise InputError(f"{options.tune}: a folder of tunes; add --shards N to harmonise all of them")
    music = replace(read_music(options.tune, options.repeats), pickup=options.pickup, note_ends=options.note_ends)
    given_notes(music, [voice_number(name) for name in options.voices or ("soprano",)], options.part)
    if is_sound(options.tune):
        beside = next((path.parent for path in writing.output if path.parent.is_dir()), Path())
        music = written_heard(music, options.heard, beside / f"{options.tune.stem}.abc")
    if options.chords is not None:
        plan["chords"] = read_chords(options.chords, music.score)
    model = load_model(writing)
    planned = model.plan_harmonisation(
        music,
        **plan,
        n=writing.num_outputs,
        seed=seed_of(writing),
        drawing=drawing(),
    )
    write_plan(model, planned, writing, rendering, paths, started)
