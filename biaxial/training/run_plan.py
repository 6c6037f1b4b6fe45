"""What a run was started with, as its ``config.json`` says; read without Lightning, so that damage is told at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biaxial.files.atomic import atomic_write
from biaxial.files.json_value import MAX_JSON_BYTES
from biaxial.files.limits import read_within
from biaxial.music.errors import InputError
from biaxial.tokens.any_config import AnyConfig, any_config, made_of
from biaxial.training.config import TrainConfig
from biaxial.training.curve import read_rows
from biaxial.training.devices import Machine

START = "start.safetensors"
"""The weights that a run goes on from; kept in its folder, since it may have to begin once more."""


@dataclass(frozen=True)
class Plan:
    """What a run was started with.

    Parameters
    ----------
    config, train
        The network and how it is trained.
    corpus
        Where the corpus came from.
    machine
        Devices and precision.
    mix, mix_share
        Where an old corpus came from that is mixed in, and its share; empty and 0 without one.
    styles
        Where the styles of the pieces come from (:mod:`biaxial.training.style_sources`); empty without styles.
    """

    config: AnyConfig
    train: TrainConfig
    corpus: str
    machine: Machine
    mix: str = ""
    mix_share: float = 0.0
    styles: str = ""


def write_document(folder: Path, document: dict[str, Any]) -> None:
    """Write ``config.json``."""
    atomic_write(folder / "config.json", json.dumps(document, indent=2).encode() + b"\n")


def read_document(folder: Path) -> dict[str, Any]:
    """The content of ``config.json``.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return dict(json.loads(read_within(folder / "config.json", MAX_JSON_BYTES)))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{folder}: not the folder of a run (config.json: {error}); give one below runs/") from error


def planned(folder: Path) -> Plan:
    """What a run is to be resumed with; its checkpoint is not looked into.

    Raises
    ------
    InputError
        If the folder is not that of a run that can be resumed.
    """
    document = read_document(folder)
    try:
        mix = document.get("mix", {"corpus": "", "share": 0.0})
        plan = Plan(
            any_config(document["config"]),
            made_of(TrainConfig, document["train"]),
            str(document["corpus"]),
            made_of(Machine, document.get("machine", {})),
            str(mix["corpus"]),
            float(mix["share"]),
            str(document.get("styles", "")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: not the folder of a run (config.json: {error}); give one below runs/") from error
    if not isinstance(document.get("corpus_sha256"), str):
        raise InputError(f"{folder}: not the folder of a run (config.json: no corpus_sha256); give one below runs/")
    for name in ("last.ckpt", "metrics.csv", "model.safetensors"):
        if (folder / name).exists() and not (folder / name).is_file():
            raise InputError(f"{folder / name}: not a file; move it away, or start the run anew")
    if (folder / "metrics.csv").is_file():
        read_rows(folder / "metrics.csv")
    if last_checkpoint(folder) is None and document.get("started_from") and not (folder / START).is_file():
        raise InputError(f"{folder}: no epoch of this run was finished, and {START} is missing; start it anew")
    return plan


def last_checkpoint(folder: Path) -> Path | None:
    """Where a run goes on from, if an epoch of it was finished."""
    path = folder / "last.ckpt"
    return path if path.is_file() else None
