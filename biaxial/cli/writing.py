"""What all commands that write pieces share: options, the model, files, and what is printed.

Pieces go to files of one or more kinds, or with several pieces to a folder of numbered ones. What can be refused is
refused before any work is done.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from biaxial.cli.common import nothing_to_lose, progress_bar
from biaxial.cli.options import option
from biaxial.cli.written import Written, report, written_piece
from biaxial.files.atomic import check_folder, check_output, make_new_folder
from biaxial.files.weights_file import DEFAULT, check_kind, check_weights, weights_path
from biaxial.formats.read import read_music
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.render.files import (
    WRITERS,
    Rendering,
    check_writable,
    missing_sounds,
    suffix_of,
)
from biaxial.sampling.voice_leading_weights import VoiceLeading

if TYPE_CHECKING:
    from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
    from biaxial.tasks.model import Model
    from biaxial.tasks.piece import Piece
    from biaxial.tasks.plans.plan import Plan

DEFAULT_SUFFIX = ".mid"
MOST_IN_FILES = 9999
"""Most pieces that are written as files of their own."""


def read_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Read ``"60-79,55-72"``: lowest and highest MIDI number of each voice.

    Raises
    ------
    ValueError
        If it is something else.
    """
    pairs = [part.split("-") for part in text.replace(" ", "").split(",")]
    if not all(len(pair) == 2 and pair[0].isdecimal() and pair[1].isdecimal() for pair in pairs):
        raise ValueError(f"{text!r} does not say ranges; give two MIDI numbers for each voice, such as 60-79,55-72")
    return tuple((int(low), int(high)) for low, high in pairs)


@dataclass(frozen=True)
class WritingOptions:
    """How pieces are drawn, and where they are written."""

    output: tuple[Path, ...] = option(
        (),
        short="-o",
        repeated=True,
        parse=lambda text: (Path(text),),
        metavar="PATH",
        help=f"file to write, again for other kinds: {', '.join(WRITERS)}; with -n above 1 a folder, and "
        "endings alone (default: a new name, as composed-2.mid)",
    )
    num_outputs: int = option(
        1, short="-n", within=(1, 100_000_000), help="how many pieces; each one's seed is the next number"
    )
    seed: int | None = option(
        None,
        within=(0, 2**63 - 1),
        help="seed of the random numbers; the same seed gives the same piece (default: a new one)",
    )
    title: str | None = option(
        None,
        parse=lambda text: " ".join(text.split()),
        help="title of the piece, followed by its number where there are several (default: its own)",
    )
    temperature: float | None = option(
        None,
        short="-t",
        within=(0.4, 2),
        help="above 1 more adventurous, below 1 more usual (default: 0.8, or 0.5 where voices are given)",
    )
    density: float | None = option(
        None, within=(-3, 3), help="above 0 more notes, below 0 fewer (default: what the weights carry)"
    )
    min_p: float = option(0.0, within=(0, 0.99), help="leave out events less likely than this")
    min_voices: int | None = option(None, within=(0, 128), help="how many voices sound at least at any time")
    max_voices: int | None = option(None, within=(0, 128), help="how many voices sound at most at any time")
    ranges: tuple[tuple[int, int], ...] | None = option(
        None,
        parse=read_ranges,
        metavar="LOW-HIGH,...",
        help="lowest and highest pitch of each voice from the top, such as 60-79,55-72,48-67,40-60",
    )
    particles: int | None = option(
        None,
        within=(1, 64),
        help="versions drawn side by side and chosen among on the way, at every phrase end by its faults (default: 7, "
        "or 12 where voices are given)",
    )
    lookahead: bool | None = option(
        None,
        help="choose among versions by how likely the music is that they lead to (default: where voices are given)",
    )
    draft: bool = option(False, help="draw once, without a look at the faults of phrases: the fastest")
    style: str | None = option(
        None,
        metavar="NAME,...",
        help="style that the weights know, or several with weights, such as bach:0.7,hymn:0.3; none for none (default: "
        "what the weights carry)",
    )
    best_of: int = option(1, within=(1, 64), help="pieces drawn for each one that is kept, ranked beside Bach")
    checkpoint: Path | None = option(None, help="weights to use (default: those in the package)")
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", help="where the weights go; few pieces are drawn on the CPU all the same"
    )
    precision: Literal["float32", "float64", "bfloat16"] = option(
        "float32", help="float64 is the slow reference; bfloat16 is faster where the processor has units for it"
    )
    threads: int | None = option(
        None, within=(1, 1024), help="threads that share pieces or particles (default: one for each processor)"
    )
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


def drawing_of(
    options: WritingOptions, leading: VoiceLeading, default: SamplingOptions, **changes: Any
) -> SamplingOptions:
    """A way of drawing with what the command line says changed in it."""
    for name in ("temperature", "density", "ranges", "particles", "lookahead", "min_voices", "max_voices", "style"):
        if (value := getattr(options, name)) is not None:
            changes[name] = value
    same = {name: getattr(options, name) for name in ("min_p", "best_of", "precision", "draft")}
    return replace(default, voice_leading=leading, **same, **changes)


def paths_of(options: WritingOptions, rendering: Rendering, stem: str) -> list[list[Path]]:
    """Where the files of each piece go, refused if they cannot go there, or if the weights are not there."""
    check_inputs(options, rendering)
    if options.num_outputs > MOST_IN_FILES:
        raise InputError(
            f"--num-outputs: {options.num_outputs} pieces would be as many files; add --shards N to pack them into N, "
            f"or give at most {MOST_IN_FILES}"
        )
    return _output_paths(options.output, options.num_outputs, stem, rendering)


def check_inputs(options: WritingOptions, rendering: Rendering) -> None:
    """Refuse weights or a soundfont that are not there, and say which instruments the soundfont lacks.

    Raises
    ------
    InputError
        In one line that names the file.
    """
    check_weights(weights_path(options.checkpoint or DEFAULT))
    if rendering.soundfont is not None and not Path(rendering.soundfont).is_file():
        raise InputError(f"{rendering.soundfont}: no such file or directory; check the path")
    remark = missing_sounds(options.output, rendering)
    if remark and not options.quiet:
        print(f"note: {remark}", file=sys.stderr)


def _output_paths(outputs: Sequence[Path], num_outputs: int, stem: str, rendering: Rendering) -> list[list[Path]]:
    """Paths of the files of each piece.

    Parameters
    ----------
    outputs
        Files; ``STEM.mid`` by default. With more than one piece a folder, which need not exist, ``STEM/`` by default,
        and endings such as ``.flac``, ``.mid`` by default.
    num_outputs
        How many pieces.
    stem
        Name to use where none is given.
    rendering
        How files look and sound.

    Raises
    ------
    InputError
        If nothing writes such a file, a part for it is missing, or the place cannot be written to.
    """
    if num_outputs == 1:
        paths = list(outputs) or [Path(stem + DEFAULT_SUFFIX)]
        for path in paths:
            check_writable(path, rendering)
            check_output(path)
        return [paths]
    kinds = [str(path).lower() for path in outputs if str(path).lower() in WRITERS]
    folders = _folders(outputs) or [Path(stem)]
    if len(folders) > 1:
        raise InputError(f"--output: {num_outputs} pieces go to one folder, not to {folders[0]} and {folders[1]}")
    folder = folders[0]
    if suffix_of(folder):
        raise InputError(f"--output: {folder} looks like one file; {num_outputs} pieces need the name of a folder")
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    check_folder(existing)
    for kind in kinds:
        check_writable(folder / f"0001{kind}", rendering)
    numbers = range(1, num_outputs + 1)
    places = [[folder / f"{number:04d}{kind}" for kind in kinds or [DEFAULT_SUFFIX]] for number in numbers]
    for path in (path for each in places for path in each if folder.is_dir()):
        check_output(path)
    return places


def load_model(options: WritingOptions) -> Model:
    """The network; from here on what draws is loaded. Weights of another kind are refused before that."""
    check_kind(weights_path(options.checkpoint or DEFAULT), biaxial=True)
    with nothing_to_lose():
        from biaxial.tasks import loading

        model = loading.load_model(options.checkpoint, options.device, options.threads)
    say_compiling(quiet=options.quiet)
    return model


def say_compiling(*, quiet: bool) -> None:
    """Say that the sampler will be compiled first, where it is not yet."""
    from biaxial.sampling.machine_code import is_compiled, keeps_kernels

    if not quiet and not is_compiled():
        once = (
            "once"
            if keeps_kernels()
            else "each time, for there is no folder to keep it in; name one by BIAXIAL_KERNELS"
        )
        print(f"compiling the sampler, which takes some seconds, {once}", file=sys.stderr)


REPEATS_HELP: Final = "what becomes of repeat signs: keep them, expand (write out what is repeated), or read it once"


def read_piece(path: Path, repeats: Repeats = "keep", *, quiet: bool = False) -> Score:
    """Read a file as one score, and print what a user should know of how it was read.

    Raises
    ------
    InputError, OSError
        As :func:`~biaxial.formats.read.read_score`.
    """
    music = read_music(path, repeats)
    for remark in () if quiet else music.remarks:
        print(f"note: {remark}", file=sys.stderr)
    return music.score


def seed_of(options: WritingOptions) -> int:
    """The seed that the command line gives, else a new one."""
    return secrets.randbelow(2**32) if options.seed is None else options.seed


def write_plan(
    model: Model,
    plan: Plan,
    options: WritingOptions,
    rendering: Rendering,
    paths: list[list[Path]],
    started: float,
) -> None:
    """Draw what was planned, write each piece as soon as it is there, and print what was written."""
    write_pieces(options, rendering, paths, started, plan.num_steps, lambda progress: model.draw(plan, progress))


def write_pieces(
    options: WritingOptions,
    rendering: Rendering,
    paths: list[list[Path]],
    started: float,
    steps: int,
    draw: Callable[[Progress], Iterator[Piece]],
    unit: str = " steps",
) -> None:
    """Draw pieces with a bar, write each as soon as it is there, and print what was written.

    Parameters
    ----------
    options
        The command line.
    rendering
        How files look and sound.
    paths
        The files of each piece.
    started
        When the command began, by ``time.perf_counter``.
    steps
        Frames, or what else the bar counts, of all pieces.
    draw
        Given a progress callback, the pieces.
    unit
        What the bar counts.
    """
    written: list[tuple[Written, Piece]] = []
    computing = 0.0
    try:
        with progress_bar(steps, unit, quiet=options.quiet) as advance:
            pieces = draw(advance)
            folder: Path | None = None
            for number, wanted in enumerate(paths, start=1):
                begun = time.perf_counter()
                piece = next(pieces)
                computing += time.perf_counter() - begun
                if options.num_outputs > 1:
                    folder = folder or _made(wanted[0].parent, options.output)
                    wanted = [folder / path.name for path in wanted]
                written.append((written_piece(piece, number, wanted, options, rendering), piece))
    except BaseException as error:
        if len(paths) > 1:
            error.add_note(f"{len(written)} of {len(paths)} pieces are written")
        if written:
            report(written, options, computing, started)
        raise
    report(written, options, computing, started)


def _made(folder: Path, outputs: Sequence[Path]) -> Path:
    """The folder for several pieces, made: a new one where the command line names none."""
    if not _folders(outputs):
        return make_new_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _folders(outputs: Sequence[Path]) -> list[Path]:
    """Of what the command line names for several pieces, what is not an ending alone."""
    return [path for path in outputs if str(path).lower() not in WRITERS]
