"""``biaxial-evaluate``: the exact likelihood of music under a model, or a judgement of it beside a corpus."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import Arguments, command
from biaxial.cli.compose import is_event_weights
from biaxial.cli.options import REQUIRED, given, option, parser
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.likelihood.corpus_nats import Evaluation
    from biaxial.likelihood.token_corpus_nats import StringEvaluation
    from biaxial.metrics.figures.report import Figure

PROG = "biaxial-evaluate"
DESCRIPTION = (
    "Print the exact likelihood of music under a model: nats per frame, by the chain rule, over every frame. With "
    "--against, judge each piece beside a corpus: voice leading, harmony, statistics, likelihood, novelty."
)
_HEADINGS = ("pieces", "frames", "nats per frame", "roll alone", "per note", "moving frames", "still frames")
_STRING_HEADINGS = ("pieces", "frames", "events", "nats per frame", "per quarter", "per event", "per note")


def read_paths(text: str) -> tuple[Path, ...]:
    """Paths separated by commas.

    Raises
    ------
    ValueError
        If there is none.
    """
    paths = tuple(Path(part.strip()) for part in text.split(",") if part.strip())
    if not paths:
        raise ValueError(f"{text!r} names no weights; give one path, or several with commas between them")
    return paths


@dataclass(frozen=True)
class EvaluateOptions:
    """What to score, and with which weights."""

    data: Path = option(
        REQUIRED,
        positional=True,
        metavar="DATA",
        help="a .json file of frames (a dictionary of splits, or one list of pieces; without voices it is taken to "
        "stand in C), a folder of music, or a prepared .npz file",
    )
    checkpoint: tuple[Path, ...] | None = option(
        None,
        parse=read_paths,
        metavar="PATH,...",
        help="weights; several are averaged cell by cell (default: the shipped ones)",
    )
    against: Path | None = option(
        None,
        metavar="CORPUS",
        help="judge every piece of DATA beside a folder of music, or beside 'bach', whose chorales the package knows",
    )
    output: Path | None = option(None, short="-o", metavar="PAGE", help="with --against: the HTML page to write")
    run: Path | None = option(None, metavar="FOLDER", help="with --output: the run whose learning curve is shown")
    split: Literal["train", "valid", "test"] | None = option(None, help="score only this split (default: all)")
    device: str = option("auto", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["float32", "bfloat16"] = option(
        "float32", help="with --against: bfloat16 is faster where the processor has units for it, and nearly as exact"
    )
    json: bool = option(False, help="print one JSON object")
    quiet: bool = option(False, short="-q", help="no progress bar")


@command(PROG)
def main(argv: Arguments) -> None:
    """Score what the command line names, and print the figures."""
    from biaxial.cli.common import progress_bar
    from biaxial.cli.reading import check_reading, read_corpus  # these load PyTorch
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.corpora.splits import SPLITS
    from biaxial.likelihood.corpus_nats import check_networks, evaluate
    from biaxial.tasks.model import load

    values = given(parser(PROG, DESCRIPTION, EvaluateOptions, ReadConfig), argv)
    options, reading = EvaluateOptions(**values[EvaluateOptions]), ReadConfig(**values[ReadConfig])
    reads = values[ReadConfig].keys() - ({"part"} if options.against is not None else set())  # one file has parts too
    check_reading(reads, options.data, options.against)
    if options.against is not None:
        from biaxial.cli.judging import judge

        judge(options, reading)
        return
    for name in ("output", "run"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} belongs to --against CORPUS, which says what the pieces are judged beside")
    if any(is_event_weights(path) for path in options.checkpoint or ()):
        _evaluate_strings(options, reading)
        return
    networks = [load(path, options.device).network for path in options.checkpoint or (None,)]
    config = check_networks(networks)
    corpus = read_corpus(options.data, config.steps_per_quarter, options.quiet, reading)
    splits = SPLITS if options.split is None else (options.split,)
    total = sum(piece.num_steps for piece in corpus.pieces if piece.split in splits)
    if not total:
        held = ", ".join(split for split in SPLITS if corpus.split(split))
        raise InputError(f"{options.data}: no pieces of the split {options.split!r}; it has {held}")
    with progress_bar(total, " frames", quiet=options.quiet) as advance:
        found = evaluate(networks, corpus, splits, advance)
    whole = found[-1] if len(splits) > 1 else found[0]
    if options.json:
        print(json.dumps({**_plain(whole), "splits": {each.label: _plain(each) for each in found}}))
        return
    print(f"| {' | '.join(('', *_HEADINGS))} |\n|{'---|' * (len(_HEADINGS) + 1)}")
    for each in found:
        print(f"| {' | '.join((each.label, *_cells(each)))} |")
    for each in found:
        if each.impossible and each.label in SPLITS:
            names = ", ".join(each.impossible)
            note = f"{each.label}: likelihood zero, pitches outside {config.low_pitch} to {config.high_pitch}: {names}"
            if len(each.impossible) < each.num_pieces:
                note += f". Without them {_text(each.nats.per_step)} nats per frame"
            print(note, file=sys.stderr)


def _evaluate_strings(options: EvaluateOptions, reading: ReadConfig) -> None:
    """Score with the weights of a token LSTM, and print the figures."""
    from biaxial.cli.common import progress_bar
    from biaxial.cli.reading import read_corpus
    from biaxial.corpora.splits import SPLITS
    from biaxial.likelihood.token_corpus_nats import evaluate_strings
    from biaxial.tasks.token_model import load_events

    assert options.checkpoint is not None
    if len(options.checkpoint) > 1:
        raise InputError("melody and chord weights are not averaged; give one path")
    network = load_events(options.checkpoint[0], "cpu" if options.device == "auto" else options.device).network
    corpus = read_corpus(options.data, network.config.steps_per_quarter, options.quiet, reading)
    splits = SPLITS if options.split is None else (options.split,)
    total = sum(piece.num_steps for piece in corpus.pieces if piece.split in splits)
    if not total:
        held = ", ".join(split for split in SPLITS if corpus.split(split))
        raise InputError(f"{options.data}: no pieces of the split {options.split!r}; it has {held}")
    with progress_bar(total, " frames", quiet=options.quiet) as advance:
        found = evaluate_strings(network, corpus, splits, advance)
    if options.json:
        plain = {each.label: _plain_string(each) for each in found}
        print(json.dumps({**plain[found[-1].label], "splits": plain}))
        return
    print(f"| {' | '.join(('', *_STRING_HEADINGS))} |\n|{'---|' * (len(_STRING_HEADINGS) + 1)}")
    for each in found:
        figures = (each.per_frame, each.per_quarter, each.per_event, each.per_note)
        counts = (each.num_pieces, each.num_frames, each.num_events)
        print(f"| {' | '.join((each.label, *map(str, counts), *map(_text, figures)))} |")


def _plain_string(found: StringEvaluation) -> dict[str, Any]:
    """Plain values of an evaluation."""
    values: dict[str, Any] = {
        f"nats_per_{name}": getattr(found, f"per_{name}").value
        for name in ("frame", "quarter", "token", "event", "note")
    }
    counts = {
        f"num_{name}": getattr(found, f"num_{name}") for name in ("pieces", "frames", "tokens", "events", "notes")
    }
    error = found.per_frame.standard_error
    return {**values, "standard_error": error if math.isfinite(error) else None, **counts}


def _cells(found: Evaluation) -> tuple[str, ...]:
    impossible = bool(found.impossible)
    figures = (found.nats.per_step, found.roll, found.nats.per_note, found.nats.moving, found.nats.still)
    return str(found.num_pieces), str(found.num_frames), *("infinite" if impossible else _text(f) for f in figures)


def _text(figure: Figure) -> str:
    error = "" if math.isnan(figure.standard_error) else f" ± {figure.standard_error:.4f}"
    return f"{figure.value:.4f}{error}"


def _plain(found: Evaluation) -> dict[str, Any]:
    """Plain values; what is infinite or undefined is null, since JSON has no other word for it."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    values: dict[str, Any] = {
        "nats_per_frame": number(found.nats_per_frame),
        "standard_error": None if found.impossible else number(found.nats.per_step.standard_error),
        "nats_per_note": number(found.nats_per_note),
        "nats_per_frame_roll": None if found.impossible else number(found.roll.value),
        "nats_per_moving_frame": None if found.impossible else number(found.nats.moving.value),
        "nats_per_still_frame": None if found.impossible else number(found.nats.still.value),
        "num_frames": found.num_frames,
        "num_notes": found.num_notes,
        "num_moving_frames": None if found.impossible else int(found.nats.moving.total),
        "num_pieces": found.num_pieces,
        "num_impossible_pieces": len(found.impossible),
        "impossible_pieces": list(found.impossible),
        "nats_per_frame_of_possible_pieces": number(found.nats.per_step.value),
    }
    return values
