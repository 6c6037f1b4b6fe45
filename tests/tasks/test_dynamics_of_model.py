"""A model with dynamics: what it writes has levels, the notes are those of the network without, and they are learnt."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.corpus_piece import CorpusPiece, levels_of
from biaxial.corpora.splits import Split
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.performance.dynamics import VELOCITIES, level_of
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.training.config import TrainConfig
from biaxial.training.crops import Crop, collate
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.weights import load_weights, save_weights, start_with

Q = 480
CONFIG = replace(PRESETS["tiny"], dynamics=True)
TUNE = Score(tuple(Note(place * Q, Q, 60 + place % 5, 0, 112 if place < 8 else 33) for place in range(16)))


def network(*, dynamics: bool) -> BiaxialLSTM:
    torch.manual_seed(4)
    return BiaxialLSTM(replace(CONFIG, dynamics=dynamics)).eval()


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(network(dynamics=True), {}, "loud", threads=1)


def choir(num_bars: int, velocities: tuple[int | None, ...]) -> Score:
    """Four voices in quarter notes, a velocity for each bar in turn."""
    notes = [
        Note(beat * Q, Q, pitch + (beat * (voice + 3)) % 5, voice, velocities[beat // 4 % len(velocities)])
        for beat in range(4 * num_bars)
        for voice, pitch in enumerate((70, 64, 57, 48))
    ]
    return Score(tuple(notes))


def test_composed_notes_have_levels_and_are_those_of_the_network_without(model: Model) -> None:
    piece = model.compose(2, key="C major", seed=3)
    plain = Model(network(dynamics=False), {}, "quiet", threads=1).compose(2, key="C major", seed=3)
    assert plain.score.notes == tuple(replace(note, velocity=None) for note in piece.score.notes)
    assert {note.velocity for note in piece.score.notes} <= set(VELOCITIES)
    assert len({note.velocity for note in piece.score.notes}) > 2
    assert piece.likelihood == replace(plain.likelihood, level_nats=piece.likelihood.level_nats)
    assert piece.likelihood.level_nats < 0 == plain.likelihood.level_nats
    assert model.compose(2, key="C major", seed=3).score == piece.score
    assert Piece.from_json(piece.to_json()) == piece


def test_a_given_tune_comes_out_as_loud_as_it_went_in(model: Model) -> None:
    score = model.harmonise(TUNE, seed=1).score
    assert [note.velocity for note in score.voice_notes(0)] == [note.velocity for note in TUNE.notes]
    assert all(note.velocity in VELOCITIES for note in score.notes if note.voice)


def test_without_dynamics_what_is_written_is_as_loud_as_what_is_given() -> None:
    model = Model(network(dynamics=False), {}, "quiet", threads=1)
    score = model.harmonise(TUNE, seed=1).score
    assert score.voice_notes(0) == tuple(replace(note, locked=True) for note in TUNE.notes)
    assert {note.velocity for note in score.notes if note.onset_ticks < 8 * Q} == {112}
    assert {note.velocity for note in score.notes if note.onset_ticks >= 8 * Q} == {33}
    silent = replace(TUNE, notes=tuple(replace(note, velocity=None) for note in TUNE.notes))
    assert {note.velocity for note in model.harmonise(silent, seed=1).score.notes} == {None}


def test_the_likelihood_of_levels_stands_beside_that_of_notes(model: Model) -> None:
    loud, silent = choir(2, (112, 33)), choir(2, (None,))
    found, plain = model.log_likelihood(loud), model.log_likelihood(silent)
    assert (found.nats, found.num_struck) == (plain.nats, plain.num_struck)
    assert plain.level_nats == 0
    assert found.level_nats == pytest.approx(-found.num_struck * np.log(8), rel=0.2)  # an untrained head
    assert found.level_nats != model.log_likelihood(choir(2, (33, 112))).level_nats


def test_a_roll_and_a_corpus_keep_levels(tmp_path: Path) -> None:
    score = choir(2, (112, 33, None))
    roll = Roll.from_score(score, Grid(4), CONFIG.low_pitch, CONFIG.num_notes)
    assert [level_of(n.velocity or 0) for n in roll.to_score().notes] == [
        level_of(n.velocity or 0) for n in score.notes
    ]
    assert Roll.from_score(choir(1, (None,)), Grid(4), 36, 46).levels is None
    pieces = [CorpusPiece.from_score(f"{n}", "train", s, Grid(4)) for n, s in enumerate((score, choir(2, (None,))))]
    corpus = Corpus(tuple(pieces), 4, 4)
    corpus.save(tmp_path / "a.npz")
    again = Corpus.load(tmp_path / "a.npz")
    assert again.checksum == corpus.checksum != replace(corpus, pieces=tuple(pieces[1:] * 2)).checksum
    assert roll.levels is not None
    assert np.array_equal(levels_of(again.pieces[0], CONFIG), roll.levels)
    batch = collate([Crop(again.pieces[0], 4, 12, semitones=1), Crop(again.pieces[1], 0, 16)], CONFIG)
    assert batch.levels is not None
    assert np.array_equal(batch.levels[0, :12, 1:], roll.levels[4:16, :-1])
    assert batch.levels[1].max() == 0
    assert collate([Crop(again.pieces[0], 0, 8)], replace(CONFIG, dynamics=False)).levels is None


def test_dynamics_are_given_to_weights_without() -> None:
    with TemporaryDirectory() as folder:
        quiet, path = network(dynamics=False), Path(folder) / "quiet.safetensors"
        save_weights(path, quiet, {})
        grown = network(dynamics=True)
        start_with(grown, path)
        assert all(torch.equal(grown.state_dict()[name], weights) for name, weights in quiet.state_dict().items())
        save_weights(path, grown, {})
        again, _ = load_weights(path)
        assert again.config.dynamics
        assert torch.equal(again.state_dict()["dynamics.out.weight"], grown.state_dict()["dynamics.out.weight"])


@pytest.mark.slow
def test_dynamics_are_learnt(tmp_path: Path) -> None:
    splits: tuple[Split, ...] = ("train", "train", "valid")
    score = choir(4, (33, 112))
    pieces = [CorpusPiece.from_score(f"{n}", split, score, Grid(4)) for n, split in enumerate(splits)]
    settings = TrainConfig(epochs=40, batch_size=1, warmup_steps=1, learning_rate=0.03, forget_share=0.0)
    machine = Machine("cpu", precision="32-true")
    train(Corpus(tuple(pieces), 4, 4), CONFIG, settings, tmp_path / "run", machine, quiet=True)
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines()))
    assert float(rows[-1]["valid_level_nats"]) < 0.95 * np.log(2)  # better than counting, which is two levels alike
    assert {"train_level_nats", "valid_nats"} <= rows[0].keys()
