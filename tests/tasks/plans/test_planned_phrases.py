"""Composing follows a plan: its outline has pickup and phrase ends, pieces keep it; without one all is as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biaxial.features.conditions import CADENCE_NAMES, Condition
from biaxial.formats.json_score import read_json, read_json_plan
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.phrases import Phrase, PhrasePlan
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.plans.close_bias import NATS
from biaxial.tasks.plans.outline import make_outline
from biaxial.tasks.plans.plan import prepare
from biaxial.tasks.plans.planned_phrases import PhraseOptions

Q = 480
TEXT = "pickup 1; A=I:half@4/1 B=V:auth@4/2 A'=I:auth@4/1 C=I:auth@4/1"


def test_an_outline_has_the_phrases_of_its_plan(noise: Model) -> None:
    plan = noise.plan_composition(4, key="C major", plan=TEXT, n=2, seed=3)
    for request in plan.requests:
        score, planned = request.score, request.phrase_plan
        assert planned is not None
        assert planned.text == TEXT
        assert (score.pickup_ticks, score.length_ticks) == (Q, 16 * Q)
        assert score.fermatas == (3 * Q, 6 * Q, 11 * Q, 15 * Q)


def test_the_network_is_told_the_plan(noise: Model) -> None:
    (request,) = noise.plan_composition(4, key="A minor", plan=TEXT.replace("I", "i").replace("V", "III")).requests
    told = prepare(request, noise.network.config).conditions
    starts = [0, 16, 32, 48]
    assert [CADENCE_NAMES[i] for i in told[starts, Condition.CADENCE]] == ["half", *["authentic"] * 3]
    assert told[starts, Condition.PHRASE_TONIC].tolist() == [9, 0, 9, 9]
    assert told[starts, Condition.PHRASE_MODE].tolist() == [1, 0, 1, 1]
    assert told[starts, Condition.LAST_STEPS].tolist() == [4, 8, 4, 4]
    assert told[starts, Condition.RETURNS].tolist() == [0, 0, 1, 0]
    assert (told[:16, Condition.CADENCE] == told[0, Condition.CADENCE]).all()


@pytest.mark.parametrize("hears", [True, False])
def test_a_draft_is_planned_for_a_network_that_hears_plans(hears: bool) -> None:
    model = Model(BiaxialLSTM(replace(PRESETS["tiny"], plan=hears)).eval(), {}, "noise")
    composed = model.plan_composition(8, seed=1, draft=True).requests[0].phrase_plan
    tune = make_outline(4, key=Key(0))
    tune = replace(tune, notes=tuple(Note(beat * Q, Q, 72 + beat % 3, None) for beat in range(16)))
    harmonised = model.plan_harmonisation(tune, seed=1, draft=True).requests[0].phrase_plan
    assert (composed is not None) == (harmonised is not None) == hears


@pytest.mark.parametrize("hears", [True, False])
def test_plans_of_one_outline_differ_for_a_network_that_hears_them(
    hears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("biaxial.tasks.plans.close_bias.NATS", dict.fromkeys(NATS, (0.0, 0.0)))
    torch.manual_seed(0)
    model = Model(BiaxialLSTM(replace(PRESETS["tiny"], plan=hears)).eval(), {}, "noise")
    one, other = (
        model.compose(4, key="C major", plan=text, seed=1) for text in (TEXT, TEXT.replace("V:auth", "I:half"))
    )
    assert one.score.fermatas == other.score.fermatas
    assert (one.score.notes != other.score.notes) == hears


def test_every_piece_has_a_plan_of_its_own_that_its_seed_gives_alone(noise: Model) -> None:
    plan = noise.plan_composition(12, key="C major", n=6, seed=5)
    plans = [request.phrase_plan for request in plan.requests]
    assert len(set(plans)) > 3
    assert {each.length_ticks for each in plans if each is not None} == {48 * Q}
    for seed, planned in zip(plan.seeds, plans, strict=True):
        assert noise.plan_composition(12, key="C major", seed=seed).requests[0].phrase_plan == planned


def test_pieces_of_several_plans_are_those_that_their_seeds_give_alone(noise: Model) -> None:
    """Last notes of several lengths: pieces that end alike are drawn together, the others are not."""
    plan = noise.plan_composition(2, key="C major", n=5, seed=0)
    lasts = {request.phrase_plan.phrases[-1].last_ticks for request in plan.requests if request.phrase_plan}
    assert len(lasts) > 1
    pieces = list(noise.draw(plan))
    assert [piece.seed for piece in pieces] == [0, 1, 2, 3, 4]
    for piece, request in zip(pieces, plan.requests, strict=True):
        assert piece.plan == request.phrase_plan
        assert noise.compose(2, key="C major", seed=piece.seed).score == piece.score


def test_a_plan_stays_with_its_piece(noise: Model, tmp_path: Path) -> None:
    piece = noise.compose(4, plan=TEXT, seed=1)
    assert piece.plan is not None
    assert Piece.from_json(piece.to_json()) == piece
    piece.save(tmp_path / "piece.json")
    assert read_json(tmp_path / "piece.json") == piece.score
    assert read_json_plan(tmp_path / "piece.json") == piece.plan
    plain = noise.compose(1, plan="none", seed=1)
    assert plain.plan is None
    plain.save(tmp_path / "plain.json")
    assert read_json_plan(tmp_path / "plain.json") is None
    older = json.loads(plain.to_json())
    del older["plan"]
    assert Piece.from_json(json.dumps(older)) == plain


def test_a_damaged_plan_in_a_document_is_named(noise: Model, tmp_path: Path) -> None:
    noise.compose(1, plan="A=I:auth@4/1", seed=1).save(tmp_path / "piece.json")
    document = json.loads((tmp_path / "piece.json").read_text())
    document["plan"]["phrases"][0]["key"] = "H"
    (tmp_path / "piece.json").write_text(json.dumps(document))
    for read in (read_json, read_json_plan):
        with pytest.raises(InputError, match=r"piece.json: plan is wrong: 'H' is not a key"):
            read(tmp_path / "piece.json")


def test_without_a_plan_phrases_are_equal_and_there_is_no_pickup(noise: Model) -> None:
    (request,) = noise.plan_composition(4, key="C major", plan="none").requests
    assert request.phrase_plan is None
    assert request.score == make_outline(4, key=request.score.key, title="Chorale 0")
    for wish in ({"pickup": 1.0}, {"form": "AA"}):
        with pytest.raises(InputError, match="a piece without a plan has no pickup and no form"):
            noise.plan_composition(4, plan="none", **wish)


def test_wishes_in_python(noise: Model) -> None:
    (request,) = noise.plan_composition(4, pickup=0.5, form="AB", phrases=(2, 2), plan="? I:plag").requests
    planned = request.phrase_plan
    assert planned is not None
    assert planned.pickup_ticks == 240
    assert [phrase.length_ticks for phrase in planned.phrases] == [8 * Q, 8 * Q]
    assert planned.phrases[1].cadence == "plagal"
    given = PhrasePlan((Phrase(16 * Q, Q, "I", "authentic"),), Q)
    assert noise.plan_composition(4, plan=given).requests[0].phrase_plan == given


def test_a_primer_brings_its_pickup(noise: Model) -> None:
    primer = Score(tuple(Note(i * Q, Q, 67 + i, 0) for i in range(3)), pickup_ticks=Q)
    (request,) = noise.plan_composition(4, primer=primer).requests
    assert request.phrase_plan is not None
    assert request.phrase_plan.pickup_ticks == request.score.pickup_ticks == Q
    with pytest.raises(InputError, match="the pickup is not that of the plan"):
        noise.plan_composition(4, primer=primer, pickup=0)


@pytest.mark.parametrize(
    ("options", "bars", "message"),
    [
        (PhraseOptions(phrases=(2, 3)), 4, r"phrases of 2\+3 bars make 5, not 4"),
        (PhraseOptions(phrases=(2, 2), form="ABA"), 4, "the form has 3 phrases, the plan 2"),
        (PhraseOptions(pickup=0.0001), 4, "a pickup of 0.0001 quarter notes cannot be written"),
        (PhraseOptions(pickup=1, plan="pickup 2; I"), 4, "the pickup is not that of the plan"),
        (PhraseOptions(plan="I;"), 4, "'I;' is not a key"),
        (PhraseOptions(), 1001, "1001 bars cannot be composed"),
    ],
)
def test_wishes_that_cannot_be_are_refused(options: PhraseOptions, bars: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        options.wish(bars, TimeSignature())
