"""Strings of a corpus for the token LSTMs: crops, batches, and what they cost.

A piece is one string, or one for each voice of a ``melody`` model; a frame of a piece in four lines counts a quarter in
each of them, so that nats per step are those of a whole frame, as everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from biaxial.errors import InputError
from biaxial.events.chord import learnt_vocabulary, moments
from biaxial.events.config import SequenceConfig
from biaxial.events.given import PLACES, UNKNOWN_GIVEN, Given
from biaxial.events.strings import Cells, PieceString, codec_of
from biaxial.events.tokens import Codec
from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.models.sequence import SequenceLSTM
from biaxial.training.batches import CorpusBatches, crop_spans
from biaxial.training.config import TrainConfig
from biaxial.training.corpus import Corpus, CorpusPiece
from biaxial.training.lit_module import NatsModule
from biaxial.training.mixing import Mix

MOST_TOKENS = 16_384
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
        if not last or len(last) == batch_size or (len(last) + 1) * source.length > MOST_TOKENS:
            batches.append([])
        batches[-1].append(StringCrop(source, 0, source.length))
    return batches


class StringData(CorpusBatches[StringCrop]):
    """Batches for a token LSTM."""

    def __init__(self, corpus: Corpus, config: SequenceConfig, train: TrainConfig, mix: Mix | None = None) -> None:
        super().__init__(corpus, train, mix)
        self.config, self.codec = config, codec_of(config)
        self._strings: dict[tuple[int, int], list[PieceString]] = {}

    def strings(self, piece: CorpusPiece, semitones: int = 0) -> list[PieceString]:
        """The strings of a piece; they are made once."""
        key = id(piece), semitones
        if key not in self._strings:
            self._strings[key] = cells_of(piece).strings(self.config, semitones)
        return self._strings[key]

    def crops_of(self, piece: CorpusPiece, rng: np.random.Generator) -> list[StringCrop]:
        """As many crops as are needed to cover all strings of a piece, or one every so many tokens."""
        crops = []
        for line in range(len(self.strings(piece))):
            for start, length in crop_spans(self.strings(piece)[line].length, self.train, rng):
                columns = [column for column in Given if rng.random() < self.train.unknown_share]
                hide = [*columns, *([Given.BAR_STEPS] if Given.STEP_IN_BAR in columns else [])]
                source = self.strings(piece, self._shift(piece, rng))[line]
                if source.length == self.strings(piece)[line].length:
                    crops.append(StringCrop(source, start, length, tuple(hide)))
                else:  # another transposition has other words, so its string may be shorter
                    start = min(start, max(0, source.length - length))
                    crops.append(StringCrop(source, start, min(length, source.length), tuple(hide)))
        return crops

    def _shift(self, piece: CorpusPiece, rng: np.random.Generator) -> int:
        most = self.train.transpose
        if not most:
            return 0
        home, (low, high) = cells_of(piece).shift(self.config), piece.pitch_range()
        fitting = [s for s in range(-most, most + 1) if low + home + s >= 0 and high + home + s <= 127]
        return int(rng.choice(fitting)) if fitting else 0

    def held_out(self) -> list[list[StringCrop]]:
        """Whole held-out strings, metre and mode known as far as the pieces state them."""
        strings = [string for piece in self.corpus.split("valid") for string in self.strings(piece)]
        return whole_strings(strings, 32)

    def collated(self, crops: list[StringCrop]) -> StringBatch:
        """As :func:`collate_strings`."""
        return collate_strings(crops, self.codec)


class SequenceModule(NatsModule):
    """Trains a :class:`~biaxial.models.sequence.SequenceLSTM` on nats per token."""

    model: SequenceLSTM

    def __init__(self, config: SequenceConfig, train: TrainConfig, total_steps: int) -> None:
        super().__init__(config, train, total_steps)
        self.model = SequenceLSTM(config)

    def crop_nats(self, batch: StringBatch) -> Tensor:
        """Negative log-likelihood of all tokens in the batch."""
        found = self.model.token_log_likelihood(batch.tokens, batch.before, batch.given, batch.rows)
        return -(found * batch.mask).sum()

    def frames(self, batch: StringBatch) -> Tensor:
        """Frames of music in the batch."""
        return batch.frames.sum()

    def piece_sums(self, batch: StringBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Nats, frames and notes."""
        return self.crop_nats(batch), batch.frames.sum(), batch.num_notes.sum()


def fitted(config: SequenceConfig, corpus: Corpus) -> SequenceConfig:
    """The config with the vocabulary of the training pieces, unless it has one."""
    if config.kind != "chord" or config.lengths:
        return config
    pieces = [moments(piece.states, cells_of(piece).shift(config)) for piece in corpus.split("train")]
    chords, lengths = learnt_vocabulary(pieces, config.most_chords, config.least_count)
    corpus.release()
    return replace(config, chords=chords, lengths=lengths)


def check_strings(corpus: Corpus, config: SequenceConfig) -> None:
    """Refuse a corpus on another grid.

    Raises
    ------
    InputError
        With both grids.
    """
    if corpus.steps_per_quarter != config.steps_per_quarter:
        raise InputError(
            f"the corpus has {corpus.steps_per_quarter} steps a quarter, the network {config.steps_per_quarter}"
        )


def outlines(corpus: Corpus, config: SequenceConfig) -> dict[str, Any]:
    """How often training pieces have each key, and each length of bar and of pickup in steps (``"12+4"``)."""
    keys: Counter[str] = Counter()
    metres: Counter[str] = Counter()
    for piece in corpus.split("train"):
        keys[cells_of(piece).key.name] += 1
        step, bar = piece.conditions[0, [Condition.STEP_IN_BAR, Condition.BAR_STEPS]].tolist()
        if UNKNOWN not in (step, bar) and 0 < bar < PLACES - 1:
            metres[f"{bar}+{(bar - step) % bar}"] += 1
    corpus.release()
    return {"keys": dict(sorted(keys.items())), "metres": dict(sorted(metres.items()))}
