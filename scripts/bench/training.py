"""Measure the speed of training against a plain float32 loop of the same network, and the memory of an epoch.

``python scripts/bench/training.py CORPUS`` trains the ``chorale`` preset on a few batches of CORPUS, a folder made by
``biaxial-chorales`` or a file made by ``scripts/make/prepare.py``, on the CPU, once with the default precision and once
in float32. ``biaxial.training.fit.train`` itself does it: crops, features, network, gradient clipping, AdamW,
averaged weights, logs. After each of its batches the plain loop below takes the same batch, so that whatever else the
machine does slows both. Before that, a process of its own trains a few batches, validates the longest held-out pieces,
composes a sample and writes its weights, and its peak memory is read. All takes less than two minutes on one free core.

A cell is one note of one step. The speed of each is the median over batches, the ratio the median over pairs. With one
thread time is that of the processor, so that other work on the machine changes little of it.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import truediv
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.models.layers import ContextEncoder
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine, Precision
from biaxial.training.fit import train
from biaxial.training.packed_pass import PackedPass

MEMORY_GIB = 4.0
"""What training may take."""

_WARM_UP = 2


class PlainBiaxial(nn.Module):
    """The network as one writes it first: all inputs in one float32 tensor, ``nn.LSTM`` over time, then over notes.

    Inputs and the context encoder, which is two ``nn.LSTM`` itself, are those of the package.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.time_features, self.note_features = TimeFeatures(config), NoteFeatures(config)
        self.time_axis, width = self._stack(self.time_features.width, config.time_hidden)
        note_width = width + self.note_features.width
        self.note_axis, width = self._stack(note_width, config.note_hidden)
        self.head = nn.Linear(width + (note_width if config.head_sees_inputs else 0), len(config.alphabet))
        self.dropout = nn.Dropout(config.dropout)
        self.context = ContextEncoder(config, self.time_features) if config.context_hidden else None
        alphabet = config.alphabet
        self.may_follow, self.fits = torch.from_numpy(alphabet.may_follow), torch.from_numpy(alphabet.fits)
        self.agrees, self.held_voices = torch.from_numpy(alphabet.agrees), torch.from_numpy(alphabet.held_voices)
        self.voice_sets = torch.from_numpy(alphabet.voices).long()

    @staticmethod
    def _stack(width: int, hidden: tuple[int, ...]) -> tuple[nn.ModuleList, int]:
        widths = (width, *hidden)
        layers = [nn.LSTM(i, o, batch_first=True) for i, o in itertools.pairwise(widths)]
        return nn.ModuleList(layers), widths[-1]

    def forward(self, batch: Batch) -> Tensor:
        """Nats per step of a batch."""
        outcomes = batch.outcomes.long()
        b, t, n = outcomes.shape
        before = torch.cat([batch.previous.long().unsqueeze(1), outcomes[:, :-1]], dim=1)
        echo = echoes(outcomes) if self.config.echo and batch.echo is None else batch.echo
        context = None
        if self.context is not None and batch.known is not None:
            context = self.context(batch.known, batch.conditions, self.time_features, batch.lengths)  # b t n h
        x = self.time_features(before if batch.seen is None else batch.seen, batch.conditions, echo)  # b t n f
        if self.context is not None and context is not None:
            x = x + self.context.into_inputs(context)
        x = x.permute(0, 2, 1, 3).reshape(b * n, t, -1)
        for layer in self.time_axis:
            x = self.dropout(layer(x)[0])
        x = x.view(b, n, t, -1).permute(0, 2, 1, 3)
        if self.context is not None and context is not None:
            x = x + self.context.into_output(context)
        x, frames, before = self._walked(x), self._walked(outcomes), self._walked(before)
        if echo is not None:
            echo = Echo(self._walked(echo.frame), *(each.flatten() for each in echo[1:]))
        known = None if batch.known is None else Known(*map(self._walked, batch.known))
        inputs = torch.cat([x, self.note_features(frames, before, echo=echo, known=known)], dim=-1)
        x = inputs
        for layer in self.note_axis:
            x = self.dropout(layer(x)[0])
        logits = self.head(torch.cat([x, inputs], dim=-1) if self.config.head_sees_inputs else x)
        sets = self.voice_sets[frames]
        possible = self.may_follow[before] & self.fits[2**self.config.num_voices - 1 - (sets.cumsum(1) - sets)]
        if known is not None:
            possible &= self.agrees[known.voices.long(), known.outcomes.long()]
            possible &= (self.held_voices & known.ended.unsqueeze(-1)) == 0
        logits = logits.masked_fill(~possible, -1e9)
        nats = functional.cross_entropy(logits.flatten(0, 1), frames.flatten(), reduction="none")
        return (nats.view(b, t, n).sum(-1) * batch.mask).sum() / batch.mask.sum()

    def _walked(self, cells: Tensor) -> Tensor:
        """Cells ``(b, t, n, ...)`` as rows ``(b t)``, in the order of the walk."""
        rows = cells.flatten(0, 1)
        return rows.flip(1) if self.config.walks_down else rows


@dataclass
class PlainLoop:
    """A plain training loop."""

    config: ModelConfig
    gradient_clip: float

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.network = PlainBiaxial(self.config).train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-3)

    def update(self, batch: Batch) -> None:
        """Take one step."""
        self.optimizer.zero_grad()
        self.network(batch).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.gradient_clip)
        self.optimizer.step()

    @torch.no_grad()
    def check(self, network: BiaxialLSTM, batch: Batch) -> None:
        """Make sure that this is the same network: with the same weights both find the same nats.

        Raises
        ------
        RuntimeError
            If they do not.
        """
        twin = PlainBiaxial(self.config).eval()
        for to, weights in zip(twin.parameters(), network.parameters(), strict=True):
            to.copy_(weights)
        network.eval()
        with torch.autocast("cpu", enabled=False):
            theirs = PackedPass(network, batch, torch.float32).nats() / batch.mask.sum()
            mine = twin(batch)
        network.train()
        if not torch.isclose(mine, theirs, rtol=1e-4):
            raise RuntimeError(f"the plain network finds {mine.item():.4f} nats per step, ours {theirs.item():.4f}")


@dataclass
class Duel(Callback):
    """Lets the plain loop take every batch after the trainer, and keeps the time of both.

    Parameters
    ----------
    plain
        The plain loop.
    num_batches
        Batches of the run, for the progress on stderr.
    clock
        Seconds, from any beginning.
    """

    plain: PlainLoop
    num_batches: int
    clock: Callable[[], float]
    cells: list[int] = field(default_factory=list)
    ours_s: list[float] = field(default_factory=list)
    plain_s: list[float] = field(default_factory=list)
    mark: float = 0.0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock."""
        self.mark = self.clock()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Stop the clock of the trainer, run the plain loop, and go on."""
        self.ours_s.append(self.clock() - self.mark)
        if batch_idx == 0:
            self.plain.check(pl_module.model, batch)  # type: ignore[arg-type]
        start = self.clock()
        self.plain.update(batch)
        self.plain_s.append(self.clock() - start)
        self.cells.append(int(batch.mask.sum()) * batch.outcomes.shape[2])
        ours, plain = self.cells[-1] / self.ours_s[-1], self.cells[-1] / self.plain_s[-1]
        note = " (warm-up)" if batch_idx < _WARM_UP else ""
        print(
            f"batch {batch_idx + 1} of {self.num_batches}: ours {ours:,.0f}, plain {plain:,.0f} cells a second{note}",
            file=sys.stderr,
        )
        self.mark = self.clock()

    def cells_a_second(self) -> tuple[float, float]:
        """The medians of both speeds over the batches that count: ours, the plain loop's."""
        seconds = (self.ours_s, self.plain_s)
        ours, plain = (statistics.median(map(truediv, self.cells[_WARM_UP:], each[_WARM_UP:])) for each in seconds)
        return ours, plain

    def ratios(self) -> list[float]:
        """How many times as fast as the plain loop each batch that counts was."""
        return list(map(truediv, self.plain_s[_WARM_UP:], self.ours_s[_WARM_UP:]))

    def row(self) -> str:
        """Both speeds, the median of their ratio, and its range."""
        (ours, plain), ratios = self.cells_a_second(), self.ratios()
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        return f"{ours:,.0f} | {plain:,.0f} | {statistics.median(ratios):.2f} | {spread}"


def some_pieces(corpus: Corpus, settings: TrainConfig, num_batches: int, held_out: slice) -> Corpus:
    """Training pieces that fill some batches to the last crop, and some held-out pieces, counted by their length.

    Raises
    ------
    InputError
        If there are too few long ones.
    """
    room, chosen = num_batches * settings.batch_size, list[CorpusPiece]()
    for piece in corpus.split("train"):
        num_crops = -(-piece.num_steps // settings.crop_steps)
        if settings.crop_steps <= piece.num_steps and num_crops <= room:
            chosen.append(piece)
            room -= num_crops
    if room >= settings.batch_size:
        raise InputError(f"too few pieces of {settings.crop_steps} steps for {num_batches} batches; give more pieces")
    valid = sorted(corpus.split("valid"), key=lambda piece: piece.num_steps)
    return replace(corpus, pieces=(*chosen, *valid[held_out]))


def duel(corpus: Corpus, config: ModelConfig, settings: TrainConfig, precision: Precision, num_batches: int) -> Duel:
    """Train some batches in a precision, each followed by the plain loop."""
    settings = replace(settings, epochs=1, sample_every=0)
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    callback = Duel(PlainLoop(config, settings.gradient_clip), num_batches, clock)
    part = some_pieces(corpus, settings, num_batches, slice(1))
    with tempfile.TemporaryDirectory() as folder:
        train(
            part, config, settings, Path(folder) / "run", Machine("cpu", 1, precision), quiet=True, callbacks=[callback]
        )
    return callback


def epoch_section(part: Corpus, config: ModelConfig, settings: TrainConfig, threads: int) -> None:
    """An epoch, on the default precision of the machine."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        train(part, config, settings, Path(folder) / "run", Machine("cpu"), quiet=True)


def peak_gib(corpus: Corpus, config: ModelConfig, settings: TrainConfig, threads: int) -> float:
    """Peak memory of a process that trains two batches and ends an epoch with the longest batch of held-out pieces.

    To be called early: a new process inherits the peak that its parent has reached so far.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    settings = replace(settings, epochs=1, sample_every=1)
    arguments = (some_pieces(corpus, settings, 2, slice(-8, None)), config, settings, threads)
    child = multiprocessing.get_context("spawn").Process(target=epoch_section, args=arguments)
    child.start()
    child.join()
    if child.exitcode:
        raise RuntimeError(f"the process whose memory is measured ended with {child.exitcode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 2**30


def main() -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="folder of chorales, or a prepared .npz file")
    one_walk = [name for name, config in PRESETS.items() if config.order != "both"]
    parser.add_argument("--preset", choices=one_walk, default="chorale", help="network (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument("--batches", type=int, default=10, help="batches in each precision (default: %(default)s)")
    usual = TrainConfig()
    parser.add_argument("--batch-size", type=int, default=usual.batch_size, help="crops (default: %(default)s)")
    parser.add_argument("--crop-steps", type=int, default=usual.crop_steps, help="of each (default: %(default)s)")
    options = parser.parse_args()
    if options.threads < 1 or options.batches <= _WARM_UP:
        parser.error(f"at least 1 thread and {_WARM_UP + 1} batches are needed; the first {_WARM_UP} are not counted")
    torch.set_num_threads(options.threads)
    config, default = PRESETS[options.preset], Machine("cpu").resolved_precision()
    try:
        settings = TrainConfig(batch_size=options.batch_size, crop_steps=options.crop_steps)
        corpus, _ = Corpus.read(options.corpus, Grid(config.steps_per_quarter))
        peak = peak_gib(corpus, config, settings, options.threads)
        precisions: tuple[Precision, ...] = ("32-true",) if default == "32-true" else (default, "32-true")
        duels = {precision: duel(corpus, config, settings, precision, options.batches) for precision in precisions}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"{options.preset} preset, {options.threads} CPU thread(s), PyTorch {torch.__version__}; cells a second\n")
    print("| precision | biaxial-train | plain float32 loop | ratio | of single batches |\n|---|---|---|---|---|")
    for precision, found in duels.items():
        name = precision + (", the default here" if precision == default else "")
        print(f"| {name} | {found.row()} |")
    print(f"\nPeak memory of an epoch: {peak:.2f} GiB of the {MEMORY_GIB:g} GiB that it may take.")


if __name__ == "__main__":
    main()
