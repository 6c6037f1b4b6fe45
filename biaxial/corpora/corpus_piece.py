"""One piece of a corpus as arrays, and its frames as outcomes over a network's note range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.splits import Split
from biaxial.features.conditions import outline_conditions
from biaxial.models.config import ModelConfig
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score

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
    ranges
        What :func:`ranges_of` finds in the arrays, where somebody has looked already.
    """

    name: str
    split: Split
    states: NDArray[np.int8]
    voices: NDArray[np.uint8]
    conditions: NDArray[np.int16]
    ranges: Ranges | None = None

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
        return cls(name, split, roll.states, voices, outline_conditions(roll.outline, grid))


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
    notes = slice(max(low, 0), low + config.num_notes)
    states, voices = piece.states[start:end, notes], piece.voices[start:end, notes]
    outcomes = config.alphabet.encode(states, voices if config.num_voices else None)
    below, above = max(0, -low), max(0, low + config.num_notes - 128)
    return np.pad(outcomes, ((0, 0), (below, above)))
