"""``biaxial-continue``: let a piece go on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    read_piece,
    seed_of,
    write_plan,
)
from biaxial.formats.repeat_reading import Repeats
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.outline import MAX_BARS

if TYPE_CHECKING:
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

PROG = "biaxial-continue"
STEM = "continued"
DESCRIPTION = "Let a piece go on: its last bar is completed, and more bars follow."


@dataclass(frozen=True)
class ContinueOptions:
    """What to continue."""

    piece: Path = option(
        REQUIRED,
        positional=True,
        metavar="PIECE",
        help="MIDI, MusicXML, ABC, kern or JSON file; with --shards a folder of such",
    )
    bars: int = option(8, within=(1, MAX_BARS), help="how many bars follow")
    repeats: Repeats = option("keep", help=REPEATS_HELP)
    cadence: bool = option(True, help="end with a chord on the tonic")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Continue as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    if resumes(argv):
        resume(argv, prog, PROG)
        return
    options, writing, leading, rendering, sharding = parse(
        parser(prog, DESCRIPTION, ContinueOptions, WritingOptions, VoiceLeading, Rendering, ShardOptions), argv
    )

    def drawing() -> SamplingOptions:
        from biaxial.tasks.drawing.sampling_options import SamplingOptions  # loads the sampler

        return drawing_of(writing, leading, SamplingOptions(), cadence=options.cadence)

    if sharding.is_asked:
        write_given_shards(
            sharding,
            writing,
            rendering,
            command=PROG,
            stem=STEM,
            verb="continue",
            plan={"bars": options.bars},
            given=options.piece,
            reading={"repeats": options.repeats},
            drawing=drawing,
        )
        return
    paths = paths_of(writing, rendering, STEM)
    score = read_piece(options.piece, options.repeats, quiet=writing.json)
    model = load_model(writing)
    plan = model.plan_continuation(
        score,
        options.bars,
        n=writing.num_outputs,
        seed=seed_of(writing),
        drawing=drawing(),
    )
    write_plan(model, plan, writing, rendering, paths, started)
