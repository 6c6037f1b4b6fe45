"""Particles by their weights: shares, sums, and systematic resampling (Doucet and Johansen 2009).

Log-weights are float64, shape ``(b, p)``: a row for each piece, a column for each of its particles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biaxial.sampling.randomness import resampling_uniforms

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]


def resampled(
    log_weight: Doubles, seeds: Sequence[int], step: int, due: Sequence[int] = (), to_one: bool = False
) -> tuple[Rows, Doubles, Doubles]:
    """Resample the pieces whose effective number of particles has fallen below one half, and those that are due.

    Parameters
    ----------
    log_weight
        Shape ``(b, p)``.
    seeds, step
        Of the random numbers.
    due
        Pieces that are resampled whatever their weights.
    to_one
        Whether only those are, and all their particles go on from one.

    Returns
    -------
    Row that each particle goes on from, shape ``(b p,)``; the new log-weights, shape ``(b, p)``; and the logarithm of
    the mean weight of the pieces that were resampled, 0 for the others, shape ``(b,)``.
    """
    b, p = log_weight.shape
    share = shares(log_weight)
    poor = (1 / np.square(share).sum(1) < p / 2) & (not to_one)
    poor[list(due)] = True
    chosen = ancestors(share, resampling_uniforms(seeds, step), 1 if to_one else p)
    origins = np.where(poor[:, None], chosen, np.arange(p))
    gained = np.where(poor, log_sum(log_weight) - math.log(p), 0.0)
    rows = (origins + p * np.arange(b)[:, None]).ravel()
    return rows, np.where(poor[:, None], 0.0, log_weight), gained


def ancestors(share: Doubles, uniform: Doubles, count: int) -> Rows:
    """Systematic resampling: ``count`` particles of each piece, shape ``(b, count)``, from one number ``(b,)`` each."""
    cumulative = share.cumsum(1)
    points = (np.arange(count) + uniform[:, None]) / count * cumulative[:, -1:]
    rows = [own.searchsorted(at, side="right") for own, at in zip(cumulative, points, strict=True)]
    return np.stack(rows).clip(max=share.shape[1] - 1)


def shares(log_weight: Doubles) -> Doubles:
    """Each particle's share of the weight of its piece; where all are impossible, all are as bad."""
    with np.errstate(invalid="ignore"):
        weight = np.exp(log_weight - log_weight.max(1, keepdims=True))
    share: Doubles = weight / weight.sum(1, keepdims=True)
    return np.where(np.isnan(share), 1 / log_weight.shape[1], share)


def log_sum(log_weight: Doubles) -> Doubles:
    """Logarithm of the sum of the weights of each piece."""
    top = log_weight.max(1)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found: Doubles = top + np.log(np.exp(log_weight - top[:, None]).sum(1))
    return found
