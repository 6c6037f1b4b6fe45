"""What ``biaxial-evaluate --against`` does: judge pieces beside a corpus, print a table, write a page."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import progress_bar
from biaxial.cli.reading import read_items
from biaxial.files.atomic import atomic_write
from biaxial.formats.melody_file import read_part
from biaxial.judge.compare import compare, grades_table, measures_table, most_common_cut
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.page import page
from biaxial.judge.reference import Reference, cut_of, measure_corpus, shipped_reference
from biaxial.judge.wording import broken_rules, copies, moment_text
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.cli.evaluate import EvaluateOptions
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.music.score import Score

BACH = "bach"
"""What ``--against`` calls the corpus that the package knows."""
_MAX_SURPRISING = 5


def judge(options: EvaluateOptions, reading: ReadConfig) -> None:
    """Judge what the command line names.

    Raises
    ------
    InputError
        If nothing of it can be read, or options do not go together.
    """
    assert options.against is not None
    from biaxial.tasks.loading import load_model
    from biaxial.training.curve import read_metrics

    if options.split is not None:
        raise InputError("--split belongs to the likelihood of a corpus; with --against give the folder of the split")
    if options.checkpoint is not None and len(options.checkpoint) > 1:
        raise InputError("--against judges with one network; give one path to --checkpoint")
    if options.run is not None and options.output is None:
        raise InputError("--run is shown on the page; add --output PAGE.html")
    if options.output is not None and not options.output.parent.is_dir():
        raise InputError(f"--output: there is no folder {options.output.parent}; make it, or write the page elsewhere")
    if not options.against.is_dir() and str(options.against) != BACH:
        raise InputError(f"{options.against}: no such folder; give a folder of music, or {BACH} for the chorales")
    curve = None if options.run is None else read_metrics(options.run / "metrics.csv")
    network = load_model(options.checkpoint[0] if options.checkpoint else None, options.device).network
    pieces = _pieces(options, network.config.steps_per_quarter, reading)
    reference = _reference(options.against, pieces, network, options, reading)
    steps = sum(score.length_ticks * network.config.steps_per_quarter // score.ticks_per_quarter for _, score in pieces)
    with progress_bar(steps, " frames", quiet=options.quiet) as advance:
        found = Judge(reference, network, options.precision).judge(pieces, advance)
    if options.output is not None:
        title = f"{options.data.name or 'Music'} beside {reference.name}"
        atomic_write(options.output, page(found, reference, title, curve).encode())
    if options.json:
        print(json.dumps(_plain(found, reference), allow_nan=False))
        return
    print(measures_table(compare(found, reference), reference.name), grades_table(found), sep="\n\n")
    for remark in dict.fromkeys(f"{each.name}: {remark}" for each in found for remark in each.remarks):
        print(f"note: {remark}", file=sys.stderr)
    if options.output is not None:
        print(f"\n{options.output}: the page of all this")


def _pieces(options: EvaluateOptions, steps_per_quarter: int, reading: ReadConfig) -> list[tuple[str, Score]]:
    """The pieces of a folder, or a single file."""
    data = options.data
    if data.is_dir():
        return [(item.name, item.score) for item in read_items(data, steps_per_quarter, options.quiet, reading)]
    score = read_part(data, reading.part)
    if not score.notes:
        raise InputError(f"{data}: it has no notes; give music")
    return [(data.stem, score)]


def _reference(
    against: Path,
    pieces: list[tuple[str, Score]],
    network: BiaxialLSTM,
    options: EvaluateOptions,
    reading: ReadConfig,
) -> Reference:
    if not against.is_dir():
        return shipped_reference()
    cuts = sorted({cut_of(len(score.bar_starts())) for _, score in pieces})
    if options.data.is_dir():  # the verdicts are those of its files
        reading = dataclasses.replace(reading, verdicts=None)
    items = read_items(against, network.config.steps_per_quarter, options.quiet, reading)
    measured = sum(item.split == "train" for item in items) or len(items)
    with progress_bar(measured * len(cuts), " pieces of the corpus", quiet=options.quiet) as advance:
        return measure_corpus(against.name, items, cuts, network, options.precision, advance)


def _plain(found: list[Judgement], reference: Reference) -> dict[str, Any]:
    """Everything in plain values; what does not apply is left out or null."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    rows = compare(found, reference)
    return {
        "corpus": reference.name,
        "num_corpus_pieces": len(reference.pieces),
        "bars": most_common_cut(found),
        "measures": {
            row.measure: {
                "mean": number(row.mean),
                "standard_error": number(row.standard_error),
                "corpus_mean": number(row.corpus_mean),
                "corpus_deviation": number(row.corpus_deviation),
                "deviations": number(row.standard),
                "more_often": number(row.more_often),
                "num_pieces": row.num_pieces,
            }
            for row in rows
        },
        "pieces": [
            {
                "name": each.name,
                "grade": number(each.grade),
                "bars": each.cut,
                "groups": each.groups,
                "values": each.values,
                "deviations": {name: value for name, value in each.standard.items() if math.isfinite(value)},
                "surprising": [moment_text(m, each.reading.key) for m in each.surprising(_MAX_SURPRISING)],
                "broken": dict(broken_rules(each)),
                "copies": copies(each.novelty),
                "remarks": each.remarks,
            }
            for each in found
        ],
    }
