"""Levels of loudness: an exact distribution given the notes, and no effect on them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from biaxial.features.conditions import unknown_conditions
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.models.dynamics_head import NUM_LEVELS, DynamicsHead, Heard, frame_level
from biaxial.music.constants import STRIKE

TINY = replace(
    PRESETS["tiny"], low_pitch=60, num_notes=2, num_voices=0, voice_neighbourhood=False, voice_intervals=False,
    parallels=False, context_hidden=0, dynamics=True,
)  # fmt: skip
VOICED = replace(PRESETS["tiny"], low_pitch=60, num_notes=2, num_voices=2, context_hidden=0, dynamics=True)


def network(config: ModelConfig) -> BiaxialLSTM:
    torch.manual_seed(1)
    return BiaxialLSTM(config).double().eval()


def conditions(b: int, t: int) -> Tensor:
    return torch.from_numpy(unknown_conditions(t)).expand(b, -1, -1)


def every_roll(config: ModelConfig, steps: int) -> Tensor:
    """All rolls, also impossible ones, shape ``(b, t, n)``."""
    cells = product(range(len(config.alphabet)), repeat=steps * config.num_notes)
    return torch.tensor(list(cells), dtype=torch.uint8).view(-1, steps, config.num_notes)


def struck(config: ModelConfig, rolls: Tensor) -> Tensor:
    return torch.from_numpy(config.alphabet.states)[rolls.long()] == STRIKE


def with_every_level(config: ModelConfig, rolls: Tensor) -> tuple[Tensor, Tensor]:
    """Every roll with every level of each of its struck cells."""
    outcomes, levels = [], []
    for roll, places in zip(rolls, struck(config, rolls), strict=True):
        for chosen in product(range(1, NUM_LEVELS + 1), repeat=int(places.sum())):
            level = torch.zeros_like(roll)
            level[places] = torch.tensor(chosen, dtype=torch.uint8)
            outcomes.append(roll)
            levels.append(level)
    return torch.stack(outcomes), torch.stack(levels)


@pytest.mark.parametrize(("config", "steps"), [(TINY, 2), (VOICED, 1)])
def test_notes_and_levels_together_are_a_distribution(config: ModelConfig, steps: int) -> None:
    model, rolls = network(config), every_roll(config, steps)
    with torch.inference_mode():
        plain = Batch.whole(rolls, conditions(len(rolls), steps))
        possible = model.walk_log_likelihood(plain)[0].sum((1, 2)) > -1e8
        outcomes, levels = with_every_level(config, rolls[possible])
        batch = Batch.whole(outcomes, conditions(len(outcomes), steps))._replace(levels=levels)
        notes = model.walk_log_likelihood(batch)[0].sum((1, 2))
        loud = model.level_log_likelihood(batch).sum((1, 2))
    assert int(struck(config, outcomes).sum(-1).max()) == 2
    assert float((notes + loud).exp().sum()) == pytest.approx(1.0, abs=1e-9)
    assert float(loud.std()) > 0.01


def test_levels_change_nothing_of_the_notes_nor_does_a_head() -> None:
    model, rolls = network(TINY), every_roll(TINY, 2)
    levels = torch.where(struck(TINY, rolls), 3, 0).byte()
    plain = Batch.whole(rolls, conditions(len(rolls), 2))
    torch.manual_seed(1)
    without = BiaxialLSTM(replace(TINY, dynamics=False)).double().eval()
    with torch.inference_mode():
        found = model.walk_log_likelihood(plain)
        assert torch.equal(model.walk_log_likelihood(plain._replace(levels=levels)), found)
        assert torch.equal(without.walk_log_likelihood(plain), found)
    assert set(model.state_dict()) - set(without.state_dict()) == {
        f"dynamics.{layer}.{kind}" for layer in ("hidden", "out") for kind in ("weight", "bias")
    }


def test_what_is_learnt_of_levels_stays_in_their_layers() -> None:
    model, rolls = network(TINY), every_roll(TINY, 2)
    batch = Batch.whole(rolls, conditions(len(rolls), 2))._replace(levels=torch.where(struck(TINY, rolls), 3, 0).byte())
    torch.autograd.backward(model.level_log_likelihood(batch).sum())
    learning = {name for name, weights in model.named_parameters() if weights.grad is not None}
    assert learning == {f"dynamics.{layer}.{kind}" for layer in ("hidden", "out") for kind in ("weight", "bias")}


def test_what_a_cell_hears() -> None:
    levels = torch.tensor([[[0, 2, 0, 5], [0, 0, 0, 0], [1, 0, 8, 0], [3, 0, 0, 4]]])  # b t n, the highest note last
    voices = torch.tensor([[[0, 2, 0, 1], [0, 2, 0, 1], [2, 0, 1, 0], [2, 0, 0, 1]]])
    heard = Heard.of(levels, voices, 2)
    assert frame_level(levels).tolist() == [[4, 0, 5, 4]]  # 3.5 and 4.5 are rounded up
    assert heard.frame[0, :, 0].tolist() == [0, 4, 4, 5]
    assert heard.before[0, :, 0].tolist() == [0, 0, 0, 4]
    assert heard.voice[0, 3].tolist() == [1, 0, 0, 8]
    assert heard.voice[0, 2].tolist() == [2, 0, 5, 0]
    assert heard.above[0, 0].tolist() == [2, 5, 5, 0]
    assert heard.above[0, 3].tolist() == [4, 4, 4, 0]


def test_a_level_that_is_not_known_is_neither_scored_nor_heard() -> None:
    model, rolls = network(TINY), every_roll(TINY, 2)
    batch = Batch.whole(rolls, conditions(len(rolls), 2))
    with torch.inference_mode():
        assert model.level_log_likelihood(batch).abs().max() == 0
        unknown = batch._replace(levels=torch.zeros_like(rolls))
        assert model.level_log_likelihood(unknown).abs().max() == 0


def test_two_states_have_no_struck_notes() -> None:
    with pytest.raises(ValueError, match="three states"):
        replace(TINY, num_states=2)
    assert BiaxialLSTM(PRESETS["tiny"]).dynamics is None
    assert isinstance(network(TINY).dynamics, DynamicsHead)
