"""Crops and batches."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from biaxial.corpora.corpus import Corpus, CorpusPiece, outcomes_of
from biaxial.corpora.corpus_piece import Arrays, Store
from biaxial.features.conditions import UNKNOWN, Condition, unknown_conditions
from biaxial.models.config import PRESETS
from biaxial.music.constants import STRIKE
from biaxial.training import crops as datamodule
from biaxial.training.config import TrainConfig
from biaxial.training.crops import CorpusData, Crop, collate, epoch_crops, transpositions, whole_pieces
from biaxial.training.lit_module import BiaxialModule

CONFIG = PRESETS["tiny"]
TRAIN = TrainConfig(batch_size=3, crop_steps=24, unknown_share=0.5)


def test_crops_carry_the_true_frame_before_them(corpus: Corpus) -> None:
    piece = corpus.pieces[0]
    whole = collate([Crop(piece, 0, piece.num_steps)], CONFIG)
    late = collate([Crop(piece, 9, 10)], CONFIG)
    assert torch.equal(late.previous[0], whole.outcomes[0, 8])
    assert torch.equal(late.outcomes[0], whole.outcomes[0, 9:19])
    assert torch.equal(late.conditions[0], whole.conditions[0, 9:19])
    assert (whole.previous == 0).all()


def test_the_key_follows_a_transposition(corpus: Corpus) -> None:
    piece = corpus.pieces[0]
    plain, up = (collate([Crop(piece, 0, 8, shift)], CONFIG) for shift in (0, 2))
    assert torch.equal(up.outcomes[..., 2:], plain.outcomes[..., :-2])
    tonic = Condition.TONIC
    assert torch.equal(up.conditions[..., tonic], (plain.conditions[..., tonic] + 2) % 12)
    secret = collate([Crop(piece, 0, 8, 2, ("key",))], CONFIG)
    assert (secret.conditions[..., tonic] == UNKNOWN).all()


def test_the_keys_of_the_phrases_follow_it_too(corpus: Corpus) -> None:
    piece = dataclasses.replace(corpus.pieces[0], conditions=corpus.pieces[0].conditions.copy())
    piece.conditions[:, Condition.PHRASE_TONIC] = 11
    up = collate([Crop(piece, 0, 8, 2)], CONFIG)
    assert (up.conditions[..., Condition.PHRASE_TONIC] == 1).all()
    secret = collate([Crop(piece, 0, 8, 2, ("plan",))], CONFIG)
    assert (secret.conditions[..., Condition.PHRASE_TONIC] == UNKNOWN).all()


def test_the_plan_is_hidden_in_a_share_of_its_own() -> None:
    train = TrainConfig(unknown_share=0.2, no_plan_share=0.6)
    assert (train.hidden_share("key"), train.hidden_share("plan")) == (0.2, 0.6)


def test_a_network_with_styles_is_told_that_of_each_crop(corpus: Corpus) -> None:
    unknown, hymn = corpus.pieces[0], dataclasses.replace(corpus.pieces[0], style="hymn")
    crops = [Crop(unknown, 0, 8), Crop(hymn, 0, 8), Crop(hymn, 0, 8, hides_style=True)]
    batch = collate(crops, dataclasses.replace(CONFIG, styles=("bach", "hymn")))
    assert batch.style is not None
    assert batch.style.tolist() == [[0, 0], [0, 1], [0, 0]]
    assert collate(crops, CONFIG).style is None


def test_a_share_of_the_crops_has_no_style(corpus: Corpus) -> None:
    pieces = tuple(dataclasses.replace(piece, style="bach") for piece in corpus.split("train"))
    config = dataclasses.replace(CONFIG, styles=("bach",))
    train = dataclasses.replace(TRAIN, no_style_share=0.3)
    crops = [c for epoch in range(60) for batch in epoch_crops(pieces, config, train, epoch) for c in batch]
    assert sum(crop.style is None for crop in crops) / len(crops) == pytest.approx(0.3, abs=0.04)
    held_out = [crop for batch in whole_pieces(pieces, 3) for crop in batch]
    assert {crop.style for crop in held_out} == {"bach"}


def test_transpositions_keep_every_voice_in_its_range(corpus: Corpus) -> None:
    piece = corpus.pieces[0]  # the soprano goes from 65 to 77, of 57 to 81; the tenor from 55 to 67, of 48 to 69
    assert transpositions(piece, CONFIG, 12) == [*range(-7, 3)]
    unvoiced = dataclasses.replace(CONFIG, num_voices=0)
    assert transpositions(piece, unvoiced, 12) == [*range(-12, 5)]


def test_padding_is_masked(corpus: Corpus) -> None:
    crops = [Crop(corpus.pieces[0], 0, 8), Crop(corpus.pieces[1], 0, 20)]
    batch = collate(crops, CONFIG)
    assert batch.mask.sum(1).tolist() == [8, 20]
    assert (batch.outcomes[0, 8:] == 0).all()


def test_an_epoch_covers_every_piece_and_is_the_same_for_the_same_seed(corpus: Corpus) -> None:
    pieces = corpus.split("train")
    batches = list(epoch_crops(pieces, CONFIG, TRAIN, 0))
    crops = [crop for batch in batches for crop in batch]
    assert {crop.piece.name for crop in crops} == {piece.name for piece in pieces}
    assert max(map(len, batches)) == 3
    assert all(crop.start + crop.length <= crop.piece.num_steps for crop in crops)
    assert len({crop.semitones for crop in crops}) > 3
    assert 0.3 < np.mean([len(crop.hide) / 4 for crop in crops]) < 0.7
    again = [crop for batch in epoch_crops(pieces, CONFIG, TRAIN, 0) for crop in batch]
    assert crops == again
    other = [crop for batch in epoch_crops(pieces, CONFIG, TRAIN, 1) for crop in batch]
    assert crops != other
    assert len(other) == len(crops)


def test_validation_takes_whole_pieces_once(corpus: Corpus) -> None:
    crops = [crop for batch in whole_pieces(corpus.pieces, 3) for crop in batch]
    assert sorted(crop.piece.name for crop in crops) == [piece.name for piece in corpus.pieces]
    assert all(
        (crop.start, crop.length, crop.semitones, crop.hide) == (0, crop.piece.num_steps, 0, ("plan",))
        for crop in crops
    )


def test_the_echo_of_a_crop_is_that_of_the_whole_piece(corpus: Corpus) -> None:
    config = dataclasses.replace(CONFIG, echo=True)
    piece = corpus.pieces[0]
    whole, late = (collate([Crop(piece, start, length)], config).echo for start, length in ((0, 48), (30, 8)))
    assert whole is not None
    assert late is not None
    assert late.length.max() > 0
    for now, then in zip(whole, late, strict=True):
        assert torch.equal(now[:, 30:38], then)


def test_a_window_holds_all_that_sounds_also_in_the_echo() -> None:
    config = dataclasses.replace(CONFIG, low_pitch=0, num_notes=128, num_states=2, num_voices=0, echo=True)
    config = dataclasses.replace(config, voice_intervals=False, parallels=False)
    states = np.zeros((6, 128), np.int8)
    states[[0, 3], 60] = STRIKE
    states[1, [50, 75]] = STRIKE
    states[[2, 4, 5], 62] = STRIKE
    piece = CorpusPiece("piece", "train", states, np.zeros_like(states, np.uint8), unknown_conditions(6))
    batch = collate([Crop(piece, 4, 2)], config)
    assert batch.echo is not None
    assert batch.echo.frame[0, 0].nonzero().flatten().tolist() == [50, 75]
    module = BiaxialModule(config, dataclasses.replace(TRAIN, note_window=40), 10)
    for seed in range(20):
        torch.manual_seed(seed)
        narrow, window = module._windowed(batch)
        low = narrow.config.low_pitch
        assert narrow.config.num_notes == window.outcomes.shape[2] == 40
        assert (window.outcomes[0, 0].nonzero() + low).flatten().tolist() == [62]
        assert window.echo is not None
        assert (window.echo.frame[0, 0].nonzero() + low).flatten().tolist() == [50, 75]


def test_frames_can_be_taken_from_the_middle_of_a_piece(corpus: Corpus) -> None:
    piece = corpus.pieces[0]
    for start, end in ((0, 5), (7, 20), (40, None)):
        assert np.array_equal(outcomes_of(piece, CONFIG, end, 1, start), outcomes_of(piece, CONFIG, None, 1)[start:end])


def test_long_pieces_are_validated_in_smaller_batches(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = [len(batch) for batch in whole_pieces(corpus.pieces, 4)]
    assert usual == [4, 4, 3]
    monkeypatch.setattr(datamodule, "MAX_STEPS", 2 * 64)  # the longest have 80 steps, others 48 and 64
    batches = whole_pieces(corpus.pieces, 4)
    assert sorted(crop.piece.name for batch in batches for crop in batch) == [piece.name for piece in corpus.pieces]
    lengths = [[crop.length for crop in batch] for batch in batches]
    assert lengths == [[48, 48], [48, 48], [64, 64], [64, 64], [80], [80], [80]]  # two of 80 are more than 128 steps


def test_a_mapped_corpus_gives_the_same_batches(corpus: Corpus, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        places = [store.append(arrays_of(piece)) for piece in corpus.pieces]
        store.map()
    pieces = tuple(
        CorpusPiece(piece.name, piece.split, *store.arrays(place, piece.num_steps))
        for piece, place in zip(corpus.pieces, places, strict=True)
    )
    mapped = Corpus(pieces, corpus.steps_per_quarter, corpus.num_voices, store=store)
    assert mapped.checksum == corpus.checksum
    ours, theirs = (CorpusData(each, CONFIG, TRAIN).train_dataloader() for each in (mapped, corpus))
    for one, other in zip(ours, theirs, strict=True):
        for name in ("outcomes", "previous", "conditions", "mask"):
            assert torch.equal(getattr(one, name), getattr(other, name))


def arrays_of(piece: CorpusPiece) -> Arrays:
    """What a store keeps of a piece of which nobody says how loud it is."""
    return piece.states, piece.voices, piece.conditions, np.zeros_like(piece.voices)
