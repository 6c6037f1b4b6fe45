"""Plans that are drawn out of the model of plans, and fit what is wished.

Parts of a plan are drawn in the order of :mod:`biaxial.tasks.plans.plan_model`. Wishes of pickup, lengths, last notes
and form are met exactly. Lengths are drawn given their sum, and given that the phrases of one letter are equally long.
A wished key or cadence is put in its place and what follows is drawn after it; what stands before it does not look
ahead. The last phrase closes at home, authentic or plagal, unless another close is wished.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.phrases import CADENCES, Phrase, PhrasePlan, home_numeral, in_quarters
from biaxial.music.plan_text import PhraseWish, PlanWish
from biaxial.music.score import Mode, TimeSignature
from biaxial.tasks.plans.plan_lengths import MAX_UNITS, Beat, beat_of
from biaxial.tasks.plans.plan_model import (
    KEYS,
    Form,
    PlanModel,
    cadence_context,
    candidates,
    key_context,
    last_context,
    return_context,
    whole_context,
)

CLOSES: Final = ("authentic", "plagal")
"""Cadences that end a piece."""

_STREAM: Final = 2**35


def draw_plan(
    model: PlanModel, bars: int, signature: TimeSignature, mode: Mode, seed: int, wish: PlanWish | None = None
) -> PhrasePlan:
    """Draw a plan of so many bars; the pickup is a part of the last one.

    In a metre whose bars do not have 2, 3 or 4 beats, which the chorales do not have either, there is no pickup unless
    one is wished, and open phrases take as many bars each.

    Parameters
    ----------
    model
        What is drawn from.
    bars
        Length of the piece.
    signature
        The metre.
    mode
        That of the home key.
    seed
        The random number.
    wish
        What is fixed.

    Raises
    ------
    InputError
        If the wishes contradict one another or do not fill the piece.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed % 2**64, _STREAM]))
    wish, beat, bar = wish or PlanWish(), beat_of(signature), signature.bar_ticks(TICKS_PER_QUARTER)
    pickup = wish.pickup_ticks
    if pickup is None:
        units = 0 if beat is None else model.pickups.drawn(rng, (beat.in_group,), range(beat.in_bar))
        pickup = 0 if beat is None else units * beat.unit_ticks
    if pickup >= bar:
        raise InputError(f"a pickup of {in_quarters(pickup)} quarter notes does not fit into a bar of {signature.name}")
    leaders = [place if each.repeats is None else each.repeats for place, each in enumerate(wish.phrases)]
    wished = _shared([each.length_ticks for each in wish.phrases], leaders, "lengths")
    lengths = [length for length in wished if length is not None]
    if not lengths or len(lengths) < len(wished):
        lengths = _lengths(model, rng, bars * bar, pickup, beat, bar, wished, leaders)
    if sum(lengths) != bars * bar:
        raise InputError(
            f"phrases of {in_quarters(sum(lengths))} quarter notes do not make {bars} bars of {signature.name}, which "
            f"have {in_quarters(bars * bar)}; make them add up, or change the bars"
        )
    wishes = wish.phrases or (PhraseWish(),) * len(lengths)
    if wish.has_form:
        form = [(each.repeats, each.whole) for each in wishes]
    else:
        form = _form(model, rng, lengths, wishes)
    leaders = [place if again is None else again for place, (again, _) in enumerate(form)]
    stated = _shared([each.last_ticks for each in wishes], leaders, "last notes")
    lasts = _lasts(model, rng, lengths, stated, leaders, pickup, beat)
    closes = _closes(model, rng, mode, form, wishes)
    made = zip(lengths, lasts, closes, form, strict=True)
    return PhrasePlan(tuple(Phrase(length, last, *close, *again) for length, last, close, again in made), pickup)


def _shared(values: Sequence[int | None], leaders: Sequence[int], name: str) -> list[int | None]:
    """What is wished of one phrase of a letter is wished of all of them."""
    shared = list[int | None]()
    for leader in leaders[: len(values)]:
        found = {value for value, other in zip(values, leaders, strict=True) if other == leader and value is not None}
        if len(found) > 1:
            raise InputError(f"phrases of one letter have different {name}: make them equal, or change the form")
        shared.append(found.pop() if found else None)
    return shared


def _lengths(
    model: PlanModel,
    rng: np.random.Generator,
    total: int,
    pickup: int,
    beat: Beat | None,
    bar: int,
    wished: Sequence[int | None],
    leaders: Sequence[int],
) -> list[int]:
    if beat is None:
        if any(length is not None for length in wished):
            raise InputError("in this metre either all phrases have a length or none; give the bars of each")
        many = len(wished) or max(1, total // bar // (2 if bar >= 4 * TICKS_PER_QUARTER else 4))
        if many * bar > total:
            raise InputError(f"{many} phrases do not fit into {total // bar} bars; ask for more bars")
        size, rest = divmod(total // bar, many)
        return [(size + (place >= many - rest)) * bar for place in range(many)]
    shift = -pickup % beat.unit_ticks  # phrases begin on beats of the bar, whatever the pickup is
    places = range(len(wished))
    moved = [(shift if place == 0 else 0) - (shift if place == len(wished) - 1 else 0) for place in places]
    units = list[int | None]()
    for length, more in zip(wished, moved, strict=True):
        if length is not None and ((length + more) % beat.unit_ticks or length + more < 1):
            raise InputError(
                f"a phrase of {in_quarters(length)} quarter notes does not end on a beat; give a length to all phrases"
            )
        units.append(None if length is None else (length + more) // beat.unit_ticks)
    whole = total // beat.unit_ticks
    if units:
        found = model.chain.drawn_as_wished(rng, whole, beat.in_group, units, leaders)
    else:
        found = model.chain.drawn(rng, whole, beat.in_group)
    ticks = [length * beat.unit_ticks for length in found]
    ticks[0] -= shift
    ticks[-1] += shift
    return ticks


def _lasts(
    model: PlanModel,
    rng: np.random.Generator,
    lengths: Sequence[int],
    wished: Sequence[int | None],
    leaders: Sequence[int],
    pickup: int,
    beat: Beat | None,
) -> list[int]:
    """The last notes; two quarter notes in a metre whose bars do not have 2, 3 or 4 beats."""
    found, ends = list[int](), list(accumulate(lengths, initial=-pickup))[1:]
    for place, (length, end) in enumerate(zip(lengths, ends, strict=True)):
        if (stated := wished[place]) is not None:
            found.append(stated)
        elif leaders[place] < place:
            found.append(found[leaders[place]])
        elif beat is None:
            found.append(min(length, 2 * TICKS_PER_QUARTER))
        else:
            unit = beat.unit_ticks
            most, over = max(1, min(MAX_UNITS, length // unit)), end % unit
            context = last_context(beat, place == len(lengths) - 1, end // unit, most)
            found.append(min(length, model.lasts.drawn(rng, context, range(1, most + 1)) * unit + over))
    return found


def _form(
    model: PlanModel, rng: np.random.Generator, lengths: Sequence[int], wished: Sequence[PhraseWish]
) -> list[tuple[int | None, bool]]:
    """What comes again: what is as long and has a last note wished alike; wholly, if its close is wished alike too."""
    form = list[tuple[int | None, bool]]()
    sizes = [(length, wish.last_ticks) for length, wish in zip(lengths, wished, strict=True)]
    closes = [(wish.key, wish.cadence) for wish in wished]
    for place in range(len(lengths)):
        classes = candidates(form, sizes[: place + 1])
        name = model.returns.drawn(rng, return_context(form, len(lengths)), list(classes))
        again = classes[name][int(rng.integers(len(classes[name])))]
        whole = again is not None and model.wholes.drawn(rng, whole_context(form, name), (False, True))
        form.append((again, again is not None and whole and closes[again] == closes[place]))
    return form


def _closes(
    model: PlanModel, rng: np.random.Generator, mode: Mode, form: Form, wished: Sequence[PhraseWish]
) -> list[tuple[str, str]]:
    many = len(form)
    leaders = [again if whole and again is not None else place for place, (again, whole) in enumerate(form)]
    found = list[tuple[str, str]]()
    for place, leader in enumerate(leaders):
        if leader < place:
            found.append(found[leader])
            continue
        same = [other for other in range(many) if leaders[other] == leader]
        key = _one([wished[other].key for other in same], place)
        cadence = _one([wished[other].cadence for other in same], place)
        at_end = many - 1 in same
        keys = [key] if key is not None else [home_numeral(mode)] if at_end else list(KEYS[mode])
        cadences = [cadence] if cadence is not None else list(CLOSES if at_end else CADENCES)
        context = key_context(mode, place, many, found[-1][0] if found else "")
        again, fresh = form[place][0], None
        if again is not None and found[again][0] in keys and found[again][1] in cadences:
            if len(keys) * len(cadences) == 1 or model.agree.drawn(rng, (), (False, True)):
                found.append(found[again])
                continue
            fresh = found[again]  # it closes in another way
        while True:
            drawn = model.keys.drawn(rng, context, keys)
            close = drawn, model.cadences.drawn(rng, cadence_context(context, drawn), cadences)
            if close != fresh:
                break
        found.append(close)
    return found


def _one(values: Sequence[str | None], place: int) -> str | None:
    found = {value for value in values if value is not None}
    if len(found) > 1:
        raise InputError(
            f"phrase {place + 1} comes again in all voices but is to close in {' and '.join(sorted(found))}; "
            "give the later one a stroke, as in A'"
        )
    return found.pop() if found else None
