"""``biaxial-train``: train a network on a folder of MIDI files, or on a prepared corpus."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from biaxial.cli.common import STATUS_INTERRUPTED, Arguments, command
from biaxial.cli.options import given, option, parser
from biaxial.errors import InputError

PROG = "biaxial-train"
DESCRIPTION = "Train a biaxial LSTM on a folder of MIDI files. The run is a folder below runs/."


@dataclass(frozen=True)
class TrainOptions:
    """What to train on, and where the run goes."""

    corpus: Path | None = option(
        None,
        positional=True,
        metavar="CORPUS",
        help="folder of MIDI files, or a prepared .npz file, or a .json file of frames",
    )
    preset: Literal["chorale", "hexahedria", "jsb-quarter", "jsb-16th", "tiny"] = option(
        "chorale", help="network to start from"
    )
    output: Path | None = option(None, short="-o", help="folder of the run (default: runs/ and the preset's name)")
    start_from: Path | None = option(None, help="weights to go on from, with or without a context encoder")
    resume: Path | None = option(None, help="folder of a run to go on with, with its own settings")
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


@command(PROG)
def main(argv: Arguments) -> None:
    """Train as the command line says, and print how it ended."""
    # Read by PyTorch when it is loaded: large pages make training on a CPU about a quarter faster.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

    from biaxial.cli.corpus import read_corpus
    from biaxial.models.config import PRESETS, ModelConfig  # these load PyTorch and Lightning
    from biaxial.training.config import TRAIN_PRESETS, TrainConfig
    from biaxial.training.train import Machine, run_configs, train

    values = given(parser(PROG, DESCRIPTION, TrainOptions, TrainConfig, Machine, ModelConfig), argv)
    options = TrainOptions(**values[TrainOptions])
    if options.resume is not None:
        own = values[TrainOptions].keys() & {"preset", "output", "start_from"}
        if changed := [*own, *values[TrainConfig], *values[ModelConfig]]:
            name = changed[0].replace("_", "-")
            raise InputError(f"--resume goes on with the settings of its run; leave out --{name}")
        config, train_config, corpus_path = run_configs(options.resume)
        source, folder = options.corpus or Path(corpus_path), options.resume
    else:
        if options.corpus is None:
            raise InputError("nothing to train on; give a folder of MIDI files (biaxial-chorales makes one)")
        config = dataclasses.replace(PRESETS[options.preset], **values[ModelConfig])
        train_config, source = dataclasses.replace(TRAIN_PRESETS[options.preset], **values[TrainConfig]), options.corpus
        folder = options.output or _new_folder(Path("runs"), options.preset)
        if (folder / "last.ckpt").exists():
            raise InputError(f"{folder}: a run is there already; go on with --resume {folder}, or give another -o")
    corpus = read_corpus(source, config.steps_per_quarter, options.quiet)
    result = train(
        corpus,
        config,
        train_config,
        folder,
        Machine(**values[Machine]),
        corpus_path=str(source.resolve()),
        resume=options.resume is not None,
        start_from=options.start_from,
        quiet=options.quiet,
    )
    summary: dict[str, Any] = {
        "folder": str(folder),
        "weights": str(folder / "model.safetensors"),
        "epochs": result.epochs,
        "valid_nats_per_step": result.valid_nats if result.epochs else None,
        "interrupted": result.interrupted,
    }
    if options.json:
        print(json.dumps(summary))
    elif not result.interrupted:
        print(f"{folder}: {result.valid_nats:.4f} nats per step on held-out pieces after {result.epochs} epochs")
        print(f"compose with it: biaxial-compose --checkpoint {folder / 'model.safetensors'}")
    elif result.epochs:
        print(f"{folder}: stopped; {result.epochs} epochs are saved. Go on with: {PROG} --resume {folder}")
    else:
        print(f"{folder}: stopped before the first epoch was finished; nothing to go on with")
    if result.interrupted:
        raise SystemExit(STATUS_INTERRUPTED)


def _new_folder(runs: Path, name: str) -> Path:
    """``runs/NAME``, or ``runs/NAME-2`` and so on if that is taken."""
    taken, folder = 1, runs / name
    while folder.exists():
        taken += 1
        folder = runs / f"{name}-{taken}"
    return folder
