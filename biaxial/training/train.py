"""A training run: a folder with its config, its weights, its logs and what is needed to go on.

``runs/NAME/`` holds ``config.json``, ``model.safetensors`` (the best weights so far), ``last.ckpt`` (to resume),
``metrics.csv``, TensorBoard logs, ``samples/`` and ``learning-curve.png``.
"""

from __future__ import annotations

import json
import platform
import time
import warnings
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger

from biaxial.io.files import atomic_write
from biaxial.models.checkpoint import save_weights
from biaxial.models.config import ModelConfig
from biaxial.training.config import TrainConfig
from biaxial.training.corpus import Corpus
from biaxial.training.datamodule import CorpusData
from biaxial.training.lit_module import BiaxialModule


class BestWeights(Callback):
    """Writes ``model.safetensors`` whenever the averaged weights are better on the held-out pieces than before."""

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        self.folder, self.corpus = folder, corpus
        self.best = float("inf")
        self.started = time.monotonic()
        self.seconds_before = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run goes on from."""
        return {"best": self.best, "seconds": self.seconds_before + time.monotonic() - self.started}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.best, self.seconds_before = state_dict["best"], state_dict["seconds"]

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Compare and write; the weights are the averaged ones here."""
        assert isinstance(pl_module, BiaxialModule)
        nats = float(trainer.callback_metrics["valid_nats"])
        if trainer.sanity_checking or not trainer.is_global_zero or nats >= self.best:
            return
        self.best = nats
        made = {
            "corpus_sha256": self.corpus.checksum,
            "train_pieces": len(self.corpus.split("train")),
            "valid_nats_per_step": nats,
            "valid_nats_per_note": float(trainer.callback_metrics["valid_nats_per_note"]),
            "epoch": trainer.current_epoch,
            "updates": trainer.global_step,
            "training_seconds": round(self.seconds_before + time.monotonic() - self.started),
            "device": _device_name(trainer),
            "train": asdict(pl_module.train_config),
            "torch": torch.__version__,
            "date": datetime.now(UTC).date().isoformat(),
        }
        save_weights(self.folder / "model.safetensors", pl_module.model, made)


def _device_name(trainer: lightning.Trainer) -> str:
    if torch.cuda.is_available() and trainer.strategy.root_device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def train(
    corpus: Corpus,
    config: ModelConfig,
    train_config: TrainConfig,
    folder: Path,
    *,
    devices: int | str = "auto",
    accelerator: str = "auto",
    precision: Any = "bf16-mixed",
    resume: bool = False,
    quiet: bool = False,
    callbacks: tuple[Callback, ...] = (),
) -> float:
    """Train a network and leave its weights in a folder.

    Returns
    -------
    Best validation nats per step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lightning.seed_everything(train_config.seed, verbose=False)
    data = CorpusData(corpus, config, train_config)
    total = train_config.epochs * data.batches_per_epoch()
    module = BiaxialModule(config, train_config, total)
    document = {"config": asdict(config), "train": asdict(train_config), "corpus_sha256": corpus.checksum}
    atomic_write(folder / "config.json", json.dumps(document, indent=2).encode())
    best = BestWeights(folder, corpus)
    trainer = lightning.Trainer(
        accelerator=accelerator,
        devices=devices,
        precision=precision,
        max_epochs=train_config.epochs,
        gradient_clip_val=train_config.gradient_clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        logger=CSVLogger(folder, name=None, version=""),
        log_every_n_steps=10,
        enable_model_summary=False,
        enable_progress_bar=not quiet,
        callbacks=[
            EMAWeightAveraging(decay=train_config.average_decay, use_buffers=False),
            ModelCheckpoint(folder, filename="last", save_top_k=1, enable_version_counter=False),
            EarlyStopping("valid_nats", patience=train_config.patience),
            best,
            *([] if quiet else [TQDMProgressBar()]),
            *callbacks,
        ],
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer.fit(module, data, ckpt_path=folder / "last.ckpt" if resume else None, weights_only=True)
    return best.best
