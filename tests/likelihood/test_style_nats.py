"""Nats in every style, and the most probable one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from biaxial.corpora.corpus import Corpus
from biaxial.likelihood.corpus_nats import evaluate
from biaxial.likelihood.style_nats import style_nats, style_rows
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig
from biaxial.music.grid import Grid

FRAMES = {"train": [[[60, 64], [60, 64], [62, 65]], [[90]]], "valid": [[[50, 62], [50, 66]], [[63], [60, 64]], [[70]]]}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "frames.json"
    path.write_text(json.dumps(FRAMES))
    return Corpus.read(path, Grid(1))[0]


@pytest.fixture
def network() -> BiaxialLSTM:
    torch.manual_seed(0)
    sizes = {"low_pitch": 48, "num_notes": 24, "num_states": 2, "num_voices": 0, "steps_per_quarter": 1}
    config = ModelConfig(time_hidden=(8,), note_hidden=(6,), styles=("bach", "hymn"), **sizes)  # type: ignore[arg-type]
    network = BiaxialLSTM(config).eval()
    for stack in (network.time_axis, network.walk(0).axis):
        torch.nn.init.normal_(stack.of_style[0].get_parameter("weight"))
    return network


def test_every_style_has_the_nats_of_the_network_in_it(corpus: Corpus, network: BiaxialLSTM) -> None:
    done: list[int] = []
    pieces = style_nats(network, corpus, progress=done.append)
    assert sum(done) == 2 * sum(piece.num_steps for piece in corpus.pieces)
    assert len(pieces) == 4  # of five; the other one leaves the note range
    rows = {(row.label, row.style): row for row in style_rows(pieces, by_split=True)}
    for style, shares in (("bach", (1.0, 0.0)), ("hymn", (0.0, 1.0))):
        expected = evaluate([network.in_style(shares)], corpus, ["valid"])[0].figures["frame"]
        found = rows["valid", style].figure
        assert (found.value, found.standard_error) == pytest.approx((expected.value, expected.standard_error))
    assert rows["valid", "bach"].num_best + rows["valid", "hymn"].num_best == rows["valid", "hymn"].num_pieces == 3
    assert {row.label for row in style_rows(pieces, by_split=False)} == {"all"}


def test_the_most_probable_style_has_the_fewest_nats(corpus: Corpus, network: BiaxialLSTM) -> None:
    for piece in style_nats(network, corpus, ("valid",)):
        assert piece.split == "valid"
        assert piece.nats[piece.style] == min(piece.nats.values())
        assert len(set(piece.nats.values())) == 2


def test_styles_that_say_the_same_are_equally_likely(corpus: Corpus, network: BiaxialLSTM) -> None:
    for stack in (network.time_axis, network.walk(0).axis):
        torch.nn.init.zeros_(stack.of_style[0].get_parameter("weight"))
    assert all(len(set(piece.nats.values())) == 1 for piece in style_nats(network, corpus))
