"""The script that counts rhythms: what a tune adds to which counts."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from biaxial.formats.audio.rhythm import METRES
from biaxial.music.score import Note, Score, TimeSignature

Q = 480


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    return importlib.import_module("scripts.make.fit_rhythms").counted


def tune(lengths: list[int], metre: TimeSignature, pickup: int = 0) -> Score:
    onsets = [sum(lengths[:index]) for index in range(len(lengths))]
    notes = tuple(Note(onset, length, 60) for onset, length in zip(onsets, lengths, strict=True))
    return Score(notes, time_signatures=(metre,), pickup_ticks=pickup)


def test_values_are_counted_where_they_begin_in_the_bar(counted: Any) -> None:
    found = counted(iter([tune([Q, 2 * Q, Q // 2, Q // 2, 3 * Q], TimeSignature(3, 4), pickup=Q)]))
    assert {name for name in METRES if found[name]["tunes"]} == {"3/4"}
    row = found["3/4"]
    assert (row["starts"][8], row["ends"][0], sum(row["starts"])) == (1, 1, 1)
    assert {place: values for place, values in enumerate(row["values"]) if values} == {
        8: {"4": 1, "2": 1},
        0: {"8": 1},
        10: {"2": 1},
    }


def test_halves_that_are_beats_count_as_quarters_and_other_metres_do_not_count(counted: Any) -> None:
    halves = tune([2 * Q, 4 * Q, 2 * Q, 4 * Q], TimeSignature(3, 2), pickup=2 * Q)
    quarters = tune([Q, 2 * Q, Q, 2 * Q], TimeSignature(3, 4), pickup=Q)
    assert counted(iter([halves])) == counted(iter([quarters]))
    odd = tune([Q] * 5, TimeSignature(5, 4))
    triplets = tune([Q // 3] * 6, TimeSignature(4, 4))
    assert not any(row["tunes"] for row in counted(iter([odd, triplets])).values())
