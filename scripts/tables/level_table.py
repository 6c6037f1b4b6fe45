"""Nats of a level of loudness under weights with dynamics, beside three floors, as a markdown table.

``python scripts/tables/level_table.py CORPUS --checkpoint WEIGHTS`` takes a folder of music that says how loud it is,
split into train, valid and test, and weights of ``biaxial-train --dynamics``. Levels are those of struck cells where
they are known; with their notes they have the nats of both. The floors are counted on the training pieces in the same
run, with one half added to every count:

``eight alike``
    Each level as probable as the others: ln 8.
``how often``
    Each as probable as it is frequent.
``last level``
    Given the last level of the same voice, in music without voices that of the note above in the same frame or of the
    frame before. What it gives most probability to is nearly always that level again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.models.dynamics_head import NUM_LEVELS, Heard
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.training.crops import collate, whole_pieces
from biaxial.weights import load_weights

HEADINGS: Final = ("split", "levels", "eight alike", "how often", "last level", "network")


def pairs_of(piece: CorpusPiece, config: ModelConfig) -> NDArray[np.int64]:
    """The last level before each known level of a piece, 0 for none, and the level: shape ``(levels, 2)``."""
    (crops,) = whole_pieces((piece,), 1)
    batch = collate(crops, config)
    assert batch.levels is not None
    sets = torch.from_numpy(config.alphabet.voices)[batch.outcomes.long()]
    heard = Heard.of(batch.levels, sets, config.num_voices)
    last = heard.voice if config.num_voices else torch.where(heard.above > 0, heard.above, heard.frame)
    known = batch.levels > 0
    return torch.stack([last[known], batch.levels[known].long()], dim=1).numpy()


def counted(pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log-probabilities of levels given the last one, shape ``(9, 8)``."""
    counts = np.full((NUM_LEVELS + 1, NUM_LEVELS), 0.5)
    np.add.at(counts, (pairs[:, 0], pairs[:, 1] - 1), 1)
    return np.asarray(np.log(counts / counts.sum(1, keepdims=True)))


def network_nats(network: BiaxialLSTM, pieces: Sequence[CorpusPiece]) -> float:
    """Nats of all known levels of whole pieces, given their notes."""
    total = 0.0
    with torch.inference_mode():
        for crops in whole_pieces(tuple(pieces), 8):
            total -= float(network.level_log_likelihood(collate(crops, network.config)).double().sum())
    return total


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of music, or a prepared corpus")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights with dynamics")
    options = parser.parse_args()
    network, _ = load_weights(options.checkpoint)
    config = network.config
    if network.dynamics is None:
        raise InputError(f"{options.checkpoint}: weights without dynamics; train some with --dynamics")
    corpus, _ = Corpus.read(
        options.corpus, Grid(config.steps_per_quarter), pitches=(config.low_pitch, config.high_pitch),
        num_voices=config.num_voices,
    )  # fmt: skip
    trained = np.concatenate([pairs_of(piece, config) for piece in corpus.split("train")])
    given = counted(trained)
    plain = counted(np.column_stack([np.zeros(len(trained), np.int64), trained[:, 1]]))[0]
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for split in ("valid", "test"):
        pieces = corpus.split(split)
        pairs = np.concatenate([pairs_of(piece, config) for piece in pieces] or [np.zeros((0, 2), np.int64)])
        if len(pairs) == 0:
            print(f"| {split} | 0 |{' - |' * (len(HEADINGS) - 2)}")
            continue
        often, last = plain[pairs[:, 1] - 1].mean(), given[pairs[:, 0], pairs[:, 1] - 1].mean()
        nats = (math.log(NUM_LEVELS), -often, -last, network_nats(network, pieces) / len(pairs))
        print(f"| {split} | {len(pairs)} | {' | '.join(f'{value:.3f}' for value in nats)} |")


if __name__ == "__main__":
    main()
