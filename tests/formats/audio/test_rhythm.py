"""Onsets in seconds as note values, tempo, metre and pickup."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from biaxial.formats.abc.tune import read_abc
from biaxial.formats.audio.rhythm import COUNTS, METRES, VALUES, rhythm_of
from biaxial.music.score import Score

TUNES = Path(__file__).parents[3] / "docs" / "tunes"


def tune(name: str) -> tuple[Score, list[int]]:
    """A tune of docs, and its onsets in sixteenths."""
    parts = read_abc(TUNES / f"{name}.abc")
    step = parts.outline.ticks_per_quarter // 4
    return parts.outline, [note.onset_ticks // step for note in parts.parts[0].notes]


@pytest.mark.parametrize("tempo", [66, 90, 112])
@pytest.mark.parametrize("name", ["auld-lang-syne", "new-britain", "ode-to-joy"])
def test_metre_pickup_and_values_of_tunes(name: str, tempo: int) -> None:
    outline, onsets = tune(name)
    step = 15 / tempo
    found = rhythm_of([3.0 + onset * step for onset in onsets])
    assert found.metre == outline.time_signatures[0].name
    pickup = -found.first_step % METRES[found.metre].num_steps
    assert pickup * outline.ticks_per_quarter == 4 * outline.pickup_ticks
    assert list(found.values) == [after - before for before, after in pairwise(onsets)]
    assert np.median(found.step_seconds) == pytest.approx(step, rel=0.02)
    assert len(found.step_seconds) == len(onsets)
    assert found.lead > 0


def test_a_tempo_that_breathes_and_notes_that_come_late() -> None:
    _, onsets = tune("new-britain")
    draw = np.random.default_rng(3)
    even = 0.18 * np.array(onsets)
    sung = even + 0.2 * np.sin(2 * np.pi * even / 12) + draw.normal(scale=0.01, size=len(even))
    found = rhythm_of(np.sort(sung))
    assert (found.metre, found.first_step) == ("3/4", 8)
    assert list(found.values) == [after - before for before, after in pairwise(onsets)]
    assert np.ptp(found.step_seconds) > 0.005


def test_two_notes_are_a_rhythm() -> None:
    assert len(rhythm_of([0.0, 0.5]).values) == 1


def test_the_counts_are_those_of_the_metres() -> None:
    counted = json.loads(COUNTS.read_text(encoding="utf-8"))
    assert counted.keys() == METRES.keys()
    for name, metre in METRES.items():
        row = counted[name]
        assert len(row["values"]) == len(row["starts"]) == len(row["ends"]) == metre.num_steps
        assert sum(row["starts"]) == sum(row["ends"]) == row["tunes"] > 0
        assert {int(value) for values in row["values"] for value in values} <= set(VALUES.tolist())
