"""``biaxial-train --refine W``: the part of the command that trains on with the best pieces that weights composed."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import STATUS_INTERRUPTED
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.cli.train import TrainOptions
    from biaxial.training.run.run_folder import Plan

Values = dict[type[Any], dict[str, Any]]


def is_refinement(folder: Path | None) -> bool:
    """Whether a folder is that of a refinement."""
    return folder is not None and (folder / "refine.json").is_file()


def refines(options: TrainOptions, values: Values) -> bool:
    """Whether a command line asks for a refinement, or to go on with one.

    Raises
    ------
    InputError
        If it has settings of a refinement without one.
    """
    from biaxial.training.refine.folder import RefineConfig

    if options.refine is not None or is_refinement(options.resume):
        return True
    if own := values[RefineConfig]:
        raise InputError(f"--{min(own).replace('_', '-')} belongs to refining weights; give it with --refine WEIGHTS")
    return False


def run_refinement(options: TrainOptions, values: Values) -> None:
    """Do the rounds, and print their table."""
    from biaxial.cli.corpus import read_corpus
    from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
    from biaxial.models.config import ModelConfig
    from biaxial.music.grid import Grid
    from biaxial.training.refine.folder import RefineConfig, begin_refinement, check_voices, lengthen_refinement
    from biaxial.training.refine.harvest import reference_of
    from biaxial.training.refine.rounds import refine, round_table

    config = RefineConfig(**values[RefineConfig])
    plan, folder = _resumed(options, values) if options.resume is not None else _new(options, values)
    source = Path(plan.corpus)
    if options.refine is not None:
        check_voices(plan, options.refine)
    assert isinstance(plan.config, ModelConfig)
    if source.suffix in (".npz", ".json"):
        raise InputError(f"{source}: no scores to judge beside; --refine needs the folder of music")
    pitches = (plan.config.low_pitch, plan.config.high_pitch)
    reading = ReadConfig(**values[ReadConfig])
    corpus = read_corpus(source, plan.config.steps_per_quarter, options.quiet, reading, pitches)
    plan = dataclasses.replace(plan, corpus=str(source.resolve()))
    if options.refine is not None:
        begin_refinement(corpus, plan, options.refine, folder, config)
    elif "rounds" in values[RefineConfig]:
        lengthen_refinement(folder, config.rounds)

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr, flush=True)

    reading = dataclasses.replace(reading, verdicts=None)
    items, _ = read_folder(source, Grid(plan.config.steps_per_quarter), reading)
    result = refine(corpus, reference_of(corpus, items), plan, folder, say, options.quiet)
    weights = folder / "model.safetensors"
    if options.json:
        summary: dict[str, Any] = {
            "folder": str(folder),
            "weights": str(weights),
            "rounds": [dataclasses.asdict(each) for each in result.rounds],
            "last": None if result.last is None else dataclasses.asdict(result.last),
            "interrupted": result.interrupted,
        }
        print(json.dumps(summary))
    else:
        print("\n".join(round_table(result.rounds, result.last)))
        if result.interrupted:
            print(f"{folder}: stopped. Go on with: biaxial-train --resume {folder}")
        else:
            kept = sum(each.kept for each in result.rounds)
            print(f"{kept} of {len(result.rounds)} rounds kept; the weights that stay: {weights}")
    if result.interrupted:
        raise SystemExit(STATUS_INTERRUPTED)


def _new(options: TrainOptions, values: Values) -> tuple[Plan, Path]:
    """Weights say which network, and fine-tuning how it is trained; options change that."""
    from biaxial.cli.train import TrainOptions, new_folder
    from biaxial.models.config import ModelConfig
    from biaxial.training.config import TrainConfig
    from biaxial.training.refine.rounds import EPOCHS
    from biaxial.training.run.devices import Machine
    from biaxial.training.run.run_folder import Plan
    from biaxial.training.run.settings import settings_for_tuning

    assert options.refine is not None
    own = values[TrainOptions].keys() - {"corpus", "refine", "output", "quiet", "json"}
    if others := [*sorted(own), *values[ModelConfig]]:
        name = others[0].replace("_", "-")
        raise InputError(f"--refine goes on from its weights, with their network; leave out --{name}")
    if options.corpus is None:
        raise InputError("nothing to train on; give a folder of MIDI files (biaxial-chorales makes one)")
    config, train_config = settings_for_tuning(options.refine)
    train_config = dataclasses.replace(train_config, **{"epochs": EPOCHS, **values[TrainConfig]})
    plan = Plan(config, train_config, str(options.corpus), Machine(**values[Machine]))
    return plan, options.output or new_folder(Path("runs"), "refined")


def _resumed(options: TrainOptions, values: Values) -> tuple[Plan, Path]:
    """What a refinement was started with; only what is where, the device and the number of rounds may change."""
    from biaxial.cli.train import TrainOptions
    from biaxial.models.config import ModelConfig
    from biaxial.training.config import TrainConfig
    from biaxial.training.refine.folder import RefineConfig, read_refinement
    from biaxial.training.run.devices import Machine

    assert options.resume is not None
    own = values[TrainOptions].keys() - {"corpus", "resume", "quiet", "json"}
    fixed = values[RefineConfig].keys() - {"rounds"}
    if changed := [*sorted(own), *sorted(fixed), *values[TrainConfig], *values[ModelConfig]]:
        name = changed[0].replace("_", "-")
        raise InputError(f"--resume goes on with the settings of its refinement; leave out --{name}")
    plan, _ = read_refinement(options.resume)
    machine = dataclasses.replace(plan.machine, **values[Machine])
    return dataclasses.replace(plan, corpus=str(options.corpus or plan.corpus), machine=machine), options.resume
