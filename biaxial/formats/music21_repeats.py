"""Repeats of printed music as music21 has read it: bar lines, brackets over endings, and kern's lists of sections.

A kern file may name its sections, ``*>A``, and say in what order they are played, ``*>[A,A,B]``: that counts more than
its bar lines. Times are ticks, 480 a quarter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.repeats import MOST_PASSES, Ending, Repeat, Sign, passages, repeats_of

_ORDER = ("end", "stop", "start", "ending")
_Section = tuple[int, int]


def repeats_in(piece: Any, part: Any, length_ticks: int) -> tuple[tuple[Repeat, ...], str]:
    """The repeats that a part of a piece has, and a remark where its sections are played in another order."""
    tandems = list(part.recurse().getElementsByClass("MiscTandem"))
    lists = [match[1] for tandem in tandems if (match := re.fullmatch(r"\*>\[([^\]]*)\]", tandem.tandem))]
    if lists:
        names = [(_tick(mark, part), match[1]) for mark in tandems if (match := re.fullmatch(r"\*>(\w+)", mark.tandem))]
        found = _of_sections(lists[0].split(","), sorted(names), length_ticks)
        if found is not None:
            return found, ""
        remark = f"its sections are played in the order {lists[0][:60]}, which is not kept"
        return (), remark
    signs = [*_bar_lines(part), *_brackets(piece, part)]
    return repeats_of(sorted(signs, key=lambda sign: (sign.tick, _ORDER.index(sign.kind))), length_ticks), ""


def _tick(element: Any, part: Any) -> int:
    return round(Fraction(element.getOffsetInHierarchy(part)) * TICKS_PER_QUARTER)


def _bar_lines(part: Any) -> list[Sign]:
    signs = []
    for line in part.recurse().getElementsByClass("Repeat"):
        times = min(max(line.times or 2, 2), MOST_PASSES)
        signs.append(Sign(_tick(line, part), "start" if line.direction == "start" else "end", times))
    return signs


def _brackets(piece: Any, part: Any) -> list[Sign]:
    signs = []
    measures = list(part.getElementsByClass("Measure"))
    ends = [*(measure.offset for measure in measures[1:]), part.highestTime]
    times = {id(m): (m.offset, end) for m, end in zip(measures, ends, strict=False)}
    for bracket in piece.recurse().getElementsByClass("RepeatBracket"):
        spanned = [times[id(measure)] for measure in bracket.getSpannedElements() if id(measure) in times]
        numbers = tuple(number for number in bracket.numberRange if 1 <= number <= MOST_PASSES)
        if spanned and numbers:
            first, last = min(start for start, _ in spanned), max(end for _, end in spanned)
            signs.append(Sign(round(Fraction(first) * TICKS_PER_QUARTER), "ending", numbers=numbers))
            signs.append(Sign(round(Fraction(last) * TICKS_PER_QUARTER), "stop"))
    return signs


def _of_sections(
    order: Sequence[str], names: Sequence[tuple[int, str]], length_ticks: int
) -> tuple[Repeat, ...] | None:
    """The repeats that give sections in this order, each from its name to the next one; ``None`` if none do."""
    edges = [*names, (length_ticks, "")]
    places = {name: (first, last) for (first, name), (last, _) in pairwise(edges) if first < last}
    if any(name.strip() not in places for name in order):
        return None
    wanted = [places[name.strip()] for name in order]
    repeats, index = [], 0
    while index < len(wanted):
        repeat, index = _repeat_at(wanted, index)
        repeats += [repeat] if repeat is not None else []
    start = names[0][0]
    played = [(first, last) for first, last, _ in passages(sorted(repeats, key=_start), length_ticks)]
    return tuple(repeats) if _joined(played) == _joined([*([(0, start)] if start else []), *wanted]) else None


def _repeat_at(wanted: Sequence[_Section], index: int) -> tuple[Repeat | None, int]:
    """A repeat that begins with one of the sections that are played, and the place of what follows it."""
    first = wanted[index]
    again = len(next(list(run) for _, run in groupby(wanted[index:])))
    if again > 1:
        return Repeat(*first, times=min(again, MOST_PASSES)), index + again
    endings = [wanted[index + 1]] if index + 1 < len(wanted) else []
    while wanted[index + 2 * len(endings) :][:1] == [first] and index + 2 * len(endings) + 1 < len(wanted):
        endings.append(wanted[index + 2 * len(endings) + 1])
    if len(endings) < 2 or len(endings) > MOST_PASSES:
        return None, index + 1
    after = index + 2 * len(endings)
    if len(set(endings)) == 1 and endings[0][0] == first[1]:
        return Repeat(first[0], endings[0][1], times=len(endings)), after
    if [first[1], *(end for _, end in endings[:-1])] != [start for start, _ in endings]:
        return None, index + 1
    numbered = tuple(Ending(*ending, (number,)) for number, ending in enumerate(endings, 1))
    return Repeat(first[0], endings[-1][1], numbered, len(endings)), after


def _start(repeat: Repeat) -> int:
    return repeat.start_ticks


def _joined(sections: Sequence[_Section]) -> list[_Section]:
    """What is played, what follows itself as one."""
    joined: list[_Section] = []
    for first, last in sections:
        if joined and joined[-1][1] == first:
            first = joined.pop()[0]
        joined.append((first, last))
    return joined
