"""The Lightning module: loss, metrics and optimiser, the same for every kind of model, and nothing about music.

A kind of model says what a batch of crops and a batch of whole pieces cost in nats: :class:`BiaxialModule` here,
:class:`biaxial.training.token_crops.SequenceModule` for the token LSTMs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any, NamedTuple

import lightning
import torch
from torch import Tensor
from torch.nn import functional

from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.tokens.any_config import AnyConfig
from biaxial.tokens.network import Network
from biaxial.training.config import TrainConfig
from biaxial.training.packed_pass import PackedPass, product_type


class ValidNats(NamedTuple):
    """Nats on the held-out pieces.

    Attributes
    ----------
    per_step, per_note
        Of a step and of a struck note where nothing is known.
    given_melody
        Of a step where the highest voice is known; not a number for a network without a context encoder.
    """

    per_step: float
    per_note: float
    given_melody: float

    @property
    def loss(self) -> float:
        """What the best weights are chosen by: the two ways of counting a step, added."""
        return self.per_step if math.isnan(self.given_melody) else self.per_step + self.given_melody


class NatsModule(lightning.LightningModule, ABC):
    """Trains a network on nats.

    Parameters
    ----------
    config, train
        The network's config and how it is trained.
    total_steps
        Batches of the whole run, over which the learning rate falls.
    """

    model: Network

    def __init__(self, config: AnyConfig, train: TrainConfig, total_steps: int) -> None:
        super().__init__()
        self.save_hyperparameters({"config": asdict(config), "train": asdict(train), "total_steps": total_steps})
        self.train_config = train
        self.total_steps = total_steps
        self._sums = torch.zeros(2, 3, dtype=torch.float64)  # nothing known, the melody known

    @abstractmethod
    def crop_nats(self, batch: Any) -> Tensor:
        """What a batch of crops costs, in nats, with dropout and all that is hidden in training."""

    def more_nats(self, batch: Any) -> Tensor:
        """What else is to be learnt of a batch of crops, in nats that are not counted among those of the music."""
        return torch.zeros((), device=self.device)

    @abstractmethod
    def frames(self, batch: Any) -> Tensor:
        """Frames of music in a batch of crops."""

    @abstractmethod
    def piece_sums(self, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Nats, frames and struck notes of a batch of whole pieces."""

    def is_given(self, batch: Any) -> bool:
        """Whether something is known of the pieces of a batch."""
        return False

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Nats per step (or token) of a batch of crops.

        Dropout is drawn from the seed and the number of the update, so that a resumed run draws what the unbroken one
        would have. Devices share the steps of a batch unevenly: each weights its part, so that the mean of their
        gradients is that of the whole batch.
        """
        torch.manual_seed((self.train_config.seed * 1_000_003 + self.global_step) * 1009 + self.global_rank)
        steps, frames = batch.mask.sum(), self.frames(batch)
        nats = self.crop_nats(batch)
        all_nats = nats + self.more_nats(batch)
        self.log(
            "train_nats",
            nats / frames.clamp(min=1),
            on_step=False,
            on_epoch=True,
            batch_size=int(frames),
            prog_bar=True,
            sync_dist=True,
        )
        if self.trainer.world_size == 1:
            loss: Tensor = all_nats / steps.clamp(min=1)
            return loss
        return all_nats * self.trainer.world_size / self.trainer.strategy.reduce(steps.clone(), reduce_op="sum")

    def on_validation_epoch_start(self) -> None:
        """Forget the sums of the last validation."""
        self._sums.zero_()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Add a batch of whole pieces to the sums."""
        sums = torch.stack(self.piece_sums(batch)).double().cpu()
        self._sums[int(self.is_given(batch))] += sums

    def on_validation_epoch_end(self) -> None:
        """Log nats per step and per struck note, averaged over all frames."""
        found = self.held_out_nats()
        self.log("valid_nats", found.per_step, prog_bar=True)
        self.log("valid_nats_per_note", found.per_note)
        self.log("valid_nats_given_melody", found.given_melody)
        self.log("valid_loss", found.loss)

    def held_out_nats(self) -> ValidNats:
        """Nats of the last validation, over all devices."""
        (nats, steps, struck), (given, given_steps, _) = self.trainer.strategy.reduce(
            self._sums.to(self.device, copy=True), reduce_op="sum"
        ).tolist()
        given_melody = given / given_steps if given_steps else float("nan")
        return ValidNats(nats / max(steps, 1), nats / max(struck, 1), given_melody)

    def configure_optimizers(self) -> Any:
        """AdamW or RMSProp with warm-up and cosine; biases are not decayed."""
        train = self.train_config
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        rest = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": matrices, "weight_decay": train.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        optimizer: torch.optim.Optimizer
        if train.optimizer == "rmsprop":
            optimizer = torch.optim.RMSprop(groups, lr=train.learning_rate, alpha=0.9, momentum=train.momentum)
        else:
            optimizer = torch.optim.AdamW(groups, lr=train.learning_rate, betas=(0.9, 0.99))

        def schedule(step: int) -> float:
            if step < train.warmup_steps:
                return (step + 1) / train.warmup_steps
            done = (step - train.warmup_steps) / max(1.0, self.total_steps - train.warmup_steps)
            return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class BiaxialModule(NatsModule):
    """Trains a :class:`~biaxial.models.biaxial.BiaxialLSTM` on nats per step."""

    strikes: Tensor
    without: Tensor
    model: BiaxialLSTM

    def __init__(self, config: ModelConfig, train: TrainConfig, total_steps: int) -> None:
        super().__init__(config, train, total_steps)
        self.model = BiaxialLSTM(config)
        self.register_buffer(
            "strikes", torch.from_numpy(config.alphabet.states == config.num_states - 1), persistent=False
        )  # k
        self.register_buffer("without", torch.from_numpy(config.alphabet.without), persistent=False)  # 2**v k

    def crop_nats(self, batch: Batch) -> Tensor:
        """Nats of a batch of crops; with two walks the mean of theirs, so that each learns all of the music."""
        model, batch = self._windowed(batch)
        if (dtype := product_type(model)) is not None:
            return PackedPass(model, self._forgetful(batch), dtype).nats()
        cells = model.walk_log_likelihood(self._forgetful(batch))
        return -(cells.mean(0) * batch.mask.unsqueeze(-1)).sum()

    def more_nats(self, batch: Batch) -> Tensor:
        """Nats of the levels of a batch of crops, where the network has dynamics."""
        return (
            self._level_nats(*self._windowed(batch), "train") if batch.levels is not None else super().more_nats(batch)
        )

    def frames(self, batch: Batch) -> Tensor:
        """Steps of all crops."""
        return batch.mask.sum()

    def is_given(self, batch: Batch) -> bool:
        """Whether the melody is known."""
        return batch.known is not None

    def piece_sums(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Nats, frames and struck cells; of two walks the nats of the mean, as music is judged by."""
        frames = log_mean(self.model.walk_log_likelihood(batch).sum(-1))
        if batch.levels is not None and batch.known is None:
            self._level_nats(self.model, batch, "valid")
        return -(frames * batch.mask).sum(), batch.mask.sum(), self.strikes[batch.outcomes.long()].sum()

    def _level_nats(self, model: BiaxialLSTM, batch: Batch, kind: str) -> Tensor:
        """Nats of the levels of a batch, whose mean over the levels that are known is logged."""
        assert batch.levels is not None
        nats, count = -model.level_log_likelihood(batch).sum(), int((batch.levels > 0).sum())
        name, mean = f"{kind}_level_nats", nats.detach() / max(count, 1)
        self.log(name, mean, on_step=False, on_epoch=True, batch_size=max(count, 1), sync_dist=True)
        return nats

    def _windowed(self, batch: Batch) -> tuple[BiaxialLSTM, Batch]:
        """The network and the batch over a part of the note range that holds all that sounds."""
        size, num_notes = self.train_config.note_window, self.model.config.num_notes
        if not 0 < size < num_notes:
            return self.model, batch
        sounds = batch.outcomes.flatten(0, 1).any(0) | batch.previous.any(0)
        if batch.echo is not None:  # it may come from before the crop
            sounds = sounds | batch.echo.frame.flatten(0, 1).any(0)
        sounding = sounds.nonzero()
        lowest, highest = (int(sounding[0]), int(sounding[-1])) if len(sounding) else (0, 0)
        size = max(size, highest + 1 - lowest)
        least, most = max(0, highest + 1 - size), min(lowest, num_notes - size)
        first = int(torch.randint(least, most + 1, ()))
        notes = slice(first, first + size)
        echo = None if batch.echo is None else batch.echo._replace(frame=batch.echo.frame[..., notes])
        known = None if batch.known is None else batch.known.at((..., notes))
        narrow = batch._replace(
            outcomes=batch.outcomes[..., notes],
            previous=batch.previous[..., notes],
            echo=echo,
            known=known,
            levels=None if batch.levels is None else batch.levels[..., notes],
        )
        return self.model.narrowed(first, size), narrow

    def _forgetful(self, batch: Batch) -> Batch:
        """The batch with some voices of the frame before each step out of sight, each for a quarter note.

        Left alone, a network that has lost a voice takes the silence for a rest and leaves it silent.
        """
        config, share = self.model.config, self.train_config.forget_share
        if share == 0:
            return batch
        shifted = batch.before
        b, t, n = shifted.shape
        span, lines = config.steps_per_quarter, config.num_voices or n
        begins = torch.rand(b, lines, t + span - 1, device=shifted.device) < 1 - (1 - share) ** (1 / span)
        hidden = functional.max_pool1d(begins.float(), span, stride=1) > 0  # b lines t
        if not config.num_voices:
            return batch._replace(seen=shifted.masked_fill(hidden.transpose(1, 2), 0))
        bits = 2 ** torch.arange(lines, device=shifted.device)
        sets = (hidden * bits.unsqueeze(1)).sum(1)  # b t
        return batch._replace(seen=self.without[sets.unsqueeze(-1), shifted.long()])
