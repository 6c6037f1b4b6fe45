"""Pieces of a corpus as strings of tokens: crops of them, and batches of crops.

A piece is one string, or one for each voice of a ``melody`` model; a frame of a piece in four lines counts a quarter in
each of them, so that nats per step are those of a whole frame, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from biaxial.corpora.corpus import CorpusPiece
from biaxial.tokens.codec import Codec
from biaxial.tokens.inputs import UNKNOWN_GIVEN, Given
from biaxial.tokens.strings import Cells, PieceString

MAX_TOKENS = 16_384
"""Tokens of a batch of whole strings."""


@dataclass(frozen=True, eq=False)
class StringCrop:
    """A part of a string, and whether metre and mode are hidden."""

    source: PieceString
    start: int
    length: int
    hide: tuple[Given, ...] = ()


class StringBatch(NamedTuple):
    """Crops of strings, the shorter ones padded; all of shape ``(b, l)`` but ``given``, which is ``(b, l, 3)``.

    Attributes
    ----------
    tokens, before
        The tokens, and the one before each.
    given
        Step in the bar, length of the bar, mode.
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
