"""How often the intervals hold the true share, and the tests cry wolf: the figures of ``docs/listening.md``.

``python scripts/listening/coverage.py`` simulates 400 tests for each row, in about twenty seconds. A right answer has
the log-odds of a mean, plus what the listener and the pair bring, both normal with mean 0. The true share is the mean
over all listeners and pairs. The bootstrap is given fewer draws than in scoring.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.listening.estimates import binomial_p, interval, pairs_p, wilson

NUM_TESTS: Final = 400
NUM_DRAWS: Final = 2000
ROWS: Final = (
    (10, 20, 0.0, 0.0, 0.0),
    (10, 20, 0.0, 0.0, 1.0),
    (3, 20, 0.4, 0.5, 1.0),
    (10, 20, 0.4, 0.5, 1.0),
    (30, 20, 0.4, 0.5, 1.0),
    (10, 40, 0.4, 0.5, 1.0),
)
"""Listeners, pairs, mean log-odds, standard deviations of listeners and of pairs."""


def simulate(
    num_listeners: int, num_pairs: int, mean: float, listeners: float, pairs: float
) -> tuple[float, dict[str, float]]:
    """The true share, and in which share of tests something holds."""
    random = np.random.default_rng(1)
    odds = mean + np.hypot(listeners, pairs) * random.normal(size=200_000)
    share = float((1 / (1 + np.exp(-odds))).mean())
    found = {"interval": 0, "Wilson's": 0, "binomial p <= .05": 0, "p by pairs <= .05": 0}
    for _ in range(NUM_TESTS):
        of_listeners = listeners * random.normal(size=(num_listeners, 1))
        odds = mean + of_listeners + pairs * random.normal(size=(1, num_pairs))
        right = random.random(odds.shape) < 1 / (1 + np.exp(-odds))
        counts, hits = np.ones_like(right), int(right.sum())
        low, high = interval(right, counts, random, NUM_DRAWS)
        found["interval"] += low <= share <= high
        low, high = wilson(hits, right.size)
        found["Wilson's"] += low <= share <= high
        found["binomial p <= .05"] += binomial_p(hits, right.size) <= 0.05
        found["p by pairs <= .05"] += pairs_p(right, counts) <= 0.05
    return share, {name: number / NUM_TESTS for name, number in found.items()}


def main() -> None:
    """Print a line for each row."""
    for row in ROWS:
        share, found = simulate(*row)
        figures = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
        print(f"{row[0]} listeners, {row[1]} pairs, sd {row[3]} and {row[4]}, true share {share:.3f}: {figures}")


if __name__ == "__main__":
    main()
