"""``biaxial-infill``: write some bars of a piece anew, or join two pieces by a bridge."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import Arguments, verb
from biaxial.cli.given_shards import write_given_shards
from biaxial.cli.harmonise import read_voices
from biaxial.cli.options import REQUIRED, option, parse, parser
from biaxial.cli.sharding import ShardOptions, resume, resumes
from biaxial.cli.writing import (
    REPEATS_HELP,
    WritingOptions,
    drawing_of,
    load_model,
    paths_of,
    read_piece,
    seed_of,
    write_plan,
)
from biaxial.formats.repeat_reading import Repeats
from biaxial.music.errors import InputError
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.outline import bar_span, read_bars

if TYPE_CHECKING:
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

PROG = "biaxial-infill"
STEM = "infilled"
DESCRIPTION = "Write some bars of a piece anew, in all voices or in some, or join two pieces; all else stays as it is."


@dataclass(frozen=True)
class InfillOptions:
    """What to write anew."""

    piece: Path = option(
        REQUIRED,
        positional=True,
        metavar="PIECE",
        help="MIDI, MusicXML, ABC, kern or JSON file; with --shards a folder of such",
    )
    bars: tuple[int, int] | None = option(
        None, parse=read_bars, metavar="N[-N]", help="bars to write anew, counted from 1, such as 5-8; 0 is the pickup"
    )
    voices: tuple[str, ...] | None = option(
        None, parse=read_voices, metavar="VOICE,...", help="voices to write anew, such as A,T (default: all)"
    )
    repeats: Repeats = option("keep", help=REPEATS_HELP)
    to: Path | None = option(None, help="a second piece, which follows after a bridge")
    bridge: int | None = option(None, within=(1, 1000), help="bars between the two pieces")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Fill as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    if resumes(argv):
        resume(argv, prog, PROG)
        return
    options, writing, leading, rendering, sharding = parse(
        parser(prog, DESCRIPTION, InfillOptions, WritingOptions, VoiceLeading, Rendering, ShardOptions), argv
    )
    if (options.to is None) != (options.bridge is None) or (options.bars is None) == (options.to is None):
        raise InputError("give --bars to write bars of one piece anew, or --to and --bridge to join two")
    if options.to is not None and options.voices is not None:
        raise InputError("--voices is for --bars; a bridge is written in all voices")
    plan: dict[str, Any] = {"bars": options.bars, "voices": options.voices}
    if options.to is not None:
        plan = {"second": read_piece(options.to, options.repeats, quiet=writing.json), "bars": options.bridge}

    def drawing() -> SamplingOptions:
        from biaxial.tasks.drawing.sampling_options import HARMONISING  # loads the sampler

        return drawing_of(writing, leading, HARMONISING)

    if sharding.is_asked:
        write_given_shards(
            sharding,
            writing,
            rendering,
            command=PROG,
            stem=STEM,
            verb="infill" if options.to is None else "bridge",
            plan=plan,
            given=options.piece,
            reading={"repeats": options.repeats},
            drawing=drawing,
        )
        return
    paths = paths_of(writing, rendering, STEM)
    score = read_piece(options.piece, options.repeats, quiet=writing.json)
    if options.bars is not None:
        bar_span(score, *options.bars)
    model = load_model(writing)
    planner = model.plan_infilling if options.to is None else model.plan_bridge
    planned = planner(score, **plan, n=writing.num_outputs, seed=seed_of(writing), drawing=drawing())
    write_plan(model, planned, writing, rendering, paths, started)
