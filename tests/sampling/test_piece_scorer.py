"""Pieces scored by the kernels that draw: any frames in the place of a piece's own, and which networks they know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from biaxial.features.conditions import outline_conditions
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import IMPOSSIBLE, arrays_of
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.sampling.piece_scorer import Frames, PieceScorer, scores_compiled

Q = 480
SCORE = Score(
    (Note(0, 2 * Q, 72, 0), Note(0, 5 * Q, 67, 1), Note(2 * Q, 3 * Q, 79, 0), Note(0, Q, 48, 3), Note(Q, 4 * Q, 50, 3))
)


def network(**changes: Any) -> BiaxialLSTM:
    torch.manual_seed(0)
    return BiaxialLSTM(replace(PRESETS["tiny"], **changes)).eval()


@pytest.mark.parametrize("order", ["low-to-high", "high-to-low"])
@pytest.mark.parametrize("echo", [False, True])
def test_all_outcomes_of_all_cells_are_those_of_the_network(order: Any, echo: bool) -> None:
    net, grid = network(order=order, echo=echo), Grid(4)
    config = net.config
    roll = Roll.from_score(SCORE, grid, config.low_pitch, config.num_notes)
    piece, conditions = config.alphabet.encode(roll.states, roll.voices), outline_conditions(roll.outline, grid)
    assert len(piece) == 20, "more steps than are worked out together"
    with torch.inference_mode():
        batch = Batch.whole(torch.from_numpy(piece)[None], torch.from_numpy(conditions)[None])
        expected = net(batch)[0, 0].numpy()
    scorer = PieceScorer(arrays_of(net))
    own = scorer.score(piece, conditions, every=True)
    assert own.every is not None
    np.testing.assert_allclose(own.every, np.maximum(expected, IMPOSSIBLE), rtol=1e-5, atol=2e-6)
    steps = np.array([19, 3, 3, 16])
    others = piece[[19, 3, 0, 16]]
    others[1, 5:] = 0
    found = scorer.score(piece, conditions, Frames(others, steps), every=True)
    assert found.every is not None
    assert np.array_equal(found.every[[0, 3]], own.every[[19, 16]]), "a frame in its own place"
    assert np.array_equal(found.log_p[3], own.log_p[16])
    part, end = scorer.score(piece, conditions, Frames(others, steps)), -1 if config.walks_down else 0
    assert np.array_equal(part.log_p[:, end], found.log_p[:, end]), "of the walks only the ends are left out"
    assert part.every is None


def test_networks_without_kernels_are_refused() -> None:
    unvoiced: dict[str, Any] = {"num_voices": 0, "voice_neighbourhood": False, "voice_intervals": False}
    for changes in ({"order": "both"}, {**unvoiced, "parallels": False, "ranks": 4}):
        config = replace(PRESETS["tiny"], **changes)
        assert not scores_compiled(config, "float32")
        with pytest.raises(ValueError, match="no kernels that score"):
            PieceScorer(arrays_of(BiaxialLSTM(config)))
