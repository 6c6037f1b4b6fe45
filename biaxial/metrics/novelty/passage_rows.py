"""Rows of grams as four plain arrays, in memory as in a file, and where a passage stands in them.

How much of a row, from each of its places on, stands somewhere in a corpus is told by its sorted suffixes. All suffixes
of the corpus are sorted by doubling (Manber and Myers, *Suffix arrays*, 1993): runs of 1, 2, 4, ... numbers get a rank
each, by sorting pairs of ranks of half the length. A new row gets its ranks from the same tables, which tells between
which two suffixes of the corpus each of its own would stand; the longest common beginning is with one of these
neighbours. Building takes as many sorts as the longest row has binary digits; a query takes no more memory than its
row, and looks at the whole corpus only to leave a part of it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.novelty.events import END, HASH_SHIFT, Events

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


NO_VOICE: Final = -1
"""Stands for "all voices" and for music without voices where a voice is expected."""


@dataclass(frozen=True, eq=False)
class GramRows:
    """Rows of grams of a corpus: of one voice each, or of all voices.

    Parameters
    ----------
    grams
        The rows, each followed by :data:`~biaxial.metrics.novelty.events.END`, uint32, shape ``(n,)``.
    bars
        Bar in which each gram begins, uint16, shape ``(n,)``.
    pieces, voices
        Number of its piece, uint32, and voice or :data:`NO_VOICE`, int16, of each row, shape ``(r,)``.

    Raises
    ------
    ValueError
        If the arrays do not fit together.
    """

    grams: NDArray[np.uint32]
    bars: NDArray[np.uint16]
    pieces: NDArray[np.uint32]
    voices: NDArray[np.int16]

    def __post_init__(self) -> None:
        kinds = {"grams": np.uint32, "bars": np.uint16, "pieces": np.uint32, "voices": np.int16}
        for name, kind in kinds.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != kind or array.ndim != 1:
                raise ValueError(f"{name} must be a row of {np.dtype(kind).name}")
        num_rows = int((self.grams == END).sum())
        if len(self.bars) != len(self.grams) or {len(self.pieces), len(self.voices)} != {num_rows}:
            raise ValueError(f"{num_rows} rows of {len(self.grams)} grams in all need as many pieces, voices and bars")
        if len(self.grams) and self.grams[-1] != END:
            raise ValueError("the last row of grams has no end")

    @classmethod
    def from_events(cls, rows: Iterable[tuple[int, Events, NDArray[np.int64]]], size: int) -> GramRows:
        """Take the grams of so many events.

        Parameters
        ----------
        rows
            Number of the piece, events, and the bar of each event. Rows too short for one gram are left out.
        size
            Events of a gram.
        """
        grams, bars = [np.zeros(0, dtype=np.uint32)], [np.zeros(0, dtype=np.uint16)]
        pieces, voices = [], []
        for piece, events, bar in rows:
            row = events.grams(size)
            if len(row):
                grams += [row, np.array([END], dtype=np.uint32)]
                bars += [bar[: len(row)].astype(np.uint16), np.zeros(1, dtype=np.uint16)]
                pieces.append(piece)
                voices.append(NO_VOICE if events.voice is None else events.voice)
        return cls(
            np.concatenate(grams),
            np.concatenate(bars),
            np.array(pieces, dtype=np.uint32),
            np.array(voices, dtype=np.int16),
        )

    def to_arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays by their names after a prefix."""
        return {prefix + field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> GramRows:
        """What :meth:`to_arrays` wrote.

        Raises
        ------
        ValueError
            If an array is missing, or they do not fit together.
        """
        missing = [prefix + field.name for field in fields(cls) if prefix + field.name not in arrays]
        if missing:
            raise ValueError(f"no array {', '.join(missing)}")
        return cls(**{field.name: arrays[prefix + field.name] for field in fields(cls)})

    @cached_property
    def row_of(self) -> NDArray[np.int64]:
        """The row of each gram, shape ``(n,)``."""
        ends = (self.grams == END).astype(np.int64)
        return np.asarray(np.cumsum(ends) - ends, dtype=np.int64)

    @cached_property
    def _hashes(self) -> NDArray[np.uint32]:
        return self.grams >> np.uint32(HASH_SHIFT)

    @cached_property
    def _suffixes(self) -> Suffixes:
        return Suffixes(self._hashes, END)

    def without(self, pieces: Collection[int]) -> NDArray[np.bool_] | None:
        """Which grams are left if pieces are left out, shape ``(n,)``; ``None`` if that is none."""
        return ~np.isin(self.pieces, list(pieces))[self.row_of] if pieces else None

    def longest(self, row: NDArray[np.uint32], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """For each gram of a row, how many from there on stand together in one of the allowed places."""
        return self._suffixes.longest(row >> np.uint32(HASH_SHIFT), allowed)

    def places(self, row: NDArray[np.uint32], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """The allowed places at which a whole row of grams (at least one) stands."""
        wanted = row >> np.uint32(HASH_SHIFT)
        places = np.flatnonzero(self._hashes == wanted[0])
        if allowed is not None:
            places = places[allowed[places]]
        for step in range(1, len(wanted)):
            places = places[self._hashes[places + step] == wanted[step]]
        return places
