"""The folder of a refinement: ``refine.json`` says what it was started with, and is all that it needs to go on.

``runs/NAME/`` holds ``refine.json``, ``start.safetensors`` (the weights that it started from), ``model.safetensors``
(those that stay) and ``rounds/K/``: ``composed/`` (the pieces that were kept, as MIDI), ``composed.npz`` (the same as
arrays), ``composed.json`` (what the judge said), ``run/`` (a run folder) and ``round.json``, the last file of a round.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from biaxial.corpora.corpus import Corpus
from biaxial.files.atomic import atomic_write
from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.training.run.devices import Machine
from biaxial.training.run.fit import check_corpus
from biaxial.training.run.run_folder import START, Plan, check_unchanged, new_document
from biaxial.weights.checkpoint import config_from_dict

_DOCUMENT: Final = "refine.json"


@dataclass(frozen=True)
class RefineConfig:
    """How weights are refined (with --refine).

    Parameters
    ----------
    rounds
        Rounds of composing, judging and training, at most; with ``--resume`` the new number of them.
    refine_pieces
        Pieces composed in each round.
    refine_keep
        Share of them that is kept, the best ones.
    refine_share
        Share of the training crops that comes from the kept pieces.
    """

    rounds: int = 2
    refine_pieces: int = 100
    refine_keep: float = 0.25
    refine_share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("rounds", "refine_pieces"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} is at least 1, not {getattr(self, name)}")
        if not 0 < self.refine_keep <= 1:
            raise InputError(f"--refine-keep is a share above 0 and at most 1, not {self.refine_keep:g}")
        if not 0 < self.refine_share < 1:
            raise InputError(f"--refine-share is a share between 0 and 1, not {self.refine_share:g}")


def begin_refinement(corpus: Corpus, plan: Plan, weights: Path, folder: Path, config: RefineConfig) -> None:
    """Make the folder of a new refinement.

    Raises
    ------
    InputError
        If there is a run in it, the corpus does not fit the network, the network has no voices, or several devices are
        to share the work.
    """
    if plan.machine.devices != 1 or plan.machine.num_nodes != 1:
        raise InputError("--refine composes and trains on one device; leave out --devices and --num-nodes")
    check_voices(plan, weights)
    for name in (_DOCUMENT, "config.json", "search.json"):
        if (folder / name).exists():
            raise InputError(f"{folder}: a run is there already; go on with --resume {folder}, or give another -o")
    check_corpus(corpus, plan.config)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (START, "model.safetensors"):
        atomic_write(folder / name, weights.read_bytes())
    _write(folder, {**new_document(corpus, plan, None, weights.name), "refine": asdict(config)})


def check_voices(plan: Plan, weights: Path) -> None:
    """Refuse a network whose pieces the judge could say little of.

    Raises
    ------
    InputError
        If it has no voices.
    """
    if not isinstance(plan.config, ModelConfig) or not plan.config.num_voices:
        raise InputError(f"{weights}: a model without voices; --refine judges voice leading, give weights with voices")


def read_refinement(folder: Path) -> tuple[Plan, RefineConfig]:
    """What a refinement is to be gone on with.

    Raises
    ------
    InputError
        If the folder is none.
    """
    document = _read(folder)
    try:
        train_config, machine = TrainConfig(**document["train"]), Machine(**document["machine"])
        plan = Plan(config_from_dict(document["config"]), train_config, str(document["corpus"]), machine)
        return plan, RefineConfig(**document["refine"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a refinement ({_DOCUMENT}: {error}); start it anew") from error


def lengthen_refinement(folder: Path, rounds: int) -> None:
    """Give a refinement more rounds.

    Raises
    ------
    InputError
        If it has more already.
    """
    _, config = read_refinement(folder)
    if rounds < config.rounds:
        raise InputError(f"{folder}: a refinement of {config.rounds} rounds; --rounds {rounds} is fewer")
    _write(folder, {**_read(folder), "refine": asdict(replace(config, rounds=rounds))})


def check_same_corpus(folder: Path, corpus: Corpus) -> None:
    """Refuse to go on with another corpus than that of the refinement.

    Raises
    ------
    InputError
        With the checksum that was expected.
    """
    check_unchanged(folder, _read(folder), corpus, None)


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _DOCUMENT).read_text()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{folder}: not the folder of a refinement ({_DOCUMENT}: {error}); give another") from error


def _write(folder: Path, document: dict[str, Any]) -> None:
    atomic_write(folder / _DOCUMENT, json.dumps(document, indent=2).encode() + b"\n")
