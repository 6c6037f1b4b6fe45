"""Strings of a corpus for training the token LSTMs: where they are cropped, and what a crop costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.music.errors import InputError
from biaxial.tokens.chord_codec import learnt_vocabulary, moments
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.strings import (
    HIDEABLE,
    PLACES,
    Given,
    PieceString,
    StringBatch,
    StringCrop,
    cells_of,
    codec_of,
    collate_strings,
    whole_strings,
)
from biaxial.training.batches import CorpusBatches, crop_spans
from biaxial.training.config import TrainConfig
from biaxial.training.lit_module import NatsModule
from biaxial.training.mixing import Mix


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
                columns = [column for column in HIDEABLE if rng.random() < self.train.unknown_share]
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
    """Trains a :class:`~biaxial.tokens.network.SequenceLSTM` on nats per token."""

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
    """The config with the vocabulary of the training pieces unless it has one; no phrase ends if none are stated."""
    if config.phrases and not any(cells_of(piece).phrase_ends is not None for piece in corpus.split("train")):
        config = replace(config, phrases=False)
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
