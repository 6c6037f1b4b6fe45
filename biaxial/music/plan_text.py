"""What a user wishes of the phrases of a piece, and its text form.

``"I:half V:auth vi I:auth"`` is four phrases, their keys and cadences; what is left out is left open. A phrase is
written ``LETTER=KEY:CADENCE@LENGTH/LAST``, where any part may be missing or ``?``: ``A=I:half@8/1`` is a phrase of
eight quarter notes, the last of them a quarter, that closes on V of the home key. Letters are those of the form; they
are given to all phrases or to none. ``pickup 1;`` may come first. What :attr:`PhrasePlan.text
<biaxial.music.phrases.PhrasePlan.text>` gives is such a text, with nothing left open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from biaxial.music.errors import InputError
from biaxial.music.phrases import CADENCES, Phrase, PhrasePlan, checked_numeral, form_of, quarters_ticks

_PICKUP: Final = re.compile(r"\s*pickup\s+(\S+)\s*;(.*)", re.DOTALL)
_WORD: Final = re.compile(r"(?:([^=]+)=)?([^:@/=]+)(?::([^:@/=]+))?(?:@([^:@/=]+)(?:/([^:@/=]+))?)?")
MAX_PHRASES: Final = 1000


@dataclass(frozen=True, slots=True)
class PhraseWish:
    """What is wished of one phrase; the fields are those of :class:`~biaxial.music.phrases.Phrase`, ``None`` is open.

    Whether a phrase is repeated is open or not for all phrases together, :class:`PlanWish`.
    """

    length_ticks: int | None = None
    last_ticks: int | None = None
    key: str | None = None
    cadence: str | None = None
    repeats: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class PlanWish:
    """What is wished of the phrases of a piece.

    Parameters
    ----------
    phrases
        In order; none where their number is open too.
    pickup_ticks
        Length of the pickup, ``None`` where it is open.
    has_form
        Whether ``repeats`` and ``whole`` of the phrases are wishes.
    """

    phrases: tuple[PhraseWish, ...] = ()
    pickup_ticks: int | None = None
    has_form: bool = False

    @classmethod
    def of(cls, plan: PhrasePlan) -> PlanWish:
        """All that a plan says."""
        return cls(
            tuple(
                PhraseWish(each.length_ticks, each.last_ticks, each.key, each.cadence, each.repeats, each.whole)
                for each in plan.phrases
            ),
            plan.pickup_ticks,
            True,
        )

    @property
    def plan(self) -> PhrasePlan:
        """The plan that it is.

        Raises
        ------
        InputError
            If anything is left open.
        """
        if self.pickup_ticks is None or not self.has_form:
            raise InputError("the plan leaves its pickup or its form open; give pickup N; and a letter to each phrase")
        phrases = []
        for number, wish in enumerate(self.phrases, start=1):
            length, last, key, cadence = wish.length_ticks, wish.last_ticks, wish.key, wish.cadence
            if length is None or last is None or key is None or cadence is None:
                raise InputError(f"phrase {number} of the plan is not complete; give KEY:CADENCE@LENGTH/LAST")
            phrases.append(Phrase(length, last, key, cadence, wish.repeats, wish.whole))
        return PhrasePlan(tuple(phrases), self.pickup_ticks)

    def with_form(self, form: Sequence[tuple[int | None, bool]]) -> PlanWish:
        """The same with a form, as :func:`~biaxial.music.phrases.form_of` reads it.

        Raises
        ------
        InputError
            If there are not as many phrases, or another form is stated.
        """
        phrases = self.phrases or (PhraseWish(),) * len(form)
        if len(phrases) != len(form):
            raise InputError(f"the form has {len(form)} phrases, the plan {len(phrases)}; make them agree")
        if self.has_form and [(each.repeats, each.whole) for each in phrases] != list(form):
            raise InputError("the form is not that of the plan; leave one of them out")
        made = (replace(each, repeats=j, whole=whole) for each, (j, whole) in zip(phrases, form, strict=True))
        return replace(self, phrases=tuple(made), has_form=True)

    def with_lengths(self, lengths_ticks: Sequence[int]) -> PlanWish:
        """The same with the length of each phrase.

        Raises
        ------
        InputError
            If there are not as many phrases, or another length is stated.
        """
        phrases = self.phrases or (PhraseWish(),) * len(lengths_ticks)
        if len(phrases) != len(lengths_ticks):
            raise InputError(f"there are {len(lengths_ticks)} lengths of {len(phrases)} phrases; make them agree")
        if any(each.length_ticks not in (None, ticks) for each, ticks in zip(phrases, lengths_ticks, strict=True)):
            raise InputError("the lengths of the phrases are not those of the plan; leave one of them out")
        made = (replace(each, length_ticks=ticks) for each, ticks in zip(phrases, lengths_ticks, strict=True))
        return replace(self, phrases=tuple(made))

    def with_pickup(self, pickup_ticks: int) -> PlanWish:
        """The same with a pickup.

        Raises
        ------
        InputError
            If another one is stated.
        """
        if self.pickup_ticks not in (None, pickup_ticks):
            raise InputError("the pickup is not that of the plan; leave one of them out")
        return replace(self, pickup_ticks=pickup_ticks)


def read_form(text: str) -> list[tuple[int | None, bool]]:
    """Read letters such as ``"AAB"`` or ``"A B A' B C"``: which earlier phrase each repeats, and whether wholly.

    Raises
    ------
    InputError
        If it is something else.
    """
    if re.fullmatch(r"\s*([A-Z]\d*'?\s*)+", text) is None:
        raise InputError(f"{text!r} is not a form; give the letters of its phrases, such as AABC or A B A' C")
    names = re.findall(r"[A-Z]\d*'?", text)
    if len(names) > MAX_PHRASES:
        raise InputError(f"the form has {len(names)} phrases, and {MAX_PHRASES} is the most")
    return form_of(names)


def read_plan(text: str) -> PlanWish:
    """Read the text form of a plan, in which all may be left open but the number of phrases.

    Raises
    ------
    InputError
        If it is something else; one line that names the word.
    """
    found = _PICKUP.fullmatch(text)
    words = (text if found is None else found[2]).split()
    if not words:
        raise InputError(f"{text!r} has no phrases; give a plan such as 'I:half V:auth vi I:auth'")
    if len(words) > MAX_PHRASES:
        raise InputError(f"the plan has {len(words)} phrases, and {MAX_PHRASES} is the most")
    letters, phrases = list[str](), list[PhraseWish]()
    for word in words:
        parts = _WORD.fullmatch(word)
        if parts is None:
            raise InputError(f"{word!r} is not a phrase; give KEY:CADENCE, such as V:auth, or A=V:auth@8/1")
        name, key, cadence, length, last = (None if part == "?" else part for part in parts.groups())
        if name is not None:
            letters.append(name)
        wish = PhraseWish(
            None if length is None else quarters_ticks(length),
            None if last is None else quarters_ticks(last),
            None if key is None else checked_numeral(key),
            None if cadence is None else _cadence(cadence),
        )
        if wish.length_ticks == 0 or wish.last_ticks == 0:
            raise InputError(f"{word}: a length is more than 0")
        phrases.append(wish)
    wish_of_all = PlanWish(tuple(phrases), None if found is None else quarters_ticks(found[1]))
    if letters and len(letters) < len(words):
        raise InputError("some phrases of the plan have a letter and some have none; give one to all or to none")
    return wish_of_all.with_form(form_of(letters)) if letters else wish_of_all


def _cadence(text: str) -> str:
    for name, short in CADENCES.items():
        if text in (name, short):
            return name
    raise InputError(f"{text!r} is not a cadence; give one of {', '.join(CADENCES.values())}")
