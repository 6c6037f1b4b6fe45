"""From what a user says of phrases to the plan of a piece."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.phrase_guess import guessed_ends, stated_ends
from biaxial.music.phrases import PhrasePlan
from biaxial.music.plan_text import PlanWish, read_form, read_plan
from biaxial.music.score import Mode, Score, TimeSignature
from biaxial.tasks.plans.outline import MAX_BARS, check_bars
from biaxial.tasks.plans.plan_drawing import draw_plan
from biaxial.tasks.plans.plan_model import shipped_plans

NO_PLAN = "none"
"""Asks for an outline without a plan: no pickup, and phrases of equal length."""


@dataclass(frozen=True, slots=True)
class PhraseOptions:
    """What is said of the phrases of a piece.

    Parameters
    ----------
    phrases
        Bars of each phrase, which add up to the bars of the piece.
    pickup
        Quarter notes before the first bar line.
    form
        Letters of the phrases, such as ``"AABC"``: a letter again is the same music again, and with a stroke, ``A'``,
        the same melody with other voices.
    plan
        A plan, whole or with parts left open (:mod:`biaxial.music.plan_text`), or :data:`NO_PLAN`.
    """

    phrases: Sequence[int] | None = None
    pickup: float | Fraction | None = None
    form: str | None = None
    plan: PhrasePlan | str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether there is to be no plan.

        Raises
        ------
        InputError
            If a pickup or a form is asked for all the same.
        """
        plain = isinstance(self.plan, str) and self.plan.strip() == NO_PLAN
        if plain and (self.pickup is not None or self.form is not None):
            raise InputError("a piece without a plan has no pickup and no form; leave these out, or the plan 'none'")
        return plain

    @property
    def is_open(self) -> bool:
        """Whether nothing is said of a plan; bars of phrases may be given."""
        return self.pickup is None and self.form is None and self.plan is None

    def wish(self, bars: int, signature: TimeSignature, pickup_ticks: int | None = None) -> PlanWish:
        """What is fixed of the plan of a piece.

        Parameters
        ----------
        bars, signature
            Length and metre of the piece.
        pickup_ticks
            A pickup that is given already: that of a primer.

        Raises
        ------
        InputError
            If the parts contradict one another.
        """
        if not 1 <= bars <= MAX_BARS:
            raise InputError(f"{bars} bars cannot be composed; give 1 to {MAX_BARS}")
        plan = self.plan
        wish = PlanWish() if plan is None else read_plan(plan) if isinstance(plan, str) else PlanWish.of(plan)
        if pickup_ticks is not None:
            wish = wish.with_pickup(pickup_ticks)
        if self.pickup is not None:
            wish = wish.with_pickup(_ticks(self.pickup))
        if self.phrases is not None:
            check_bars(self.phrases, bars)
            bar = signature.bar_ticks(TICKS_PER_QUARTER)
            wish = wish.with_lengths([length * bar for length in self.phrases])
        return wish if self.form is None else wish.with_form(read_form(self.form))


def plan_phrases(bars: int, signature: TimeSignature, mode: Mode, seed: int, wish: PlanWish) -> PhrasePlan:
    """The plan of a piece, drawn where nothing is fixed; errors are those of :func:`draw_plan`."""
    return draw_plan(shipped_plans(), bars, signature, mode, seed, wish)


def _ticks(quarters: float | Fraction) -> int:
    ticks = Fraction(quarters) * TICKS_PER_QUARTER
    if ticks.denominator != 1 or ticks < 0:
        raise InputError(f"a pickup of {quarters} quarter notes cannot be written; give a number such as 1 or 0.5")
    return ticks.numerator


def heard_ends(score: Score, phrases: str | Sequence[int] | None) -> tuple[tuple[int, ...] | None, str]:
    """Where phrases end beside the fermatas of a melody, if anywhere, and a remark if it was guessed."""
    if phrases is not None:
        return stated_ends(score, phrases) or None, ""
    ends = () if score.fermatas is not None else guessed_ends(score)
    if len(ends) < 2:  # the end of the piece is known as it is
        return None, ""
    bars = dict.fromkeys(bisect_right(score.bar_starts(), tick) for tick in ends)
    return ends, f"phrases are taken to end in bars {', '.join(map(str, bars))}; --phrases says where they do"
