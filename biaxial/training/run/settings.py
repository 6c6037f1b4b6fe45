"""Settings of a run taken from weights: to train the same network again, or to fine-tune it on a few pieces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.weights import AnyConfig, load_network


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
