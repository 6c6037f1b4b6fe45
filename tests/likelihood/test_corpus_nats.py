"""Evaluations of corpora of frames: what is counted, and what has likelihood zero."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.features.conditions import unknown_conditions
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid

SIZES = {"time_hidden": (8,), "note_hidden": (6,), "low_pitch": 48, "num_notes": 24}
TRAIN = [[[60, 64], [60, 64], [62, 65]], [[55, 71]]]
VALID = [[[50, 62], [50, 66], [50, 66], [52, 67]], [[63], [60, 64]], [[50, 60], [55, 60], []]]


def network(preset: str = "jsb-quarter", seed: int = 0, **changes: object) -> BiaxialLSTM:
    config: ModelConfig = dataclasses.replace(PRESETS[preset], **{**SIZES, **changes})  # type: ignore[arg-type]
    torch.manual_seed(seed)
    return BiaxialLSTM(config).eval()


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "frames.json"
    path.write_text(json.dumps({"train": TRAIN, "valid": VALID}))
    return Corpus.read(path, Grid(1))[0]


def by_hand(model: BiaxialLSTM, frames: list[list[int]]) -> float:
    """Nats of a piece, cell after cell, from the definition of the chain rule."""
    roll = torch.zeros(1, len(frames), model.config.num_notes, dtype=torch.uint8)
    for step, frame in enumerate(frames):
        roll[0, step, [pitch - model.config.low_pitch for pitch in frame]] = 1
    rows = torch.from_numpy(unknown_conditions(len(frames))).unsqueeze(0)
    rows[..., 3] = 0
    total = 0.0
    for step in range(len(frames)):
        for note in range(model.config.num_notes):
            seen = roll[:, : step + 1].clone()
            seen[:, step, note:] = 0  # what is not chosen yet must not matter
            with torch.no_grad():
                log_probs = model(Batch.whole(seen, rows[:, : step + 1]))
            total -= float(log_probs[0, 0, step, note, roll[0, step, note].long()])
    return total


def test_nats_are_those_of_the_chain_rule_by_hand(corpus: Corpus) -> None:
    model = network(order="low-to-high")
    train, valid, _, whole = evaluate([model], corpus)
    nats = [by_hand(model, piece) for piece in VALID]
    assert valid.nats_per("frame") == pytest.approx(sum(nats) / 9, rel=1e-5)
    assert (valid.num_pieces, valid.num_frames, valid.num_notes) == (3, 9, 15)
    assert valid.nats_per("note") == pytest.approx(sum(nats) / 15, rel=1e-5)
    assert valid.figures["roll"].value == pytest.approx(valid.nats_per("frame"))
    assert whole.num_frames == train.num_frames + valid.num_frames == 13
    assert valid.figures["still"].total == 1
    assert valid.figures["moving"].total == 8


def test_familiar_tunes_are_told_apart(corpus: Corpus) -> None:
    """The second held-out tune is the first training tune in another key, the third that of the second."""
    labels = [evaluation.label for evaluation in evaluate([network()], corpus)]
    assert labels == ["train", "valid", "valid, tune not in train", "all"]
    new = evaluate([network()], corpus, ["valid"])[1]
    assert new.num_pieces == 1
    assert new.num_frames == 4


def test_a_pitch_outside_the_range_has_likelihood_zero(corpus: Corpus) -> None:
    low, high = (evaluate([network(num_notes=n)], corpus, ["valid"])[0] for n in (12, 24))
    assert high.impossible == ()
    assert low.impossible == ("valid/000", "valid/001", "valid/002")
    assert low.nats_per("frame") == low.nats_per("note") == float("inf")
    some = evaluate([network(num_notes=17)], corpus, ["valid"])[0]
    assert some.impossible == ("valid/000",)
    assert some.figures["frame"].value < float("inf")  # of the others


def test_the_average_of_networks_is_that_of_their_cells(corpus: Corpus) -> None:
    first, second = network(seed=1), network(seed=2)
    one, two, both = (evaluate(n, corpus, ["valid"])[0].nats_per("frame") for n in ([first], [second], [first, second]))
    assert both < max(one, two)
    assert evaluate([first, first], corpus, ["valid"])[0].nats_per("frame") == pytest.approx(one)


def test_two_directions_are_averaged_frame_by_frame(corpus: Corpus) -> None:
    """A network with two walks is the average of the networks that have one of them each."""
    both = network(order="both")
    ways = []
    for index, order in enumerate(("high-to-low", "low-to-high")):
        ways.append(network(order=order))
        state = {name: tensor for name, tensor in both.state_dict().items() if not name.startswith("walks")}
        state |= {f"walks.0.{name}": tensor for name, tensor in both.walk(index).state_dict().items()}
        ways[-1].load_state_dict(state)
    joint, apart = (evaluate(networks, corpus, ["valid"])[0] for networks in ([both], ways))
    assert joint.nats_per("frame") == pytest.approx(apart.nats_per("frame"), rel=1e-6)
    assert joint.nats_per("frame") < max(evaluate([way], corpus, ["valid"])[0].nats_per("frame") for way in ways)
    thrice = evaluate([both, *ways], corpus, ["valid"])[0]
    assert thrice.nats_per("frame") == pytest.approx(joint.nats_per("frame"), rel=1e-6)


def test_networks_that_do_not_fit_together_are_refused(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="num_notes is 24 in the first and 30 in another"):
        evaluate([network(), network(num_notes=30)], corpus)


def test_weights_with_voices_need_voices(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="in 4 voices, every note in one, and the corpus has none"):
        evaluate([network("jsb-16th", steps_per_quarter=1)], corpus)


def test_another_grid_is_refused(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="the corpus has 1 steps a quarter, the weights are for 4"):
        evaluate([network(steps_per_quarter=4)], corpus)


def test_the_part_of_the_roll_leaves_out_which_voice_it_is(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    path.write_text(json.dumps([[[67, 64, 60, 48], [67, 62, 59, -1], [66, 62, 62, 50]]]))
    corpus, _ = Corpus.read(path, Grid(4))
    (found,) = evaluate([network("jsb-16th")], corpus, ["test"])
    assert 0 < found.figures["roll"].value < found.nats_per("frame")
    assert found.num_notes == 10  # a unison is one cell
