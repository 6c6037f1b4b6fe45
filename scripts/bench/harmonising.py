"""How much computing drawing takes: drafts without and with an ending, composing, and harmonising as many bars.

``python scripts/bench/harmonising.py`` drafts and composes 16 bars, then harmonises the sopranos of what it composed,
three times each with the shipped weights and default settings, and prints the medians of the processor time and the
ratio of harmonising to composing, in one run by one thread. Each way has drawn a bar beforehand, so that what a model
lays out once for a way is not counted. It takes half a minute.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from biaxial.music.score import Score
from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece

DRAWN: dict[str, dict[str, Any]] = {
    "a draft without an ending": {"draft": True, "cadence": False},
    "a draft": {"draft": True},
    "composing": {},
}
"""Ways to compose, by what they are called here."""


def measured(model: Model, bars: int, repeats: int) -> dict[str, float]:
    """Seconds of a processor for each way to compose, and for harmonising the soprano of what was composed; medians."""
    spent, scores = defaultdict[str, list[float]](list), list[Score]()

    def timed(name: str, work: Callable[[], Piece]) -> Piece:
        started = time.process_time()
        piece = work()
        spent[name].append(time.process_time() - started)
        return piece

    for name, changes in DRAWN.items():
        model.compose(1, **changes)
        scores = [timed(name, partial(model.compose, bars, seed=seed, **changes)).score for seed in range(repeats)]
    tunes = [replace(score, notes=score.voice_notes(0)) for score in scores]
    model.harmonise(model.compose(1).score)
    for seed, tune in enumerate(tunes):
        timed("harmonising", partial(model.harmonise, tune, seed=seed))
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="weights (default: the shipped ones)")
    parser.add_argument("--bars", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = measured(load_model(options.checkpoint, "cpu", 1), options.bars, options.repeats)
    seconds = ", ".join(f"{name} {each:.2f} s" for name, each in found.items())
    print(f"{options.bars} bars: {seconds}, {found['harmonising'] / found['composing']:.2f} times as long as composing")


if __name__ == "__main__":
    main()
