"""``biaxial-compose``: compose pieces and write them as files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from biaxial.cli.common import Arguments, command
from biaxial.cli.composing import compose_events, compose_on_tunes, is_event_weights, refuse_event_options
from biaxial.cli.options import option, parse, parser
from biaxial.cli.writing import WritingOptions, drawing_of, load_model, paths_of, seed_of, write_plan
from biaxial.formats.read import read_score
from biaxial.music.score import Key, TimeSignature
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.outline import DEFAULT_TEMPO_BPM, MAX_BARS, make_outline, read_phrases
from biaxial.tasks.plans.planned_phrases import PhraseOptions

PROG = "biaxial-compose"
DEFAULT_BARS = 16
DESCRIPTION = "Compose four-part chorales, or tunes and chords with such weights, and write them as MIDI."


@dataclass(frozen=True)
class ComposeOptions:
    """What to compose."""

    bars: int | None = option(
        None, within=(1, MAX_BARS), help="length of a piece in bars; the last one is an ending (default: 16)"
    )
    events: int | None = option(
        None,
        within=(1, 20_000),
        help="most notes, chords and rests of a piece by melody or chord weights (default: they end it themselves)",
    )
    key: Key | None = option(
        None, parse=Key.from_name, metavar="KEY", help="such as 'G major' or 'F# minor' (default: drawn by the seed)"
    )
    time_signature: TimeSignature | None = option(
        None,
        parse=TimeSignature.from_name,
        metavar="N/N",
        help="metre, such as 3/4 (default: 4/4; by melody and chord weights drawn by the seed)",
    )
    tempo: float | None = option(None, within=(10, 400), help="quarter notes a minute (default: 76, or 96 for tunes)")
    phrases: tuple[int, ...] | None = option(
        None, parse=read_phrases, metavar="N+N...", help="bars of each phrase, such as 4+4+4+4 (default: drawn)"
    )
    pickup: float | None = option(
        None, within=(0, 64), help="quarter notes before the first bar, 0 for none (default: drawn)"
    )
    form: str | None = option(
        None, metavar="LETTERS", help="phrases that come again, such as AABC; A' is A's melody alone (default: drawn)"
    )
    plan: str | None = option(
        None,
        metavar="PLAN",
        help="how phrases close, such as 'I:half V:auth vi I:auth' (default: drawn; none: equal phrases, no pickup)",
    )
    cadence: bool = option(True, help="end with a chord on the tonic")
    primer: Path | None = option(None, help="a file whose music the piece begins with")
    nearest_chords: bool = option(
        False, help="chords of the primer that chord weights do not know become the nearest that they know"
    )
    top_p: float = option(
        1.0, within=(0.01, 1), help="draw among the likeliest tokens of this probability (melody and chord weights)"
    )
    loops: bool = option(False, help="do not break a cycle of a few events that repeats (melody and chord weights)")
    tune_by: Path | None = option(
        None, metavar="WEIGHTS", help="melody weights that write a tune, which is then harmonised in four parts"
    )


@command(PROG)
def main(argv: Arguments) -> None:
    """Compose as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    options, writing, leading, rendering = parse(
        parser(PROG, DESCRIPTION, ComposeOptions, WritingOptions, VoiceLeading, Rendering), argv
    )
    # whatever can be refused without the network is refused before it is loaded
    paths = paths_of(writing, rendering, "composed")
    if options.tune_by is not None:
        compose_on_tunes(options, writing, leading, rendering, paths, started)
        return
    if writing.checkpoint is not None and is_event_weights(writing.checkpoint):
        compose_events(options, writing, leading, rendering, paths, started)
        return
    refuse_event_options(options)
    bars, metre = options.bars or DEFAULT_BARS, options.time_signature or TimeSignature()
    tempo = options.tempo or DEFAULT_TEMPO_BPM
    make_outline(bars, time_signature=metre, phrases=options.phrases)
    said = PhraseOptions(options.phrases, options.pickup, options.form, options.plan)
    if not said.is_plain:
        said.wish(bars, metre)
    primer = None if options.primer is None else read_score(options.primer)
    model = load_model(writing)
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

    drawing = drawing_of(writing, leading, SamplingOptions(), cadence=options.cadence)
    plan = model.plan_composition(
        bars,
        key=options.key,
        time_signature=metre,
        tempo_bpm=tempo,
        phrases=options.phrases,
        pickup=options.pickup,
        form=options.form,
        plan=options.plan,
        primer=primer,
        n=writing.num_outputs,
        seed=seed_of(writing),
        drawing=drawing,
    )
    write_plan(model, plan, writing, rendering, paths, started)
