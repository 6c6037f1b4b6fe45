"""``biaxial-compose``: compose pieces and write them as files.

The weights of a token LSTM write tunes, or notes and chords; with ``--tune-by`` they write tunes that others harmonise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from biaxial.cli.common import Arguments, verb
from biaxial.cli.options import option, parse, parser
from biaxial.cli.sharding import ShardOptions, check_shards, resume, resumes, write_shards
from biaxial.cli.writing import (
    WritingOptions,
    check_inputs,
    drawing_of,
    load_model,
    paths_of,
    read_piece,
    seed_of,
    write_pieces,
    write_plan,
)
from biaxial.files.weights_file import weights_kind, weights_path
from biaxial.music.errors import InputError
from biaxial.music.score import Key, TimeSignature
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.outline import MAX_BARS, make_outline, read_phrases
from biaxial.tasks.plans.planned_phrases import PhraseOptions

if TYPE_CHECKING:
    from biaxial.jobs.order import Verb
    from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
    from biaxial.tasks.piece import Piece
    from biaxial.tokens.token_stepper import TokenOptions

PROG = "biaxial-compose"
STEM = "composed"
DEFAULT_BARS = 16
DESCRIPTION = (
    "Compose four-part chorales, or with other weights tunes and chords, and write them as MIDI, pages or sound."
)
_EXPECTED_EVENTS = 64
"""What a progress bar takes a tune to have that ends by itself."""


@dataclass(frozen=True)
class ComposeOptions:
    """What to compose."""

    bars: int | None = option(
        None,
        within=(1, MAX_BARS),
        help="length of a piece in bars, the primer's among them; the last one is an ending (default: 16)",
    )
    events: int | None = option(
        None,
        within=(1, 20_000),
        help="by melody or chord weights: most notes, chords and rests of a piece (default: they end it themselves)",
    )
    key: Key | None = option(
        None,
        parse=Key.from_name,
        metavar="KEY",
        help="key of the piece, such as 'G major' or 'F# minor' (default: the primer's, or drawn by the seed)",
    )
    time_signature: TimeSignature | None = option(
        None,
        parse=TimeSignature.from_name,
        metavar="N/N",
        help="metre, such as 3/4 (default: 4/4; by melody and chord weights drawn by the seed)",
    )
    tempo: float | None = option(
        None, within=(10, 400), help="quarter notes a minute (default: the primer's, or 76, or 96 for tunes)"
    )
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
    primer: Path | None = option(
        None, help="a file whose music the piece begins with, in its key and tempo, and under its title"
    )
    nearest_chords: bool = option(
        False, help="chords of the primer that chord weights do not know become the nearest that they know"
    )
    top_p: float = option(
        1.0, within=(0.01, 1), help="by melody or chord weights: draw among the likeliest tokens of this probability"
    )
    loops: bool = option(False, help="by melody or chord weights: do not break a cycle of a few events that repeats")
    tune_by: Path | None = option(
        None, metavar="WEIGHTS", help="melody weights that write a tune, which is then harmonised in four parts"
    )


class Asked(NamedTuple):
    """The command line."""

    options: ComposeOptions
    writing: WritingOptions
    leading: VoiceLeading
    rendering: Rendering
    sharding: ShardOptions
    started: float

    def check(self) -> list[list[Path]]:
        """Refuse what can be refused without the network; the files of each piece, none where they go to shards."""
        if self.sharding.is_asked:
            check_inputs(self.writing, self.rendering)
            check_shards(self.sharding, self.writing.output, self.rendering, self.writing.seed is not None)
            return []
        return paths_of(self.writing, self.rendering, STEM)

    def write_shards(
        self, verb: Verb, plan: dict[str, Any], drawing: dict[str, Any], tunes: Path | None = None
    ) -> None:
        """Draw into shards."""
        write_shards(
            self.sharding,
            self.writing,
            self.rendering,
            command=PROG,
            stem=STEM,
            verb=verb,
            plan=plan,
            seed=seed_of(self.writing),
            drawing=drawing,
            tunes=tunes,
        )


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Compose as the command line says, write the files, and print what was written."""
    started = time.perf_counter()
    if resumes(argv):
        resume(argv, prog, PROG)
        return
    built = parser(prog, DESCRIPTION, ComposeOptions, WritingOptions, VoiceLeading, Rendering, ShardOptions)
    options, writing, leading, rendering, sharding = parse(built, argv)
    asked = Asked(options, writing, leading, rendering, sharding, started)
    paths = asked.check()
    if options.tune_by is not None:
        _compose_on_tunes(asked, options.tune_by, paths)
    elif writing.checkpoint is not None and is_event_weights(writing.checkpoint):
        _compose_events(asked, writing.checkpoint, paths)
    else:
        _compose_chorales(asked, paths)


def _compose_chorales(asked: Asked, paths: list[list[Path]]) -> None:
    """Compose with biaxial weights, write the files, and print what was written."""
    options, writing = asked.options, asked.writing
    _refuse_event_options(options)
    bars, metre = options.bars or DEFAULT_BARS, options.time_signature or TimeSignature()
    make_outline(bars, time_signature=metre, phrases=options.phrases)
    said = PhraseOptions(options.phrases, options.pickup, options.form, options.plan)
    if not said.is_plain:
        said.wish(bars, metre)
    plan: dict[str, Any] = {
        "bars": bars,
        "key": options.key,
        "time_signature": metre,
        "tempo_bpm": options.tempo,
        "phrases": options.phrases,
        "pickup": options.pickup,
        "form": options.form,
        "plan": options.plan,
        "primer": None if options.primer is None else read_piece(options.primer, quiet=writing.json),
    }
    if asked.sharding.is_asked:
        from biaxial.tasks.drawing.sampling_options import SamplingOptions

        asked.write_shards("compose", plan, asdict(_drawing(asked, SamplingOptions())))
        return
    model = load_model(writing)
    from biaxial.tasks.drawing.sampling_options import SamplingOptions

    planned = model.plan_composition(
        **plan, n=writing.num_outputs, seed=seed_of(writing), drawing=_drawing(asked, SamplingOptions())
    )
    write_plan(model, planned, writing, asked.rendering, paths, asked.started)


def _drawing(asked: Asked, default: SamplingOptions) -> SamplingOptions:
    return drawing_of(asked.writing, asked.leading, default, cadence=asked.options.cadence)


def is_event_weights(path: Path) -> bool:
    """Whether weights are those of a token LSTM."""
    return weights_kind(weights_path(path)) != "biaxial"


def _refuse_event_options(options: ComposeOptions) -> None:
    """Refuse what only the weights of a token LSTM can do.

    Raises
    ------
    InputError
        With the option.
    """
    given = {
        "events": options.events is not None,
        "nearest-chords": options.nearest_chords,
        "top-p": options.top_p < 1,
        "loops": options.loops,
    }
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise InputError(f"--{wrong[0]} is for melody and chord weights; leave it out")


def _compose_events(asked: Asked, weights: Path, paths: list[list[Path]]) -> None:
    """Compose with melody or chord weights, write the files, and print what was written."""
    options, writing = asked.options, asked.writing
    for name in ("bars", "phrases", "pickup", "form", "plan"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for chorales; give melody and chord weights --events, or let them end")
    for name in ("density", "min_voices", "max_voices", "ranges", "particles", "lookahead", "style", "threads"):
        if getattr(writing, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} is for biaxial weights; leave it out")
    plain = writing.best_of == 1 and options.cadence and writing.precision == "float32" and not writing.draft
    if not plain or asked.leading != VoiceLeading():
        raise InputError(
            "--best-of, --draft, --no-cadence, --precision and the weights of voice leading are for biaxial weights; "
            "leave them out"
        )
    plan: dict[str, Any] = {
        "events": options.events,
        "key": options.key,
        "time_signature": options.time_signature,
        "tempo_bpm": options.tempo,
        "primer": None if options.primer is None else read_piece(options.primer, quiet=writing.json),
        "nearest_chords": options.nearest_chords,
    }
    drawing = _token_options(options, writing)
    if asked.sharding.is_asked:
        asked.write_shards("compose tokens", plan, asdict(drawing))
        return
    from biaxial.tasks.loading import load_token_model

    model = load_token_model(weights, writing.device)
    planned = model.plan_composition(**plan, n=writing.num_outputs, seed=seed_of(writing), drawing=drawing)
    events = writing.num_outputs * (options.events or _EXPECTED_EVENTS)

    def draw(progress: Progress) -> Iterator[Piece]:
        return model.draw(planned, progress)

    write_pieces(writing, asked.rendering, paths, asked.started, events, draw, unit=" events")


def _compose_on_tunes(asked: Asked, weights: Path, paths: list[list[Path]]) -> None:
    """Let one model write tunes and another one harmonise them, write the files, and print what was written."""
    options, writing = asked.options, asked.writing
    for name in ("bars", "phrases", "pickup", "form", "plan", "primer"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for pieces without --tune-by; leave one of them out")
    if options.nearest_chords:
        raise InputError("--nearest-chords is for a primer, which a tune does not have; leave it out")
    kind = weights_kind(weights_path(weights))
    if kind not in ("melody", "biaxial"):
        raise InputError(f"{weights}: holds a {kind} model; --tune-by needs melody weights")
    plan: dict[str, Any] = {
        "events": options.events,
        "key": options.key,
        "time_signature": options.time_signature,
        "tempo_bpm": options.tempo,
    }
    tune_drawing = _token_options(options, replace(writing, temperature=None))  # -t is that of the other voices
    if asked.sharding.is_asked:
        from biaxial.tasks.drawing.sampling_options import HARMONISING

        drawing = {**asdict(_drawing(asked, HARMONISING)), "tune": asdict(tune_drawing)}
        asked.write_shards("compose on tunes", plan, drawing, weights)
        return
    from biaxial.tasks.loading import load_token_model

    tunes = load_token_model(weights, "cpu")
    model = load_model(writing)
    from biaxial.tasks.drawing.sampling_options import HARMONISING
    from biaxial.tasks.harmonised_tunes import harmonised_tunes

    def draw(progress: Progress) -> Iterator[Piece]:
        return harmonised_tunes(
            model,
            tunes,
            writing.num_outputs,
            **plan,
            seed=seed_of(writing),
            tune_drawing=tune_drawing,
            drawing=_drawing(asked, HARMONISING),
            progress=progress,
        )

    steps = writing.num_outputs * 4 * (options.events or _EXPECTED_EVENTS)
    write_pieces(writing, asked.rendering, paths, asked.started, steps, draw)


def _token_options(options: ComposeOptions, writing: WritingOptions) -> TokenOptions:
    from biaxial.tokens.token_stepper import TokenOptions

    drawing = TokenOptions(top_p=options.top_p, min_p=writing.min_p, guard=not options.loops)
    return drawing if writing.temperature is None else replace(drawing, temperature=writing.temperature)
