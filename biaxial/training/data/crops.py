"""Crops and batches: random crops of the training pieces, transposed; whole pieces for validation.

All randomness is drawn from (seed, epoch, place in the epoch), so that a resumed run sees what the unbroken one would
have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.features.conditions import GROUPS, UNKNOWN, Condition, hidden
from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.models.config import ModelConfig
from biaxial.music.constants import VOICE_RANGES
from biaxial.training.config import TrainConfig
from biaxial.training.data.batches import CorpusBatches, crop_spans, drawn_batches
from biaxial.training.data.hints import Given
from biaxial.training.data.mixing import Mix

MAX_STEPS = 8192
"""Steps of a batch of whole pieces; eight of the longest chorales have fewer."""


class Batch(NamedTuple):
    """Crops of equal length; the shorter ones are padded with silence.

    Attributes
    ----------
    outcomes
        Shape ``(b, t, n)``.
    previous
        The true frame before the crop, shape ``(b, n)``.
    conditions
        Shape ``(b, t, c)``.
    mask
        Whether a step belongs to the piece, shape ``(b, t)``.
    echo
        Echo of each step in the whole piece, for a config that has it.
    known
        What is known of each crop, if anything is known of one of them.
    """

    outcomes: Tensor
    previous: Tensor
    conditions: Tensor
    mask: Tensor
    echo: Echo | None = None
    known: Known | None = None

    @property
    def lengths(self) -> Tensor:
        """Steps of each crop, shape ``(b,)``."""
        return self.mask.sum(1)


@dataclass(frozen=True)
class Crop:
    """Where a crop comes from: piece, first step, number of steps, transposition, hidden conditions, what is known."""

    piece: CorpusPiece
    start: int
    length: int
    semitones: int = 0
    hide: tuple[str, ...] = ()
    given: Given | None = None


def transpositions(piece: CorpusPiece, config: ModelConfig, most: int) -> list[int]:
    """Shifts by at most ``most`` semitones that keep a piece in the note range and its voices in their ranges."""
    low, high = piece.pitch_range()
    bounds = [(low, high, config.low_pitch, config.high_pitch)]
    if config.num_voices == len(VOICE_RANGES):
        bounds += [(*piece.voice_range(v), *VOICE_RANGES[v]) for v in range(config.num_voices)]
    shifts = range(-most, most + 1)
    return [
        s
        for s in shifts
        if s == 0 or all(bottom <= lowest + s and highest + s <= top for lowest, highest, bottom, top in bounds)
    ]


def collate(crops: list[Crop], config: ModelConfig) -> Batch:
    """Make a batch of crops; without any it is one step that is masked."""
    length = max((crop.length for crop in crops), default=1)
    b, n = max(1, len(crops)), config.num_notes
    outcomes = np.zeros((b, length, n), np.uint8)
    previous = np.zeros((b, n), np.uint8)
    conditions = np.full((b, length, len(Condition)), UNKNOWN, np.int16)
    mask = np.zeros((b, length), bool)
    echo = Echo(torch.zeros(b, length, n).byte(), torch.zeros(b, length).long(), torch.zeros(b, length).bool())
    known = Known.nothing(b, length, n)
    for row, crop in enumerate(crops):
        end = crop.start + crop.length
        first = 0 if config.echo else max(0, crop.start - 1)  # the echo looks at all that came before
        so_far = outcomes_of(crop.piece, config, end, crop.semitones, first)
        outcomes[row, : crop.length] = so_far[crop.start - first :]
        if crop.start:
            previous[row] = so_far[crop.start - first - 1]
        if crop.given is not None:
            frames = outcomes[row, : crop.length]
            voices = crop.given.voices(frames, config.alphabet)
            for part, found in zip(known, Known.of(frames, voices, config.alphabet), strict=True):
                part[row, : crop.length] = found
        if config.echo:
            heard = echoes(torch.from_numpy(so_far).unsqueeze(0))
            for part, found in zip(echo, heard, strict=True):
                part[row, : crop.length] = found[0, crop.start :]
        rows = crop.piece.conditions[crop.start : end].copy()
        in_key = rows[:, Condition.TONIC] != UNKNOWN
        rows[in_key, Condition.TONIC] = (rows[in_key, Condition.TONIC] + crop.semitones) % 12
        conditions[row, : crop.length] = hidden(rows, *crop.hide)
        mask[row, : crop.length] = True
    return Batch(
        torch.from_numpy(outcomes),
        torch.from_numpy(previous),
        torch.from_numpy(conditions),
        torch.from_numpy(mask),
        echo if config.echo else None,
        known if any(crop.given for crop in crops) else None,
    )


def piece_crops(piece: CorpusPiece, config: ModelConfig, train: TrainConfig, rng: np.random.Generator) -> list[Crop]:
    """As many crops as are needed to cover a piece; the first begins near its beginning, the last ends near its end.

    Each crop is transposed at random, and each group of conditions is hidden in a share of them; for a network with a
    context encoder something is known of a share of them.
    """
    crops = []
    shifts = transpositions(piece, config, train.transpose)
    for start, length in crop_spans(piece.num_steps, train, rng):
        hide = tuple(group for group in GROUPS if rng.random() < train.unknown_share)
        shift = int(rng.choice(shifts))
        given = Given.drawn(rng) if config.context_hidden and rng.random() < train.known_share else None
        crops.append(Crop(piece, start, length, shift, hide, given))
    return crops


def epoch_crops(
    pieces: tuple[CorpusPiece, ...], config: ModelConfig, train: TrainConfig, epoch: int, mix: Mix | None = None
) -> Iterator[list[Crop]]:
    """The batches of one epoch, as crops.

    Every piece is covered; crops of an old corpus may be mixed in. Crops of about the same length come together, since
    the shorter ones of a batch are padded.
    """
    yield from drawn_batches(pieces, train, epoch, mix, lambda piece, rng: piece_crops(piece, config, train, rng))


def whole_pieces(pieces: tuple[CorpusPiece, ...], batch_size: int, given: Given | None = None) -> list[list[Crop]]:
    """Whole pieces in batches of similar length, with something known of each or nothing.

    A batch has at most ``batch_size`` pieces, and at most :data:`MAX_STEPS` steps unless one piece alone has more.
    """
    batches: list[list[Crop]] = []
    for piece in sorted(pieces, key=lambda piece: piece.num_steps):
        last = batches[-1] if batches else []
        if not last or len(last) == batch_size or (len(last) + 1) * piece.num_steps > MAX_STEPS:
            batches.append([])
        batches[-1].append(Crop(piece, 0, piece.num_steps, given=given))
    return batches


class CorpusData(CorpusBatches[Crop]):
    """Batches for a biaxial LSTM."""

    def __init__(self, corpus: Corpus, config: ModelConfig, train: TrainConfig, mix: Mix | None = None) -> None:
        super().__init__(corpus, train, mix)
        self.config = config

    def crops_of(self, piece: CorpusPiece, rng: np.random.Generator) -> list[Crop]:
        """As :func:`piece_crops`."""
        return piece_crops(piece, self.config, self.train, rng)

    def held_out(self) -> list[list[Crop]]:
        """Whole held-out pieces with all their conditions known; with a context encoder once more, the melody known."""
        pieces = self.corpus.split("valid")
        batches = whole_pieces(pieces, 8)
        if self.config.context_hidden:
            batches += whole_pieces(pieces, 8, Given("melody"))
        return batches

    def collated(self, crops: list[Crop]) -> Batch:
        """As :func:`collate`."""
        return collate(crops, self.config)
