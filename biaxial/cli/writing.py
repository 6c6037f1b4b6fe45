"""What all commands that write pieces share: options, the model, files, and what is printed.

Pieces go to files of one or more kinds, or with several pieces to a folder of numbered ones. What can be refused is
refused before any work is done.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import progress_bar
from biaxial.cli.options import option
from biaxial.music.errors import InputError
from biaxial.render.files import WRITERS, Rendering, check_writable, suffix_of, write_file
from biaxial.sampling.voice_leading_weights import VoiceLeading

if TYPE_CHECKING:
    from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
    from biaxial.tasks.model import Model
    from biaxial.tasks.piece import Candidate, Piece
    from biaxial.tasks.plans.plan import Plan

DEFAULT_SUFFIX = ".mid"


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
        help=f"file to write, and again for other kinds: {', '.join(WRITERS)}; with -n above 1 a folder, and again an "
        "ending alone (default: MIDI, named after the command)",
    )
    num_outputs: int = option(
        1, short="-n", within=(1, 9999), help="how many pieces; each one's seed is the next number"
    )
    seed: int | None = option(
        None,
        within=(0, 2**63 - 1),
        help="seed of the random numbers; the same seed gives the same piece (default: a new one)",
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
        help="versions drawn side by side and chosen among on the way (default: 1, or 12 where voices are given)",
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


@dataclass(frozen=True)
class Written:
    """A piece that was written; the fields are the keys of ``--json``."""

    path: str
    files: tuple[str, ...]
    seed: int
    model: str
    num_steps: int
    nats: float
    nats_per_step: float
    remarks: tuple[str, ...]
    ranking: tuple[dict[str, Any], ...] = ()


def drawing_of(
    options: WritingOptions, leading: VoiceLeading, default: SamplingOptions, **changes: Any
) -> SamplingOptions:
    """A way of drawing with what the command line says changed in it."""
    for name in ("temperature", "density", "ranges", "particles", "min_voices", "max_voices"):
        if (value := getattr(options, name)) is not None:
            changes[name] = value
    same = {name: getattr(options, name) for name in ("min_p", "best_of", "precision")}
    return replace(default, voice_leading=leading, **same, **changes)


def paths_of(options: WritingOptions, rendering: Rendering, stem: str) -> list[list[Path]]:
    """Where the files of each piece go, refused if they cannot go there."""
    if rendering.soundfont is not None and not Path(rendering.soundfont).is_file():
        raise InputError(f"{rendering.soundfont}: no such file or directory; check the path")
    return _output_paths(options.output, options.num_outputs, stem, rendering)


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
            if path.is_dir():
                raise InputError(f"--output: {path} is a folder; give the name of a file in it")
            if not path.parent.exists():
                raise InputError(f"--output: there is no folder {path.parent}; make it, or write somewhere else")
            _check_folder(path.parent)
        return [paths]
    kinds = [str(path).lower() for path in outputs if str(path).lower() in WRITERS]
    folders = [path for path in outputs if str(path).lower() not in WRITERS] or [Path(stem)]
    if len(folders) > 1:
        raise InputError(f"--output: {num_outputs} pieces go to one folder, not to {folders[0]} and {folders[1]}")
    folder = folders[0]
    if suffix_of(folder):
        raise InputError(f"--output: {folder} looks like one file; {num_outputs} pieces need the name of a folder")
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    _check_folder(existing)
    for kind in kinds:
        check_writable(folder / f"0001{kind}", rendering)
    numbers = range(1, num_outputs + 1)
    return [[folder / f"{number:04d}{kind}" for kind in kinds or [DEFAULT_SUFFIX]] for number in numbers]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"--output: {folder} is not a folder; write somewhere else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output: {folder} cannot be written to; check its permissions, or write somewhere else")


def load_model(options: WritingOptions) -> Model:
    """The network; from here on PyTorch is loaded."""
    from biaxial.sampling.compiled import is_compiled
    from biaxial.tasks import loading

    model = loading.load_model(options.checkpoint, options.device, options.threads)
    if not options.quiet and not is_compiled():
        print("compiling the sampler, which takes some ten seconds, once", file=sys.stderr)
    return model


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
    written, computing = [], 0.0
    with progress_bar(steps, unit, quiet=options.quiet) as advance:
        pieces = draw(advance)
        for wanted in paths:
            begun = time.perf_counter()
            piece = next(pieces)
            computing += time.perf_counter() - begun
            if options.num_outputs > 1:
                wanted[0].parent.mkdir(parents=True, exist_ok=True)
            files = [str(path) for name in wanted for path in write_file(piece.score, name, rendering)]
            found, ranking = piece.likelihood, tuple(_ranked(candidate) for candidate in piece.ranking)
            of = (files[0], tuple(files), piece.seed, piece.model, found.num_steps, found.nats, piece.nats_per_step)
            written.append(Written(*of, piece.remarks, ranking))
    if options.json:
        times = {"compute_seconds": round(computing, 3), "seconds": round(time.perf_counter() - started, 3)}
        print(json.dumps({"pieces": [asdict(piece) for piece in written], **times}))
        return
    for remark in dict.fromkeys(remark for piece in written for remark in piece.remarks):
        print(f"note: {remark}", file=sys.stderr)
    for done in written:
        print(f"{', '.join(done.files)}: seed {done.seed}, {done.nats_per_step:.3f} nats per step")
        for place, each in enumerate(done.ranking, start=1):
            parts = ", ".join(f"{name} {value:.2f}" for name, value in each["parts"].items())
            score = "no score" if each["score"] is None else f"score {each['score']:.2f} ({parts})"
            print(f"{place:>4}. candidate {each['number']}: {score}, {each['nats_per_step']:.3f} nats per step")


def _ranked(candidate: Candidate) -> dict[str, Any]:
    """A candidate in plain values."""
    values = asdict(candidate)
    return {**values, "score": None if math.isnan(candidate.score) else candidate.score}
