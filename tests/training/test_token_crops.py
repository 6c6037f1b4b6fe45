"""Token LSTMs under the one trainer: they learn, go on as if nothing had happened, and are scored frame for frame."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from biaxial.corpora.corpus import Corpus
from biaxial.features.conditions import hidden
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.music.errors import InputError
from biaxial.tasks.loading import load_token_model
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.strings import PLACES, Given, StringCrop, cells_of, collate_strings
from biaxial.training.batches import crop_spans
from biaxial.training.config import TrainConfig
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.training.run_folder import read_plan
from biaxial.training.token_crops import StringData, fitted
from biaxial.weights import load_network

CPU = Machine(accelerator="cpu", precision="32-true")
CONFIGS = {
    "melody": SequenceConfig(kind="melody", embedding=8, hidden=(16,), dropout=0.1),
    "chord": SequenceConfig(kind="chord", embedding=8, hidden=(16,), dropout=0.1, least_count=2),
}
SETTINGS = TrainConfig(
    epochs=3,
    batch_size=4,
    crop_steps=40,
    warmup_steps=4,
    average_decay=0.5,
    sample_every=2,
    learning_rate=0.02,
    transpose=2,
)


class Stop(Callback):
    """Presses Ctrl-C in the second epoch."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *args: object) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["melody", pytest.param("chord", marks=pytest.mark.slow)])
def test_a_run_learns_and_a_broken_one_ends_alike(corpus: Corpus, tmp_path: Path, kind: str) -> None:
    settings = (
        SETTINGS if kind == "melody" else dataclasses.replace(SETTINGS, optimizer="rmsprop", momentum=0.5, crop_shift=7)
    )
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    result = train(corpus, CONFIGS[kind], settings, whole, CPU, quiet=True)
    assert result.epochs == 3
    rows = (whole / "metrics.csv").read_text().splitlines()[1:]
    nats = [float(row.split(",")[4]) for row in rows]
    assert nats[-1] < 0.97 * nats[0]
    assert [path.name for path in (whole / "samples").iterdir()] == ["epoch-002.mid"]
    stopped = train(corpus, CONFIGS[kind], settings, broken, CPU, quiet=True, callbacks=[Stop()])
    assert (stopped.epochs, stopped.interrupted) == (1, True)
    plan = read_plan(broken)
    assert isinstance(plan.config, SequenceConfig)
    assert bool(plan.config.lengths) is (kind == "chord")
    train(corpus, plan.config, plan.train, broken, plan.machine, resume=True, quiet=True)
    (one, made), (other, _) = (load_network(folder / "model.safetensors") for folder in (whole, broken))
    assert isinstance(one, SequenceLSTM)
    assert one.config == plan.config
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert made["keys"] == {"C major": 2, "D major": 2, "Db major": 2, "Eb major": 2}
    assert made["metres"] == {"16+0": 8}
    found, *_ = evaluate([one], corpus, ["valid"])
    assert found.nats_per("frame") == pytest.approx(made["valid_nats_per_step"], rel=1e-4)
    assert found.num_frames == sum(piece.num_steps for piece in corpus.split("valid"))
    assert found.nats_per("quarter") == pytest.approx(4 * found.nats_per("frame"))
    model = load_token_model(whole / "model.safetensors")
    assert model.compose(20, seed=1).score.notes


def test_a_frame_of_four_voices_is_one_frame(corpus: Corpus) -> None:
    piece = corpus.pieces[0]
    lines = cells_of(piece).strings(CONFIGS["melody"])
    assert len(lines) == 4
    batch = collate_strings(
        [StringCrop(line, 0, line.length) for line in lines], StringData(corpus, CONFIGS["melody"], SETTINGS).codec
    )
    assert float(batch.frames.sum()) == piece.num_steps
    assert int(batch.num_notes.sum()) == int((piece.voices[piece.states == 2] > 0).sum()) == piece.num_struck


def test_crops_cover_a_string_or_follow_at_a_distance(corpus: Corpus) -> None:
    rng = np.random.default_rng(0)
    data = StringData(corpus, CONFIGS["melody"], dataclasses.replace(SETTINGS, crop_steps=20, transpose=0))
    crops = data.crops_of(corpus.pieces[0], rng)
    length = data.strings(corpus.pieces[0])[0].length
    assert len(crops) == 4 * -(-length // 20)
    shifted = StringData(corpus, CONFIGS["melody"], dataclasses.replace(SETTINGS, crop_steps=20, crop_shift=3))
    spans = [span for _ in range(300) for span in crop_spans(50, shifted.train, rng)]
    covered = np.zeros(50)
    for start, length in spans:
        covered[start : start + length] += 1
    assert np.ptp(covered) < 0.1 * covered.mean()  # every place as often, the first and the last too
    starts = [crop.start for crop in shifted.crops_of(corpus.pieces[0], rng) if crop.length == 20]
    assert {after - before for before, after in pairwise(starts) if after > before} == {3}


def test_crops_are_transposed_and_their_metre_hidden_at_times(corpus: Corpus) -> None:
    data = StringData(corpus, CONFIGS["melody"], dataclasses.replace(SETTINGS, unknown_share=0.5))
    crops = [crop for piece in corpus.split("train") for crop in data.crops_of(piece, np.random.default_rng(1))]
    assert len({int(crop.source.string.tokens[0]) for crop in crops if not crop.start}) > 4
    batch = data.collated(crops)
    assert 0 < (batch.given[..., Given.STEP_IN_BAR][batch.mask] == PLACES - 1).float().mean() < 1
    empty = data.collated([])
    assert (int(empty.mask.sum()), float(empty.frames.sum())) == (0, 0)


def test_a_crop_knows_the_token_before_it(corpus: Corpus) -> None:
    data = StringData(corpus, CONFIGS["chord"], SETTINGS)
    (source,) = data.strings(corpus.pieces[0])
    batch = data.collated([StringCrop(source, 0, 5), StringCrop(source, 5, 4)])
    assert int(batch.before[0, 0]) == data.codec.start
    assert batch.before[0, 1:].tolist() == source.string.tokens[:4].tolist()
    assert batch.before[1, :4].tolist() == source.string.tokens[4:8].tolist()
    assert batch.mask.sum(1).tolist() == [5, 4]


def test_the_vocabulary_is_that_of_the_training_pieces(corpus: Corpus) -> None:
    config = fitted(CONFIGS["chord"], corpus)
    assert config.chords
    assert config.lengths
    assert fitted(config, corpus) is config
    assert fitted(CONFIGS["melody"], corpus) is CONFIGS["melody"]
    phrased = dataclasses.replace(CONFIGS["melody"], phrases=True)
    assert fitted(phrased, corpus) is phrased  # its pieces state a phrase end each
    pieces = tuple(dataclasses.replace(p, conditions=hidden(p.conditions, "phrases")) for p in corpus.pieces)
    assert fitted(phrased, dataclasses.replace(corpus, pieces=pieces)) == CONFIGS["melody"]
    without = dataclasses.replace(corpus, pieces=corpus.split("train"))
    assert fitted(CONFIGS["chord"], without) == config


def test_lines_with_phrase_ends_are_learnt_and_composed(corpus: Corpus, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIGS["melody"], phrases=True)
    train(corpus, config, dataclasses.replace(SETTINGS, epochs=1), tmp_path / "run", CPU, quiet=True)
    model = load_token_model(tmp_path / "run" / "model.safetensors")
    assert model.config.phrases
    for seed in range(4):
        score = model.compose(20, seed=seed).score
        assert score.key is not None
        assert score.fermatas is not None
        assert score.fermatas[-1] == score.notes[-1].onset_ticks
        assert score.notes[-1].pitch % 12 == score.key.tonic


def test_another_grid_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="4 steps a quarter, the network 12"):
        train(corpus, dataclasses.replace(CONFIGS["melody"], steps_per_quarter=12), SETTINGS, tmp_path / "no", CPU)
    network = SequenceLSTM(dataclasses.replace(CONFIGS["melody"], steps_per_quarter=12))
    with pytest.raises(InputError, match="the weights are for 12"):
        evaluate([network], corpus)
