"""Judging for ``biaxial-evaluate --against``: pieces beside a corpus, here or in shards by workers."""

from __future__ import annotations

import dataclasses
import heapq
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from biaxial.cli.common import progress_bar
from biaxial.corpora.splits import is_folder
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.cli.evaluate import EvaluateOptions
    from biaxial.cli.sharding import ShardOptions
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.jobs.driver import Outcome
    from biaxial.jobs.order import Order
    from biaxial.judge.compare import Row
    from biaxial.judge.judge import Judgement
    from biaxial.judge.reference import Reference, Teller
    from biaxial.music.score import Score

BACH: Final = "bach"
"""What ``--against`` calls the corpus that the package knows."""
PIECES_OF_A_SHARD: Final = 100
"""How many judgements go to a shard unless the command line says how many shards there are."""
NEAREST: Final = 10
"""How many pieces of a folder of judgements are printed."""


def judge(options: EvaluateOptions, reading: ReadConfig) -> None:
    """Judge what the command line names.

    Raises
    ------
    InputError
        If nothing of it can be read.
    """
    assert options.against is not None
    from biaxial.files.atomic import atomic_write
    from biaxial.judge.compare import compare, grades_table, measures_table
    from biaxial.judge.judge import Judge
    from biaxial.judge.page import page
    from biaxial.tasks.loading import load_model
    from biaxial.training.curve import read_metrics

    curve = None if options.run is None else read_metrics(options.run / "metrics.csv")
    model = load_model(options.checkpoint[0] if options.checkpoint else None, options.device)
    network = model.teller(precision=options.precision)
    pieces = _pieces(options, network.config.steps_per_quarter, reading)
    reference = _reference(options.against, pieces, network, options, reading)
    steps = sum(score.length_ticks * network.config.steps_per_quarter // score.ticks_per_quarter for _, score in pieces)
    with progress_bar(steps, " frames", quiet=options.quiet) as advance:
        found = Judge(reference, network, options.precision).judge(pieces, advance)
    if options.output is not None:
        title = f"{options.data.name or 'Music'} beside {reference.name}"
        atomic_write(options.output, page(found, reference, title, curve).encode())
    if options.json:
        print(json.dumps(plain_judgements(found, reference), allow_nan=False))
        return
    print(measures_table(compare(found, reference), reference.name), grades_table(found), sep="\n\n")
    for remark in dict.fromkeys(f"{each.name}: {remark}" for each in found for remark in each.remarks):
        print(f"note: {remark}", file=sys.stderr)
    if options.output is not None:
        print(f"\n{options.output}: the page of all this")


def _pieces(options: EvaluateOptions, steps_per_quarter: int, reading: ReadConfig) -> list[tuple[str, Score]]:
    """The pieces of a folder, or a single file."""
    from biaxial.cli.reading import read_items
    from biaxial.formats.melody_file import read_part

    data = options.data
    if is_folder(data):
        return [(item.name, item.score) for item in read_items(data, steps_per_quarter, options.quiet, reading)]
    score = read_part(data, reading.part, reading.repeats)
    if not score.notes:
        raise InputError(f"{data}: it has no notes; give music")
    return [(data.stem, score)]


def _reference(
    against: Path,
    pieces: list[tuple[str, Score]],
    network: Teller,
    options: EvaluateOptions,
    reading: ReadConfig,
) -> Reference:
    from biaxial.cli.reading import read_items
    from biaxial.judge.reference import cut_of, measure_corpus, shipped_reference

    if is_shipped(against):
        return shipped_reference()
    cuts = sorted({cut_of(len(score.bar_starts())) for _, score in pieces})
    if is_folder(options.data):  # the verdicts are those of its files
        reading = dataclasses.replace(reading, verdicts=None)
    items = read_items(against, network.config.steps_per_quarter, options.quiet, reading)
    measured = sum(item.split == "train" for item in items) or len(items)
    with progress_bar(measured * len(cuts), " pieces of the corpus", quiet=options.quiet) as advance:
        return measure_corpus(against.name, items, cuts, network, options.precision, advance)


def plain_judgements(found: list[Judgement], reference: Reference) -> dict[str, Any]:
    """Everything in plain values; what does not apply is left out or null."""
    from biaxial.judge.compare import compare, most_common_cut
    from biaxial.judge.wording import plain_judgement

    rows = plain_rows(compare(found, reference))
    return {**_heading(reference, most_common_cut(found)), **rows, "pieces": [plain_judgement(each) for each in found]}


def _heading(reference: Reference, bars: int) -> dict[str, Any]:
    return {"corpus": reference.name, "num_corpus_pieces": len(reference.pieces), "bars": bars}


def plain_rows(rows: list[Row]) -> dict[str, Any]:
    """The table of measures in plain values."""
    return {
        "measures": {
            row.measure: {
                "mean": finite(row.mean),
                "standard_error": finite(row.standard_error),
                "corpus_mean": finite(row.corpus_mean),
                "corpus_deviation": finite(row.corpus_deviation),
                "deviations": finite(row.standard),
                "more_often": finite(row.more_often),
                "num_pieces": row.num_pieces,
            }
            for row in rows
        }
    }


def finite(value: float) -> float | None:
    """A plain value; what is infinite or undefined is null, since JSON has no other word for it."""
    return value if math.isfinite(value) else None


def judge_shards(options: EvaluateOptions, reading: ReadConfig, sharding: ShardOptions) -> None:
    """Judge in shards, by workers; the judgements go to a folder, and the table is printed.

    Raises
    ------
    InputError
        If nothing can be judged, or the run ends before its time.
    """
    assert options.against is not None
    from biaxial.cli.sharding import checksums, make_shards
    from biaxial.files.atomic import make_new_folder
    from biaxial.files.weights_file import DEFAULT
    from biaxial.jobs.order import Order, Weights

    given = checksums(options.data)
    weights = Weights.of(options.checkpoint[0] if options.checkpoint else DEFAULT)
    folder = options.output or make_new_folder(Path("judged"))
    folder.mkdir(parents=True, exist_ok=True)
    measured = "" if is_shipped(options.against) else _measured(options, reading, folder)
    order = Order(
        "biaxial-evaluate",
        "judge",
        {"reference": measured, "precision": options.precision},
        0,
        len(given),
        sharding.shards or -(-len(given) // PIECES_OF_A_SHARD),
        (weights,),
        1,
        str(options.data.resolve()),
        given,
        {},
        {"part": reading.part, "repeats": reading.repeats, "max_off_grid": reading.max_off_grid},
        {},
        "cpu" if options.device == "auto" else options.device,
    )
    outcome = make_shards(order, folder, sharding, quiet=options.quiet)
    print_judged(order, folder, outcome, as_json=options.json)


def is_shipped(against: Path) -> bool:
    """Whether it is the corpus that the package knows."""
    return str(against) == BACH and not against.is_dir()


def _measured(options: EvaluateOptions, reading: ReadConfig, folder: Path) -> str:
    """Measure a corpus for the workers, once; the checksum of the file."""
    from io import BytesIO

    import numpy as np

    from biaxial.cli.reading import read_items
    from biaxial.files.atomic import atomic_write
    from biaxial.jobs.judging_bench import REFERENCE_FILE
    from biaxial.jobs.order import file_checksum
    from biaxial.judge.reference import CUTS, measure_corpus
    from biaxial.tasks.loading import load_model

    assert options.against is not None
    if not (folder / REFERENCE_FILE).exists():
        model = load_model(options.checkpoint[0] if options.checkpoint else None, options.device)
        network = model.teller(precision=options.precision)
        reading = dataclasses.replace(reading, verdicts=None)
        items = read_items(options.against, network.config.steps_per_quarter, options.quiet, reading)
        own = sum(item.split == "train" for item in items) or len(items)
        with progress_bar(own * len(CUTS), " pieces of the corpus", quiet=options.quiet) as advance:
            found = measure_corpus(options.against.name, items, CUTS, network, options.precision, advance)
        buffer = BytesIO()
        np.savez_compressed(buffer, **found.to_arrays())  # type: ignore[arg-type]
        atomic_write(folder / REFERENCE_FILE, buffer.getvalue())
    return file_checksum(folder / REFERENCE_FILE)


def print_judged(order: Order, folder: Path, outcome: Outcome, *, as_json: bool) -> None:
    """Print the table of a folder of judgements; one at a time is read."""
    from biaxial.jobs.judging_bench import judged_pieces, reference_of
    from biaxial.judge.compare import Columns, compare_columns, grades_table, measures_table, rank
    from biaxial.judge.wording import JudgedPiece

    reference, columns = reference_of(order, folder), Columns()

    def read() -> Iterator[JudgedPiece]:
        for each in judged_pieces(folder):
            columns.add(each)
            yield each

    nearest = heapq.nsmallest(NEAREST, read(), key=rank)
    if not nearest:
        raise InputError(f"{folder}: none of its pieces could be judged ({outcome.first_failure})")
    rows = compare_columns(columns, reference)
    if as_json:
        (bars, _), *_ = columns.cuts.most_common(1)
        grade = sum(columns.grades) / len(columns.grades) if columns.grades else None
        figures = {"shards": outcome.shards, "num_failures": outcome.num_failures, "num_pieces": outcome.pieces}
        heading = {"folder": str(folder), **figures, "grade": grade, **_heading(reference, bars)}
        print(json.dumps({**heading, **plain_rows(rows)}, allow_nan=False))
        return
    print(measures_table(rows, reference.name), grades_table(nearest), sep="\n\n")
    left = f", {outcome.num_failures} not judged ({outcome.first_failure})" if outcome.num_failures else ""
    print(f"\n{folder}: the judgements of {outcome.pieces} pieces, of which the nearest are shown{left}")
