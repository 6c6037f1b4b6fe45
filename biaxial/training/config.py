"""How a network is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

MOST_EPOCHS: Final = 1_000_000
_MOST: Final = {"epochs": MOST_EPOCHS, "batch_size": 1 << 16, "crop_steps": 1 << 16, "patience": MOST_EPOCHS}


@dataclass(frozen=True)
class TrainConfig:
    """Hyperparameters of a training run.

    Parameters
    ----------
    epochs
        Passes over the training pieces.
    batch_size
        Crops in a batch.
    crop_steps
        Steps in a crop.
    learning_rate
        Peak of the learning rate, from which it falls to zero along a cosine.
    warmup_steps
        Updates over which the learning rate rises to its peak.
    weight_decay
        Of AdamW, on matrices only.
    gradient_clip
        Largest norm of the gradient.
    average_decay
        Decay of the running average of the weights that is validated and kept.
    transpose
        Largest transposition in semitones, up and down, within the ranges of the voices.
    unknown_share
        Share of crops in which each group of conditions (metre, key, end, phrases) is hidden.
    no_plan_share
        Share of crops in which the plan of phrases (cadences, keys, last notes, returns) is hidden; more often than the
        other groups, since music to be judged or harmonised comes without one.
    no_style_share
        Share of crops whose style is hidden, for a network with styles, which also has to do without one.
    forget_share
        Share of the voices (of the cells, in an unvoiced corpus) that the time axis is not shown in the frame before.
    known_share
        Share of crops of which something is known (:mod:`biaxial.training.crops`), with a context encoder.
    patience
        Epochs without improvement on the held-out pieces after which training stops.
    note_window
        Notes of the range that a training batch is cut to, around what sounds and at a random height; 0 for all. Silent
        notes cost as much time as others, and the weights are the same for all. It has to leave room: a network plays
        notes at the ends of the range that it never saw silent.
    sample_every
        Epochs between two short compositions to listen to, 0 for none.
    optimizer
        ``"adamw"``; or ``"rmsprop"``, the custom of the note-by-note composers.
    momentum
        Of ``"rmsprop"``.
    crop_shift
        Steps from the beginning of one crop to that of the next; 0 for as many crops as cover a piece.
    seed
        Of the weights, crops, transpositions and dropout.
    """

    epochs: int = 22
    batch_size: int = 4
    crop_steps: int = 128
    learning_rate: float = 2e-3
    warmup_steps: int = 150
    weight_decay: float = 0.1
    gradient_clip: float = 1.0
    average_decay: float = 0.998
    transpose: int = 6
    unknown_share: float = 0.15
    no_plan_share: float = 0.5
    no_style_share: float = 0.15
    forget_share: float = 0.1
    known_share: float = 0.7
    note_window: int = 0
    patience: int = 12
    sample_every: int = 5
    optimizer: Literal["adamw", "rmsprop"] = "adamw"
    momentum: float = 0.0
    crop_shift: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "crop_steps", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
            if getattr(self, name) > _MOST[name]:
                raise ValueError(f"{name} must be at most {_MOST[name]}, not {getattr(self, name)}")
        for name in ("learning_rate", "weight_decay", "gradient_clip"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, not {getattr(self, name)}")
        if self.seed >= 2**32:
            raise ValueError(f"seed must be below 2^32, not {self.seed}")
        for name in ("learning_rate", "gradient_clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.optimizer not in ("adamw", "rmsprop"):
            raise ValueError(f"optimizer is adamw or rmsprop, not {self.optimizer!r}")
        for name in ("warmup_steps", "weight_decay", "transpose", "note_window", "sample_every", "crop_shift", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        for name in (*(name for name in vars(self) if name.endswith("_share")), "average_decay", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is a share from 0 up to but not including 1, not {getattr(self, name)}")

    def hidden_share(self, group: str) -> float:
        """Share of crops in which a group of conditions is hidden."""
        return self.no_plan_share if group == "plan" else self.unknown_share


_FRAMES = TrainConfig(batch_size=2, crop_steps=1024, unknown_share=0.0, sample_every=0)

_TOKENS = TrainConfig(
    epochs=20,
    batch_size=16,
    crop_steps=256,
    learning_rate=3e-3,
    warmup_steps=100,
    weight_decay=0.01,
    average_decay=0.99,
    transpose=0,
    patience=4,
    sample_every=0,
)

TRAIN_PRESETS: Final[dict[str, TrainConfig]] = {
    "chorale": TrainConfig(),
    "hexahedria": TrainConfig(),
    "tiny": TrainConfig(),
    "jsb-quarter": replace(_FRAMES, epochs=16, average_decay=0.99, warmup_steps=60, transpose=3, note_window=60),
    "jsb-16th": replace(_FRAMES, epochs=24, average_decay=0.995, transpose=5),
    "piano": TrainConfig(
        epochs=4,
        batch_size=2,
        crop_steps=256,
        learning_rate=3e-3,
        warmup_steps=100,
        average_decay=0.99,
        transpose=4,
        note_window=72,
        sample_every=0,
    ),
    "deepj": TrainConfig(epochs=4, transpose=5, note_window=48, average_decay=0.998, sample_every=0),
}
"""How each preset of :data:`biaxial.models.config.PRESETS` is trained."""

SEQUENCE_TRAIN_PRESETS: Final[dict[str, TrainConfig]] = {
    "melody": _TOKENS,
    "chord": replace(
        _TOKENS,
        optimizer="rmsprop",
        momentum=0.9,
        crop_steps=40,
        crop_shift=3,
        epochs=12,
        batch_size=128,
        learning_rate=5e-4,
        weight_decay=0.0,
    ),
    "chord-large": replace(_TOKENS, crop_steps=100),
}
"""How each preset of :data:`biaxial.tokens.config.SEQUENCE_PRESETS` is trained."""
