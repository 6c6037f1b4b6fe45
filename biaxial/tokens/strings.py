"""The strings of a piece of which there is a roll, in the home key, with what is given at every place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.music.constants import SILENT
from biaxial.music.keys import nearest_key
from biaxial.music.score import Key
from biaxial.tokens.chord_codec import ChordCodec
from biaxial.tokens.codec import Codec, TokenString
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.inputs import UNKNOWN_GIVEN, given_rows
from biaxial.tokens.melody_codec import MelodyCodec

HOME = {"major": 0, "minor": 9}
"""Tonic of the home key of each mode: C major and A minor, which share their signature."""


@lru_cache(maxsize=8)
def codec_of(config: SequenceConfig) -> Codec:
    """What turns music into strings for a config."""
    return MelodyCodec() if config.kind == "melody" else ChordCodec(config)


def way_home(key: Key, low: int, high: int) -> int:
    """Semitones from a key to its home key, at most six; or an octave off where pitches would leave the MIDI range."""
    shift = (HOME[key.mode] - key.tonic + 6) % 12 - 6
    return next((s for s in (shift, shift + 12, shift - 12) if low + s >= 0 and high + s <= 127), 0)


@dataclass(frozen=True, eq=False)
class PieceString:
    """A string of a piece.

    Parameters
    ----------
    string
        The tokens.
    given
        Columns as in :class:`~biaxial.tokens.inputs.Given`, shape ``(l, 3)``.
    share
        Share of a frame of the piece that a frame of this string is: of a piece in four lines a quarter.
    """

    string: TokenString
    given: NDArray[np.int16]
    share: float

    @property
    def length(self) -> int:
        """Number of tokens."""
        return len(self.string.tokens)


@dataclass(frozen=True, eq=False)
class Cells:
    """A piece as it stands in a corpus.

    Parameters
    ----------
    states, voices
        Cell states and voice sets over all MIDI pitches, shape ``(t, 128)``.
    conditions
        Conditions of each step, shape ``(t, c)``.
    """

    states: NDArray[np.int8]
    voices: NDArray[np.uint8]
    conditions: NDArray[np.int16]

    @property
    def key(self) -> Key:
        """The key that it states, else the likeliest by how long its pitch classes sound."""
        tonic, mode = self.conditions[0, [Condition.TONIC, Condition.MODE]].tolist()
        if UNKNOWN not in (tonic, mode):
            return (Key(-3, "minor") if mode else Key(0)).transposed(tonic)
        sounding = (self.states != SILENT).sum(axis=0)
        return nearest_key(
            np.bincount(np.arange(len(sounding)) % 12, weights=sounding, minlength=12).astype(np.float64)
        ) or Key(0)

    @property
    def pitch_range(self) -> tuple[int, int]:
        """Lowest and highest pitch that sounds; (60, 60) in a silent piece."""
        pitches = np.flatnonzero((self.states != SILENT).any(axis=0))
        return (int(pitches[0]), int(pitches[-1])) if len(pitches) else (60, 60)

    def shift(self, config: SequenceConfig) -> int:
        """Semitones by which it is moved before it is read."""
        return way_home(self.key, *self.pitch_range) if config.home_key else 0

    def strings(self, config: SequenceConfig, semitones: int = 0) -> list[PieceString]:
        """Its strings, moved by so many semitones more than it has to be.

        Raises
        ------
        ValueError
            If a pitch leaves the MIDI range.
        """
        codec = codec_of(config)
        tokens = codec.encode(self.states, self.voices, self.shift(config) + semitones)
        found = [TokenString.of(line, codec) for line in tokens]
        mode = int(self.key.mode == "minor") if config.home_key else UNKNOWN_GIVEN[2]
        rows = given_rows(self.conditions, mode)
        return [PieceString(s, rows[np.minimum(s.times[:-1], len(rows) - 1)], 1 / len(found)) for s in found]
