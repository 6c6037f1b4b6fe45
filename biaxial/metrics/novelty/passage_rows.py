"""Rows of grams as four plain arrays, in memory as in a file, and where a passage stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.novelty.events import END, HASH_SHIFT, Events
from biaxial.metrics.novelty.suffixes import Suffixes

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
