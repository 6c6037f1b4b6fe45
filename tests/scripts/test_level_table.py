"""The floors of levels are what they say."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from biaxial.corpora.corpus_piece import CorpusPiece
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score

CONFIG = replace(PRESETS["tiny"], dynamics=True)


@pytest.fixture(scope="module")
def table() -> ModuleType:
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module("scripts.tables.level_table")


def piece(*velocities: int | None) -> CorpusPiece:
    notes = [
        Note(place * 480, 480, pitch, voice, velocity)
        for place, velocity in enumerate(velocities)
        for voice, pitch in enumerate((70, 64, 57, 48))
    ]
    return CorpusPiece.from_score("a", "train", Score(tuple(notes)), Grid(4))


def test_pairs_are_levels_and_those_before_them_in_their_voice(table: ModuleType) -> None:
    pairs = table.pairs_of(piece(33, 33, None, 112), CONFIG)
    assert sorted(map(tuple, pairs.tolist())) == [(0, 2)] * 4 + [(2, 2)] * 4 + [(2, 7)] * 4


def test_counts_are_probabilities_and_prefer_what_was_counted(table: ModuleType) -> None:
    found = np.exp(table.counted(np.array([(2, 2)] * 9 + [(2, 7)])))
    np.testing.assert_allclose(found.sum(1), 1.0)
    assert found[2, 1] == pytest.approx(9.5 / 14)
    assert found[3] == pytest.approx(np.full(8, 1 / 8))


def test_a_piece_without_levels_costs_nothing(table: ModuleType) -> None:
    network = BiaxialLSTM(CONFIG).eval()
    assert table.network_nats(network, [piece(None, None)]) == 0
    assert table.network_nats(network, [piece(33, 112)]) == pytest.approx(8 * np.log(8), rel=0.2)
