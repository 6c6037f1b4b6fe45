"""What a search of settings tries: ranges around those of a preset, on scales that suit each field.

Which fields of a network are searched its config says (``searched``); the learning rate always is. What a range means
follows from the field: a width of one layer or of a stack of them, or a share such as dropout. Rates and widths are
searched on a logarithmic scale. A width stands for the first layer of its stack, the others keep the preset's
proportions, and all are multiples of 8. The published way from coarse to fine is that of Stanford's course CS231n
(notes on training, "hyperparameter optimization"): wide ranges and short runs first, then the best region and longer
ones, with an eye on best values at the border of a range.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from biaxial.training.config import TrainConfig
from biaxial.weights.checkpoint import AnyConfig

C = TypeVar("C", bound=AnyConfig)
Kind = Literal["rate", "width", "share"]
_MULTIPLE: Final = 8
"""Widths are multiples of this, which matrix products like."""
_MARGIN: Final = 1 / 8
"""How far a narrowed range goes beyond the best values on each side, as a part of the range before it."""


@dataclass(frozen=True)
class Range:
    """Where the value of one field is looked for.

    Parameters
    ----------
    kind
        ``"rate"`` (a positive number), ``"width"`` (units of a layer) or ``"share"`` (from 0 up to 1).
    low, high
        Both ends, included.
    """

    kind: Kind
    low: float
    high: float

    @classmethod
    def around(cls, kind: Kind, value: float) -> Range:
        """The wide range around a preset's value.

        Rates go from a tenth to ten times it. Widths go from a quarter to twice: the time of a run grows with their
        square. Shares go from 0 to 0.6, or to the preset's own.
        """
        if kind == "rate":
            return cls(kind, value / 10, value * 10)
        if kind == "width":
            least = min(value, _MULTIPLE)
            return cls(kind, max(least, round(value / 4)), max(_MULTIPLE, round(value * 2)))
        return cls(kind, 0.0, max(0.6, value))

    def narrowed(self, values: Sequence[float]) -> Range:
        """The range of the given values with a margin on each side, which may go beyond this range.

        A range of shares stays as it is: how much regularisation is best depends on how long a run is.
        """
        if self.kind == "share":
            return self
        margin = (self.high / self.low) ** _MARGIN
        low, high = min(values) / margin, max(values) * margin
        if self.kind == "rate":
            return Range(self.kind, low, high)
        return Range(self.kind, max(min(_MULTIPLE, *values), round(low)), max(_MULTIPLE, round(high)))


@dataclass(frozen=True)
class Space(Generic[C]):
    """The settings of a preset, and the ranges in which other values of some fields are tried.

    Parameters
    ----------
    config, train
        The preset, or what a command line made of it.
    ranges
        A range for each searched field of either.
    """

    config: C
    train: TrainConfig
    ranges: Mapping[str, Range]

    @classmethod
    def around(cls, config: C, train: TrainConfig) -> Space[C]:
        """The wide ranges; a part of the network that is left out (a width of 0) stays out."""
        ranges = {"learning_rate": Range.around("rate", train.learning_rate)}
        for name in type(config).searched:
            value = getattr(config, name)
            if isinstance(value, float):
                ranges[name] = Range.around("share", value)
            elif value:
                ranges[name] = Range.around("width", value[0] if isinstance(value, tuple) else value)
        return cls(config, train, ranges)

    def start(self) -> dict[str, float]:
        """The preset's own values."""
        found = {name: self._settings_of(name) for name in self.ranges}
        return {name: value[0] if isinstance(value, tuple) else value for name, value in found.items()}

    def narrowed(self, best: Sequence[Mapping[str, float]]) -> Space[C]:
        """The region of some points."""
        ranges = {name: span.narrowed([point[name] for point in best]) for name, span in self.ranges.items()}
        return dataclasses.replace(self, ranges=ranges)

    def settings(self, point: Mapping[str, float]) -> tuple[C, TrainConfig]:
        """The settings at a point: rates with three digits, shares with two places, widths as multiples of 8."""
        return changed(self.config, self.train, self.values(point))

    def values(self, point: Mapping[str, float]) -> dict[str, Any]:
        """The values of the searched fields at a point, as they are used."""
        return {name: self._value(name, point[name]) for name in self.ranges}

    def _settings_of(self, name: str) -> Any:
        return getattr(self.train if hasattr(self.train, name) else self.config, name)

    def _value(self, name: str, value: float) -> Any:
        preset, kind = self._settings_of(name), self.ranges[name].kind
        if kind == "rate":
            return float(f"{value:.3g}")
        if kind == "share":
            return round(value, 2)
        widths = preset if isinstance(preset, tuple) else (preset,)
        if value != widths[0]:  # a preset need not have multiples of 8
            scale = value / widths[0]
            widths = tuple(max(_MULTIPLE, _MULTIPLE * round(width * scale / _MULTIPLE)) for width in widths)
        return widths if isinstance(preset, tuple) else widths[0]


def changed(config: C, train: TrainConfig, values: Mapping[str, Any]) -> tuple[C, TrainConfig]:
    """Settings with other values of some fields of either."""
    trained = {name: value for name, value in values.items() if hasattr(train, name)}
    built = {name: value for name, value in values.items() if name not in trained}
    return dataclasses.replace(config, **built), dataclasses.replace(train, **trained)


def shortened(train: TrainConfig, epochs: int) -> TrainConfig:
    """How a run is trained that has fewer epochs than it was meant to have.

    The warm-up and the span of the averaged weights are the same parts of the run as before: a span that is longer than
    the run would measure how far the average lags behind, and favour whatever moves fast. No samples are composed.
    """
    share = min(1.0, epochs / train.epochs)
    return dataclasses.replace(
        train,
        epochs=epochs,
        warmup_steps=round(train.warmup_steps * share),
        average_decay=max(0.0, 1 - (1 - train.average_decay) / share),
        sample_every=0,
    )
