"""The model of plans: its probabilities add up to one, what is drawn is as likely as it says, wishes are met."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pytest

from biaxial.music.errors import InputError
from biaxial.music.phrases import Phrase, PhrasePlan, home_numeral
from biaxial.music.plan_text import PlanWish, read_form, read_plan
from biaxial.music.score import Mode, TimeSignature
from biaxial.tasks.plans import plan_drawing, plan_model
from biaxial.tasks.plans.backoff import Backoff, draw_index
from biaxial.tasks.plans.plan_drawing import draw_plan
from biaxial.tasks.plans.plan_lengths import LengthChain, beat_of
from biaxial.tasks.plans.plan_model import PlanModel, candidates, shipped_path, shipped_plans

Q = 480
WALTZ, COMMON = TimeSignature(3, 4), TimeSignature(4, 4)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> PlanModel:
    """A model that knows two keys and two cadences, and three plans."""
    for module in (plan_model, plan_drawing):
        monkeypatch.setattr(module, "KEYS", {"major": ("I", "V")})
        monkeypatch.setattr(module, "CADENCES", {"authentic": "auth", "half": "half"})
    model = PlanModel()
    one = Phrase(Q, Q, "I", "authentic")
    for plan in (
        PhrasePlan((one, Phrase(Q, Q, "I", "half", 0), Phrase(Q, Q, "I", "authentic", 0, True)), Q),
        PhrasePlan((Phrase(2 * Q, Q, "I", "half"), one)),
        PhrasePlan((Phrase(3 * Q, 2 * Q, "V", "authentic"),), 2 * Q),
    ):
        model.count(plan, WALTZ, "major")
    return model


def compositions(total: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a number as a sum of numbers in order."""
    if not total:
        yield ()
    for first in range(1, total + 1):
        yield from ((first, *rest) for rest in compositions(total - first))


def all_plans(total: int, pickups: int) -> Iterator[PhrasePlan]:
    """Every plan of so many quarter notes, with two keys and two cadences."""
    closes = list(product(("I", "V"), ("authentic", "half")))

    def continued(phrases: tuple[Phrase, ...], lengths: Sequence[int]) -> Iterator[tuple[Phrase, ...]]:
        if not lengths:
            yield phrases
            return
        for last in range(1, lengths[0] + 1):
            sizes = lengths[0] * Q, last * Q
            again = [
                i
                for i, each in enumerate(phrases)
                if each.repeats is None and (each.length_ticks, each.last_ticks) == sizes
            ]
            choices = [Phrase(*sizes, *close, j) for close in closes for j in (None, *again)]
            choices += [Phrase(*sizes, phrases[j].key, phrases[j].cadence, j, True) for j in again]
            for phrase in choices:
                yield from continued((*phrases, phrase), lengths[1:])

    for lengths in compositions(total):
        for phrases in continued((), lengths):
            yield from (PhrasePlan(phrases, pickup * Q) for pickup in range(pickups))


def test_probabilities_of_all_plans_of_a_length_add_up_to_one(tiny: PlanModel) -> None:
    plans = list(all_plans(3, 3))
    assert len(plans) > 1000
    assert math.fsum(math.exp(tiny.log_likelihood(plan, WALTZ, "major")) for plan in plans) == pytest.approx(1)
    two = TimeSignature(2, 4)
    assert math.fsum(
        math.exp(tiny.log_likelihood(plan, two, "major")) for plan in all_plans(2, 2)
    ) == pytest.approx(1)  # fmt: skip


def test_a_plan_without_any_count_is_one_of_equals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_model, "KEYS", {"major": ("I", "V")})
    monkeypatch.setattr(plan_model, "CADENCES", {"authentic": "auth", "half": "half"})
    nats = PlanModel().parts(PhrasePlan((Phrase(Q, Q, "I", "half"),)), TimeSignature(1, 4).from_name("3/4"), "major")
    assert nats["pickup"] == pytest.approx(-math.log(3))
    assert nats["lengths"] == pytest.approx(0)  # a piece of one beat has one phrase
    assert nats["closes"] == pytest.approx(-math.log(4))


def test_what_is_drawn_is_as_frequent_as_it_is_likely(tiny: PlanModel) -> None:
    """Pickup, lengths, last notes and form of two bars; closes are drawn with the end at home."""
    many = 3000
    drawn = [draw_plan(tiny, 1, WALTZ, "major", seed) for seed in range(many)]
    assert all(plan.phrases[-1].key == "I" and plan.phrases[-1].cadence != "half" for plan in drawn)

    def shape(plan: PhrasePlan) -> tuple[object, ...]:
        sizes = tuple((phrase.length_ticks, phrase.last_ticks) for phrase in plan.phrases)
        return plan.pickup_ticks, sizes, plan.form

    expected: dict[tuple[object, ...], float] = {}
    for plan in all_plans(3, 3):
        parts = tiny.parts(plan, WALTZ, "major")
        expected[shape(plan)] = math.exp(sum(value for name, value in parts.items() if name != "closes"))
    assert math.fsum(expected.values()) == pytest.approx(1)
    counts = Counter(map(shape, drawn))
    assert set(counts) <= set(expected)
    for name, share in expected.items():
        spread = math.sqrt(share * (1 - share) / many)
        assert abs(counts[name] / many - share) < 4.5 * spread + 1e-3


def test_lengths_are_drawn_given_their_sum(tiny: PlanModel) -> None:
    rng, many, total = np.random.default_rng(0), 4000, 5
    counts = Counter(tuple(tiny.chain.drawn(rng, total, 3)) for _ in range(many))
    shares = {each: math.exp(tiny.chain.log_probability(each, 3)) for each in compositions(total)}
    assert math.fsum(shares.values()) == pytest.approx(1)
    for each, share in shares.items():
        assert abs(counts[each] / many - share) < 4.5 * math.sqrt(share * (1 - share) / many) + 1e-3


@pytest.mark.parametrize("first", [(0, 1, 0, 3), (0, 1, 2, 3), (0, 1, 2, 2)])
def test_lengths_as_wished_are_those_of_the_chain_that_fit(tiny: PlanModel, first: tuple[int, ...]) -> None:
    """The second phrase has two beats, and phrases of one letter are equally long."""
    rng, many, wished = np.random.default_rng(1), 4000, (None, 2, None, None)
    fit = [c for c in compositions(9) if len(c) == 4 and c[1] == 2 and all(c[i] == c[j] for i, j in enumerate(first))]
    shares = {each: math.exp(tiny.chain.log_probability(each, 3)) for each in fit}
    scale = math.fsum(shares.values())
    counts = Counter(tuple(tiny.chain.drawn_as_wished(rng, 9, 3, wished, first)) for _ in range(many))
    assert len(fit) > 2
    assert set(counts) <= set(fit)
    for each in fit:
        share = shares[each] / scale
        assert abs(counts[each] / many - share) < 4.5 * math.sqrt(share * (1 - share) / many) + 1e-3


@pytest.mark.slow
def test_forms_that_can_be_divided_in_too_many_ways_are_refused() -> None:
    with pytest.raises(InputError, match="too many ways to divide a piece of this form; give bars"):
        draw_plan(shipped_plans(), 64, COMMON, "major", 1, PlanWish().with_form(read_form("ABABCDEFABGH")))


def test_pieces_longer_than_any_chorale_have_a_plan() -> None:
    plan = draw_plan(shipped_plans(), 1000, COMMON, "minor", 3)
    assert plan.length_ticks == 4000 * Q
    assert plan.phrases[-1].key == "i"
    assert len(plan.phrases) > 300
    many = draw_plan(shipped_plans(), 300, COMMON, "major", 3, read_plan("V " * 149 + "I"))
    assert many.length_ticks == 1200 * Q
    assert [phrase.key for phrase in many.phrases] == ["V"] * 149 + ["I"]


@pytest.mark.parametrize("bars", [1, 2, 5, 16])
@pytest.mark.parametrize("metre", ["4/4", "3/4", "2/4", "2/2", "3/2", "6/8", "9/8", "12/8", "5/4", "1/4", "7/8"])
def test_every_metre_and_length_has_a_plan_that_fills_it(metre: str, bars: int) -> None:
    signature = TimeSignature.from_name(metre)
    for seed, mode in enumerate(("major", "minor", "major")):
        plan = draw_plan(shipped_plans(), bars, signature, mode, seed)  # type: ignore[arg-type]
        assert plan.length_ticks == bars * signature.bar_ticks(Q)
        assert plan.pickup_ticks < signature.bar_ticks(Q)
        assert plan.phrases[-1].key == home_numeral(mode)  # type: ignore[arg-type]
        assert plan.phrases[-1].cadence in ("authentic", "plagal")


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_three_hundred_plans_are_like_the_chorales(mode: Mode) -> None:
    """Of the training chorales 74% of those in 4/4 have a pickup and 35% a melody that returns; 64% of those in major
    and 60% of those in minor close their first phrase at home (``scripts/make/fit_plans.py``)."""
    plans = [draw_plan(shipped_plans(), 9 + seed % 9, COMMON, mode, seed) for seed in range(300)]
    assert np.mean([plan.pickup_ticks > 0 for plan in plans]) == pytest.approx(0.74, abs=0.08)
    returning = np.mean([any(phrase.repeats is not None for phrase in plan.phrases) for plan in plans])
    assert returning == pytest.approx(0.35, abs=0.08)
    home = np.mean([plan.phrases[0].key == home_numeral(mode) for plan in plans])
    assert home == pytest.approx(0.64 if mode == "major" else 0.6, abs=0.08)
    assert np.mean([plan.phrases[-1].cadence == "plagal" for plan in plans]) < 0.05
    assert np.mean([min(phrase.length_ticks for phrase in plan.phrases) < 3 * Q for plan in plans]) < 0.03


def test_the_same_seed_gives_the_same_plan_and_others_give_others() -> None:
    plans = [draw_plan(shipped_plans(), 16, COMMON, "major", seed) for seed in (1, 1, 2, 3)]
    assert plans[0] == plans[1]
    assert len(set(plans)) == 3


def test_all_that_is_wished_is_met() -> None:
    model = shipped_plans()
    full = draw_plan(model, 12, COMMON, "major", 5)
    assert draw_plan(model, 12, COMMON, "major", 99, PlanWish.of(full)) == full
    for seed in range(5):
        wish = read_plan("pickup 2; A=I:half@8/2 B=? A=? B'=V:half C=vi:dec")
        plan = draw_plan(model, 12, COMMON, "major", seed, wish)
        assert (plan.pickup_ticks, plan.form) == (2 * Q, "A B A B' C")
        assert plan.phrases[0] == Phrase(8 * Q, 2 * Q, "I", "half")
        assert plan.phrases[2] == Phrase(8 * Q, 2 * Q, "I", "half", 0, True)
        assert (plan.phrases[3].key, plan.phrases[3].cadence) == ("V", "half")
        assert (plan.phrases[4].key, plan.phrases[4].cadence) == ("vi", "deceptive")
        assert plan.length_ticks == 48 * Q


@pytest.mark.parametrize("form", ["AAB", "ABAB", "ABABCD", "AA'BA", "ABCABC"])
def test_phrases_of_one_letter_are_alike(form: str) -> None:
    for seed in range(3):
        plan = draw_plan(shipped_plans(), 16, COMMON, "minor", seed, PlanWish().with_form(read_form(form)))
        assert plan.form.replace(" ", "") == form
        assert plan.length_ticks == 64 * Q


def test_a_phrase_of_a_wished_close_shapes_its_repetition_and_the_end_is_at_home() -> None:
    """The last phrase is the first one again, in all voices: both close at home."""
    for seed in range(10):
        plan = draw_plan(shipped_plans(), 12, COMMON, "major", seed, PlanWish().with_form(read_form("ABA")))
        assert plan.phrases[0].key == plan.phrases[2].key == "I"
        assert plan.phrases[2].cadence in ("authentic", "plagal")


def test_a_pickup_beside_the_beats_leaves_phrases_on_beats() -> None:
    for seed in range(5):
        plan = draw_plan(shipped_plans(), 8, COMMON, "major", seed, PlanWish(pickup_ticks=240))
        assert plan.length_ticks == 32 * Q
        assert all((tick - 240) % Q == 0 for tick in plan.last_onsets)
        assert shipped_plans().log_likelihood(plan, COMMON, "major") > -100


@pytest.mark.parametrize(
    ("bars", "text", "message"),
    [
        (4, "pickup 4; I", "a pickup of 4 quarter notes does not fit into a bar of 4/4"),
        (4, "I@8 I@7.5", "a phrase of 7.5 quarter notes does not end on a beat|do not make 4 bars"),
        (4, "I@8 I@9", "phrases of 17 quarter notes do not make 4 bars of 4/4, which have 16"),
        (4, "I@20 I", "do not fill the piece of 16 beats"),
        (4, "A=I@5 A=I B=I@7 C=I", "do not fill the piece of 16 beats"),
        (4, "A=I@5 A=I@6 B=I", "phrases of one letter have different lengths"),
        (4, "A=I/1 A=I/2", "is not a phrase"),
        (8, "A=I@8/1 A=I@8/2 B=I", "different last notes"),
        (8, "A=I A=V B=I", "phrase 1 comes again in all voices but is to close in I and V"),
        (2, "I I I I I I I I I", "9 phrases as wished do not fill"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(bars: int, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw_plan(shipped_plans(), bars, COMMON, "major", 1, read_plan(text))


def test_metres_without_beats_take_bars() -> None:
    five = TimeSignature(5, 4)
    plan = draw_plan(shipped_plans(), 9, five, "major", 1, read_plan("I:half ? ?:auth I"))
    assert [phrase.length_ticks for phrase in plan.phrases] == [10 * Q, 10 * Q, 10 * Q, 15 * Q]
    for text, message in (("I@5 I", "either all phrases have a length or none"), ("I " * 10, "10 phrases do not fit")):
        with pytest.raises(InputError, match=message):
            draw_plan(shipped_plans(), 9, five, "major", 1, read_plan(text))
    with pytest.raises(InputError, match="5/4 are not counted in beats"):
        shipped_plans().log_likelihood(plan, five, "major")


@pytest.mark.parametrize(
    ("metre", "beat"),
    [
        ("4/4", (Q, 4, 4)),
        ("2/4", (Q, 4, 2)),
        ("2/2", (Q, 4, 4)),
        ("3/4", (Q, 3, 3)),
        ("3/2", (2 * Q, 3, 3)),
        ("3/8", (240, 3, 3)),
        ("6/8", (720, 4, 2)),
        ("9/8", (720, 3, 3)),
        ("12/8", (720, 4, 4)),
        ("5/4", None),
        ("7/8", None),
    ],
)
def test_beats(metre: str, beat: tuple[int, int, int] | None) -> None:
    found = beat_of(TimeSignature.from_name(metre))
    assert (None if found is None else (found.unit_ticks, found.in_group, found.in_bar)) == beat


def test_candidates_say_how_a_phrase_goes_on() -> None:
    form = [(None, False), (None, False), (0, True)]
    assert candidates(form, [8, 8, 8, 8]) == {"new": [None], "echo": [0], "next": [1]}
    assert candidates(form[:2], [8, 7, 8]) == {"new": [None], "start": [0]}
    assert candidates([], [8]) == {"new": [None]}


def test_backoff_is_interpolated_and_sums_to_one() -> None:
    counts = Backoff([(("a", 1), "x", 3), (("a", 2), "y", 1)])
    overall = (3 + 0.5 / 3) / 4.5, (1 + 0.5 / 3) / 4.5, 0.5 / 3 / 4.5
    after_a = tuple((n + 2 * p) / 6 for n, p in zip((3, 1, 0), overall, strict=True))
    after_two = tuple((n + p) / 2 for n, p in zip((0, 1, 0), after_a, strict=True))
    assert counts.probabilities(("a", 2), "xyz").tolist() == pytest.approx(after_two)
    assert counts.probabilities(("a", 3), "xyz").tolist() == pytest.approx(after_a)
    assert counts.probabilities(("b",), "xyz").tolist() == pytest.approx(overall)
    for support in ("xyz", "yz", "z"):
        assert counts.probabilities(("a", 1), support).sum() == pytest.approx(1)
    assert counts.probability(("a", 1), "yz", "x") == 0
    assert Backoff((tuple(c), x, n) for c, x, n in counts.rows).rows == counts.rows


def test_a_place_of_no_weight_is_never_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {draw_index(rng, np.array([0.0, 1.0, 0.0, 2.0, 0.0])) for _ in range(200)} == {1, 3}


def test_the_file_in_the_package_is_small_and_says_how_it_was_made() -> None:
    model = shipped_plans()
    assert shipped_path().stat().st_size < 100_000
    assert {"corpus", "licence", "num_pieces", "script", "valid_nats_per_plan"} <= set(model.made)
    assert PlanModel.from_dict(model.to_dict()).to_dict() == model.to_dict()
    with pytest.raises(InputError, match="not a model of plans"):
        PlanModel.from_dict({"format": "biaxial-score-1"})


def test_a_chain_never_heard_of_anything_still_fills_a_piece() -> None:
    rng = np.random.default_rng(0)
    assert all(sum(LengthChain().drawn(rng, total, 4)) == total for total in (1, 2, 65, 200))
