"""What a search tries: ranges, widths, shorter runs."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, cast, get_type_hints

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from biaxial.models.config import PRESETS
from biaxial.training.config import TRAIN_PRESETS, TrainConfig
from biaxial.training.search_space import Ranges, changed, narrowed, preset_point, shortened, values_at, wide_ranges


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_searched_and_starts_from_itself(name: str) -> None:
    config, train = PRESETS[name], TRAIN_PRESETS[name]
    start = preset_point(config, train)
    ranges = wide_ranges(start)
    assert changed(config, train, values_at(config, start)) == (config, train)
    kinds = get_type_hints(type(config))
    stacks = {field.name for field in dataclasses.fields(config) if kinds[field.name] == tuple[int, ...]}
    assert stacks | {"learning_rate", "dropout"} <= ranges.keys()
    assert ("context_hidden" in ranges) == (config.context_hidden > 0)
    for end in ("low", "high"):
        point = {field: getattr(span, end) for field, span in ranges.items()}
        there, trained = changed(config, train, values_at(config, point))
        assert len(there.time_hidden) == len(config.time_hidden)
        assert trained.learning_rate == pytest.approx(train.learning_rate * (0.1 if end == "low" else 10))


def test_a_stack_keeps_its_proportions_in_multiples_of_eight() -> None:
    preset, plain = PRESETS["chorale"], TrainConfig()
    point = {
        **preset_point(preset, plain),
        "note_hidden": 190,
        "context_hidden": 37,
        "dropout": 0.123,
        "learning_rate": 0.00123456,
    }
    config, train = changed(preset, plain, values_at(preset, point))
    assert config.note_hidden == (192, 128)  # 96 and 64 in the preset
    assert (config.context_hidden, config.dropout, train.learning_rate) == (40, 0.12, 0.00123)
    assert dataclasses.replace(config, note_hidden=(96, 64), context_hidden=96, dropout=0.4) == PRESETS["chorale"]
    assert values_at(preset, {**point, "note_hidden": 8})["note_hidden"] == (8, 8)


@dataclasses.dataclass(frozen=True)
class Tokens:
    """A network of another kind."""

    searched: ClassVar[tuple[str, ...]] = ("layers", "embedding", "dropout")

    layers: tuple[int, ...] = (512, 512, 512)
    embedding: int = 64
    dropout: float = 0.3
    window: int = 100


def test_another_kind_of_network_says_itself_what_is_searched() -> None:
    tokens = cast(Any, Tokens())
    start = preset_point(tokens, TrainConfig())
    assert list(start) == ["learning_rate", "layers", "embedding", "dropout"]
    values = values_at(tokens, {**start, "layers": 130, "embedding": 30})
    assert changed(tokens, TrainConfig(), values)[0] == Tokens((128, 128, 128), 32)


def test_a_narrowed_range_holds_the_best_values_and_may_leave_the_wide_one() -> None:
    ranges: Ranges = {
        "rate": FloatDistribution(1e-4, 1e-2, log=True),
        "width": IntDistribution(16, 256, log=True),
        "small": IntDistribution(8, 16, log=True),
        "share": FloatDistribution(0.0, 0.6),
    }
    found = narrowed(ranges, [{"rate": rate, "width": 64, "small": 8, "share": 0.1} for rate in (1e-3, 1e-2)])
    assert found["rate"].low == pytest.approx(1e-3 / 100 ** (1 / 8))
    assert found["rate"].high == pytest.approx(1e-2 * 100 ** (1 / 8))
    assert found["width"] == IntDistribution(45, 91, log=True)
    assert found["small"].low == 8
    assert found["share"] == ranges["share"], "short runs say little of it"


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
