"""``biaxial-evaluate``: the exact likelihood of music under a model, or a judgement of it beside a corpus."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import Arguments, command
from biaxial.cli.options import REQUIRED, given, option, parser
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.likelihood.corpus_nats import Evaluation
    from biaxial.metrics.figures.report import Figure
    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.tokens.network import SequenceLSTM

PROG = "biaxial-evaluate"
DESCRIPTION = (
    "Print the exact likelihood of music under a model: nats per frame, by the chain rule, over every frame. With "
    "--against, judge each piece beside a corpus: voice leading, harmony, statistics, likelihood, novelty."
)
_HEADINGS = {
    "frame": "nats per frame",
    "roll": "roll alone",
    "note": "per note",
    "moving": "moving frames",
    "still": "still frames",
}
_STRING_HEADINGS = {"frame": "nats per frame", "quarter": "per quarter", "event": "per event", "note": "per note"}
_NAMES = {"roll": "frame_roll", "moving": "moving_frame", "still": "still_frame"}
"""What some figures are called in JSON."""


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
    from biaxial.tokens.config import SequenceConfig

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
    networks = [_network(path, options.device) for path in options.checkpoint or (None,)]
    check_networks(networks)
    config = networks[0].config
    headings = _STRING_HEADINGS if isinstance(config, SequenceConfig) else _HEADINGS
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
        print(json.dumps({**_plain(whole, headings), "splits": {each.label: _plain(each, headings) for each in found}}))
        return
    counts = ("pieces", "frames", "events") if "event" in headings else ("pieces", "frames")
    columns = ("", *counts, *headings.values())
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for each in found:
        print(f"| {' | '.join((each.label, *_cells(each, headings)))} |")
    for each in found:
        if each.impossible and each.label in SPLITS and not isinstance(config, SequenceConfig):
            names = ", ".join(each.impossible)
            note = f"{each.label}: likelihood zero, pitches outside {config.low_pitch} to {config.high_pitch}: {names}"
            if len(each.impossible) < each.num_pieces:
                note += f". Without them {_text(each.figures['frame'])} nats per frame"
            print(note, file=sys.stderr)


def _network(path: Path | None, device: str) -> BiaxialLSTM | SequenceLSTM:
    """The network of weights of any kind, the shipped ones by default."""
    from biaxial.tasks.loading import load

    return load(path, device).network


def _cells(found: Evaluation, headings: dict[str, str]) -> tuple[str, ...]:
    """The cells of a row after its label."""
    counts = [found.num_pieces, found.num_frames]
    if "event" in headings:
        counts.append(int(found.figures["event"].total))
    figures = ("infinite" if found.impossible else _text(found.figures[name]) for name in headings)
    return *map(str, counts), *figures


def _text(figure: Figure) -> str:
    error = "" if math.isnan(figure.standard_error) else f" ± {figure.standard_error:.4f}"
    return f"{figure.value:.4f}{error}"


def _plain(found: Evaluation, headings: dict[str, str]) -> dict[str, Any]:
    """Plain values; what is infinite or undefined is null, since JSON has no other word for it."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    possible = found.figures.get("frame")
    values: dict[str, Any] = {
        f"nats_per_{_NAMES.get(name, name)}": number(found.nats_per(name)) for name in (*headings, *found.figures)
    }
    values |= {
        "standard_error": None if possible is None or found.impossible else number(possible.standard_error),
        "num_frames": found.num_frames,
        "num_notes": found.num_notes,
        "num_pieces": found.num_pieces,
        "num_impossible_pieces": len(found.impossible),
        "impossible_pieces": list(found.impossible),
        "nats_per_frame_of_possible_pieces": None if possible is None else number(possible.value),
    }
    for name in ("moving", "token", "event"):
        if name in headings or name in found.figures:
            count = None if found.impossible else int(found.figures[name].total)
            values[f"num_{_NAMES.get(name, name)}s"] = count
    return values
