"""Print the held-out likelihood of a model beside two floors, in nats, as a markdown table.

``python scripts/tables/likelihood_table.py CORPUS`` scores the validation and the test pieces with the shipped weights,
with all conditions known but the plan of phrases, with none, and with all, and with the floors of
``biaxial/likelihood/frame_nats.py``, which are counted on the training pieces in the same run. CORPUS is a folder made
by ``biaxial-chorales``, or a file made by ``scripts/make/prepare.py``. It takes about two minutes on one CPU core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.cli.common import progress_bar
from biaxial.cli.reading import read_corpus
from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.corpora.splits import Split
from biaxial.features.conditions import GROUPS, hidden
from biaxial.files.weights_file import pretrained_path
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.frame_nats import (
    IndependentNotes,
    RepeatFrame,
    figures_of,
    frame_nats,
)
from biaxial.likelihood.scored_cells import Rolls
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.music.cells import CellAlphabet
from biaxial.music.errors import InputError
from biaxial.training.fit import check_corpus
from biaxial.weights import load_weights

SYSTEMS: Final = (
    ("model, conditions known", ("plan",)),
    ("model, conditions unknown", tuple(GROUPS)),
    ("model, told the plan too", ()),
)
"""Names, and what is hidden. A plan is read off the notes of a piece, and so says something of them."""
_HEADINGS = ("split", "system", "nats per step", "per struck note", "still steps", "moving steps")


def rolls_of(corpus: Corpus, split: Split, config: ModelConfig) -> list[NDArray[np.uint8]]:
    """Outcomes of the pieces of a split over the note range of a model, whole and untransposed."""
    return [outcomes_of(piece, config) for piece in corpus.split(split)]


def split_nats(
    corpus: Corpus, split: Split, network: BiaxialLSTM, floors: dict[str, IndependentNotes | RepeatFrame]
) -> dict[str, dict[str, Figure]]:
    """Nats of every system on one split, by the name of the system."""
    config = network.config
    rolls: Rolls = rolls_of(corpus, split, config)
    conditions = [piece.conditions for piece in corpus.split(split)]
    found = {}
    with progress_bar(len(SYSTEMS) * sum(map(len, rolls)), f" steps of {split}", quiet=False) as advance:
        for name, hide in SYSTEMS:
            told = [hidden(rows, *hide) for rows in conditions]
            cells = cell_nats(network, rolls, told, progress=advance)
            found[name] = _summed(rolls, [-piece.nats.sum(axis=1) for piece in cells], config.alphabet)
    for name, floor in floors.items():
        found[name] = _summed(rolls, [floor.log_probs(outcomes) for outcomes in rolls], config.alphabet)
    return found


def _summed(rolls: Rolls, log_probs: Sequence[NDArray[np.float64]], alphabet: CellAlphabet) -> dict[str, Figure]:
    """The figures of some pieces, given the log-probability of every frame of each."""
    return figures_of([frame_nats(roll, found, alphabet) for roll, found in zip(rolls, log_probs, strict=True)])


def main() -> None:
    """Read the command line, score, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="folder of chorales, or a prepared .npz file")
    parser.add_argument(
        "--checkpoint", type=Path, default=pretrained_path(), help="weights (default: the shipped ones)"
    )
    parser.add_argument("--split", choices=("valid", "test"), help="score only this split (default: both)")
    options = parser.parse_args()
    splits: tuple[Split, ...] = (options.split,) if options.split else ("valid", "test")
    try:
        network, _ = load_weights(options.checkpoint)
        corpus = read_corpus(options.corpus, network.config.steps_per_quarter, quiet=False)
        check_corpus(corpus, network.config)
        if missing := [split for split in splits if not corpus.split(split)]:
            raise InputError(f"{options.corpus}: no pieces of the split {missing[0]!r}; choose the other with --split")
        train, alphabet = rolls_of(corpus, "train", network.config), network.config.alphabet
        floors: dict[str, IndependentNotes | RepeatFrame] = {
            "repeat the frame before": RepeatFrame.fit(train, alphabet),
            "independent notes": IndependentNotes.fit(np.concatenate(train), alphabet),
        }
        tables = {split: split_nats(corpus, split, network, floors) for split in splits}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"| {' | '.join(_HEADINGS)} |\n|{'---|' * len(_HEADINGS)}")
    for split, systems in tables.items():
        for name, nats in systems.items():
            figures = [_text(nats[each]) for each in ("frame", "note", "still", "moving")]
            print(f"| {' | '.join((split, name, *figures))} |")


def _text(figure: Figure) -> str:
    return f"{figure.value:.3f} ± {figure.standard_error:.3f}"


if __name__ == "__main__":
    main()
