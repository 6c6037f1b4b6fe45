"""Nats by the kernels that draw are those of the network's own pass, cell by cell."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

from biaxial.features.conditions import outline_conditions
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.kernel_nats import kernel_nats
from biaxial.likelihood.scored_cells import CellNats
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import arrays_of
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Key, Note, Score
from biaxial.sampling.packed_weights import has_unit
from biaxial.sampling.piece_scorer import PieceScorer

Q = 480
PLAIN = {"num_voices": 0, "voice_neighbourhood": False, "voice_intervals": False, "parallels": False}
EVERYTHING = {"next_voice": True, "dissonance": True, "clock": True, "plan": True, "beat": True, "echo": True}
CONFIGS: dict[str, dict[str, Any]] = {
    "downwards": {"order": "high-to-low"},
    "upwards": {"order": "low-to-high"},
    "unvoiced": PLAIN,
    "two states": {"num_states": 2},
    "all inputs": {"order": "low-to-high", "head_sees_inputs": True, "time_hidden": (20, 13), **EVERYTHING},
}


def piece(seed: int, length: int) -> Score:
    """Four voices, the highest of which now and then rests; passages come back."""
    draw = np.random.default_rng(seed)
    notes = []
    for voice, middle in enumerate((72, 65, 59, 46)):
        steps, length_ticks = draw.integers(-4, 5, size=5).tolist(), Q if voice % 2 else Q // 2
        places = [index for index in range(length) if voice or index % 4 != 3]
        notes += [Note(index * Q, length_ticks, middle + steps[index % 5], voice) for index in places]
    return Score(tuple(notes), key=Key.from_name("G major"), fermatas=(length * Q - Q,))


PIECES = [piece(0, 3), piece(1, 1), piece(2, 14)]


def network(**changes: Any) -> BiaxialLSTM:
    """An untrained network with opinions."""
    torch.manual_seed(0)
    found = BiaxialLSTM(replace(PRESETS["tiny"], **changes)).eval()
    for parameter in found.parameters():
        parameter.data *= 2
    return found


def both(net: BiaxialLSTM, precision: Any = "float32", **ways: Any) -> list[tuple[CellNats, CellNats]]:
    """What the network finds in every piece, and the kernels."""
    config, grid = net.config, Grid(4)
    rolls = [Roll.from_score(score, grid, config.low_pitch, config.num_notes) for score in PIECES]
    outcomes = [config.alphabet.encode(roll.states, roll.voices) for roll in rolls]
    conditions = [outline_conditions(roll.outline, grid) for roll in rolls]
    found = kernel_nats(PieceScorer(arrays_of(net), precision), outcomes, conditions, **ways)
    return list(zip(cell_nats(net, outcomes, conditions), found, strict=True))


@pytest.mark.parametrize("name", CONFIGS)
def test_cells_are_those_of_the_network(name: str) -> None:
    net = network(**CONFIGS[name])
    for expected, found in both(net):
        assert expected.nats.max() > 1, "there is something to find"
        for field in fields(CellNats):
            wanted, own = getattr(expected, field.name), getattr(found, field.name)
            assert (own.shape, own.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_allclose(
                own, wanted, atol=2e-5 if field.name == "roll_nats" else 4e-6, err_msg=field.name
            )


@pytest.mark.skipif(not has_unit("avx512bf16"), reason="the processor has no products in halves")
def test_halves_are_near() -> None:
    for expected, found in both(network(**CONFIGS["all inputs"]), "bfloat16"):
        assert 0 < abs(expected.nats - found.nats).max() < 0.1
        assert found.nats.sum() == pytest.approx(expected.nats.sum(), rel=3e-3)


def test_threads_change_nothing_and_progress_is_told() -> None:
    net, done = network(**CONFIGS["all inputs"]), list[int]()
    alone = both(net, threads=1)
    for (_, one), (_, other) in zip(alone, both(net, threads=3, progress=done.append), strict=True):
        assert np.array_equal(one.nats, other.nats)
    assert sorted(done) == sorted(len(found.nats) for _, found in alone)


def test_progress_can_end_it() -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both(network(), progress=stop)
