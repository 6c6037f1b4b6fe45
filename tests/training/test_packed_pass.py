"""The pass of training gives the nats of the network and their gradient, and leaves out what is certain."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from biaxial.corpora.corpus import Corpus
from biaxial.features.known import Known
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.training import packed_pass
from biaxial.training.config import TrainConfig
from biaxial.training.crops import collate, epoch_crops
from biaxial.training.packed_lstm import Packing
from biaxial.training.packed_pass import PackedPass, product_type

TINY = PRESETS["tiny"]
CONFIGS = {
    "one walk up, all inputs": replace(
        PRESETS["chorale"], time_hidden=(12, 8), note_hidden=(10, 6), context_hidden=5, dropout=0.0
    ),
    "one walk down": TINY,
    "two walks": replace(TINY, order="both"),
    "styles, and a last layer that sees no inputs": replace(
        TINY, styles=("bach", "hymn"), time_hidden=(12, 8), head_sees_inputs=False
    ),
    "no voices": replace(TINY, num_voices=0, voice_neighbourhood=False, voice_intervals=False, parallels=False),
}


def network(config: ModelConfig) -> BiaxialLSTM:
    """One that listens to its context and styles, as after training."""
    torch.manual_seed(0)
    model = BiaxialLSTM(config)
    for weights in model.parameters():
        if not weights.any():
            torch.nn.init.normal_(weights, std=0.3)
    return model


def batch_of(corpus: Corpus, config: ModelConfig) -> Batch:
    """Crops of which something is known of some, and some are shorter than the others."""
    settings = TrainConfig(crop_steps=64, known_share=0.5)
    crops = [crop for batch in epoch_crops(corpus.split("train"), config, settings, 0) for crop in batch]
    batch = collate(crops, config)
    assert len(set(batch.lengths.tolist())) > 1
    if not config.styles:
        return batch
    index = torch.arange(len(crops))
    return batch._replace(style=torch.eye(2)[index % 2] * (index > 0).unsqueeze(1))  # the first has none


def gradients(model: BiaxialLSTM, nats: Tensor) -> list[Tensor]:
    return [
        torch.zeros(1) if grad is None else grad
        for grad in torch.autograd.grad(nats, list(model.parameters()), allow_unused=True)
    ]


@pytest.mark.parametrize("name", CONFIGS)
def test_nats_and_gradients_are_those_of_the_network(corpus: Corpus, name: str) -> None:
    model, batch = network(CONFIGS[name]), batch_of(corpus, CONFIGS[name])
    expected = -(model.walk_log_likelihood(batch).mean(0) * batch.mask.unsqueeze(-1)).sum()
    wanted = gradients(model, expected)
    for dtype, error in ((torch.float32, 1e-4), (torch.bfloat16, 0.04)):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            assert product_type(model) == dtype
            found = PackedPass(model, batch, dtype).nats()
        assert found.item() == pytest.approx(expected.item(), rel=error / 10)
        for ours, its in zip(gradients(model, found), wanted, strict=True):
            assert (ours - its).norm() <= error * its.norm()


def test_a_walk_stops_when_all_voices_are_placed(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = list[Tensor]()

    def of(given: Tensor) -> Packing:
        lengths.append(given)
        return Packing.of(given)

    model, batch = network(replace(TINY, context_hidden=0, order="low-to-high")), batch_of(corpus, TINY)
    monkeypatch.setattr(packed_pass, "Packing", type("Watched", (), {"of": staticmethod(of)}))
    whole = Batch.whole(batch.outcomes, batch.conditions)._replace(mask=batch.mask, previous=batch.previous)
    PackedPass(model, whole, torch.float32).nats()
    of_notes, of_frames = lengths
    sounds = (batch.outcomes != 0) & batch.mask.unsqueeze(-1)
    highest = (sounds * torch.arange(1, sounds.shape[2] + 1)).amax(2)  # b t
    everyone = model.voice_sets[batch.outcomes.long()].sum(2) == 15
    assert everyone.any()
    assert torch.equal(of_frames[everyone.flatten()], highest[everyone])
    assert not of_frames[~batch.mask.flatten()].any()
    read = torch.arange(sounds.shape[2]) < of_frames.view(*batch.mask.shape, 1)  # b t n
    last = (read * torch.arange(1, read.shape[1] + 1).view(1, -1, 1)).amax(1)
    assert torch.equal(of_notes, last.flatten())


def test_what_is_known_as_a_whole_costs_and_teaches_nothing(corpus: Corpus) -> None:
    model, batch = network(TINY), batch_of(corpus, TINY)
    everything = torch.full_like(batch.outcomes, 15)
    known = Known(batch.outcomes, everything, torch.zeros_like(everything))
    nats = PackedPass(model, batch._replace(known=known), torch.float32).nats()
    assert nats.item() == 0
    assert not any(grad.any() for grad in gradients(model, nats))


def test_dropout_is_drawn_in_training_alone(corpus: Corpus) -> None:
    config = replace(TINY, dropout=0.5)
    model, batch = network(config), batch_of(corpus, config)
    nats = set[float]()
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        nats.add(PackedPass(model.train(), batch, torch.float32).nats().item())
    assert len(nats) == 2
    assert PackedPass(model.eval(), batch, torch.float32).nats().item() not in nats


def test_the_pass_is_for_float32_weights_on_the_cpu() -> None:
    with torch.autocast("cpu", torch.float16):
        assert product_type(BiaxialLSTM(TINY)) is None
    assert product_type(BiaxialLSTM(TINY).double()) is None
    assert product_type(BiaxialLSTM(TINY).to("meta")) is None
