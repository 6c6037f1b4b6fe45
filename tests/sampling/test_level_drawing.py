"""Levels are drawn from the distribution that scores them, each from its own place and seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from biaxial.features.conditions import unknown_conditions
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.constants import STRIKE
from biaxial.sampling.level_drawing import draw_levels

CONFIG = replace(PRESETS["tiny"], low_pitch=55, num_notes=12, context_hidden=0, dynamics=True)


@pytest.fixture(scope="module")
def network() -> BiaxialLSTM:
    torch.manual_seed(2)
    model = BiaxialLSTM(CONFIG).double().eval()
    assert model.dynamics is not None
    with torch.no_grad():
        model.dynamics.hidden.weight.mul_(8)  # so that what is heard matters
    return model


def pieces(count: int, steps: int = 12) -> Batch:
    """Four voices that move up and down, in and out of unison."""
    alphabet, rng = CONFIG.alphabet, np.random.default_rng(3)
    states, voices = np.zeros((2, count, steps, CONFIG.num_notes), np.uint8)
    for piece, step in np.ndindex(count, steps):
        for voice in range(4):
            place = rng.integers(CONFIG.num_notes)
            states[piece, step, place] = STRIKE
            voices[piece, step, place] |= 1 << voice
    outcomes = torch.from_numpy(alphabet.encode(states.astype(np.int8), voices))
    return Batch.whole(outcomes, torch.from_numpy(unknown_conditions(steps)).expand(count, -1, -1))


def test_what_is_drawn_is_scored_alike_by_the_parallel_pass(network: BiaxialLSTM) -> None:
    batch = pieces(3)
    drawn = draw_levels(network, batch, [5, 6, 7])
    struck = torch.from_numpy(CONFIG.alphabet.states)[batch.outcomes.long()] == STRIKE
    assert torch.equal(drawn.levels > 0, struck)
    with torch.inference_mode():
        scored = network.level_log_likelihood(batch._replace(levels=drawn.levels)).sum((1, 2))
    torch.testing.assert_close(scored, drawn.log_likelihood)


def test_a_seed_gives_the_same_levels_alone_and_among_others(network: BiaxialLSTM) -> None:
    batch = pieces(3)
    together = draw_levels(network, batch, [5, 6, 7]).levels
    alone = draw_levels(network, Batch.whole(batch.outcomes[1:2], batch.conditions[1:2]), [6]).levels
    assert torch.equal(together[1:2], alone)
    again = draw_levels(network, batch, [5, 6, 7], [1, 1, 1]).levels
    assert not torch.equal(together, again)


def test_levels_that_are_known_stay_and_are_heard(network: BiaxialLSTM) -> None:
    batch = pieces(1)
    struck = torch.from_numpy(CONFIG.alphabet.states)[batch.outcomes.long()] == STRIKE
    known = torch.where(struck, 8, 0).byte()
    known[:, 6:] = 0
    drawn = draw_levels(network, batch._replace(levels=known), [5])
    assert torch.equal(drawn.levels[:, :6], known[:, :6])
    free = draw_levels(network, batch, [5])
    assert not torch.equal(drawn.levels[:, 6:], free.levels[:, 6:])
    everything = draw_levels(network, batch._replace(levels=free.levels), [9])
    assert torch.equal(everything.levels, free.levels)
    assert float(everything.log_likelihood) == 0.0


def test_levels_come_as_often_as_the_network_says(network: BiaxialLSTM) -> None:
    one = pieces(1, steps=1)
    count = 4000
    many = Batch.whole(one.outcomes.expand(count, -1, -1), one.conditions.expand(count, -1, -1))
    drawn = draw_levels(network, many, range(count)).levels
    place = int(drawn[0, 0].nonzero()[-1])
    tops = torch.zeros(8, *one.outcomes.shape[1:], dtype=torch.uint8)
    tops[:, 0, place] = torch.arange(1, 9)
    with torch.inference_mode():
        batch = Batch.whole(one.outcomes.expand(8, -1, -1), one.conditions.expand(8, -1, -1))
        wanted = network.level_log_likelihood(batch._replace(levels=tops)).sum((1, 2)).exp()
    found = torch.bincount(drawn[:, 0, place].long(), minlength=9)[1:] / count
    torch.testing.assert_close(found.double(), wanted, atol=0.03, rtol=0)
