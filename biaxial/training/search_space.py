"""What a search of settings tries: ranges around those of a preset, on scales that suit each field.

Which fields of a network are searched its config says (``searched``); the learning rate always is. Rates and widths are
searched on a logarithmic scale, shares such as dropout on a plain one. A width stands for the first layer of its stack,
the others keep the preset's proportions, and all are multiples of 8.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from optuna.distributions import FloatDistribution, IntDistribution

from biaxial.training.config import TrainConfig
from biaxial.weights import AnyConfig

C = TypeVar("C", bound=AnyConfig)
Ranges = dict[str, FloatDistribution | IntDistribution]
_MULTIPLE: Final = 8
"""Widths are multiples of this, which matrix products like."""
_MARGIN: Final = 1 / 8
"""How far a narrowed range goes beyond the best values on each side, as a part of the range before it."""


def preset_point(config: AnyConfig, train: TrainConfig) -> dict[str, float]:
    """The preset's own values of what is searched; what the network leaves out (a width of 0) stays out."""
    values = {name: getattr(config, name) for name in type(config).searched}
    first = {name: value[0] if isinstance(value, tuple) else value for name, value in values.items()}
    used = {name: value for name, value in first.items() if isinstance(value, float) or value}
    return {"learning_rate": train.learning_rate, **used}


def wide_ranges(point: Mapping[str, Any]) -> Ranges:
    """A tenth to ten times the learning rate, a quarter of to twice a width, shares from 0 to 0.6."""
    ranges: Ranges = {}
    for name, value in point.items():
        if name == "learning_rate":
            ranges[name] = FloatDistribution(value / 10, value * 10, log=True)
        elif isinstance(value, float):
            ranges[name] = FloatDistribution(0.0, max(0.6, value))
        else:  # not more: the time of a run grows with the square
            least = max(min(value, _MULTIPLE), round(value / 4))
            ranges[name] = IntDistribution(least, max(_MULTIPLE, value * 2), log=True)
    return ranges


def narrowed(ranges: Ranges, best: Sequence[Mapping[str, float]]) -> Ranges:
    """The region of some points with a margin on each side, which may leave the ranges.

    Shares keep theirs: how much regularisation is best depends on how long a run is.
    """
    found = dict(ranges)
    for name, span in ranges.items():
        if not span.log:
            continue
        values, margin = [point[name] for point in best], (span.high / span.low) ** _MARGIN
        low, high = min(values) / margin, max(values) * margin
        if isinstance(span, IntDistribution):
            least = max(round(min(_MULTIPLE, *values)), round(low))
            found[name] = IntDistribution(least, max(_MULTIPLE, round(high)), log=True)
        else:
            found[name] = FloatDistribution(low, high, log=True)
    return found


def values_at(config: AnyConfig, point: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields as they are used: rates with three digits, shares with two places, whole stacks."""
    found: dict[str, Any] = {}
    for name, value in point.items():
        if isinstance(value, float):
            found[name] = float(f"{value:.3g}") if name == "learning_rate" else round(value, 2)
            continue
        preset = getattr(config, name)
        widths = preset if isinstance(preset, tuple) else (preset,)
        if value != widths[0]:  # a preset need not have multiples of 8
            scale = value / widths[0]
            widths = tuple(max(_MULTIPLE, _MULTIPLE * round(width * scale / _MULTIPLE)) for width in widths)
        found[name] = widths if isinstance(preset, tuple) else widths[0]
    return found


def changed(config: C, train: TrainConfig, values: Mapping[str, Any]) -> tuple[C, TrainConfig]:
    """Settings with other values of some fields of either."""
    trained = {name: value for name, value in values.items() if hasattr(train, name)}
    built = {name: value for name, value in values.items() if name not in trained}
    return dataclasses.replace(config, **built), replace(train, **trained)


def shortened(train: TrainConfig, epochs: int) -> TrainConfig:
    """How a run is trained that has fewer epochs than it was meant to have.

    The warm-up and the span of the averaged weights are the same parts of the run as before: a span that is longer than
    the run would measure how far the average lags behind, and favour whatever moves fast. No samples are composed.
    """
    share = min(1.0, epochs / train.epochs)
    decay = max(0.0, 1 - (1 - train.average_decay) / share)
    warmup = round(train.warmup_steps * share)
    return replace(train, epochs=epochs, warmup_steps=warmup, average_decay=decay, sample_every=0)
