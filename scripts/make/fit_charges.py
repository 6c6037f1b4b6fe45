"""Fit what the faults of a phrase cost, so that composed phrases have as many of each as Bach's.

``python scripts/make/fit_charges.py --bach CHORALES/train -o WEIGHTS`` composes pieces with the weights, counts the
faults of :mod:`biaxial.sampling.charges` a phrase in them and in Bach's chorales, and moves every charge by the
logarithm of the ratio, round after round, by less and less (stochastic approximation, Robbins and Monro 1951); the mean
of the charges of the second half of the rounds is the result. It is printed, and with ``-o`` written into the header
of a copy of the weights, where composing finds it.

CHORALES is a folder made by ``biaxial-chorales``. A round of 32 pieces takes about two minutes of one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.features.conditions import outline_conditions
from biaxial.features.known_arrays import KnownArrays
from biaxial.music.cells import CellAlphabet
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from biaxial.sampling.charges import FAULTS, Charges, count_faults, voice_pitches
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model
from biaxial.tasks.plans.phrase_spans import phrase_spans, piece_of
from biaxial.tasks.plans.plan import Prepared
from biaxial.weights import save_weights

MAX_CHARGE = 9.0
FITTED = np.array([name != "other_cadence" for name in FAULTS])
"""What is fitted: Bach has no plan that he could miss, so that this price stays what it is."""
_HALF = 0.5
"""Added to every count, so that a fault that nobody makes has a logarithm too."""


def faults_of(score: Score, steps_per_quarter: int) -> NDArray[np.float64]:
    """Faults of each phrase of a score that ends with a fermata, shape ``(phrases, faults)``."""
    grid, alphabet = Grid(steps_per_quarter), CellAlphabet(3, 4)
    score, _ = grid.quantised(score)
    roll = Roll.from_score(score, grid, 0, 128)
    pitches = voice_pitches(alphabet.encode(roll.states, roll.voices), alphabet, 0)
    rows = outline_conditions(roll.outline, grid)
    prepared = Prepared(KnownArrays.nothing(0), rows, roll.outline, np.zeros((0, 0), np.uint8))
    piece = piece_of(prepared, steps_per_quarter)
    return np.array([count_faults(pitches, phrase, piece) for phrase in phrase_spans(prepared, steps_per_quarter)])


def rates(scores: Iterable[Score], steps_per_quarter: int) -> tuple[NDArray[np.float64], int]:
    """Faults of all phrases together, and the number of phrases; a passage within one counts for none."""
    total, phrases = np.zeros(len(FAULTS)), 0
    for score in scores:
        if score.fermatas and score.num_voices == 4:
            total += faults_of(score, steps_per_quarter).sum(axis=0)
            phrases += len(score.fermatas)
    return total, phrases


def fit(model: Model, bach: NDArray[np.float64], rounds: int, pieces: int, start: Charges, seed: int) -> Charges:
    """Charges with which the faults of composed phrases are Bach's."""
    quarter = model.network.config.steps_per_quarter
    charges = np.array(list(start.prices().values()))
    kept = list[NDArray[np.float64]]()
    for number in range(rounds):
        options = dict(zip(FAULTS, charges.tolist(), strict=True))
        plan = model.plan_composition(16, n=pieces, seed=seed + number * pieces, charges=Charges(**options))
        total, phrases = rates((piece.score for piece in model.draw(plan)), quarter)
        ours = (total + _HALF) / phrases
        step = 1.5 / (1 + number / 3) * np.log(ours / np.maximum(bach, _HALF / phrases))
        kept.append(charges)
        charges = np.clip(charges + np.clip(step, -1.5, 1.5) * FITTED, 0, MAX_CHARGE)
        print(f"round {number + 1}:", file=sys.stderr)
        for name, rate, his, price in zip(FAULTS, ours, bach, charges, strict=True):
            print(f"  {name:24} {100 * rate:7.2f} {100 * his:7.2f}  {price:.2f}", file=sys.stderr, flush=True)
    kept.append(charges)
    mean = np.mean(kept[len(kept) // 2 :], axis=0).round(2)
    return Charges(**dict(zip(FAULTS, mean.tolist(), strict=True)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bach", type=Path, required=True, help="folder of chorales to learn the rates from")
    parser.add_argument("--checkpoint", help="weights to compose with (default: the shipped ones)")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("-n", "--num-outputs", type=int, default=32, help="pieces a round (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=500_000, help="of the first piece (default: %(default)s)")
    parser.add_argument("--start", type=float, nargs=len(FAULTS), help=f"charges to begin with: {', '.join(FAULTS)}")
    parser.add_argument("-o", "--output", type=Path, help="copy of the weights that carries the charges")
    options = parser.parse_args(arguments)
    model = load_model(options.checkpoint)
    items, _ = read_folder(options.bach)
    total, phrases = rates((item.score for item in items), model.network.config.steps_per_quarter)
    start = Charges(**dict(zip(FAULTS, options.start, strict=True))) if options.start else Charges()
    found = fit(model, total / phrases, options.rounds, options.num_outputs, start, options.seed)
    print(found)
    if options.output is not None:
        stored = {"charges": found.prices(), "charges_made_by": "scripts/make/fit_charges.py"}
        save_weights(options.output, model.network, {**model.history, **stored}, torch.float16)


if __name__ == "__main__":
    main()
