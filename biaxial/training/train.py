"""A training run: a folder with its config, its weights, its logs and what is needed to go on.

``runs/NAME/`` holds ``config.json``, ``model.safetensors`` (the best weights so far), ``last.ckpt`` (to resume),
``metrics.csv``, TensorBoard logs, ``samples/`` and ``learning-curve.png``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from biaxial.errors import InputError
from biaxial.io.files import atomic_write
from biaxial.models.checkpoint import config_from_dict, load_weights, save_weights, start_with
from biaxial.models.config import ModelConfig
from biaxial.training.callbacks import BestWeights, History, Samples
from biaxial.training.config import TrainConfig
from biaxial.training.corpus import Corpus
from biaxial.training.curve import draw_learning_curve
from biaxial.training.datamodule import CorpusData
from biaxial.training.density import density_biases
from biaxial.training.lit_module import BiaxialModule

Precision = Literal["auto", "bf16-mixed", "32-true"]


@dataclass(frozen=True)
class Machine:
    """Where a run takes place.

    Parameters
    ----------
    accelerator
        ``"auto"``, ``"cpu"`` or ``"gpu"``.
    devices
        How many of them, 0 for all.
    precision
        Arithmetic of the matrix products: ``"auto"`` takes bfloat16 where the machine has units for it.
    """

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = 1
    precision: Precision = "auto"

    def __post_init__(self) -> None:
        if self.devices < 0:
            raise ValueError(f"the number of devices is at least 0, not {self.devices}")

    def resolved_precision(self) -> Literal["bf16-mixed", "32-true"]:
        """The precision that is used: bfloat16 on GPUs and processors with units for its dot products, else float32."""
        if self.precision != "auto":
            return self.precision
        if self.accelerator != "cpu" and torch.cuda.is_available():
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
        has_units = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return "bf16-mixed" if has_units else "32-true"


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Parameters
    ----------
    folder
        The run's folder.
    valid_nats
        Best nats per step on the held-out pieces.
    epochs
        Epochs finished.
    interrupted
        Whether it was stopped by Ctrl-C.
    """

    folder: Path
    valid_nats: float
    epochs: int
    interrupted: bool


def run_configs(folder: Path) -> tuple[ModelConfig, TrainConfig, str]:
    """Config, hyperparameters and corpus of an earlier run.

    Raises
    ------
    InputError
        If the folder is no run that can be resumed.
    """
    try:
        document = json.loads((folder / "config.json").read_text())
        configs = config_from_dict(document["config"]), TrainConfig(**document["train"])
        corpus = str(document["corpus"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a run (config.json: {error}); give one below runs/") from error
    if not (folder / "last.ckpt").is_file():
        raise InputError(f"{folder}: no epoch of this run was finished (no last.ckpt); start it anew")
    try:
        names = torch.load(folder / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    except (RuntimeError, EOFError, ValueError, KeyError, UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder / 'last.ckpt'}: damaged ({reason}); start the run anew") from error
    if not any(name.startswith("model.walks.") for name in names):
        raise InputError(f"{folder / 'last.ckpt'}: made by an older version; start the run anew")
    return *configs, corpus


def train(
    corpus: Corpus,
    config: ModelConfig,
    train_config: TrainConfig,
    folder: Path,
    machine: Machine | None = None,
    *,
    corpus_path: str = "",
    resume: bool = False,
    start_from: Path | None = None,
    quiet: bool = False,
    callbacks: Sequence[Callback] = (),
) -> RunResult:
    """Train a network and leave everything about it in a folder.

    Parameters
    ----------
    corpus
        Training and validation pieces.
    config, train_config
        The network and how it is trained; those of the run where it is resumed.
    folder
        The run's folder.
    machine
        Devices and precision.
    corpus_path
        Where the corpus came from, kept for resuming.
    resume
        Whether to go on from ``last.ckpt``.
    start_from
        Weights to go on from, of the same config but for the context encoder, which they may lack.
    quiet
        Whether to leave out the progress bar.
    callbacks
        Further Lightning callbacks.

    Raises
    ------
    InputError
        If the corpus has no pieces to train or to validate on, or a piece leaves the note range.
    """
    machine = machine or Machine()
    check_corpus(corpus, config)
    if resume and (left := _corpus_checksum(folder)) != corpus.checksum:
        raise InputError(f"{folder}: its corpus has changed since (checksum {left[:8]}); train on the old one or anew")
    lightning.seed_everything(train_config.seed, verbose=False)
    data = CorpusData(corpus, config, train_config)
    module = BiaxialModule(config, train_config, train_config.epochs * data.batches_per_epoch())
    if start_from is not None:
        start_with(module.model, start_from)
    document = {
        "config": asdict(config),
        "train": asdict(train_config),
        "corpus": corpus_path,
        "corpus_sha256": corpus.checksum,
        "started_from": "" if start_from is None else start_from.name,
    }
    if resume:
        document = json.loads((folder / "config.json").read_text())
    best = BestWeights(folder, corpus, str(document.get("started_from", "")))
    samples = Samples(folder, train_config.sample_every)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    trainer = _trainer(
        machine,
        precision=machine.resolved_precision(),
        max_epochs=train_config.epochs,
        gradient_clip_val=train_config.gradient_clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        logger=TensorBoardLogger(folder.parent, name=folder.name, version="", default_hp_metric=False),
        log_every_n_steps=10,
        enable_model_summary=False,
        enable_progress_bar=not quiet,
        callbacks=[
            best,
            samples,
            History(folder / "metrics.csv", best, samples),
            EMAWeightAveraging(decay=train_config.average_decay, use_buffers=False),
            ModelCheckpoint(folder, filename="last", enable_version_counter=False),
            EarlyStopping("valid_loss", patience=train_config.patience),
            *([] if quiet else [TQDMProgressBar()]),
            *callbacks,
        ],
    )
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / "config.json", json.dumps(document, indent=2).encode() + b"\n")
    interrupted = False
    # Lightning draws its bar on stdout, which is for results.
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        # batches are made in microseconds, and a run folder is written to more than once on purpose
        warnings.filterwarnings("ignore", ".*does not have many workers.*|.*exists and is not empty.*")
        warnings.filterwarnings("ignore", module="lightning|torch")
        try:
            trainer.fit(module, data, ckpt_path=folder / "last.ckpt" if resume else None, weights_only=True)
        except (KeyboardInterrupt, SystemExit):  # Lightning turns the one into the other
            interrupted = True
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which Lightning has switched off
    if trainer.is_global_zero and (folder / "model.safetensors").exists():
        network, made = load_weights(folder / "model.safetensors")
        made["density_biases"] = density_biases(network, corpus.split("valid"))
        save_weights(folder / "model.safetensors", network, made)
        draw_learning_curve(folder)
    return RunResult(folder, best.valid_nats, trainer.current_epoch, interrupted or trainer.interrupted)


def _trainer(machine: Machine, **settings: Any) -> lightning.Trainer:
    try:
        return lightning.Trainer(accelerator=machine.accelerator, devices=machine.devices or "auto", **settings)
    except (MisconfigurationException, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{machine.devices} devices of kind {machine.accelerator!r}: {reason}; try cpu") from error


def _corpus_checksum(folder: Path) -> str:
    return str(json.loads((folder / "config.json").read_text())["corpus_sha256"])


def check_corpus(corpus: Corpus, config: ModelConfig) -> None:
    """Refuse a corpus that a network cannot be trained on.

    Raises
    ------
    InputError
        With what is wrong.
    """
    for split in ("train", "valid"):
        if not corpus.split(split):
            raise InputError(
                f"the corpus has no pieces to {split} on; give more files, or train and valid "
                "(folders, or lists in a .json file)"
            )
    if config.num_voices not in (0, corpus.num_voices):
        found = f"{corpus.num_voices} voices" if corpus.num_voices else "no voices, or not the same number everywhere"
        raise InputError(
            f"the preset has {config.num_voices} voices, the corpus {found}; add --num-voices {corpus.num_voices}"
        )
    if corpus.steps_per_quarter != config.steps_per_quarter:
        raise InputError(
            f"the corpus has {corpus.steps_per_quarter} steps a quarter, the network {config.steps_per_quarter}"
        )
    for piece in corpus.pieces:
        low, high = piece.pitch_range()
        if piece.split != "test" and (low < config.low_pitch or high > config.high_pitch):
            raise InputError(
                f"{piece.name}: pitches {low} to {high} leave the note range {config.low_pitch} to "
                f"{config.high_pitch}; set --low-pitch and --num-notes"
            )
