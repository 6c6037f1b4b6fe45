"""Styles through the public face: every verb draws in one, and scores in the weights' own unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from biaxial import InputError, Model, Piece, SamplingOptions, load
from biaxial.formats.midi.midi_writer import read_midi
from biaxial.judge.reference import checksum
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.models.network_arrays import NetworkArrays
from biaxial.weights import load_weights, save_weights

WRITES: dict[str, Callable[..., Piece]] = {
    "compose": lambda model, **words: model.compose(2, seed=3, **words),
    "harmonise": lambda model, **words: model.harmonise([(67, 1), (69, 1), (71, 1), (67, 1)], seed=3, **words),
    "infill": lambda model, **words: model.infill(model.compose(3, key="C major", style="none"), 2, seed=3, **words),
    "continue": lambda model, **words: model.continue_piece(
        model.compose(1, key="C major", style="none"), 1, seed=3, **words
    ),
    "bridge": lambda model, **words: model.bridge(
        *[model.compose(1, key="C major", style="none", seed=seed) for seed in (1, 2)], 1, seed=3, **words
    ),
}


@pytest.fixture(scope="module")
def model(styled_weights: Path) -> Model:
    """Weights that carry no style."""
    return Model(load_weights(styled_weights)[0], {}, "styled")


@pytest.mark.parametrize("verb", WRITES)
def test_every_verb_draws_in_a_style(model: Model, verb: str) -> None:
    write = WRITES[verb]
    pieces = {style: write(model, style=style) for style in ("none", "bach", "hymn", "hymn:1,bach:3")}
    assert len({piece.score.notes for piece in pieces.values()}) == 4
    assert [piece.style for piece in pieces.values()] == ["none", "bach", "hymn", "hymn:0.25,bach:0.75"]
    assert write(model) == pieces["none"]
    assert write(model, drawing=replace(SamplingOptions(), style="hymn"), cadence=True).style == "hymn"


def test_none_is_the_network_without_styles(model: Model, noise: Model) -> None:
    network = model.network.in_style((0.0, 0.0))
    plain = Model(network, {}, "styled")
    found, expected = model.compose(2, seed=1, style="none"), plain.compose(2, seed=1)
    assert replace(found, style=None) == expected
    assert plain.in_style() is network


def test_what_tells_the_judge_is_the_walk_that_draws_in_the_style(model: Model) -> None:
    told, network = model.teller("hymn"), model.in_style("hymn")
    assert isinstance(told, NetworkArrays)
    assert checksum(told) == checksum(network) != checksum(model.teller("bach"))
    torch.manual_seed(0)
    both = BiaxialLSTM(replace(PRESETS["tiny"], order="both")).eval()
    first = Model(both, {}, "both").teller()
    assert isinstance(first, BiaxialLSTM)
    assert (first.config.order, len(first.walks)) == ("high-to-low", 1)
    assert checksum(first) == checksum(both)
    assert first.walk(0).head.weight is both.walk(0).head.weight


def test_the_weights_may_carry_a_style(model: Model) -> None:
    own = Model(model.network, {"style": "bach:0.7,hymn:0.3"}, "styled")
    assert own.compose(2, seed=3) == model.compose(2, seed=3, style="bach:0.7,hymn:0.3")
    assert own.compose(2, seed=3, style="none") == model.compose(2, seed=3)
    piece = own.compose(2, seed=3, style="hymn")
    assert own.log_likelihood(piece, "hymn").nats == pytest.approx(piece.likelihood.nats, rel=1e-5)
    assert own.log_likelihood(piece) == model.log_likelihood(piece, "bach:7,hymn:3")
    assert own.explain(piece).nats == pytest.approx(-own.log_likelihood(piece).nats, rel=1e-5)
    assert own.explain(piece, style="hymn").nats == pytest.approx(-piece.likelihood.nats, rel=1e-5)
    judged = own.judge(piece).values["nats_per_step"]
    assert judged == pytest.approx(own.log_likelihood(piece).nats_per_step, rel=1e-4)


def test_pieces_of_one_style_do_not_depend_on_their_batch(model: Model) -> None:
    together = list(model.draw(model.plan_composition(1, n=3, seed=5, style="hymn")))
    assert together == [model.compose(1, seed=seed, style="hymn") for seed in (5, 6, 7)]


def test_the_reference_draws_the_same(model: Model) -> None:
    fast, exact = (model.compose(1, seed=2, style="bach", precision=name) for name in ("float32", "float64"))
    assert fast.score == exact.score


def test_streams_have_a_style_too(model: Model) -> None:
    none, hymn = (tuple(islice(model.stream(key="C major", seed=1, style=name), 2)) for name in ("none", "hymn"))
    assert none != hymn


@pytest.mark.parametrize("verb", WRITES)
def test_a_style_that_the_weights_do_not_know_is_refused(model: Model, noise: Model, verb: str) -> None:
    with pytest.raises(InputError, match="do not know the style 'haydn'; they know bach, hymn"):
        WRITES[verb](model, style="haydn")
    with pytest.raises(InputError, match="these weights know no styles"):
        WRITES[verb](noise, style="bach")
    with pytest.raises(InputError, match="is not a style; give names"):
        WRITES[verb](model, style="bach:x")


def test_a_stream_refuses_it_before_its_first_bar(model: Model) -> None:
    with pytest.raises(InputError, match="do not know the style"):
        model.stream(style="haydn")


def test_styles_are_kept_with_weights_and_pieces(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "styled.safetensors"
    save_weights(path, model.network, {"style": "hymn"})
    again = load(path, "cpu")
    assert isinstance(again, Model)
    assert again.styles == ("bach", "hymn")
    piece = again.compose(1, seed=4)
    assert piece == replace(model.compose(1, seed=4, style="hymn"), model=piece.model)
    assert Piece.from_json(piece.to_json()) == piece
    piece.save(tmp_path / "p.mid")
    assert read_midi(tmp_path / "p.mid").notes == piece.score.notes
    for wrong in ("haydn", "hymn:x", ["hymn"]):
        save_weights(path, model.network, {"style": wrong})
        with pytest.raises(InputError, match="weights of another version"):
            load_weights(path)


def test_keys_are_drawn_as_the_music_of_a_style_has_them(styled_weights: Path) -> None:
    of_styles = {"bach": {"C major": 3, "A minor": 1}, "hymn": {"F major": 5}}
    told = Model(load_weights(styled_weights)[0], {"keys": {"C major": 1}, "style_keys": of_styles}, "keys")
    assert told.key_counts("bach") == {"C major": 0.75, "A minor": 0.25}
    assert told.key_counts("bach,hymn") == {"C major": 0.375, "A minor": 0.125, "F major": 0.5}
    assert told.key_counts("none") == {"C major": 1}
    pieces = told.draw(told.plan_composition(1, n=3, style="hymn"))
    assert {piece.score.key.name for piece in pieces if piece.score.key} == {"F major"}
