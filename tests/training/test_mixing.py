"""An old corpus mixed into a new one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.training.config import TrainConfig
from biaxial.training.crops import CorpusData, epoch_crops
from biaxial.training.devices import Machine
from biaxial.training.fit import train
from biaxial.training.mixing import Mix
from biaxial.training.run_folder import read_plan
from biaxial.weights import load_weights

CONFIG = PRESETS["tiny"]
TRAIN = TrainConfig(batch_size=3, crop_steps=16, epochs=1, sample_every=0)
CPU = Machine("cpu", precision="32-true")


def backwards(piece: CorpusPiece, name: str) -> CorpusPiece:
    """Another piece of the same length."""
    return dataclasses.replace(piece, name=name, split="train", states=piece.states[::-1], voices=piece.voices[::-1])


@pytest.fixture(scope="module")
def old(corpus: Corpus) -> Corpus:
    """Four training pieces, and two that are held out."""
    pieces = tuple(backwards(piece, f"old-{i}") for i, piece in enumerate(corpus.pieces[:4]))
    return dataclasses.replace(corpus, pieces=pieces + corpus.split("valid"))


def test_a_share_of_every_epoch_comes_from_the_old_training_pieces(corpus: Corpus, old: Corpus) -> None:
    mix = Mix(old, 0.25)
    for epoch in range(3):
        crops = [c for batch in epoch_crops(corpus.split("train"), CONFIG, TRAIN, epoch, mix) for c in batch]
        mixed = [crop for crop in crops if crop.piece.name.startswith("old-")]
        assert len(mixed) / len(crops) == pytest.approx(0.25, abs=0.5 / len(crops))
        assert {crop.piece.name for crop in crops} - {crop.piece.name for crop in mixed} == {
            piece.name for piece in corpus.split("train")
        }
    data = CorpusData(corpus, CONFIG, TRAIN, mix)
    assert data.batches_per_epoch() == -(-len(crops) // 3)
    half = [c for batch in epoch_crops(corpus.split("train"), CONFIG, TRAIN, 0, Mix(old, 0.9)) for c in batch]
    counts = [sum(crop.piece.name == piece.name for crop in half) for piece in old.split("train")]
    assert min(counts) > 1  # all pieces come before one comes again
    held_out = {crop.piece.name for batch in data.val_dataloader().dataset.batches for crop in batch}  # type: ignore[attr-defined]
    assert held_out == {piece.name for piece in corpus.split("valid")}


def test_without_an_old_corpus_an_epoch_is_what_it_was(corpus: Corpus) -> None:
    crops = [c for batch in epoch_crops(corpus.split("train"), CONFIG, TRAIN, 1) for c in batch]
    assert {crop.piece.split for crop in crops} == {"train"}


def test_held_out_pieces_are_not_mixed_in_whatever_their_name_and_key(corpus: Corpus, old: Corpus) -> None:
    held_out = corpus.split("valid")
    up = {name: np.roll(getattr(held_out[0], name), 2, axis=1) for name in ("states", "voices")}
    spoilt = dataclasses.replace(
        old, pieces=(*old.pieces, dataclasses.replace(held_out[0], name="leak", split="train", **up))
    )
    assert "leak" in {piece.name for piece in Mix(spoilt, 0.3).pieces}
    assert {piece.name for piece in Mix(spoilt, 0.3, held_out=held_out).pieces} == {f"old-{i}" for i in range(4)}


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_share_lies_between_none_and_all(old: Corpus, share: float) -> None:
    with pytest.raises(InputError, match="--mix-share is a share between 0 and 1"):
        Mix(old, share)


def test_a_corpus_without_training_pieces_is_not_mixed_in(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="there: no training pieces that are not held out"):
        Mix(dataclasses.replace(corpus, pieces=corpus.split("test")), 0.3, "there")


def test_a_run_remembers_its_old_corpus(corpus: Corpus, old: Corpus, tmp_path: Path) -> None:
    mix = Mix(old, 0.3, "there")
    train(corpus, CONFIG, TRAIN, tmp_path / "run", CPU, mix=mix, quiet=True)
    made = load_weights(tmp_path / "run" / "model.safetensors")[1]
    assert made["mix"] == {"corpus": "there", "corpus_sha256": old.checksum, "share": 0.3}
    plan = read_plan(tmp_path / "run")
    assert (plan.mix, plan.mix_share) == ("there", 0.3)
    with pytest.raises(InputError, match="its corpus that is mixed in has changed"):
        train(corpus, CONFIG, TRAIN, tmp_path / "run", CPU, mix=Mix(corpus, 0.3), resume=True, quiet=True)
    narrow = dataclasses.replace(CONFIG, low_pitch=48, num_notes=40)
    wide = dataclasses.replace(
        old, pieces=(dataclasses.replace(old.pieces[0], states=np.roll(old.pieces[0].states, -12, 1)),)
    )
    with pytest.raises(InputError, match=r"old-0: pitches 36 to .* leave the note range 48"):
        train(corpus, narrow, TRAIN, tmp_path / "no", CPU, mix=Mix(wide, 0.3), quiet=True)
