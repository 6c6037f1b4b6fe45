"""Probabilities out of counts: contexts that grow from general to particular, interpolated.

The method is that of I. H. Witten and T. C. Bell, "The zero-frequency problem", IEEE Transactions on Information
Theory 37 (1991), C: after a context that was seen ``n`` times with ``t`` different outcomes, a share of
``t / (n + t)`` is left to what the next shorter context says. Without any context a share of half a count is spread
evenly, so that nothing that is possible has probability zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

EVEN_COUNT: Final = 0.5
"""Counts, in all, that are spread evenly over what is possible."""

Context = tuple[Hashable, ...]


class Backoff:
    """Counts of outcomes after contexts, whose first part is the most general.

    Parameters
    ----------
    rows
        Context, outcome and how often it was seen.
    """

    def __init__(self, rows: Iterable[tuple[Context, Hashable, int]] = ()) -> None:
        self._seen: dict[Context, Counter[Hashable]] = {}
        self._counts: dict[Context, Counter[Hashable]] = {}
        self._known: dict[tuple[Context, tuple[Hashable, ...]], NDArray[np.float64]] = {}
        for context, outcome, count in rows:
            self.add(context, outcome, count)

    def add(self, context: Context, outcome: Hashable, count: int = 1) -> None:
        """Count an outcome after a context and all that are shorter."""
        self._seen.setdefault(context, Counter())[outcome] += count
        for size in range(len(context) + 1):
            self._counts.setdefault(context[:size], Counter())[outcome] += count
        self._known.clear()

    @property
    def rows(self) -> list[list[Any]]:
        """What was counted, as plain values in a fixed order: context, outcome, count."""
        found = [[list(context), x, n] for context, outcomes in self._seen.items() for x, n in outcomes.items()]
        return sorted(found, key=repr)

    def probabilities(self, context: Context, support: Sequence[Hashable]) -> NDArray[np.float64]:
        """The probability of each of the outcomes that are possible; they add up to one.

        Parameters
        ----------
        context
            What is known; parts that were never seen together are left out from the last one on.
        support
            What is possible, each once.
        """
        key = context, tuple(support)
        if key not in self._known:
            share = np.full(len(support), 1 / len(support))
            for size in range(len(context) + 1):
                seen = self._counts.get(context[:size])
                if seen is None:
                    break
                counts = np.array([seen.get(outcome, 0) for outcome in support], dtype=float)
                left = EVEN_COUNT if size == 0 else float((counts > 0).sum())
                if counts.any():
                    share = (counts + left * share) / (counts.sum() + left)
            self._known[key] = share
        return self._known[key]

    def probability(self, context: Context, support: Sequence[Hashable], outcome: Hashable) -> float:
        """The probability of one outcome; zero where it is not possible."""
        return float(self.probabilities(context, support)[list(support).index(outcome)]) if outcome in support else 0.0

    def drawn(self, rng: np.random.Generator, context: Context, support: Sequence[Hashable]) -> Any:
        """One of the outcomes that are possible."""
        return support[draw_index(rng, self.probabilities(context, support))]


def draw_index(rng: np.random.Generator, weights: NDArray[np.float64]) -> int:
    """A place, as likely as its weight is large; one random number is used."""
    sums = np.cumsum(weights)
    return int(min(np.searchsorted(sums, rng.random() * sums[-1], side="right"), np.flatnonzero(weights)[-1]))
