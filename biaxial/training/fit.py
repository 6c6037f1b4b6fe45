"""A training run: a folder with its config, its weights, its logs and what is needed to go on.

``runs/NAME/`` holds ``config.json``, ``model.safetensors`` (the best weights so far), ``last.ckpt`` (to resume),
``metrics.csv``, TensorBoard logs, ``samples/`` and ``learning-curve.png``. A run that was broken off at any moment goes
on as if nothing had happened; the epoch that was running is repeated.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.corpora.verdicts import write_verdicts
from biaxial.music.errors import InputError
from biaxial.tokens.any_config import AnyConfig
from biaxial.tokens.config import SequenceConfig
from biaxial.training.batches import CorpusBatches
from biaxial.training.callbacks import BestWeights, History, Samples, StayStopped
from biaxial.training.config import TrainConfig
from biaxial.training.crops import CorpusData
from biaxial.training.devices import Machine, is_first_process
from biaxial.training.lit_module import BiaxialModule, NatsModule
from biaxial.training.mixing import Mix
from biaxial.training.run_folder import WholeCheckpoints, begin, check_unchanged, damaged, finish, new_document, tidy
from biaxial.training.run_plan import START, Plan, last_checkpoint, read_document
from biaxial.training.token_crops import SequenceModule, StringData, check_strings, fitted
from biaxial.weights import start_with


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


def train(
    corpus: Corpus,
    config: AnyConfig,
    train_config: TrainConfig,
    folder: Path,
    machine: Machine | None = None,
    *,
    corpus_path: str = "",
    resume: bool = False,
    start_from: Path | None = None,
    mix: Mix | None = None,
    styles: str = "",
    quiet: bool = False,
    callbacks: Sequence[Callback] = (),
) -> RunResult:
    """Train a network and leave everything about it in a folder.

    Parameters
    ----------
    corpus
        Training and validation pieces.
    config, train_config
        The network and how it is trained; those of the run where it is resumed. A ``chord`` model without a vocabulary
        learns it from the training pieces.
    folder
        The run's folder.
    machine
        Devices and precision.
    corpus_path
        Where the corpus came from, kept for resuming.
    resume
        Whether to go on with the run in the folder.
    start_from
        Weights to go on from, of the same config but for the context encoder, styles and dynamics, which they may lack.
    mix
        An old corpus to mix in.
    styles
        Where the styles of the pieces came from, kept for resuming.
    quiet
        Whether to leave out the progress bar.
    callbacks
        Further Lightning callbacks.

    Raises
    ------
    InputError
        If the corpus has no pieces to train or to validate on, a piece leaves the note range, or there is a run in the
        folder that is not to be resumed.
    OSError
        If a file cannot be written; the run can go on when the reason is gone.
    """
    machine = machine or Machine()
    check_corpus(corpus, config)
    if isinstance(config, SequenceConfig):
        config = fitted(config, corpus)
    if mix is not None:
        _check_pieces(mix.corpus, mix.pieces, config)
    if resume:
        document = read_document(folder)
        check_unchanged(folder, document, corpus, mix)
        start_from = folder / START if document.get("started_from") and last_checkpoint(folder) is None else None
    else:
        plan = Plan(config, train_config, corpus_path, machine, styles=styles)
        document = new_document(corpus, plan, mix, "" if start_from is None else start_from.name)
    lightning.seed_everything(train_config.seed, verbose=False)
    data, module = _parts(corpus, config, train_config, mix)
    if start_from is not None:
        start_with(module.model, start_from)
    origin = {key: value for key, value in document.items() if key in ("started_from", "mix")}
    if "mix" in origin:  # weights are given away: what folder it was, not where
        origin["mix"] = {**origin["mix"], "corpus": Path(origin["mix"]["corpus"]).name}
    best = BestWeights(folder, corpus, origin, () if mix is None else mix.pieces)
    stopping = EarlyStopping("valid_loss", patience=train_config.patience)
    samples = Samples(folder, train_config.sample_every)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    trainer = machine.trainer(
        max_epochs=train_config.epochs,
        gradient_clip_val=train_config.gradient_clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        logger=TensorBoardLogger(folder.parent, name=folder.name, version="", default_hp_metric=False),
        log_every_n_steps=10,
        enable_model_summary=False,
        enable_progress_bar=not quiet,
        plugins=[WholeCheckpoints()],
        callbacks=[
            best,
            samples,
            History(folder / "metrics.csv", best, samples),
            EMAWeightAveraging(decay=train_config.average_decay, use_buffers=False),
            ModelCheckpoint(folder, filename="last", enable_version_counter=False),
            stopping,
            StayStopped(stopping),
            *([] if quiet else [TQDMProgressBar()]),
            *callbacks,
        ],
    )
    if trainer.is_global_zero and not is_first_process():
        raise InputError("several processes were started for one device; give their number with --devices, --num-nodes")
    if train_config.batch_size < trainer.world_size:
        raise InputError(
            f"{trainer.world_size} devices share each batch, which has {train_config.batch_size} crops; "
            f"give --batch-size {trainer.world_size} or more"
        )
    if trainer.is_global_zero and resume:
        tidy(folder)
    elif trainer.is_global_zero:
        begin(folder, document, start_from)
    if trainer.is_global_zero and corpus.verdicts:
        write_verdicts(folder / "verdicts.json", corpus.verdicts)
    try:
        interrupted = _fit(trainer, module, data, last_checkpoint(folder) if resume else None)
        if trainer.is_global_zero:
            finish(folder, corpus)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(folder)) from error  # by TensorBoard, which names no file
    return RunResult(folder, best.valid_nats, trainer.current_epoch, interrupted)


def _parts(
    corpus: Corpus, config: AnyConfig, train_config: TrainConfig, mix: Mix | None
) -> tuple[CorpusBatches[Any], NatsModule]:
    """The two parts of a run that depend on the kind of model: its batches, and what they cost."""
    data: CorpusBatches[Any]
    if isinstance(config, SequenceConfig):
        data = StringData(corpus, config, train_config, mix)
        return data, SequenceModule(config, train_config, train_config.epochs * data.batches_per_epoch())
    data = CorpusData(corpus, config, train_config, mix)
    return data, BiaxialModule(config, train_config, train_config.epochs * data.batches_per_epoch())


class _Begun(Callback):
    """Knows whether training has begun, so that the checkpoint was taken in."""

    begun = False

    def on_train_batch_start(self, *_: object) -> None:
        """Note it."""
        self.begun = True


def _fit(trainer: lightning.Trainer, module: NatsModule, data: CorpusBatches[Any], checkpoint: Path | None) -> bool:
    """Train, and return whether Ctrl-C ended it.

    Raises
    ------
    InputError
        If the checkpoint does not fit the run that it lies in.
    """
    begun = _Begun()
    trainer.callbacks.append(begun)  # type: ignore[attr-defined]
    # Lightning draws its bar on stdout, which is for results.
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        # batches are made in microseconds, and a run folder is written to more than once on purpose
        warnings.filterwarnings("ignore", ".*does not have many workers.*|.*exists and is not empty.*")
        warnings.filterwarnings("ignore", module="lightning|torch")
        try:
            trainer.fit(module, data, ckpt_path=checkpoint, weights_only=True)
        except (KeyboardInterrupt, SystemExit):  # Lightning turns the one into the other
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which Lightning has switched off
            return True
        except InputError:
            raise
        except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError) as error:
            if checkpoint is None or begun.begun:
                raise
            raise damaged(checkpoint, " ".join(str(error).split())[:100]) from error
    return trainer.interrupted


def check_corpus(corpus: Corpus, config: AnyConfig) -> None:
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
    _check_pieces(corpus, tuple(piece for piece in corpus.pieces if piece.split != "test"), config)


def _check_pieces(corpus: Corpus, pieces: Sequence[CorpusPiece], config: AnyConfig) -> None:
    if isinstance(config, SequenceConfig):
        check_strings(corpus, config)
        return
    if refusal := corpus.voices_refusal(config.num_voices):
        raise InputError(refusal)
    if corpus.steps_per_quarter != config.steps_per_quarter:
        raise InputError(
            f"the corpus has {corpus.steps_per_quarter} steps a quarter, the network {config.steps_per_quarter}"
        )
    for piece in pieces:
        low, high = piece.pitch_range()
        if low < config.low_pitch or high > config.high_pitch:
            raise InputError(
                f"{piece.name}: pitches {low} to {high} leave the note range {config.low_pitch} to "
                f"{config.high_pitch}; set --low-pitch and --num-notes"
            )
        if config.styles and piece.style not in (None, *config.styles):
            raise InputError(
                f"{piece.name}: its style {piece.style!r} is not one of the network's, {', '.join(config.styles)}"
            )
