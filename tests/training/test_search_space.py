"""What a search tries: ranges, widths, shorter runs."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, cast, get_type_hints

import pytest

from biaxial.models.config import PRESETS
from biaxial.training.config import TRAIN_PRESETS, TrainConfig
from biaxial.training.search.space import Range, Space, shortened


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_searched_and_starts_from_itself(name: str) -> None:
    config, train = PRESETS[name], TRAIN_PRESETS[name]
    space = Space.around(config, train)
    assert space.settings(space.start()) == (config, train)
    kinds = get_type_hints(type(config))
    stacks = {field.name for field in dataclasses.fields(config) if kinds[field.name] == tuple[int, ...]}
    assert stacks | {"learning_rate", "dropout"} <= space.ranges.keys()
    assert ("context_hidden" in space.ranges) == (config.context_hidden > 0)
    for end in ("low", "high"):
        values = {field: getattr(span, end) for field, span in space.ranges.items()}
        there, trained = space.settings(values)
        assert len(there.time_hidden) == len(config.time_hidden)
        assert trained.learning_rate == pytest.approx(train.learning_rate * (0.1 if end == "low" else 10))


def test_a_stack_keeps_its_proportions_in_multiples_of_eight() -> None:
    space = Space.around(PRESETS["chorale"], TrainConfig())
    point = {**space.start(), "note_hidden": 190, "context_hidden": 37, "dropout": 0.123, "learning_rate": 0.00123456}
    config, train = space.settings(point)
    assert config.note_hidden == (192, 128)  # 96 and 64 in the preset
    assert (config.context_hidden, config.dropout, train.learning_rate) == (40, 0.12, 0.00123)
    assert dataclasses.replace(config, note_hidden=(96, 64), context_hidden=96, dropout=0.4) == PRESETS["chorale"]
    config, _ = space.settings({**point, "note_hidden": 8})
    assert config.note_hidden == (8, 8)


@dataclasses.dataclass(frozen=True)
class Tokens:
    """A network of another kind."""

    searched: ClassVar[tuple[str, ...]] = ("layers", "embedding", "dropout")

    layers: tuple[int, ...] = (512, 512, 512)
    embedding: int = 64
    dropout: float = 0.3
    window: int = 100


def test_another_kind_of_network_says_itself_what_is_searched() -> None:
    space = Space.around(cast(Any, Tokens()), TrainConfig())
    assert list(space.ranges) == ["learning_rate", "layers", "embedding", "dropout"]
    point = {**space.start(), "layers": 130, "embedding": 30}
    assert cast(Any, space.settings(point)[0]) == Tokens((128, 128, 128), 32)


def test_a_narrowed_range_holds_the_best_values_and_may_leave_the_wide_one() -> None:
    rate = Range("rate", 1e-4, 1e-2).narrowed([1e-3, 1e-2])
    assert rate.low == pytest.approx(1e-3 / 100 ** (1 / 8))
    assert rate.high == pytest.approx(1e-2 * 100 ** (1 / 8))
    assert Range("width", 16, 256).narrowed([64]) == Range("width", 45, 91)
    assert Range("width", 8, 16).narrowed([8]).low == 8
    assert Range("share", 0.0, 0.6).narrowed([0.1]) == Range("share", 0.0, 0.6), "short runs say little of it"


def test_a_short_run_is_the_long_one_made_smaller() -> None:
    train = TrainConfig(epochs=20, warmup_steps=100, average_decay=0.99, sample_every=5)
    short = shortened(train, 5)
    assert (short.epochs, short.warmup_steps, short.sample_every) == (5, 25, 0)
    assert short.average_decay == pytest.approx(0.96)
    assert shortened(train, 20) == dataclasses.replace(train, sample_every=0, average_decay=short_decay(train))
    assert shortened(dataclasses.replace(train, average_decay=0.5), 5).average_decay == 0


def short_decay(train: TrainConfig) -> float:
    """The decay as the whole run has it, but for rounding."""
    return shortened(train, train.epochs).average_decay if train.average_decay else 0.0
