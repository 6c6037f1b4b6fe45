"""How much of a row of numbers, from each of its places on, stands somewhere in a corpus of rows.

All suffixes of the corpus are sorted by doubling (Manber and Myers, *Suffix arrays*, 1993): runs of 1, 2, 4, ...
numbers get a rank each, by sorting pairs of ranks of half the length. A new row gets its ranks from the same tables,
which tells between which two suffixes of the corpus each of its own would stand; the longest common beginning is with
one of these neighbours. Building takes as many sorts as the longest row has binary digits; a query takes no more
memory than its row, and looks at the whole corpus only to leave a part of it out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int64]


class Suffixes:
    """The sorted suffixes of a corpus.

    A rank is odd where a run is in the corpus, even where it would stand between two others: equal odd ranks of one
    length are equal runs.

    Parameters
    ----------
    values
        The rows one after the other, each followed by ``end``, shape ``(n,)``, non-negative.
    end
        Stands nowhere within a row, and in no row that is looked for.
    """

    def __init__(self, values: NDArray[np.integer], end: int) -> None:
        edges = np.flatnonzero(values == end)
        longest = int(np.diff(edges, prepend=-1).max(initial=1))
        self._tables: list[Ranks] = []  # sorted keys of each length
        self._ranks: list[NDArray[np.int32]] = []
        keys = values.astype(np.int64)
        while True:
            table, places = np.unique(keys, return_inverse=True)
            ranks = (2 * places + 1).astype(np.int64)
            self._tables.append(table)
            self._ranks.append(ranks.astype(np.int32))
            size = 1 << (len(self._tables) - 1)
            if size >= longest:
                break
            keys = _pairs(ranks, size, len(table))
        self._order = np.argsort(ranks, kind="stable")
        self._sorted = ranks[self._order]

    def longest(self, row: NDArray[np.integer], allowed: NDArray[np.bool_] | None = None) -> Ranks:
        """For each place of a row, how many of its numbers from there on stand together in the corpus.

        Parameters
        ----------
        row
            The numbers, shape ``(q,)``.
        allowed
            Places of the corpus, shape ``(n,)``, at which a common run may begin; ``None`` for all.
        """
        places = self._order if allowed is None else self._order[allowed[self._order]]
        if not len(places) or not len(row):
            return np.zeros(len(row), dtype=np.int64)
        levels = [_placed(self._tables[0], row.astype(np.int64))]
        for level, table in enumerate(self._tables[1:]):
            levels.append(_placed(table, _pairs(levels[-1], 1 << level, len(self._tables[level]))))
        ranks = self._sorted if allowed is None else self._sorted[allowed[self._order]]
        after = np.searchsorted(ranks, levels[-1])
        neighbours = (places[np.maximum(after - 1, 0)], places[np.minimum(after, len(places) - 1)])
        return np.maximum(*(self._common(levels, neighbour) for neighbour in neighbours))

    def _common(self, levels: list[Ranks], places: Ranks) -> Ranks:
        """Length of the common beginning of each suffix of a row and the corpus from a place on."""
        here = np.arange(len(places))
        length = np.zeros(len(places), dtype=np.int64)
        for level in range(len(levels) - 1, -1, -1):
            ours = np.append(levels[level], 0)[here + length]  # beyond the row: an even rank, equal to none
            length += (ours == self._ranks[level][places + length]).astype(np.int64) << level
        return length


def _pairs(ranks: Ranks, size: int, num_ranks: int) -> Ranks:
    """Keys of runs twice as long: the rank of the first half, then of the second; 0 beyond the end."""
    second = np.zeros_like(ranks)
    second[: max(len(ranks) - size, 0)] = ranks[size:]
    return ranks * (2 * num_ranks + 1) + second


def _placed(table: Ranks, keys: Ranks) -> Ranks:
    """Ranks of keys in a sorted table."""
    place = np.searchsorted(table, keys)
    found = table[np.minimum(place, len(table) - 1)] == keys
    return np.asarray(2 * place + found, dtype=np.int64)
