"""The geometry of the judge's page: numbers in, coordinates out. What they look like stands in ``page.html.j2``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NUM_BINS: Final = 30
WIDTH, MIDDLE, TALL = 240.0, 40.0, 36.0
"""Width of a distribution, height of its axis, and the most that a bar rises above or falls below it."""
MAP_WIDTH, MAP_HEIGHT, MAP_MARGIN = 720.0, 440.0, 10.0
FARTHEST: Final = 4.0
"""Standard deviations of the corpus that a picture shows to either side; what lies beyond stands at its edge."""


@dataclass(frozen=True)
class Mirrored:
    """Two histograms on one axis, the corpus above it and the pieces below: paths, and the values at both ends."""

    above: str
    below: str
    low: float
    high: float


def mirrored(corpus: NDArray[np.float64], pieces: NDArray[np.float64]) -> Mirrored:
    """Draw the distribution of the corpus above that of the pieces, both as high.

    Parameters
    ----------
    corpus, pieces
        Values, at least one in all.
    """
    everything = np.concatenate([corpus, pieces])
    low, high = float(everything.min()), float(everything.max())
    if len(corpus) > 1:
        middle, spread = float(corpus.mean()), float(corpus.std())
        low = max(low, min(float(corpus.min()), middle - FARTHEST * spread))
        high = min(high, max(float(corpus.max()), middle + FARTHEST * spread))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, NUM_BINS + 1)
    above, below = (np.histogram(values.clip(low, high), edges)[0] for values in (corpus, pieces))
    return Mirrored(_bars(above, -TALL), _bars(below, TALL), low, high)


def _bars(counts: NDArray[np.int64], tall: float) -> str:
    """A path of bars that rise from the axis, as high as the root of their counts: most faults are rare."""
    width = WIDTH / len(counts)
    heights = np.sqrt(counts / max(1, int(counts.max(initial=0))))
    return "".join(
        f"M{place * width:.1f} {MIDDLE:g}v{tall * height:.1f}h{width - 1:.1f}v{-tall * height:.1f}z"
        for place, height in enumerate(heights.tolist())
        if height
    )


@dataclass(frozen=True)
class Map:
    """Pieces in two dimensions: places of the corpus and of the pieces, and the share of variance that they show."""

    corpus: list[tuple[float, float]]
    pieces: list[tuple[float, float]]
    explained: float


def principal_map(corpus: NDArray[np.float64], pieces: NDArray[np.float64]) -> Map:
    """Project standardised measures on the two principal components of the corpus (Pearson 1901).

    Parameters
    ----------
    corpus, pieces
        Standard deviations, shape ``(p, m)``; a measure that a piece does not have is NaN and counts as the mean.
    """
    known, asked = np.nan_to_num(corpus), np.nan_to_num(pieces)
    middle = known.mean(axis=0)
    _, scales, axes = np.linalg.svd(known - middle, full_matrices=False)
    places = [(values - middle) @ axes[:2].T for values in (known, asked)]
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    room = np.array([MAP_WIDTH, MAP_HEIGHT]) - 2 * MAP_MARGIN
    scaled = [MAP_MARGIN + (values - low) / np.maximum(high - low, 1e-9) * room for values in places]
    total = float((scales**2).sum())
    explained = float((scales[:2] ** 2).sum()) / total if total else 0.0
    first, second = ([(round(x, 1), round(y, 1)) for x, y in values.tolist()] for values in scaled)
    return Map(first, second, explained)


def polyline(points: Sequence[tuple[float, float]], x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    """Coordinates of a line in the learning curve's picture, 720 by 300 with a margin for its labels."""
    (left, right), (low, high) = x_range, y_range
    found = []
    for x, y in points:
        across = 40 + 680 * (x - left) / max(right - left, 1e-9)
        down = 280 - 270 * (min(y, high) - low) / max(high - low, 1e-9)
        found.append(f"{across:.1f},{down:.1f}")
    return " ".join(found)
