"""How much computing harmonising takes, as a ratio to composing the same number of bars, in one run on one core.

``python scripts/bench/harmonising.py`` composes 16 bars, then harmonises the soprano of what it composed, three times
each in turn with the shipped weights and default settings, and prints the medians of the processor time and the ratio.
It takes about a minute.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from biaxial.tasks.loading import load_model
from biaxial.tasks.model import Model


def measured(model: Model, bars: int, repeats: int) -> tuple[float, float]:
    """Seconds of a processor for composing, and for harmonising the soprano of what was composed; medians."""
    model.harmonise(model.compose(1).score)  # warm
    composing, harmonising = [], []
    for seed in range(repeats):
        started = time.process_time()
        score = model.compose(bars, seed=seed).score
        composing.append(time.process_time() - started)
        tune = replace(score, notes=score.voice_notes(0))
        started = time.process_time()
        model.harmonise(tune, seed=seed)
        harmonising.append(time.process_time() - started)
    return statistics.median(composing), statistics.median(harmonising)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="weights (default: the shipped ones)")
    parser.add_argument("--bars", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(1)
    one, other = measured(load_model(options.checkpoint, "cpu"), options.bars, options.repeats)
    print(f"composing {options.bars} bars {one:.2f} s, harmonising them {other:.2f} s: {other / one:.2f} times")


if __name__ == "__main__":
    main()
