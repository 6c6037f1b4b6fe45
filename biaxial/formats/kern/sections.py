"""Sections of a kern file: it names them, ``*>A``, and says in what order they are played, ``*>[A,A,B]``.

Times are ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from biaxial.music.repeats import MAX_PASSES, Ending, Repeat, passages

_Section = tuple[int, int]


def repeats_of_sections(
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
        return Repeat(*first, times=min(again, MAX_PASSES)), index + again
    endings = [wanted[index + 1]] if index + 1 < len(wanted) else []
    while wanted[index + 2 * len(endings) :][:1] == [first] and index + 2 * len(endings) + 1 < len(wanted):
        endings.append(wanted[index + 2 * len(endings) + 1])
    if len(endings) < 2 or len(endings) > MAX_PASSES:
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
