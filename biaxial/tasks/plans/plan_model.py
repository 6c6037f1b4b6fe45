"""A small model of plans of phrases, learnt from the chorales: what is counted, and exact probabilities.

A plan comes about in this order, each part out of counts with back-off (:mod:`biaxial.tasks.plans.backoff`):

1. the pickup, given the metre;
2. number and lengths of the phrases, given the metre and the length of the piece
   (:mod:`biaxial.tasks.plans.plan_lengths`);
3. which phrases come again, and whether in all voices, one after the other: a phrase can repeat one that is as long;
4. the last note of each phrase that is new, given where in the bar the phrase ends and whether the piece does;
5. key and cadence of each phrase, given those of the phrase before; a phrase whose melody comes again closes as it did
   the first time with a probability of its own, and one that comes again in all voices always does.

Drawing is in :mod:`biaxial.tasks.plans.plan_drawing`.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from biaxial.files.assets import ASSETS
from biaxial.music.errors import InputError
from biaxial.music.phrases import CADENCES, PhrasePlan, numeral
from biaxial.music.score import Key, Mode, TimeSignature
from biaxial.tasks.plans.backoff import Backoff
from biaxial.tasks.plans.plan_lengths import MAX_UNITS, Beat, LengthChain, beat_of

FORMAT: Final = "biaxial-plans-1"
KEYS: Final[dict[Mode, tuple[str, ...]]] = {
    home.mode: tuple(numeral(key.transposed(k), home) for key in (Key(0), Key(-3, "minor")) for k in range(12))
    for home in (Key(0), Key(-3, "minor"))
}
"""All keys beside a home key of each mode."""
_FACTORS: Final = ("pickups", "lasts", "returns", "wholes", "agree", "keys", "cadences", "tunes")
_SHORT: Final = 5
_FEW: Final = 6
_MANY: Final = 9

Form = Sequence[tuple[int | None, bool]]
"""Of each phrase the earlier one that it repeats, and whether in all voices."""


class Units(NamedTuple):
    """A plan in beats: the length and the last note of each phrase, and the pickup."""

    lengths: list[int]
    lasts: list[int]
    pickup: int


class PlanModel:
    """The model.

    Parameters
    ----------
    made
        How it came to be.

    Attributes
    ----------
    chain
        Number and lengths of phrases.
    pickups, lasts, returns, wholes, agree, keys, cadences
        Counts of the other parts of a plan; the functions of this module say what their contexts are.
    tunes
        Counts of how phrases of given tunes close (:mod:`biaxial.tasks.plans.tune_plan`).
    """

    def __init__(self, made: dict[str, Any] | None = None) -> None:
        self.made = made or {}
        self.chain = LengthChain()
        self.pickups, self.lasts, self.returns, self.wholes = Backoff(), Backoff(), Backoff(), Backoff()
        self.agree, self.keys, self.cadences, self.tunes = Backoff(), Backoff(), Backoff(), Backoff()

    def to_dict(self) -> dict[str, Any]:
        """All counts as plain values."""
        factors = {name: getattr(self, name).rows for name in _FACTORS}
        chain = {"stops": self.chain.stops.rows, "lengths": self.chain.lengths.rows}
        return {"format": FORMAT, "made": self.made, "counts": {**chain, **factors}}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> PlanModel:
        """Read what :meth:`to_dict` gave.

        Raises
        ------
        InputError
            If it is something else.
        """
        if document.get("format") != FORMAT:
            raise InputError(f"not a model of plans; its format must be {FORMAT!r}")
        read = {
            name: Backoff((tuple(context), outcome, count) for context, outcome, count in rows)
            for name, rows in document["counts"].items()
        }
        model = cls(document["made"])
        model.chain = LengthChain(read["stops"], read["lengths"])
        for name in _FACTORS:
            setattr(model, name, read[name])
        return model

    def count(self, plan: PhrasePlan, signature: TimeSignature, mode: Mode) -> None:
        """Learn from a plan, with metre and mode of its piece.

        Raises
        ------
        InputError
            If the plan cannot be counted in beats.
        """
        beat, units = in_units(plan, signature)
        self.pickups.add((beat.in_group,), units.pickup)
        self.chain.count(units.lengths, beat.in_group)
        ends = accumulate(units.lengths, initial=-units.pickup)
        next(ends)
        many, form, lengths = len(plan.phrases), form_of_plan(plan), [phrase.length_ticks for phrase in plan.phrases]
        for place, (phrase, end) in enumerate(zip(plan.phrases, ends, strict=True)):
            if phrase.repeats is None:
                last = last_context(beat, place == many - 1, end, units.lengths[place])
                self.lasts.add(last, units.lasts[place])
            classes = candidates(form[:place], lengths[: place + 1])
            name = _class_of(classes, phrase.repeats)
            if len(classes) > 1:
                self.returns.add(return_context(form[:place], many), name)
            if phrase.repeats is not None:
                self.wholes.add(whole_context(form[:place], name), phrase.whole)
                if not phrase.whole:
                    self.agree.add((), _close(plan, place) == _close(plan, phrase.repeats))
            if not phrase.whole:
                context = key_context(mode, place, many, plan.phrases[place - 1].key)
                self.keys.add(context, phrase.key)
                self.cadences.add(cadence_context(context, phrase.key), phrase.cadence)

    def log_likelihood(self, plan: PhrasePlan, signature: TimeSignature, mode: Mode) -> float:
        """Log-probability of a plan, given the length of its piece, metre and mode, in nats.

        Raises
        ------
        InputError
            If the plan cannot be counted in beats.
        """
        return sum(self.parts(plan, signature, mode).values())

    def parts(self, plan: PhrasePlan, signature: TimeSignature, mode: Mode) -> dict[str, float]:
        """What :meth:`log_likelihood` is the sum of: nats of the pickup, lengths, returns, last notes and closes."""
        beat, units = in_units(plan, signature)
        found = {
            "pickup": _log(self.pickups, (beat.in_group,), range(beat.in_bar), units.pickup),
            "lengths": self.chain.log_probability(units.lengths, beat.in_group),
            "returns": 0.0,
            "lasts": 0.0,
            "closes": 0.0,
        }
        ends = accumulate(units.lengths, initial=-units.pickup)
        next(ends)
        many, form, lengths = len(plan.phrases), form_of_plan(plan), [phrase.length_ticks for phrase in plan.phrases]
        for place, (phrase, end) in enumerate(zip(plan.phrases, ends, strict=True)):
            if phrase.repeats is None:
                length = units.lengths[place]
                context = last_context(beat, place == many - 1, end, length)
                found["lasts"] += _log(self.lasts, context, range(1, length + 1), units.lasts[place])
            classes = candidates(form[:place], lengths[: place + 1])
            name = _class_of(classes, phrase.repeats)
            found["returns"] += _log(self.returns, return_context(form[:place], many), list(classes), name)
            found["returns"] -= float(np.log(len(classes[name])))
            if phrase.repeats is not None:
                found["returns"] += _log(self.wholes, whole_context(form[:place], name), (False, True), phrase.whole)
            if not phrase.whole:
                found["closes"] += self._log_close(plan, place, mode)
        return found

    def _log_close(self, plan: PhrasePlan, place: int, mode: Mode) -> float:
        context = key_context(mode, place, len(plan.phrases), plan.phrases[place - 1].key)

        def fresh(close: tuple[str, str]) -> float:
            cadence = _log(self.cadences, cadence_context(context, close[0]), list(CADENCES), close[1])
            return _log(self.keys, context, KEYS[mode], close[0]) + cadence

        own, earlier = _close(plan, place), plan.phrases[place].repeats
        if earlier is None:
            return fresh(own)
        if own == _close(plan, earlier):
            return _log(self.agree, (), (False, True), True)
        others = 1 - float(np.exp(fresh(_close(plan, earlier))))
        return _log(self.agree, (), (False, True), False) + fresh(own) - float(np.log(others))


@lru_cache(maxsize=1)
def shipped_plans() -> PlanModel:
    """The model in the package, learnt from the training chorales; ``scripts/make/fit_plans.py`` makes the file."""
    return PlanModel.from_dict(json.loads(shipped_path().read_text(encoding="utf-8")))


def shipped_path() -> Path:
    """Where it lies."""
    return ASSETS / "plans-v1.json"


def in_units(plan: PhrasePlan, signature: TimeSignature) -> tuple[Beat, Units]:
    """A plan in beats, and what these are.

    A pickup that is not a whole number of beats counts as the next whole number, and the last phrase is shorter by as
    much, so that phrases begin on beats of the bar.

    Raises
    ------
    InputError
        If its metre has no beats, its phrases do not go to beats, or one is longer than the model knows.
    """
    beat = beat_of(signature)
    if beat is None:
        raise InputError(f"phrases of {signature.name} are not counted in beats; the model of plans does not know it")
    shift = -plan.pickup_ticks % beat.unit_ticks
    lengths = [phrase.length_ticks for phrase in plan.phrases]
    lasts = [phrase.last_ticks for phrase in plan.phrases]
    lengths[0] += shift
    lengths[-1] -= shift
    lasts[-1] -= shift
    ticks = [*lengths, *lasts]
    if any(each % beat.unit_ticks or each < 1 for each in ticks) or max(lengths) > MAX_UNITS * beat.unit_ticks:
        raise InputError("the phrases of the plan are not whole beats, or too long; the model does not know such plans")
    unit = beat.unit_ticks
    pickup = (plan.pickup_ticks + shift) // unit
    return beat, Units([each // unit for each in lengths], [each // unit for each in lasts], pickup)


def form_of_plan(plan: PhrasePlan) -> list[tuple[int | None, bool]]:
    """Which phrases come again."""
    return [(phrase.repeats, phrase.whole) for phrase in plan.phrases]


def candidates(form: Form, sizes: Sequence[Hashable]) -> dict[str, list[int | None]]:
    """What the next phrase can repeat, by how it goes on from the phrase before it.

    Parameters
    ----------
    form
        The phrases so far.
    sizes
        What must be the same of them and of the next phrase where it repeats one: their lengths.

    Returns
    -------
    ``"new"`` for nothing; ``"next"`` for what once followed the phrase before, which is itself a repeat; ``"echo"`` for
    the phrase before; ``"start"`` for the first one; ``"other"``.
    """
    names = [place if earlier is None else earlier for place, (earlier, _) in enumerate(form)]
    after = {later for one, later in pairwise(names) if one == names[-1]}
    found: dict[str, list[int | None]] = {"new": [None]}
    for place, (earlier, _) in enumerate(form):
        if earlier is not None or sizes[place] != sizes[-1]:
            continue
        name = "next" if place in after else "echo" if place == names[-1] else "other" if place else "start"
        found.setdefault(name, []).append(place)
    return found


def last_context(beat: Beat, is_end: bool, end: int, length: int) -> tuple[int | bool, ...]:
    """Of a last note: the metre, whether the piece ends, where in the bar the phrase does, a length of few beats."""
    return beat.in_group, is_end, end % beat.in_group, min(length, _SHORT)


def return_context(form: Form, many: int) -> tuple[int | bool, ...]:
    """Of a return: whether the phrase before is one, how many phrases there were, and how many there are in all."""
    return bool(form) and form[-1][0] is not None, min(len(form), _FEW), min(many, _MANY)


def whole_context(form: Form, name: str) -> tuple[str | bool, ...]:
    """Of all voices in a return: how it goes on, and whether all voices came again in the phrase before."""
    return name, bool(form) and form[-1][1]


def key_context(mode: Mode, place: int, many: int, before: str) -> tuple[str, ...]:
    """Of a key: the mode of the piece, where in it the phrase stands, and the key before; none at the beginning."""
    position = "last" if place == many - 1 else "first" if place == 0 else "within"
    return mode, position, before if place else ""


def cadence_context(context: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Of a cadence: where the phrase stands, the mode of the piece, and the key."""
    return context[1], context[0], key


def _class_of(classes: Mapping[str, Sequence[int | None]], repeats: int | None) -> str:
    return next(name for name, those in classes.items() if repeats in those)


def _close(plan: PhrasePlan, place: int) -> tuple[str, str]:
    return plan.phrases[place].key, plan.phrases[place].cadence


def _log(factor: Backoff, context: tuple[Any, ...], support: Sequence[Any], outcome: Any) -> float:
    return float(np.log(factor.probability(context, support, outcome)))
