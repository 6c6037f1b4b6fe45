"""The strings of a piece of which there is a roll, in the home key: what is given at every place, crops and batches.

Metre, mode and the pitch that began last are given beside the tokens, as small integers. A piece is one string, or one
for each voice of a ``melody`` model; a frame of a piece in four lines counts a quarter in each of them, so that nats a
step are those of a whole frame, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.music.constants import SILENT
from biaxial.music.keys import nearest_key
from biaxial.music.score import Key
from biaxial.tokens.chord_codec import ChordCodec
from biaxial.tokens.codec import Codec, TokenString
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.melody_codec import MelodyCodec

if TYPE_CHECKING:
    from torch import Tensor

    from biaxial.corpora.corpus import CorpusPiece

HOME = {"major": 0, "minor": 9}
"""Tonic of the home key of each mode: C major and A minor, which share their signature."""
PLACES: Final = 200
"""Steps within a bar, and lengths of a bar, that are told apart; the last number stands for unknown."""
MAX_TOKENS = 16_384
"""Tokens of a batch of whole strings."""


class Given(IntEnum):
    """The columns of an array ``(..., 4)``."""

    STEP_IN_BAR = 0
    """0 to 198; 199 for unknown."""
    BAR_STEPS = 1
    """1 to 198; 199 for unknown."""
    MODE = 2
    """0 major, 1 minor, 2 unknown."""
    PITCH = 3
    """Pitch that began last in a line, as its tokens have it; 128 before the first one and in strings of chords."""


HIDEABLE: Final = (Given.STEP_IN_BAR, Given.BAR_STEPS, Given.MODE)
"""What a piece may not state."""
NO_PITCH: Final = 128
UNKNOWN_GIVEN: Final = (PLACES - 1, PLACES - 1, 2, NO_PITCH)
"""What stands in each column where nothing is known."""


def given_rows(conditions: NDArray[np.int16], mode: int) -> NDArray[np.int16]:
    """What is given at every step of a piece and at its end, but for the pitch.

    Parameters
    ----------
    conditions
        Conditions of each step, shape ``(t, c)``, at least one step.
    mode
        As in :class:`Given`.

    Returns
    -------
    Shape ``(t + 1, 4)``.
    """
    metre = conditions[:, [Condition.STEP_IN_BAR, Condition.BAR_STEPS]].astype(np.int16)
    step, bar = metre[-1].tolist()
    end = [UNKNOWN, UNKNOWN] if UNKNOWN in (step, bar) else [(step + 1) % max(1, bar), bar]
    metre = np.concatenate([metre, np.array([end], np.int16)])
    metre = np.where(metre == UNKNOWN, PLACES - 1, np.minimum(metre, PLACES - 2))
    return np.column_stack([metre, np.full(len(metre), mode), np.full(len(metre), NO_PITCH)]).astype(np.int16)


def last_pitches(tokens: NDArray[np.int32]) -> NDArray[np.int32]:
    """The pitch that began last before each token of a line, :data:`NO_PITCH` before the first one; shape ``(l,)``."""
    began = np.maximum.accumulate(np.where(tokens < NO_PITCH, np.arange(len(tokens)), -1))
    pitches = np.where(began < 0, NO_PITCH, tokens[began])
    return np.concatenate([[NO_PITCH], pitches[:-1]]).astype(np.int32)


@lru_cache(maxsize=8)
def codec_of(config: SequenceConfig) -> Codec:
    """What turns music into strings for a config."""
    return MelodyCodec(phrases=config.phrases) if config.kind == "melody" else ChordCodec(config)


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
        Columns as in :class:`Given`, shape ``(l, 4)``.
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
    def phrase_ends(self) -> list[int] | None:
        """Steps at which the last notes of phrases begin; ``None`` if it does not state them."""
        following = self.conditions[:, Condition.TO_FERMATA]
        return None if following[0] == UNKNOWN else np.flatnonzero(following == 0).tolist()

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
        ends = self.phrase_ends
        tokens = codec.encode(self.states, self.voices, self.shift(config) + semitones, ends)
        found = [TokenString.of(line, codec.walk(phrased=ends is not None)) for line in tokens]
        mode = int(self.key.mode == "minor") if config.home_key else UNKNOWN_GIVEN[2]
        rows = given_rows(self.conditions, mode)
        strings = []
        for string in found:
            given = rows[np.minimum(string.times[:-1], len(rows) - 1)]
            if config.kind == "melody":
                given[:, Given.PITCH] = last_pitches(string.tokens)
            strings.append(PieceString(string, given, 1 / len(found)))
        return strings


@dataclass(frozen=True, eq=False)
class StringCrop:
    """A part of a string, and whether metre and mode are hidden."""

    source: PieceString
    start: int
    length: int
    hide: tuple[Given, ...] = ()


class StringBatch(NamedTuple):
    """Crops of strings, the shorter ones padded; all of shape ``(b, l)`` but ``given``, which is ``(b, l, 4)``.

    Attributes
    ----------
    tokens, before
        The tokens, and the one before each.
    given
        Step in the bar, length of the bar, mode, pitch.
    rows
        Rows of the grammar.
    mask
        Whether a place belongs to the crop.
    frames
        Frames by which each token moves on.
    num_notes
        Notes in the strings that the crops come from, shape ``(b,)``.
    """

    tokens: Tensor
    before: Tensor
    given: Tensor
    rows: Tensor
    mask: Tensor
    frames: Tensor
    num_notes: Tensor


def cells_of(piece: CorpusPiece) -> Cells:
    """A piece of a corpus without its name."""
    return Cells(piece.states, piece.voices, piece.conditions)


def collate_strings(crops: Sequence[StringCrop], codec: Codec) -> StringBatch:
    """Crops as one batch, a single masked token where there are none."""
    import torch

    length = max((crop.length for crop in crops), default=1)
    b = max(1, len(crops))
    tokens, before = np.full((b, length), codec.end, np.int32), np.full((b, length), codec.start, np.int32)
    given = np.tile(np.array(UNKNOWN_GIVEN, np.int16), (b, length, 1))
    rows, mask, frames = np.zeros((b, length), np.int32), np.zeros((b, length), bool), np.zeros((b, length), np.float32)
    num_notes = np.zeros(b, np.int64)
    for row, crop in enumerate(crops):
        string, places = crop.source.string, slice(crop.start, crop.start + crop.length)
        tokens[row, : crop.length] = string.tokens[places]
        before[row, 1 : crop.length] = string.tokens[places][:-1]
        if crop.start:
            before[row, 0] = string.tokens[crop.start - 1]
        given[row, : crop.length] = crop.source.given[places]
        for column in crop.hide:
            given[row, :, column] = UNKNOWN_GIVEN[column]
        rows[row, : crop.length] = string.rows[places]
        mask[row, : crop.length] = True
        frames[row, : crop.length] = np.diff(string.times)[places] * crop.source.share
        num_notes[row] = string.num_notes
    arrays = (tokens, before, given, rows, mask, frames, num_notes)
    return StringBatch(*(torch.from_numpy(array) for array in arrays))


def whole_strings(strings: Sequence[PieceString], batch_size: int) -> list[list[StringCrop]]:
    """Whole strings in batches of similar length."""
    batches: list[list[StringCrop]] = []
    for source in sorted(strings, key=lambda source: source.length):
        last = batches[-1] if batches else []
        if not last or len(last) == batch_size or (len(last) + 1) * source.length > MAX_TOKENS:
            batches.append([])
        batches[-1].append(StringCrop(source, 0, source.length))
    return batches
