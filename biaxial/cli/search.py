"""``biaxial-train --search N``: the part of the command that searches settings."""

from __future__ import annotations

import dataclasses
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import STATUS_INTERRUPTED
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.cli.train import TrainOptions
    from biaxial.corpora.corpus import Corpus
    from biaxial.training.run_folder import Plan
    from biaxial.training.settings_search import TrialResult


def check_optuna() -> None:
    """Refuse to search without Optuna.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    if find_spec("optuna") is None:
        raise InputError("--search needs Optuna, which is not installed; pip install 'optuna>=5,<6'")


def run_search(options: TrainOptions, plan: Plan, folder: Path, corpus: Corpus) -> None:
    """Search, and print the table of the trials."""
    from biaxial.training.settings_search import (
        Search,
        SearchConfig,
        begin_search,
        lengthen_search,
        read_search,
        trial_table,
    )

    if options.resume is None:
        assert options.search is not None
        begin_search(corpus, plan, folder, SearchConfig.of(options.search, options.search_epochs or plan.train.epochs))
    elif options.search is not None:
        lengthen_search(folder, options.search)
    total = read_search(folder).trials

    def tell(trial: TrialResult) -> None:
        if trial.failure:  # told even with --quiet
            print(f"trial {trial.number + 1} of {total} failed: {trial.failure}", file=sys.stderr)
        elif not options.quiet:
            ended = "" if trial.state == "finished" else ", stopped: worse than half of the others"
            line = f"trial {trial.number + 1} of {total} ({trial.part}, {trial.epochs} epochs)"
            print(f"{line}: loss {trial.loss:.4f} nats{ended}", file=sys.stderr, flush=True)

    result = Search(corpus, plan, folder, tell).run()
    if options.json:
        summary: dict[str, Any] = {
            "folder": str(folder),
            "preset": None if result.best is None else str(folder / "best.json"),
            "best": None if result.best is None else dataclasses.asdict(result.best),
            "trials": [dataclasses.asdict(trial) for trial in result.trials],
            "interrupted": result.interrupted,
        }
        print(json.dumps(summary))
    else:
        print("\n".join(trial_table(result.trials)))
        if result.interrupted:
            done = f"{len(result.trials)} of {total} trials are over"
            print(f"{folder}: stopped; {done}. Go on with: biaxial-train --resume {folder}")
        elif result.best is not None:
            pictures = " and ".join(str(path) for path in sorted(folder.glob("*.png")))
            print(f"best: trial {result.best.number:03d}; pictures: {pictures}")
            print(f"train with it: biaxial-train {plan.corpus} --config {folder / 'best.json'}")
    if result.interrupted:
        raise SystemExit(STATUS_INTERRUPTED)
