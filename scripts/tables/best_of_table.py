"""How much choosing helps: ``python scripts/tables/best_of_table.py --pieces 50 --drawn 16``.

Composes so many candidates for each seed, judges all of them, and prints what the first 1, 2, 4 ... of them give if the
one that ranks first is kept. The groups that the ranking does not look at (harmony, distances, statistics) tell whether
what is chosen is better, or only better at what it was chosen by. The judge is always that of the shipped weights. Half
an hour of two cores at the defaults.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biaxial.judge.compare import number
from biaxial.judge.judge import Judge, Judgement, mean_of
from biaxial.judge.measures import GROUPS
from biaxial.judge.reference import shipped_reference
from biaxial.metrics.figures.report import COMPOSITION_BARS, markdown_table
from biaxial.tasks.drawing.fill import RANKED_BY
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.loading import load_model


def score(found: Judgement) -> float:
    """What candidates are ranked by."""
    return mean_of(value for group, value in found.groups.items() if group in RANKED_BY)


def row(chosen: Sequence[Judgement]) -> list[str]:
    """Means over the chosen pieces."""
    parallels = [each.values["parallel_fifths"] + each.values["parallel_octaves"] for each in chosen]
    groups = [np.mean([each.groups[group] for each in chosen]) for group in GROUPS]
    figures = [np.mean([score(each) for each in chosen]), np.mean([each.grade for each in chosen]), *groups]
    return [*(number(float(figure)) for figure in figures), number(float(np.mean(parallels)))]


def main() -> None:
    """Read the command line, compose, judge, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=50)
    parser.add_argument("--drawn", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--checkpoint", type=Path, help="weights that compose (default: the shipped ones)")
    parser.add_argument("--bars", type=int, default=COMPOSITION_BARS, help="of each (default: %(default)s)")
    options = parser.parse_args()
    model = load_model(options.checkpoint)
    pieces = list(
        model.draw(
            model.plan_composition(
                options.bars, seed=options.seed, drawing=SamplingOptions(), n=options.pieces * options.drawn
            )
        )
    )
    judged = Judge(shipped_reference(), load_model().teller()).judge(
        [(str(piece.seed), piece.score) for piece in pieces]
    )
    lines = [["best of", "score", "grade", *GROUPS, "parallels"]]
    many = 1
    while many <= options.drawn:
        firsts = range(0, len(judged), options.drawn)
        lines.append([str(many), *row([min(judged[first : first + many], key=score) for first in firsts])])
        many *= 2
    print(markdown_table(lines))


if __name__ == "__main__":
    main()
