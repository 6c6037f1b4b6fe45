"""A piece played again: what a network has before it is the same wherever one stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from biaxial.likelihood.replay import replayed
from biaxial.likelihood.surprise import laid_out
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.score import Note, Score

Q = 480
SCORE = Score((Note(0, 2 * Q, 64, 0), Note(2 * Q, Q, 65, 0), Note(0, Q, 61, 1), Note(Q, Q, 60, 1)))


def test_a_piece_is_replayed_alike_wherever_one_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    small: dict[str, Any] = {"low_pitch": 60, "num_notes": 6, "num_voices": 2, "steps_per_quarter": 1}
    net = BiaxialLSTM(replace(PRESETS["tiny"], **small)).eval()
    roll = laid_out(SCORE, net.config)
    together = replayed(net, roll, (2, 0, 2, 1))
    monkeypatch.setattr("biaxial.likelihood.replay._STEPS", 1)
    assert sorted(together) == [0, 1, 2]
    for step, frame in together.items():
        alone = replayed(net, roll, [step])[step]
        assert torch.allclose(frame.output, alone.output, atol=1e-6)
        assert torch.equal(frame.inputs, alone.inputs)
        assert (frame.state is None) == (step == 0)
