"""Whether composed styles can be told apart, by a classifier that has only seen real music, as a markdown table.

``python scripts/tables/style_table.py bach=chorales hymn=hymns`` takes two styles of the weights, each with the folder
of music that it was learnt from (``biaxial-chorales`` and ``scripts/make/hymns.py`` make these). A logistic regression
learns to tell the training pieces of the two folders apart by the measures of the judge that are in a piece alone
(:mod:`biaxial.judge.measures`), of its first sixteen bars. Then it is asked about the held-out pieces (valid and test)
and about pieces composed in each style and in equal parts of both, with seeds from 0 on, none left out.

Measures are standardised by the training pieces and weighed with a ridge of one; what does not apply to a piece counts
as the mean. Both styles weigh alike. Composed pieces are as long as ``--bars``, and in 4/4; the measures that tell
metres apart are those of notes in a bar. ``--keep FOLDER`` keeps what was drawn, and the next run reads it there.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial import Score, load
from biaxial.cli.common import Arguments, command
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.judge.measures import Reading, in_piece
from biaxial.music.errors import InputError
from scripts.tables.drawn_pieces import composed

BARS: Final = 16
RIDGE: Final = 1.0
_STEPS = 50


class Classifier:
    """A logistic regression on standardised measures.

    Parameters
    ----------
    rows
        Measures of each piece, shape ``(pieces, measures)``; NaN for what does not apply.
    second
        Whether each is in the second of the two styles.
    """

    def __init__(self, rows: NDArray[np.float64], second: NDArray[np.bool_]) -> None:
        self._kept = ~np.isnan(rows).all(axis=0) & (np.nanstd(rows, axis=0) > 0)
        self._mean, self._deviation = (of(rows[:, self._kept], axis=0) for of in (np.nanmean, np.nanstd))
        x = self._inputs(rows)
        share = second.mean()
        each = np.where(second, 0.5 / share, 0.5 / (1 - share))
        ridge = RIDGE * np.diag([0.0, *np.ones(x.shape[1] - 1)])
        self._weights = np.zeros(x.shape[1])
        for _ in range(_STEPS):
            said = 1 / (1 + np.exp(-x @ self._weights))
            slope = x.T @ (each * (said - second)) + ridge @ self._weights
            bend = x.T @ (x * (each * said * (1 - said))[:, None]) + ridge
            self._weights -= np.linalg.solve(bend, slope)

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of the second style for each piece."""
        return np.asarray(1 / (1 + np.exp(-self._inputs(rows) @ self._weights)))

    def _inputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        standard = (rows[:, self._kept] - self._mean) / self._deviation
        return np.column_stack([np.ones(len(rows)), np.where(np.isnan(standard), 0.0, standard)])


def measured(scores: Sequence[Score]) -> NDArray[np.float64]:
    """The measures of pieces, shape ``(pieces, measures)``; NaN for what does not apply."""
    return np.array([list(in_piece(Reading.of(score, BARS)).values()) for score in scores])


def row(name: str, second: NDArray[np.float64], is_second: bool | None) -> str:
    """What the classifier says of some pieces, as a row of the table."""
    right = "" if is_second is None else f"{((second > 0.5) == is_second).mean():.0%}"
    error = second.std() / math.sqrt(len(second))
    return f"| {name} | {len(second)} | {right} | {second.mean():.2f} ± {error:.2f} |"


@command("style_table")
def main(arguments: Arguments) -> None:
    """Read the command line, learn, compose and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("styles", nargs=2, metavar="STYLE=FOLDER", help="a style, and music in it")
    parser.add_argument("--checkpoint", default="chorales-v3", help="weights with both styles (default: %(default)s)")
    parser.add_argument("-n", type=int, default=100, help="pieces to compose in each way (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=BARS, help="of each (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="folder of what was drawn (default: it is not kept)")
    options = parser.parse_args(arguments)
    named = [style.partition("=") for style in options.styles]
    if wrong := next((style for style, (_, _, folder) in zip(options.styles, named, strict=True) if not folder), None):
        raise InputError(f"{wrong!r} names no folder; give STYLE=FOLDER")
    names = [name for name, _, _ in named]
    music = [read_folder(Path(folder))[0] for _, _, folder in named]
    learnt = [measured([item.score for item in items if item.split == "train"]) for items in music]
    classifier = Classifier(np.concatenate(learnt), np.repeat([False, True], [len(rows) for rows in learnt]))
    print(f"| music | pieces | right | probability of {names[1]} |\n|---|---|---|---|")
    rates = []
    for place, (name, items) in enumerate(zip(names, music, strict=True)):
        said = classifier(measured([item.score for item in items if item.split != "train"]))
        rates.append(((said > 0.5) == bool(place)).mean())
        print(row(f"held-out {name}", said, bool(place)))
    model, composed_rates = load(options.checkpoint), []
    ways: tuple[tuple[str, bool | None], ...] = ((names[0], False), (names[1], True))
    for style, is_second in (*ways, (f"{names[0]}:0.5,{names[1]}:0.5", None)):
        keep = None if options.keep is None else options.keep / style.replace(":", "-")
        pieces = composed(model, options.n, 0, options.bars, {"style": style}, keep)
        said = classifier(measured(pieces))
        print(row(f"composed in {style}", said, is_second), flush=True)
        if is_second is not None:
            composed_rates.append(((said > 0.5) == is_second).mean())
    print(f"\nright: {np.mean(rates):.3f} of held-out, {np.mean(composed_rates):.3f} of composed music")


if __name__ == "__main__":
    sys.exit(main(None))
