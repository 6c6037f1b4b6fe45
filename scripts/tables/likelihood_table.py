"""Print the held-out likelihood of a model beside two floors, in nats, as a markdown table.

``python scripts/tables/likelihood_table.py CORPUS`` scores the validation and the test pieces with the shipped weights,
with all conditions known but the plan of phrases, with none, with all, and with the melody known too, and with the
floors of ``biaxial/likelihood/frame_nats.py``, which are counted on the training pieces in the same run. CORPUS is a
folder made by ``biaxial-chorales``, or a file made by ``scripts/make/prepare.py``. It takes about two minutes on one
CPU core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.cli.common import progress_bar
from biaxial.cli.reading import read_corpus
from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.corpora.splits import Split
from biaxial.features.conditions import GROUPS, hidden
from biaxial.features.known import Known
from biaxial.files.weights_file import pretrained_path, weights_path
from biaxial.likelihood.cell_nats import cell_nats, log_mean
from biaxial.likelihood.frame_nats import (
    IndependentNotes,
    RepeatFrame,
    figures_of,
    frame_nats,
)
from biaxial.likelihood.scored_cells import Rolls
from biaxial.metrics.figures.report import Figure
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.music.cells import CellAlphabet
from biaxial.music.errors import InputError
from biaxial.training.crops import Given
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


@torch.inference_mode()
def given_melody(
    networks: Sequence[BiaxialLSTM], outcomes: NDArray[np.uint8], conditions: NDArray[np.int16]
) -> NDArray[np.float64]:
    """Log-probability of each frame of a piece whose highest voice is known, shape ``(t,)``; of networks the mean."""
    alphabet = networks[0].config.alphabet
    known = Known.of(outcomes, Given("melody").voices(outcomes, alphabet), alphabet)
    batch = Batch.whole(
        torch.from_numpy(outcomes).unsqueeze(0),
        torch.from_numpy(conditions).unsqueeze(0),
        Known(*(part.unsqueeze(0) for part in known)),
    )
    walks = torch.cat([network.walk_log_likelihood(batch).sum(-1).double() for network in networks])
    return np.asarray(log_mean(walks)[0].numpy())


def split_nats(
    corpus: Corpus, split: Split, networks: Sequence[BiaxialLSTM], floors: dict[str, IndependentNotes | RepeatFrame]
) -> dict[str, dict[str, Figure]]:
    """Nats of every system on one split, by the name of the system."""
    config = networks[0].config
    rolls: Rolls = rolls_of(corpus, split, config)
    conditions = [piece.conditions for piece in corpus.split(split)]
    found = {}
    with progress_bar(len(SYSTEMS) * sum(map(len, rolls)), f" steps of {split}", quiet=False) as advance:
        for name, hide in SYSTEMS:
            told = [hidden(rows, *hide) for rows in conditions]
            cells = cell_nats(networks, rolls, told, progress=advance)
            found[name] = _summed(rolls, [-piece.nats.sum(axis=1) for piece in cells], config.alphabet)
    if all(network.context is not None for network in networks):
        told = [hidden(rows, "plan") for rows in conditions]
        pairs = zip(rolls, told, strict=True)
        log_probs = [given_melody(networks, outcomes, rows) for outcomes, rows in pairs]
        lower = _summed(rolls, log_probs, config.alphabet)
        found["model, the melody known"] = {name: lower[name] for name in ("frame", "still", "moving")}
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
        "--checkpoint",
        type=weights_path,
        nargs="+",
        default=[pretrained_path()],
        help="weights, or several whose mean is scored (default: the shipped ones)",
    )
    parser.add_argument("--split", choices=("valid", "test"), help="score only this split (default: both)")
    options = parser.parse_args()
    splits: tuple[Split, ...] = (options.split,) if options.split else ("valid", "test")
    try:
        networks = [load_weights(path)[0] for path in options.checkpoint]
        config, alphabet = networks[0].config, networks[0].config.alphabet
        corpus = read_corpus(options.corpus, config.steps_per_quarter, quiet=False)
        check_corpus(corpus, config)
        if missing := [split for split in splits if not corpus.split(split)]:
            raise InputError(f"{options.corpus}: no pieces of the split {missing[0]!r}; choose the other with --split")
        train = rolls_of(corpus, "train", config)
        floors: dict[str, IndependentNotes | RepeatFrame] = {
            "repeat the frame before": RepeatFrame.fit(train, alphabet),
            "independent notes": IndependentNotes.fit(np.concatenate(train), alphabet),
        }
        tables = {split: split_nats(corpus, split, networks, floors) for split in splits}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"| {' | '.join(_HEADINGS)} |\n|{'---|' * len(_HEADINGS)}")
    for split, systems in tables.items():
        for name, nats in systems.items():
            figures = [_text(nats[each]) if each in nats else "" for each in ("frame", "note", "still", "moving")]
            print(f"| {' | '.join((split, name, *figures))} |")


def _text(figure: Figure) -> str:
    return f"{figure.value:.3f} ± {figure.standard_error:.3f}"


if __name__ == "__main__":
    main()
