"""Judge the judge: held-out Bach, floors and our own output as one table.

::

    biaxial-chorales chorales
    python scripts/make/make_floors.py chorales floors
    biaxial-compose --bars 16 -n 100 --seed 5000 -o composed
    python scripts/tables/judge_table.py chorales floors/bach floors/mixed floors/diatonic floors/corrupted composed

What they are judged against are the training chorales, which the floors are not made of: distributions and copies are
theirs alone. Nats, which training has lowered, are those of the validation chorales. The first folder is the one that
the others are told from. The area under the curve says how often a piece of a folder has a higher grade than one of the
first.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.judge.compare import area_under_curve, compare
from biaxial.judge.judge import Judge, Judgement
from biaxial.judge.measures import GROUPS, MEASURES, Group
from biaxial.judge.reference import measure_corpus
from biaxial.metrics.figures.report import markdown_table
from biaxial.metrics.novelty.passages import PassageIndex
from biaxial.tasks.loading import load_model


def areas(of: list[Judgement], first: list[Judgement]) -> list[str]:
    """How well a folder is told from the first one by the grade, and by each group of measures."""

    def distances(judged: list[Judgement], group: Group | None) -> NDArray[np.float64]:
        found = [each.grade if group is None else each.groups.get(group, math.nan) for each in judged]
        return np.array([value for value in found if not math.isnan(value)])

    return [f"{area_under_curve(distances(of, group), distances(first, group)):.3f}" for group in (None, *GROUPS)]


def main() -> None:
    """Read the command line, judge, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="what biaxial-chorales wrote")
    parser.add_argument("folders", type=Path, nargs="+", help="held-out Bach first, then what is to be told from it")
    parser.add_argument("--checkpoint", type=Path, help="weights whose nats count (default: the shipped ones)")
    options = parser.parse_args()
    network = load_model(options.checkpoint).teller()
    items = [item for item in read_folder(options.chorales)[0] if item.split != "test"]
    training = PassageIndex.from_scores((item.name, item.score) for item in items if item.split == "train")
    reference = replace(measure_corpus("Bach", items, network=network), passages=training)
    judge, judged = Judge(reference, network), dict[str, list[Judgement]]()
    for folder in options.folders:
        pieces = [(item.name, item.score) for item in read_folder(folder)[0]]
        started = time.perf_counter()
        judged[folder.name] = judge.judge(pieces)
        print(f"{folder.name}: {len(pieces)} pieces in {time.perf_counter() - started:.1f} s")
    first = next(iter(judged.values()))
    lines = [["area under the curve", "grade", *GROUPS]]
    lines += [[name, *areas(found, first)] for name, found in judged.items() if found is not first]
    print(f"\n{markdown_table(lines)}\n")
    rows = {name: {row.measure: row for row in compare(found, reference)} for name, found in judged.items()}
    lines = [["", "unit", *judged]]
    grades = [np.array([each.grade for each in found]) for found in judged.values()]
    means = [f"{found.mean():.2f} ± {found.std(ddof=1) / math.sqrt(len(found)):.2f}" for found in grades]
    lines.append(["grade", "deviations", *means])
    for name, measure in MEASURES.items():
        cells = [f"{of[name].mean:.3g} ± {of[name].standard_error:.2g}" if name in of else "-" for of in rows.values()]
        lines.append([measure.label, measure.unit, *cells])
    print(markdown_table(lines))


if __name__ == "__main__":
    main()
