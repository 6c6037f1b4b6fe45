"""Settings of a run taken from a file, or from weights to train the same network again or on a few pieces.

A file of settings is a JSON object with ``config`` and ``train``, as a search or any run writes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.weights import AnyConfig, any_config, load_network

_ADVICE = "give a best.json of a search, or the config.json of a run"


def write_preset(path: Path, config: AnyConfig, train: TrainConfig, origin: dict[str, Any]) -> None:
    """Write settings, and where they come from."""
    document = {"config": asdict(config), "train": asdict(train), **origin}
    atomic_write(path, json.dumps(document, indent=2).encode() + b"\n")


def read_preset(path: Path) -> tuple[AnyConfig, TrainConfig]:
    """Read settings; other entries of the object are passed over, and fields that are missing have their defaults.

    Raises
    ------
    InputError
        If it is not such a file, or a field is unknown or has an impossible value.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; {_ADVICE}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not {"config", "train"} <= document.keys():
            raise ValueError("there is no object with config and train in it")
        return any_config(document["config"]), _train(document["train"])
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: not a file of settings ({error}); {_ADVICE}") from error


def _train(values: Any) -> TrainConfig:
    if not isinstance(values, dict):
        raise ValueError("train is not an object")
    defaults = asdict(TrainConfig())
    for name, value in values.items():
        if name not in defaults:
            raise ValueError(f"unknown field {name!r}")
        if isinstance(defaults[name], str):
            if not isinstance(value, str):
                raise ValueError(f"{name} is a name, not {value!r}")
            continue
        whole = type(defaults[name]) is int
        if type(value) is not int and (whole or type(value) is not float):
            raise ValueError(f"{name} is a {'whole ' if whole else ''}number, not {value!r}")
    return TrainConfig(**values)


def settings_of(weights: Path) -> tuple[AnyConfig, TrainConfig]:
    """The network of a weights file, and how it was trained.

    Raises
    ------
    InputError
        If the file is damaged, or does not say how it was trained.
    """
    network, made = load_network(weights)
    try:
        return network.config, TrainConfig(**made["train"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{weights}: does not say how it was trained, or in words of another version ({error}); "
            "give --preset and options"
        ) from error


def settings_for_tuning(weights: Path) -> tuple[AnyConfig, TrainConfig]:
    """The network of a weights file, and how to go on with it on a few pieces.

    A lower learning rate and a short warm-up keep what the network knows, and training ends soon after the held-out
    pieces get no better.

    Raises
    ------
    InputError
        As :func:`settings_of`.
    """
    config, train = settings_of(weights)
    return config, replace(
        train,
        epochs=20,
        learning_rate=3e-4,
        warmup_steps=10,
        average_decay=0.9,
        patience=3,
        sample_every=0,
    )
