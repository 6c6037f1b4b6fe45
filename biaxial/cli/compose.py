"""``biaxial-compose``: compose pieces and write them as files."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from biaxial.cli.common import Arguments, command, progress_bar
from biaxial.cli.options import option, parse, parser
from biaxial.cli.outputs import output_paths
from biaxial.io.midi import read_midi
from biaxial.score import Key, TimeSignature
from biaxial.tasks.outline import DEFAULT_TEMPERATURE, DEFAULT_TEMPO_BPM, MAX_BARS, make_outline, read_phrases

PROG = "biaxial-compose"
DESCRIPTION = "Compose four-part chorales and write them as MIDI."
STEM = "composed"


@dataclass(frozen=True)
class ComposeOptions:
    """What to compose, and where to write it."""

    bars: int = option(16, within=(1, MAX_BARS), help="length of a piece in bars; the last one is an ending")
    output: Path | None = option(
        None, short="-o", help=f"file to write; with -n above 1 a folder (default: {STEM}.mid, or {STEM}/)"
    )
    num_outputs: int = option(
        1, short="-n", within=(1, 9999), help="how many pieces; each one's seed is the next number"
    )
    seed: int | None = option(
        None, within=(0, 2**63 - 1), help="the random number; the same one gives the same piece (default: a new one)"
    )
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
    temperature: float = option(
        DEFAULT_TEMPERATURE,
        short="-t",
        within=(0.4, 2),
        help="above 1 more adventurous, below 1 more usual, with as many notes",
    )
    density: float | None = option(
        None, within=(-3, 3), help="above 0 more notes, below 0 fewer (default: what the weights carry)"
    )
    min_p: float = option(0.0, within=(0, 0.99), help="leave out events less likely than this")
    cadence: bool = option(True, help="end with a chord on the tonic")
    min_voices: int | None = option(None, within=(0, 128), help="how many voices sound at least at any time")
    max_voices: int | None = option(None, within=(0, 128), help="how many voices sound at most at any time")
    primer: Path | None = option(None, help="a MIDI file whose music the piece begins with")
    checkpoint: Path | None = option(None, help="weights to use (default: those in the package)")
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", help="where the weights go; frames are drawn on the CPU"
    )
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


@dataclass(frozen=True)
class Written:
    """A piece that was written; the fields are the keys of ``--json``."""

    path: str
    seed: int
    model: str
    num_steps: int
    nats: float
    nats_per_step: float


@command(PROG)
def main(argv: Arguments) -> None:
    """Compose as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    (options,) = parse(parser(PROG, DESCRIPTION, ComposeOptions), argv)
    written = run(options)
    if options.json:
        pieces = [asdict(piece) for piece in written]
        print(json.dumps({"pieces": pieces, "seconds": round(time.perf_counter() - started, 3)}))
    else:
        for piece in written:
            print(f"{piece.path}: seed {piece.seed}, {piece.nats_per_step:.3f} nats per step")


def run(options: ComposeOptions) -> list[Written]:
    """Compose and write; whatever can be refused without the network is refused before it is loaded."""
    paths = output_paths(options.output, options.num_outputs, STEM)
    outline = make_outline(options.bars, time_signature=options.time_signature, phrases=options.phrases)
    primer = None if options.primer is None else read_midi(options.primer)

    import torch  # from here on PyTorch is loaded

    from biaxial.tasks.compose import Drawing
    from biaxial.tasks.model import load

    torch.set_num_threads(1)  # a frame is too small for two, and two collapse where something else holds a core
    model = load(options.checkpoint, "cpu" if options.device == "auto" else options.device)
    total = outline.length_ticks * model.network.config.steps_per_quarter // outline.ticks_per_quarter
    written = []
    with progress_bar(options.num_outputs * total, " steps", quiet=options.quiet) as advance:
        pieces = model.compose_many(
            options.num_outputs,
            options.bars,
            key=options.key,
            time_signature=options.time_signature,
            tempo_bpm=options.tempo,
            phrases=options.phrases,
            primer=primer,
            seed=secrets.randbelow(2**32) if options.seed is None else options.seed,
            drawing=Drawing(
                options.temperature,
                options.density,
                options.min_p,
                options.cadence,
                min_voices=options.min_voices,
                max_voices=options.max_voices,
            ),
            progress=advance,
        )
        for path, piece in zip(paths, pieces, strict=True):
            if options.num_outputs > 1:
                path.parent.mkdir(parents=True, exist_ok=True)
            piece.save(path)
            nats, num_steps = piece.likelihood.nats, piece.likelihood.num_steps
            written.append(Written(str(path), piece.seed, piece.model, num_steps, nats, piece.nats_per_step))
    return written
