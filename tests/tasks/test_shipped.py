"""The weights in the package: what they are, and the piece that a seed gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import biaxial
from biaxial import Model
from biaxial.corpora.bach_chorales import chorale_paths, read_chorale
from biaxial.files.weights_file import pretrained_path
from biaxial.music.checksum import music_checksum

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
"""What ``scripts/make/make_golden.py`` wrote when the weights were stored."""


@pytest.fixture(scope="module")
def model() -> Model:
    return biaxial.load(device="cpu")


def test_the_weights_are_small_and_say_how_they_were_made(model: Model) -> None:
    assert pretrained_path().stat().st_size < 5e6
    assert model.history["num_pieces"] == {"train": 292, "valid": 36, "test": 36}
    assert {"corpus_sha256", "density_biases", "keys", "train", "valid_nats_per_step"} <= set(model.history)


@pytest.mark.parametrize("name", GOLDEN["chorales"])
def test_weights_give_what_they_gave(name: str) -> None:
    model = biaxial.load(name, "cpu")
    assert isinstance(model, Model)
    for golden in GOLDEN["chorales"][name]["pieces"]:
        piece = model.compose(golden["bars"], key=golden["key"], seed=golden["seed"], draft=True)
        assert piece.nats_per_step == pytest.approx(golden["nats_per_step"], abs=1e-5)
        assert music_checksum(piece.score) == golden["sha256"]
    chorale = GOLDEN["chorales"][name]["chorale"]
    path = next(path for path in chorale_paths() if path.name == chorale["file"])
    assert model.log_likelihood(read_chorale(path)).nats_per_step == pytest.approx(chorale["nats_per_step"], rel=1e-4)


def test_a_seed_gives_a_fixed_tune() -> None:
    golden = GOLDEN["tune"]
    tune = biaxial.load(golden["weights"], "cpu").compose(key=golden["key"], seed=golden["seed"])
    assert music_checksum(tune.score) == golden["sha256"]


def test_a_held_out_chorale_is_less_likely_with_another_bass(model: Model) -> None:
    score = read_chorale(next(path for path in chorale_paths() if path.name == "bwv10.7.mxl"))
    nats = model.log_likelihood(score).nats_per_step
    wrong = [biaxial.Note(n.onset_ticks, n.length_ticks, n.pitch + (n.voice == 3), n.voice) for n in score.notes]
    other = biaxial.Score(
        tuple(wrong), score.length_ticks, time_signatures=score.time_signatures, pickup_ticks=score.pickup_ticks,
        key=score.key, fermatas=score.fermatas,
    )  # fmt: skip
    assert model.log_likelihood(other).nats_per_step > nats + 0.5


def test_a_piece_ends_on_its_tonic(model: Model) -> None:
    score = model.compose(4, key="D major", seed=11, draft=True).score
    last = [note for note in score.notes if note.end_ticks == score.length_ticks]
    assert [(note.pitch % 12, note.onset_ticks) for note in last if note.voice == 3] == [(2, 15 * 480)]
    assert len(last) > 2
    assert {note.pitch % 12 for note in last} <= {2, 6, 9}
