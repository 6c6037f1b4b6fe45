"""Repeat signs as facts of a piece: what is played again, how often, and its endings.

Times are ticks. A repeat begins at a ``|:``, or where the last one ended, and its endings lie one after the other at
its end. On each pass all of it is played up to its endings, and then the ending that has the number of the pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

MAX_PASSES: Final = 32
"""How often something may be played."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A first or second ending: from where to where, and on which passes it is played, counted from 1."""

    start_ticks: int
    end_ticks: int
    numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.start_ticks < self.end_ticks:
            raise ValueError(f"an ending cannot go from tick {self.start_ticks} to {self.end_ticks}")
        if not self.numbers or min(self.numbers) < 1 or max(self.numbers) > MAX_PASSES:
            raise ValueError(f"numbers of an ending are 1 to {MAX_PASSES}, not {self.numbers}")


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something that is played several times.

    Parameters
    ----------
    start_ticks, end_ticks
        From where to where, all endings included.
    endings
        In order, each beginning where the one before ends, the last at the end; or none.
    times
        How often it is played, 2 to :data:`MAX_PASSES`.
    """

    start_ticks: int
    end_ticks: int
    endings: tuple[Ending, ...] = ()
    times: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.start_ticks < self.end_ticks:
            raise ValueError(f"a repeat cannot go from tick {self.start_ticks} to {self.end_ticks}")
        if not 2 <= self.times <= MAX_PASSES:
            raise ValueError(f"a repeat is played 2 to {MAX_PASSES} times, not {self.times}")
        edges = [self.start_ticks, *(tick for e in self.endings for tick in (e.start_ticks, e.end_ticks))]
        joined = all(first.end_ticks == second.start_ticks for first, second in pairwise(self.endings))
        if self.endings and (edges != sorted(edges) or not joined or edges[-1] != self.end_ticks):
            raise ValueError(f"the endings of the repeat at tick {self.start_ticks} must follow one another to its end")

    def passages(self) -> list[tuple[int, int, int]]:
        """What is played, in order: from where, to where, and on which pass."""
        if not self.endings:
            return [(self.start_ticks, self.end_ticks, number) for number in range(1, self.times + 1)]
        played = []
        for number in range(1, self.times + 1):
            played.append((self.start_ticks, self.endings[0].start_ticks, number))
            played += [(e.start_ticks, e.end_ticks, number) for e in self.endings if number in e.numbers]
        return [(first, last, number) for first, last, number in played if first < last]

    def moved(self, ticks: Callable[[int], int]) -> Repeat | None:
        """The same with every time of it moved; ``None`` if nothing is left of some part of it."""
        try:
            endings = tuple(Ending(ticks(e.start_ticks), ticks(e.end_ticks), e.numbers) for e in self.endings)
            return Repeat(ticks(self.start_ticks), ticks(self.end_ticks), endings, self.times)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign at a bar line: where it stands, in ticks, and what it says.

    ``"start"`` is a ``|:``, ``"end"`` a ``:|`` up to which is played ``times`` times, ``"ending"`` the beginning of one
    with ``numbers``, and ``"stop"`` a line at which an ending is over.
    """

    tick: int
    kind: Literal["end", "stop", "start", "ending"]
    times: int = 2
    numbers: tuple[int, ...] = ()


_ORDER: Final = ("end", "stop", "start", "ending")


def in_order(signs: Iterable[Sign]) -> list[Sign]:
    """Signs as they are read: by time, and at one bar line what ends before what begins."""
    return sorted(signs, key=lambda sign: (sign.tick, _ORDER.index(sign.kind)))


def repeats_of(signs: Iterable[Sign], length_ticks: int) -> tuple[Repeat, ...]:
    """The repeats that signs in the order of a page make.

    A ``:|`` without a ``|:`` goes back to the last ``:|``, or to the beginning. Signs that say nothing are passed over.
    """
    reader = _SignReader()
    for sign in signs:
        reader.read(sign)
    reader.close(length_ticks)
    reader.finish_group()
    return tuple(reader.repeats)


class _SignReader:
    def __init__(self) -> None:
        self.repeats: list[Repeat] = []
        self._start = 0
        self._endings: list[Ending] = []
        self._open: Sign | None = None
        self._goes_back = False

    def read(self, sign: Sign) -> None:
        if sign.kind == "ending":
            self.close(sign.tick)
            if any(number in ending.numbers for ending in self._endings for number in sign.numbers):
                self.finish_group()
            self._open = sign
        elif sign.kind == "stop":
            self.close(sign.tick)
        elif sign.kind == "start":
            self.close(sign.tick)
            self.finish_group()
            self._start = sign.tick
        elif self._open is not None:
            self.close(sign.tick)
            self._goes_back = True
        elif not self._endings or self._endings[-1].end_ticks < sign.tick:
            self.finish_group()
            if self._start < sign.tick:
                self.repeats.append(Repeat(self._start, sign.tick, times=sign.times))
            self._start = sign.tick

    def close(self, tick: int) -> None:
        """An ending that is open ends."""
        if self._open is not None and self._open.tick < tick:
            if self._endings and self._endings[-1].end_ticks < self._open.tick:
                self.finish_group()
            self._endings.append(Ending(self._open.tick, tick, self._open.numbers))
        self._open = None

    def finish_group(self) -> None:
        """The endings so far make a repeat."""
        if self._endings:
            numbers = [number for ending in self._endings for number in ending.numbers]
            last = self._endings[-1].end_ticks
            if self._goes_back or len(self._endings) > 1:
                self.repeats.append(Repeat(self._start, last, tuple(self._endings), max(2, *numbers)))
            self._start = last
        self._endings, self._goes_back = [], False


def passages(repeats: Sequence[Repeat], length_ticks: int) -> list[tuple[int, int, int]]:
    """A piece as it is played: from where, to where, and on which pass, what follows itself on the page as one."""
    played: list[tuple[int, int, int]] = []
    now = 0
    for repeat in repeats:
        played += [(now, repeat.start_ticks, 1), *repeat.passages()]
        now = repeat.end_ticks
    played.append((now, length_ticks, 1))
    joined: list[tuple[int, int, int]] = []
    for first, last, number in played:
        if first == last:
            continue
        if joined and joined[-1][1:] == (first, number):
            first = joined.pop()[0]
        joined.append((first, last, number))
    return joined
