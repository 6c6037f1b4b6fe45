"""The folder of a search: ``search.json`` says what it was started with, and is all that it needs to begin or go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from biaxial.corpora.corpus import Corpus
from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.training.run.devices import Machine
from biaxial.training.run.fit import check_corpus
from biaxial.training.run.run_folder import Plan, check_unchanged, new_document
from biaxial.weights.checkpoint import any_config

_DOCUMENT: Final = "search.json"


@dataclass(frozen=True)
class SearchConfig:
    """How long a search is.

    Parameters
    ----------
    trials, coarse_trials
        Trials in all, and those of the first part.
    epochs, coarse_epochs
        Epochs of a trial in the second part and in the first.
    """

    trials: int
    coarse_trials: int
    epochs: int
    coarse_epochs: int

    @classmethod
    def of(cls, trials: int, epochs: int) -> SearchConfig:
        """Two thirds of the trials are coarse, and have a quarter of the epochs."""
        return cls(trials, trials - max(1, trials // 3), epochs, -(-epochs // 4))

    def __post_init__(self) -> None:
        if not 0 < self.coarse_trials < self.trials:
            raise ValueError(f"a search has at least 2 trials, some of them coarse, not {self.trials}")
        if not 0 < self.coarse_epochs <= self.epochs:
            raise ValueError(f"a trial has at least 1 epoch, not {min(self.coarse_epochs, self.epochs)}")


def begin_search(corpus: Corpus, plan: Plan, folder: Path, config: SearchConfig) -> None:
    """Make the folder of a new search.

    Raises
    ------
    InputError
        If there is a search in it, the corpus does not fit the network, the trials are longer than the run that they
        are for, or are to share several devices.
    """
    if plan.machine.devices != 1 or plan.machine.num_nodes != 1:
        raise InputError("a search runs its trials one by one on one device; leave out --devices and --num-nodes")
    if config.epochs > plan.train.epochs:
        raise InputError(f"trials of {config.epochs} epochs for a run of {plan.train.epochs}; raise --epochs too")
    if (folder / _DOCUMENT).exists():
        raise InputError(f"{folder}: a search is there already; go on with --resume {folder}, or give another -o")
    check_corpus(corpus, plan.config)
    folder.mkdir(parents=True, exist_ok=True)
    _write_document(folder, {**new_document(corpus, plan, None, ""), "search": asdict(config)})


def read_search(folder: Path) -> tuple[Plan, SearchConfig]:
    """What a search is to be gone on with.

    Raises
    ------
    InputError
        If the folder is no search.
    """
    document = _read_document(folder)
    try:
        train_config, machine = TrainConfig(**document["train"]), Machine(**document["machine"])
        plan = Plan(any_config(document["config"]), train_config, str(document["corpus"]), machine)
        return plan, SearchConfig(**document["search"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a search ({_DOCUMENT}: {error}); start it anew") from error


def lengthen_search(folder: Path, trials: int) -> SearchConfig:
    """Give a search more trials; they belong to its second part.

    Raises
    ------
    InputError
        If it has more already.
    """
    _, config = read_search(folder)
    if trials < config.trials:
        raise InputError(f"{folder}: a search of {config.trials} trials; --search {trials} is fewer")
    longer = replace(config, trials=trials)
    _write_document(folder, {**_read_document(folder), "search": asdict(longer)})
    return longer


def check_same_corpus(folder: Path, corpus: Corpus) -> None:
    """Refuse to go on with another corpus than that of the search.

    Raises
    ------
    InputError
        With the checksum that was expected.
    """
    check_unchanged(folder, _read_document(folder), corpus, None)


def _read_document(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _DOCUMENT).read_text()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{folder}: not the folder of a search ({_DOCUMENT}: {error}); give another") from error


def _write_document(folder: Path, document: dict[str, Any]) -> None:
    atomic_write(folder / _DOCUMENT, json.dumps(document, indent=2).encode() + b"\n")
