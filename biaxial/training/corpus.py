"""A corpus as arrays: rolls and conditions of all pieces, in memory or in one ``.npz`` file.

The file is what a training machine needs and nothing else: no score reader is imported to load it. Rolls are kept once,
untransposed; features are computed batch by batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from biaxial.constants import SILENT, STRIKE
from biaxial.errors import InputError
from biaxial.features.conditions import Condition, outline_conditions, unknown_conditions
from biaxial.io.corpus import SPLITS, FolderItem, Split, read_folder
from biaxial.io.files import atomic_write
from biaxial.io.frames import read_frames
from biaxial.models.config import ModelConfig
from biaxial.roll import Roll
from biaxial.score import Grid, Score


@dataclass(frozen=True, eq=False)
class CorpusPiece:
    """One piece as arrays.

    Parameters
    ----------
    name
        Name of the piece.
    split
        ``"train"``, ``"valid"`` or ``"test"``.
    states, voices
        Cell states and voice sets, shape ``(t, 128)``: note index is MIDI pitch. Without voices all sets are 0.
    conditions
        Conditions of each step, shape ``(t, c)``.
    """

    name: str
    split: Split
    states: NDArray[np.int8]
    voices: NDArray[np.uint8]
    conditions: NDArray[np.int16]

    @property
    def num_steps(self) -> int:
        """Number of frames."""
        return int(self.states.shape[0])

    @property
    def num_struck(self) -> int:
        """Number of cells that strike a note."""
        return int((self.states == STRIKE).sum())

    def pitch_range(self) -> tuple[int, int]:
        """Lowest and highest pitch that sounds; (128, -1) in a silent piece."""
        pitches = np.flatnonzero((self.states != SILENT).any(axis=0))
        return (int(pitches[0]), int(pitches[-1])) if len(pitches) else (128, -1)

    def voice_range(self, voice: int) -> tuple[int, int]:
        """Lowest and highest pitch of one voice; (128, -1) if it is silent."""
        pitches = np.flatnonzero((self.voices >> voice & 1).any(axis=0))
        return (int(pitches[0]), int(pitches[-1])) if len(pitches) else (128, -1)

    @classmethod
    def from_score(cls, name: str, split: Split, score: Score, grid: Grid) -> CorpusPiece:
        """Convert a score."""
        roll = Roll.from_score(score, grid, 0, 128)
        voices = np.zeros(roll.states.shape, np.uint8) if roll.voices is None else roll.voices
        return cls(name, split, roll.states, voices, outline_conditions(roll.outline, grid))


def outcomes_of(
    piece: CorpusPiece, config: ModelConfig, end: int | None = None, semitones: int = 0
) -> NDArray[np.uint8]:
    """Frames of a piece, all or the first ``end``, as outcomes over the config's note range, shape ``(t, n)``.

    Raises
    ------
    ValueError
        If the piece leaves the range.
    """
    low = config.low_pitch - semitones
    first, last = piece.pitch_range()
    if first < low or last >= low + config.num_notes:
        raise ValueError(
            f"{piece.name}: pitches {first} to {last} leave the range {low} to {low + config.num_notes - 1}"
        )
    notes = slice(max(low, 0), low + config.num_notes)
    states, voices = piece.states[:end, notes], piece.voices[:end, notes]
    outcomes = config.alphabet.encode(states, voices if config.num_voices else None)
    below, above = max(0, -low), max(0, low + config.num_notes - 128)
    return np.pad(outcomes, ((0, 0), (below, above)))


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
    """

    pieces: tuple[CorpusPiece, ...]
    steps_per_quarter: int
    num_voices: int

    def split(self, name: Split) -> tuple[CorpusPiece, ...]:
        """The pieces of one split."""
        return tuple(piece for piece in self.pieces if piece.split == name)

    @property
    def checksum(self) -> str:
        """SHA-256 of all rolls, conditions, names and splits, as a hexadecimal text."""
        digest = hashlib.sha256(f"{self.steps_per_quarter},{self.num_voices}".encode())
        for piece in self.pieces:
            digest.update(f"{piece.name},{piece.split},{piece.num_steps};".encode())
            for array in (piece.states, piece.voices, piece.conditions):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @classmethod
    def from_items(
        cls, items: Iterable[FolderItem], grid: Grid, refused: list[tuple[Path, str]] | None = None
    ) -> Corpus:
        """Convert scores given with their names and splits.

        A score that does not fit on the grid is added to ``refused`` with the reason.

        Raises
        ------
        InputError
            For such a score, if there is no list.
        """
        items = sorted(items, key=lambda item: item.name)
        counts = {item.score.num_voices for item in items}
        num_voices = counts.pop() if len(counts) == 1 else 0
        pieces = []
        for item in items:
            try:
                pieces.append(CorpusPiece.from_score(item.name, item.split, item.score, grid))
            except ValueError as error:
                if refused is None:
                    raise InputError(f"{item.name}: {error}") from error
                refused.append((Path(item.name), str(error)))
        return cls(tuple(pieces), grid.steps_per_quarter, num_voices)

    @classmethod
    def from_frames(cls, path: Path, grid: Grid) -> Corpus:
        """Read a file of frames (:mod:`biaxial.io.frames`); its pieces stand in C, as far as they know.

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
        cls, source: Path, grid: Grid, advance: Callable[[int], None] | None = None
    ) -> tuple[Corpus, list[tuple[Path, str]]]:
        """Read a prepared ``.npz`` file, a ``.json`` file of frames, or a folder of MIDI files.

        Parameters
        ----------
        source
            The file or folder.
        grid
            The time grid of a folder, and that on which the frames of a ``.json`` file are taken to stand; a prepared
            file has its own.
        advance
            Called with 1 after every file of a folder.

        Returns
        -------
        The corpus, and path and reason of every file that cannot be used.

        Raises
        ------
        InputError
            If nothing can be used.
        """
        if source.suffix == ".npz":
            return cls.load(source), []
        if source.suffix == ".json":
            return cls.from_frames(source, grid), []
        items, refused = read_folder(source, advance)
        corpus = cls.from_items(items, grid, refused)
        if not corpus.pieces:
            raise InputError(f"{source}: none of its files can be used ({refused[0][1]})")
        return corpus, refused

    def save(self, path: Path) -> None:
        """Write one compressed ``.npz`` file."""
        buffer = BytesIO()
        np.savez_compressed(
            buffer,
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
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                names, splits = arrays["names"].tolist(), arrays["splits"].tolist()
                cuts = np.cumsum(arrays["lengths"])[:-1]
                rows = [np.split(arrays[key], cuts) for key in ("states", "voices", "conditions")]
                steps_per_quarter, num_voices = arrays["header"].tolist()
            if rows[2][0].shape[1] != len(Condition) or not set(splits) <= set(SPLITS):
                raise ValueError("its columns are those of another version")
            pieces = tuple(CorpusPiece(*item) for item in zip(names, splits, *rows, strict=True))
        except (BadZipFile, KeyError, IndexError, ValueError, EOFError) as error:
            raise InputError(f"{path}: not a prepared corpus ({error}); make one with scripts/prepare.py") from error
        return cls(pieces, steps_per_quarter, num_voices)
