"""A corpus as arrays: rolls and conditions of all pieces, in memory, mapped from disk or in one ``.npz`` file.

The file is what a training machine needs and nothing else: no score reader is imported to load it. What has to hold of
its arrays is looked at before they are used. Rolls are kept once, untransposed; features are computed batch by batch.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.benchmark_frames import read_frames
from biaxial.corpora.corpus_piece import COLUMNS, CorpusPiece, Store, outcomes_of
from biaxial.corpora.reading.music_folder import ReadConfig, read_pieces
from biaxial.corpora.splits import SPLITS, FolderItem, Split, folder_of
from biaxial.corpora.verdicts import Verdict, voices_reason
from biaxial.features.conditions import Condition, unknown_conditions
from biaxial.files.arrays import read_arrays
from biaxial.files.atomic import atomic_write
from biaxial.formats.json_score import is_document
from biaxial.music.constants import STRIKE
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.performance.dynamics import LEVELS
from biaxial.music.roll import MAX_VOICES

_NAMES: Final = ("states", "voices", "conditions", "levels")
_KINDS: Final = {"names": "U", "splits": "U", "lengths": "i", "header": "i"}


class Prepared(NamedTuple):
    """What a file holds: of each piece its name, its split and its arrays; the grid and the voices of all."""

    names: list[str]
    splits: list[Split]
    rows: list[list[NDArray[Any]]]
    steps_per_quarter: int
    num_voices: int


def read_prepared(path: Path) -> Prepared:
    """Read a file.

    Raises
    ------
    ValueError, KeyError
        If the file is something else, damaged or of another version.
    OSError
        If it cannot be opened.
    """
    arrays = read_arrays(path)
    if any(arrays[name].ndim != 1 or arrays[name].dtype.kind != kind for name, kind in _KINDS.items()):
        raise ValueError("its names, splits, lengths or header are those of another version")
    lengths, splits = arrays["lengths"].tolist(), arrays["splits"].tolist()
    steps_per_quarter, num_voices = arrays["header"].tolist()
    if not lengths or min(lengths) < 1:
        raise ValueError("its lengths are not numbers of steps")
    columns = {name: column for name, column in zip(_NAMES, COLUMNS, strict=True) if name in arrays or name != "levels"}
    for name, (kind, width) in columns.items():
        if arrays[name].dtype != kind or arrays[name].shape != (sum(lengths), width):
            raise ValueError(f"its {name} are those of another version")
    if not 0 <= arrays["states"].min() <= arrays["states"].max() <= STRIKE:
        raise ValueError("a cell is in no state that there is")
    if not set(splits) <= set(SPLITS) or not 0 <= num_voices <= MAX_VOICES:
        raise ValueError("its splits or voices are those of another version")
    Grid(steps_per_quarter)
    if arrays.get("levels", np.zeros(1)).max(initial=0) > len(LEVELS):
        raise ValueError("a note is louder than any that there is")
    rows = [np.split(arrays[name], np.cumsum(lengths)[:-1]) for name in columns]
    return Prepared(arrays["names"].tolist(), splits, rows, steps_per_quarter, num_voices)


__all__ = ["Corpus", "CorpusPiece", "outcomes_of"]


@dataclass(frozen=True, eq=False)
class Corpus:
    """All pieces of a corpus on one grid.

    Parameters
    ----------
    pieces
        The pieces, in the order of their names.
    steps_per_quarter
        The grid.
    num_voices
        Voices of every piece; 0 where they differ or a piece has none.
    verdicts
        What became of every file, where the corpus is that of a folder.
    store
        Where the arrays are mapped from, if they are.
    states_splits
        Whether the source says which split a piece belongs to; else the names of its files decide.
    """

    pieces: tuple[CorpusPiece, ...]
    steps_per_quarter: int
    num_voices: int
    verdicts: tuple[Verdict, ...] = ()
    store: Store | None = None
    states_splits: bool = True

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets: the arrays themselves, since the files that they are mapped from stay here."""
        return {**vars(self), "store": None}

    def split(self, name: Split) -> tuple[CorpusPiece, ...]:
        """The pieces of one split."""
        return tuple(piece for piece in self.pieces if piece.split == name)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of all rolls, conditions, levels, names and splits, as a hexadecimal text."""
        digest = hashlib.sha256(f"{self.steps_per_quarter},{self.num_voices}".encode())
        for piece in self.pieces:
            digest.update(os.fsencode(f"{piece.name},{piece.split},{piece.num_steps};"))
            for array in (piece.states, piece.voices, piece.conditions):
                digest.update(np.ascontiguousarray(array).data)
            if piece.levels is not None and piece.levels.any():
                digest.update(np.ascontiguousarray(piece.levels).data)
            self.release()
        return digest.hexdigest()

    def release(self) -> None:
        """Give back the memory of mapped arrays that were looked at; they stay where they are."""
        if self.store is not None:
            self.store.release()

    def voices_refusal(self, num_voices: int) -> str:
        """Why a network of so many voices cannot be trained on this corpus, in one line; empty if it can."""
        if num_voices in (0, self.num_voices):
            return ""
        if self.num_voices:
            found = f"the preset has {num_voices} voices, the corpus {self.num_voices} voices"
            return f"{found}; add --num-voices {self.num_voices}"
        others = [piece for piece in self.pieces if piece.num_voices != num_voices]
        if not others:  # frames, whose reader found no voices
            return f"the preset has {num_voices} voices, the corpus none; add --num-voices 0"
        first = others[0]
        has = f"{first.num_voices} voices" if first.num_voices else "no voices"
        share = f"{len(others)} of the {len(self.pieces)} pieces have"
        where = "" if len(others) == 1 else "the first is "
        return (
            f"the preset has {num_voices} voices, but {share} another number or none: {where}{first.name} ({has}); "
            f"take {'it' if len(others) == 1 else 'them'} out of the folder, or add --num-voices 0"
        )

    def fitting(self, num_voices: int) -> Corpus:
        """The corpus with the pieces in so many voices, and a verdict for each piece; itself where all or none fit."""
        fits = [num_voices in (0, piece.num_voices) for piece in self.pieces]
        if all(fits) or not any(fits):
            return self
        verdicts = [
            Verdict(piece.name, "used", num_notes=piece.num_struck, num_steps=piece.num_steps, num_voices=num_voices)
            if fit
            else Verdict(piece.name, "other voices", voices_reason(piece.num_voices, num_voices))
            for piece, fit in zip(self.pieces, fits, strict=True)
        ]
        kept = tuple(piece for piece, fit in zip(self.pieces, fits, strict=True) if fit)
        return replace(self, pieces=kept, num_voices=num_voices, verdicts=tuple(verdicts))

    @classmethod
    def from_items(cls, items: Iterable[FolderItem], grid: Grid) -> Corpus:
        """Convert scores given with their names and splits.

        Raises
        ------
        InputError
            If a score does not fit on the grid.
        """
        items = sorted(items, key=lambda item: item.name)
        counts = {item.score.num_voices for item in items}
        pieces = []
        for item in items:
            try:
                pieces.append(CorpusPiece.from_score(item.name, item.split, item.score, grid))
            except ValueError as error:
                raise InputError(f"{item.name}: {error}") from error
        return cls(tuple(pieces), grid.steps_per_quarter, counts.pop() if len(counts) == 1 else 0)

    @classmethod
    def from_frames(cls, path: Path, grid: Grid) -> Corpus:
        """Read a file of frames (:mod:`biaxial.corpora.benchmark_frames`); its pieces stand in C, as far as they know.

        Nothing that needs a whole piece is known of them: neither metre nor mode nor end.
        """
        pieces, num_voices = read_frames(path)
        found = []
        for piece in pieces:
            conditions = unknown_conditions(len(piece.states))
            if not num_voices:  # published transposed to C major and C minor
                conditions[:, Condition.TONIC] = 0
            found.append(CorpusPiece(piece.name, piece.split, piece.states, piece.voices, conditions))
        return cls(tuple(found), grid.steps_per_quarter, num_voices)

    @classmethod
    def read(
        cls,
        source: Path,
        grid: Grid,
        advance: Callable[[int], None] | None = None,
        reading: ReadConfig | None = None,
        pitches: tuple[int, int] | None = None,
        num_voices: int = 0,
    ) -> tuple[Corpus, list[tuple[Path, str]]]:
        """Read a prepared ``.npz`` file, a ``.json`` file of frames, or a folder or file of music.

        Parameters
        ----------
        source
            The file or folder.
        grid
            The time grid of a folder, and that on which the frames of a ``.json`` file are taken to stand; a prepared
            file has its own.
        advance
            Called with 1 after every file of a folder.
        reading
            How a folder is read.
        pitches
            Lowest and highest pitch that a file of a folder may have; without them all are used.
        num_voices
            How many voices a piece has that is used; 0 for any number.

        Returns
        -------
        The corpus, and path and reason of every file that is not used.

        Raises
        ------
        InputError
            If nothing can be used, or the cache cannot be written to.
        """
        if source.suffix == ".npz":
            return cls.load(source).fitting(num_voices), []
        if source.suffix == ".json" and not is_document(source):
            return cls.from_frames(source, grid), []
        found = read_pieces(source, grid, reading, pitches, advance, num_voices=num_voices)
        counts = {piece.num_voices for piece in found.pieces}
        same = counts.pop() if len(counts) == 1 else 0
        corpus = cls(
            found.pieces, grid.steps_per_quarter, same, found.verdicts, found.store, states_splits=found.states_splits
        )
        return corpus, [(folder_of(source) / v.file, v.reason) for v in found.verdicts if v.verdict != "used"]

    def save(self, path: Path) -> None:
        """Write one compressed ``.npz`` file."""
        buffer = BytesIO()
        more: dict[str, Any] = {}
        if any(piece.levels is not None and piece.levels.any() for piece in self.pieces):
            levels = (np.zeros_like(p.voices) if p.levels is None else p.levels for p in self.pieces)
            more["levels"] = np.concatenate(list(levels))
        np.savez_compressed(
            buffer,
            **more,
            names=np.array([piece.name for piece in self.pieces]),
            splits=np.array([piece.split for piece in self.pieces]),
            lengths=np.array([piece.num_steps for piece in self.pieces]),
            states=np.concatenate([piece.states for piece in self.pieces]),
            voices=np.concatenate([piece.voices for piece in self.pieces]),
            conditions=np.concatenate([piece.conditions for piece in self.pieces]),
            header=np.array([self.steps_per_quarter, self.num_voices]),
        )
        atomic_write(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            If the file is something else, or damaged.
        """
        try:
            found = read_prepared(path)
            pieces = tuple(CorpusPiece(*piece) for piece in zip(found.names, found.splits, *found.rows, strict=True))
        except (KeyError, ValueError) as error:
            raise InputError(
                f"{path}: not a prepared corpus ({error}); make one with scripts/make/prepare.py"
            ) from error
        return cls(pieces, found.steps_per_quarter, found.num_voices)
