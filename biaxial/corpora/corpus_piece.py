"""The arrays of a piece and its frames as outcomes over a network's note range; and a store for those of all pieces.

A store is four files, mapped into memory: what is not looked at takes none. The files have no name and go when the
program ends, however it ends. Pages that were read stay with the process until :meth:`Store.release` gives them back;
the operating system keeps them for the next time as long as it has room.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.benchmark_frames import NUM_PITCHES
from biaxial.corpora.splits import Split
from biaxial.features.conditions import Condition, outline_conditions
from biaxial.metrics.harmony.phrase_plans import known_plan
from biaxial.models.config import ModelConfig
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score

Arrays = tuple[NDArray[np.int8], NDArray[np.uint8], NDArray[np.int16], NDArray[np.uint8]]
"""States and voices, shape ``(t, 128)``, conditions, shape ``(t, c)``, and levels, shape ``(t, 128)``."""

COLUMNS: Final[tuple[tuple[np.dtype[Any], int], ...]] = (
    (np.dtype(np.int8), NUM_PITCHES),
    (np.dtype(np.uint8), NUM_PITCHES),
    (np.dtype("<i2"), len(Condition)),
    (np.dtype(np.uint8), NUM_PITCHES),
)
"""Type and width of each of the arrays."""


class Store:
    """Arrays that are appended piece by piece and mapped when all are there.

    A ``with`` block closes the files at its end; what was mapped stays.

    Parameters
    ----------
    folder
        On whose disk they lie; a folder in memory, as ``/tmp`` often is, would defeat the purpose.
    """

    def __init__(self, folder: Path) -> None:
        self._files = [tempfile.TemporaryFile(dir=folder) for _ in COLUMNS]  # noqa: SIM115
        self._maps: list[mmap.mmap] = []
        self._columns: list[NDArray[Any]] = []
        self.num_steps = 0

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.close()

    def append(self, arrays: Arrays) -> int:
        """Add a piece; its first step in the store.

        Raises
        ------
        OSError
            If the disk is full.
        """
        first = self.num_steps
        self.num_steps += len(arrays[0])
        columns: tuple[NDArray[Any], ...] = arrays
        for file, array, (kind, _) in zip(self._files, columns, COLUMNS, strict=True):
            if array.any():
                file.write(np.ascontiguousarray(array, kind).data)
            else:
                file.seek(array.nbytes, os.SEEK_CUR)  # a hole takes no room: voices or levels of music without any
        return first

    def map(self) -> None:
        """Map what was appended; it must be at least one step, and nothing can be appended after it."""
        for file, (kind, width) in zip(self._files, COLUMNS, strict=True):
            file.truncate(self.num_steps * width * kind.itemsize)
            file.flush()
            self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            self._columns.append(np.frombuffer(self._maps[-1], kind).reshape(-1, width))

    def arrays(self, first: int, num_steps: int) -> Arrays:
        """The arrays of a piece: views that cannot be written to."""
        states, voices, conditions, levels = (column[first : first + num_steps] for column in self._columns)
        return states, voices, conditions, levels

    def release(self) -> None:
        """Give back the memory of all pages that were read; they are there again when somebody looks."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)


SILENT_RANGE = (128, -1)
"""Lowest and highest pitch where nothing sounds."""

Ranges = tuple[tuple[int, int], ...]
"""Lowest and highest pitch, of the piece first and then of each of its voices."""


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
    levels
        How loud each struck cell is, shape ``(t, 128)``: 1 (ppp) to 8 (fff), 0 where nobody says; ``None`` where this
        holds for all.
    ranges
        What :func:`ranges_of` finds in the arrays, where somebody has looked already.
    style
        Name of its style, where it is known.
    """

    name: str
    split: Split
    states: NDArray[np.int8]
    voices: NDArray[np.uint8]
    conditions: NDArray[np.int16]
    levels: NDArray[np.uint8] | None = None
    ranges: Ranges | None = None
    style: str | None = None

    @property
    def num_steps(self) -> int:
        """Number of frames."""
        return int(self.states.shape[0])

    @property
    def num_voices(self) -> int:
        """Highest voice that sounds, counted from 1; 0 in a piece without voices."""
        ranges = ranges_of(self.states, self.voices) if self.ranges is None else self.ranges
        return len(ranges) - 1

    @property
    def num_struck(self) -> int:
        """Number of cells that strike a note."""
        return int((self.states == STRIKE).sum())

    def pitch_range(self) -> tuple[int, int]:
        """Lowest and highest pitch that sounds; (128, -1) in a silent piece."""
        return _sounding(self.states != SILENT) if self.ranges is None else self.ranges[0]

    def voice_range(self, voice: int) -> tuple[int, int]:
        """Lowest and highest pitch of one voice; (128, -1) if it is silent."""
        if self.ranges is None:
            return _sounding(self.voices >> voice & 1)
        return self.ranges[1 + voice] if 1 + voice < len(self.ranges) else SILENT_RANGE

    @classmethod
    def from_score(cls, name: str, split: Split, score: Score, grid: Grid) -> CorpusPiece:
        """Convert a score."""
        roll = Roll.from_score(score, grid, 0, 128)
        voices = np.zeros(roll.states.shape, np.uint8) if roll.voices is None else roll.voices
        conditions = outline_conditions(roll.outline, grid, known_plan(score))
        return cls(name, split, roll.states, voices, conditions, roll.levels)


def ranges_of(states: NDArray[np.int8], voices: NDArray[np.uint8]) -> Ranges:
    """Pitch ranges of a piece and of its voices; arrays as those of :class:`CorpusPiece`."""
    num_voices = int(voices.max(initial=0)).bit_length()
    return _sounding(states != SILENT), *(_sounding(voices >> voice & 1) for voice in range(num_voices))


def _sounding(cells: NDArray[Any]) -> tuple[int, int]:
    pitches = np.flatnonzero(cells.any(axis=0))
    return (int(pitches[0]), int(pitches[-1])) if len(pitches) else SILENT_RANGE


def outcomes_of(
    piece: CorpusPiece, config: ModelConfig, end: int | None = None, semitones: int = 0, start: int = 0
) -> NDArray[np.uint8]:
    """Frames of a piece, from ``start`` up to ``end``, as outcomes over the config's note range, shape ``(t, n)``.

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
    states, voices = (_notes_of(array[start:end], low, config) for array in (piece.states, piece.voices))
    return config.alphabet.encode(states, voices if config.num_voices else None)


def levels_of(
    piece: CorpusPiece, config: ModelConfig, end: int | None = None, semitones: int = 0, start: int = 0
) -> NDArray[np.uint8]:
    """Levels of the frames of :func:`outcomes_of`, shape ``(t, n)``; zeros where nobody says how loud it is."""
    if piece.levels is None:
        return np.zeros((len(piece.states[start:end]), config.num_notes), np.uint8)
    return np.asarray(_notes_of(piece.levels[start:end], config.low_pitch - semitones, config))


def _notes_of(cells: NDArray[Any], low: int, config: ModelConfig) -> NDArray[Any]:
    """The notes of a range that may go beyond the 128 pitches, from its lowest one."""
    below, above = max(0, -low), max(0, low + config.num_notes - 128)
    return np.pad(cells[:, max(low, 0) : low + config.num_notes], ((0, 0), (below, above)))
