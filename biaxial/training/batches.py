"""Batches of a corpus for the trainer, whatever the kind of model: crops are cut, ordered and drawn in one way.

All randomness is drawn from (seed, epoch, place in the epoch), so that a resumed run sees what the unbroken one would
have seen. A kind of model says what its crops are: :class:`biaxial.training.crops.CorpusData` for the biaxial LSTM,
:class:`biaxial.training.token_crops.StringData` for the token LSTMs.

Several devices may train one network. In training they share the crops of each batch, so that an epoch has the same
batches and updates on any number of devices: the batch size is that of the whole run. In validation they share the
batches, which stay whole: the nats of each are then the same numbers wherever they are computed.

All devices take the same number of batches, since every batch is a moment at which they meet. A device that has nothing
to do takes an empty batch, which :func:`~biaxial.training.crops.collate` turns into one masked step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import lightning
import numpy as np
from torch.utils.data import DataLoader, Dataset

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.training.config import TrainConfig
from biaxial.training.mixing import Mix


class Sized(Protocol):
    """A crop of any kind."""

    @property
    def length(self) -> int:
        """Its steps, or tokens."""
        ...


AnyCrop = TypeVar("AnyCrop", bound=Sized)
T = TypeVar("T")


class Share(NamedTuple):
    """The place of one device among all of them.

    Attributes
    ----------
    rank, world
        Number of the device, from 0, and the number of devices.
    """

    rank: int = 0
    world: int = 1

    @classmethod
    def of(cls, trainer: lightning.Trainer | None) -> Share:
        """That of this process; without a trainer there is one device."""
        return cls() if trainer is None else cls(trainer.global_rank, trainer.world_size)

    def of_each(self, batches: Iterable[list[T]]) -> list[list[T]]:
        """Its part of every batch."""
        return [batch[self.rank :: self.world] for batch in batches]

    def of_all(self, batches: list[list[T]]) -> list[list[T]]:
        """Its batches, followed by an empty one where other devices have one more."""
        rounds = -(-len(batches) // self.world)
        mine = batches[self.rank :: self.world]
        return mine + [[] for _ in range(rounds - len(mine))]


def crop_spans(size: int, train: TrainConfig, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Start and length of the crops of a piece of some size; drawn one by one, as they are asked for."""
    length = min(train.crop_steps, size)
    count, room = -(-size // train.crop_steps), size - length
    if train.crop_shift:  # crops reach over both ends, so that every place is in as many of them: the end too
        for start in range(int(rng.integers(0, train.crop_shift)) - length + 1, size, train.crop_shift):
            first, last = max(0, start), min(start + length, size)
            yield first, last - first
        return
    for index in range(count):
        centre = room * index / (count - 1) if count > 1 else 0.0
        jitter = rng.uniform(-0.25, 0.25) * length if count > 1 else 0.0
        yield int(np.clip(round(centre + jitter), 0, room)), length


def drawn_batches(
    pieces: tuple[CorpusPiece, ...],
    train: TrainConfig,
    epoch: int,
    mix: Mix | None,
    crops_of: Callable[[CorpusPiece, np.random.Generator], list[AnyCrop]],
) -> Iterator[list[AnyCrop]]:
    """The batches of one epoch, given what cuts the crops of a piece."""
    rng = np.random.default_rng([train.seed, epoch])
    crops = [crop for piece in pieces for crop in crops_of(piece, rng)]
    if mix is not None:
        crops += mix.drawn(len(crops), crops_of, rng)
    about = [crop.length * rng.uniform(0.8, 1.25) for crop in crops]
    order = np.argsort(about)
    for first in rng.permutation(np.arange(0, len(crops), train.batch_size)):
        yield [crops[i] for i in order[first : first + train.batch_size]]


class _Batches(Dataset[Any]):
    """Batches that are made when they are asked for; the mapped pages that each was made from are given back."""

    def __init__(
        self, batches: list[list[AnyCrop]], collated: Callable[[list[AnyCrop]], Any], corpora: tuple[Corpus, ...]
    ) -> None:
        self.batches, self.collated, self.corpora = batches, collated, corpora

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Any:
        batch = self.collated(self.batches[index])
        for corpus in self.corpora:
            corpus.release()
        return batch


class CorpusBatches(lightning.LightningDataModule, ABC, Generic[AnyCrop]):
    """Batches of a corpus for a trainer, a fresh training epoch each time it asks; a kind of model says what they are.

    Parameters
    ----------
    corpus
        The pieces.
    train
        How the network is trained.
    mix
        An old corpus to mix in.
    """

    def __init__(self, corpus: Corpus, train: TrainConfig, mix: Mix | None = None) -> None:
        super().__init__()
        self.corpus, self.train, self.mix = corpus, train, mix

    @abstractmethod
    def crops_of(self, piece: CorpusPiece, rng: np.random.Generator) -> list[AnyCrop]:
        """The training crops of a piece."""

    @abstractmethod
    def held_out(self) -> list[list[AnyCrop]]:
        """The batches to validate on."""

    @abstractmethod
    def collated(self, crops: list[AnyCrop]) -> Any:
        """Crops as one batch; of no crops a batch that weighs nothing."""

    def batches_per_epoch(self) -> int:
        """Number of training batches in an epoch; every epoch has the same, on any number of devices."""
        return sum(1 for _ in self._batches(0))

    def train_dataloader(self) -> DataLoader[Any]:
        """The share that one device has of the batches of the trainer's current epoch."""
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        batches = Share.of(self.trainer).of_each(self._batches(epoch))
        return self._loader(batches)

    def val_dataloader(self) -> DataLoader[Any]:
        """The held-out pieces."""
        return self._loader(Share.of(self.trainer).of_all(self.held_out()))

    def _loader(self, batches: list[list[AnyCrop]]) -> DataLoader[Any]:
        corpora = (self.corpus,) if self.mix is None else (self.corpus, self.mix.corpus)
        return DataLoader(_Batches(batches, self.collated, corpora), batch_size=None)

    def _batches(self, epoch: int) -> Iterator[list[AnyCrop]]:
        return drawn_batches(self.corpus.split("train"), self.train, epoch, self.mix, self.crops_of)
