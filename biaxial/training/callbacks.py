"""What happens beside the training itself: weights for users, samples to listen to, a history.

The first two want the averaged weights, which are in place until the averaging callback's own
``on_validation_epoch_end``: so they stand before it in the trainer's list.
"""

from __future__ import annotations

import copy
import csv
import math
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.corpus_piece import CorpusPiece
from biaxial.files.atomic import atomic_write
from biaxial.music.constants import VERSION
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.token_model import TokenModel
from biaxial.tokens.network import Network, SequenceLSTM
from biaxial.training.curve import read_rows
from biaxial.training.lit_module import NatsModule
from biaxial.training.token_crops import outlines
from biaxial.weights import save_weights

SAMPLE_EVENTS = 64
"""Events of a sample of a token LSTM."""


def key_counts(pieces: Iterable[CorpusPiece]) -> dict[str, int]:
    """How many pieces stand in each key."""
    from biaxial.features.conditions import UNKNOWN, Condition
    from biaxial.music.score import Key

    counts: dict[str, int] = {}
    for piece in pieces:
        tonic, mode = piece.conditions[0, [Condition.TONIC, Condition.MODE]].tolist()
        if UNKNOWN not in (tonic, mode):
            home = Key(-3, "minor") if mode else Key(0)  # C minor or C major
            name = home.transposed(tonic).name
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def style_keys(pieces: Sequence[CorpusPiece]) -> dict[str, dict[str, int]]:
    """How many pieces of each style stand in each key."""
    styles = sorted({piece.style for piece in pieces if piece.style is not None})
    return {style: key_counts(piece for piece in pieces if piece.style == style) for style in styles}


class BestWeights(Callback):
    """Writes ``model.safetensors`` whenever the averaged weights are better on the held-out pieces than before.

    Better is a lower :attr:`~biaxial.training.lit_module.ValidNats.loss`.

    Parameters
    ----------
    folder
        Where they go.
    corpus
        What they are trained on.
    origin
        What the weights are to say of where they come from.
    mixed
        Training pieces of a corpus that is mixed in.
    """

    def __init__(
        self, folder: Path, corpus: Corpus, origin: dict[str, Any], mixed: tuple[CorpusPiece, ...] = ()
    ) -> None:
        self.folder, self.corpus, self.origin, self.mixed = folder, corpus, origin, mixed
        self.best, self.valid_nats = float("inf"), float("inf")
        self.started = time.monotonic()
        self.seconds_before = 0.0

    @property
    def seconds(self) -> float:
        """Time spent training, over all sittings."""
        return self.seconds_before + time.monotonic() - self.started

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run goes on from."""
        return {"best": self.best, "valid_nats": self.valid_nats, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.best = state_dict["best"]
        self.valid_nats = state_dict.get("valid_nats", self.best)
        self.seconds_before = state_dict["seconds"]

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Compare and write."""
        assert isinstance(pl_module, NatsModule)
        found = pl_module.held_out_nats()
        if not found.loss < self.best:  # nor if it is not a number
            return
        self.best, self.valid_nats = found.loss, found.per_step
        if not trainer.is_global_zero:
            return
        made = {
            "corpus_sha256": self.corpus.checksum,
            "num_pieces": {split: len(self.corpus.split(split)) for split in ("train", "valid", "test")},
            **self._outlines(pl_module),
            "valid_nats_per_step": found.per_step,
            "valid_nats_per_note": found.per_note,
            "valid_nats_given_melody": None if math.isnan(found.given_melody) else found.given_melody,
            "epochs": trainer.current_epoch + 1,
            "updates": trainer.global_step,
            "training_seconds": round(self.seconds),
            "device": _device_name(trainer),
            "train": asdict(pl_module.train_config),
            **self.origin,
            "biaxial": VERSION,
            "torch": torch.__version__,
            "date": datetime.now(UTC).date().isoformat(),
        }
        save_weights(self.folder / "model.safetensors", pl_module.model, made)

    def _outlines(self, module: NatsModule) -> dict[str, Any]:
        """What pieces are composed like where nobody says otherwise."""
        if isinstance(module.model, SequenceLSTM):
            return outlines(self.corpus, module.model.config)
        pieces = self.corpus.split("train")
        of_styles = style_keys((*pieces, *self.mixed))
        return {"keys": key_counts(pieces)} | ({"style_keys": of_styles} if of_styles else {})


class Samples(Callback):
    """Composes a short piece every few epochs into ``samples/``, and logs its nats per step."""

    def __init__(self, folder: Path, every: int, bars: int = 8) -> None:
        self.folder, self.every, self.bars = folder, every, bars
        self.nats: float | None = None

    def on_validation_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Compose, write and log."""
        assert isinstance(pl_module, NatsModule)
        epoch, self.nats = trainer.current_epoch + 1, None
        if not self.every or epoch % self.every or not trainer.is_global_zero:
            return
        name = f"epoch-{epoch:03d}"
        piece = self._composed(copy.deepcopy(pl_module.model).to("cpu").eval(), name, epoch)
        (self.folder / "samples").mkdir(exist_ok=True)
        piece.save(self.folder / "samples" / f"{name}.mid")
        self.nats = piece.nats_per_step
        pl_module.log("sample_nats", self.nats)

    def _composed(self, network: Network, name: str, epoch: int) -> Piece:
        if isinstance(network, SequenceLSTM):
            return TokenModel(network, {}, name).compose(SAMPLE_EVENTS, key="C major", seed=epoch)
        return Model(network, {}, name).compose(self.bars, key="C major", seed=epoch)


class History(Callback):
    """Keeps ``metrics.csv``: a row for each epoch, also those before a run was resumed."""

    def __init__(self, path: Path, best: BestWeights, samples: Samples) -> None:
        self.path, self.best, self.samples = path, best, samples
        self.rows: list[dict[str, str]] = []

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Read the rows of the epochs that a resumed run has behind it."""
        if trainer.current_epoch and self.path.is_file():
            self.rows = [row for row in read_rows(self.path) if int(row["epoch"]) <= trainer.current_epoch]

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Add the row of this epoch."""
        row = {"epoch": str(trainer.current_epoch + 1), "updates": str(trainer.global_step)}
        row["seconds"] = f"{self.best.seconds:.0f}"
        for name in ("train_nats", "valid_nats", "valid_nats_per_note", "valid_nats_given_melody"):
            row[name] = f"{float(trainer.callback_metrics[name]):.5f}"
        for name in ("train_level_nats", "valid_level_nats"):  # of a network with dynamics
            if name in trainer.callback_metrics:
                row[name] = f"{float(trainer.callback_metrics[name]):.5f}"
        row["sample_nats"] = "" if self.samples.nats is None else f"{self.samples.nats:.5f}"
        self.rows.append(row)
        if trainer.is_global_zero:
            text = StringIO()
            writer = csv.DictWriter(text, list(row), lineterminator="\n", restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)
            atomic_write(self.path, text.getvalue().encode())


class StayStopped(Callback):
    """Leaves a run that had stopped early as it is when it is resumed; Lightning would add an epoch."""

    def __init__(self, stopping: EarlyStopping) -> None:
        self.stopping = stopping

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop at once; the state of the callbacks is there by now."""
        trainer.should_stop = self.stopping.stopping_reason is not EarlyStoppingReason.NOT_STOPPED

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Count the last epoch too, which Lightning had not completed when its checkpoint was written."""
        progress = trainer.fit_loop.epoch_progress.current
        progress.completed = progress.ready


def _device_name(trainer: lightning.Trainer) -> str:
    if trainer.strategy.root_device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
