"""``biaxial-compose``: compose pieces and write them as files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, command
from biaxial.cli.options import option, parse, parser
from biaxial.cli.writing import WritingOptions, drawing_of, load_model, paths_of, write_pieces
from biaxial.io.load import read_score
from biaxial.render.files import Rendering
from biaxial.sampling.charges import VoiceLeading
from biaxial.score import Key, TimeSignature
from biaxial.tasks.outline import DEFAULT_TEMPO_BPM, MAX_BARS, make_outline, read_phrases

PROG = "biaxial-compose"
DESCRIPTION = "Compose four-part chorales and write them as MIDI."


@dataclass(frozen=True)
class ComposeOptions:
    """What to compose."""

    bars: int = option(16, within=(1, MAX_BARS), help="length of a piece in bars; the last one is an ending")
    key: Key | None = option(
        None, parse=Key.from_name, metavar="KEY", help="such as 'G major' or 'F# minor' (default: drawn by the seed)"
    )
    time_signature: TimeSignature = option(
        TimeSignature(), parse=TimeSignature.from_name, metavar="N/N", help="metre, such as 3/4"
    )
    tempo: float = option(DEFAULT_TEMPO_BPM, within=(10, 400), help="quarter notes a minute")
    phrases: tuple[int, ...] | None = option(
        None, parse=read_phrases, metavar="N+N...", help="bars of each phrase, such as 4+4+4+4"
    )
    cadence: bool = option(True, help="end with a chord on the tonic")
    primer: Path | None = option(None, help="a file whose music the piece begins with")


@command(PROG)
def main(argv: Arguments) -> None:
    """Compose as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    options, writing, leading, rendering = parse(
        parser(PROG, DESCRIPTION, ComposeOptions, WritingOptions, VoiceLeading, Rendering), argv
    )
    # whatever can be refused without the network is refused before it is loaded
    paths = paths_of(writing, rendering, "composed")
    outline = make_outline(options.bars, time_signature=options.time_signature, phrases=options.phrases)
    primer = None if options.primer is None else read_score(options.primer)
    model = load_model(writing)
    from biaxial.tasks.drawing import Drawing

    drawing = drawing_of(writing, leading, Drawing(), cadence=options.cadence)
    steps = outline.length_ticks * model.network.config.steps_per_quarter // outline.ticks_per_quarter
    write_pieces(
        writing,
        rendering,
        paths,
        started,
        steps,
        lambda seed, progress: model.compose_many(
            writing.num_outputs,
            options.bars,
            key=options.key,
            time_signature=options.time_signature,
            tempo_bpm=options.tempo,
            phrases=options.phrases,
            primer=primer,
            seed=seed,
            drawing=drawing,
            progress=progress,
        ),
    )
