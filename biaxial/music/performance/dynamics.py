"""How loud notes are: eight levels with names, and the marks of a page read into velocities and written from them.

Velocities of the levels are those that MuseScore plays, ppp 16 to fff 126, which lie about sixteen apart
(https://musescore.org/en/handbook/4/dynamics); an accent is a step louder, and a hairpin goes in a straight line. Times
are ticks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from biaxial.music.constants import DEFAULT_VELOCITY, TICKS_PER_QUARTER
from biaxial.music.score import Note

LEVELS: Final = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
"""Names of the levels, from the softest."""
VELOCITIES: Final = (16, 33, 49, 64, 80, 96, 112, 126)
"""Velocity of each level."""
FORTE: Final = VELOCITIES[5]
STEP: Final = 16
"""How much louder an accent is, and where a hairpin leads that has no mark at its end."""

CHANGE: Final = 12
"""By how much a velocity must leave the mark that holds before another is written: three quarters of a step."""
MOST_AFTER: Final = 4 * TICKS_PER_QUARTER
"""How long after the end of a hairpin the mark may stand that it leads to."""
STRESSED: Final = frozenset(("sf", "sfz", "sffz", "fz", "rf", "rfz"))
"""Marks that are an accent."""
STRESSED_THEN: Final = {"fp": "p", "sfp": "p", "ffp": "p", "sfpp": "pp"}
"""Marks of one loud note, f, and the level that holds after its onset."""

_HAIRPIN_WORD = re.compile(r"\s*(?:(?P<grows>cresc)|decresc|dim)", re.IGNORECASE)


def level_of(velocity: int) -> int:
    """The level, 0 to 7, that is nearest to a velocity."""
    return min(range(len(LEVELS)), key=lambda level: abs(VELOCITIES[level] - velocity))


def velocity_of(mark: str) -> int | None:
    """The velocity of a mark of a page; what is beyond ppp or fff counts as these, other words are none."""
    if mark in LEVELS:
        return VELOCITIES[LEVELS.index(mark)]
    if len(mark) > 3 and set(mark) in ({"p"}, {"f"}):
        return VELOCITIES[0 if mark[0] == "p" else -1]
    return None


def louder(velocity: int | None, steps: int = 1) -> int:
    """A velocity, or that of notes of which nobody says how loud they are, some steps louder, within 1 to 127."""
    return min(max((DEFAULT_VELOCITY if velocity is None else velocity) + steps * STEP, 1), 127)


class Slope(NamedTuple):
    """Loudness from one tick to another, in a straight line, and as loud as at its end from then on."""

    start_ticks: int
    end_ticks: int
    first: float
    last: float

    def at(self, tick: int) -> float:
        """The velocity at a tick from the start on."""
        if tick >= self.end_ticks:
            return self.last
        share = (tick - self.start_ticks) / (self.end_ticks - self.start_ticks)
        return self.first + share * (self.last - self.first)


@dataclass
class DynamicMarks:
    """What a page says of how loud a part is, taken down in the order of the music.

    Parameters
    ----------
    levels
        Velocities, and from which tick they hold.
    hairpins
        Where each begins and ends, and whether it is a crescendo.
    accents
        Onsets of notes that are a step louder.
    """

    levels: dict[int, float] = field(default_factory=dict)
    hairpins: list[tuple[int, int, bool]] = field(default_factory=list)
    accents: set[int] = field(default_factory=set)
    _open: tuple[int, bool] | None = None

    def mark(self, tick: int, name: str) -> None:
        """Take a mark, such as mf, sfz or fp; other words say nothing."""
        velocity = velocity_of(name)
        if velocity is not None:
            if self._open is not None and self._open[0] < tick:
                self.close(tick)
            self.levels[tick] = velocity
        elif name in STRESSED:
            self.accents.add(tick)
        elif name in STRESSED_THEN:
            self.levels |= {tick: FORTE, tick + 1: VELOCITIES[LEVELS.index(STRESSED_THEN[name])]}

    def open(self, tick: int, *, grows: bool) -> None:
        """A hairpin begins, and one that has not ended yet ends."""
        self.close(tick)
        self._open = tick, grows

    def close(self, tick: int) -> None:
        """A hairpin ends, if one has begun."""
        if self._open is not None and self._open[0] < tick:
            self.hairpins.append((self._open[0], tick, self._open[1]))
        self._open = None

    def word(self, tick: int, text: str) -> None:
        """Take words: cresc. and dim. begin a hairpin that goes on to the next mark."""
        if found := _HAIRPIN_WORD.match(text):
            self.open(tick, grows=found["grows"] is not None)

    def velocities(self, onsets: Sequence[int]) -> list[int | None]:
        """The velocities of notes that begin at some ticks, in any order; ``None`` where nothing has been said yet."""
        self.close(max(onsets, default=0))
        slopes = self._slopes()
        starts = [slope.start_ticks for slope in slopes]
        found = []
        for onset in onsets:
            before = bisect_right(starts, onset)
            velocity = round(slopes[before - 1].at(onset)) if before else None
            found.append(louder(velocity) if onset in self.accents else velocity)
        return found

    def heard(self, notes: Sequence[Note]) -> list[Note]:
        """Notes with their velocities; those that have one keep it."""
        said = self.velocities([note.onset_ticks for note in notes])
        return [
            note if note.velocity is not None else replace(note, velocity=velocity)
            for note, velocity in zip(notes, said, strict=True)
        ]

    def _slopes(self) -> list[Slope]:
        """How loud it is, from the start on; of two that begin together the later one counts."""
        marks = [Slope(tick, tick, velocity, velocity) for tick, velocity in sorted(self.levels.items())]
        ticks = [mark.start_ticks for mark in marks]
        hairpins: list[Slope] = []
        for start, end, grows in sorted(self.hairpins):
            following = bisect_right(ticks, start)
            before = [*marks[following - 1 : following], *hairpins[-1:]]
            first = max(before, key=lambda slope: slope.start_ticks).at(start) if before else float(DEFAULT_VELOCITY)
            last = float(louder(round(first), 1 if grows else -1))
            if following < len(marks):
                mark = marks[following]
                if mark.start_ticks <= end + MOST_AFTER and (mark.first > first) == grows and mark.first != first:
                    last = mark.first
                end = min(end, mark.start_ticks)
            hairpins.append(Slope(start, end, first, last))
        return sorted([*marks, *hairpins], key=lambda slope: slope.start_ticks)


class WrittenDynamics(NamedTuple):
    """What a line of music is marked with.

    Parameters
    ----------
    levels
        Names of levels by the tick of the note that they stand at.
    accents
        Onsets of notes that are a step louder than those beside them.
    """

    levels: dict[int, str]
    accents: frozenset[int]


def written_dynamics(notes: Iterable[Note]) -> WrittenDynamics:
    """Marks for a line, or for notes of several that are played as one, of which the loudest tells.

    A mark stands where the velocity leaves that of the mark before by most of a step. One note alone that is about a
    step louder has an accent. Notes that all have one velocity which no mark has are as loud as a program happened to
    play them, and nothing is written.
    """
    loudest: dict[int, int] = {}
    for note in notes:
        if note.velocity is not None:
            loudest[note.onset_ticks] = max(note.velocity, loudest.get(note.onset_ticks, 0))
    values = set(loudest.values())
    if not values or (len(values) == 1 and not values <= set(VELOCITIES)):
        return WrittenDynamics({}, frozenset())
    levels: dict[int, str] = {}
    accents = set()
    now: int | None = None
    line = sorted(loudest.items())
    for (tick, velocity), (_, after) in zip(line, [*line[1:], (0, 0)], strict=True):
        if now is not None and abs(velocity - now) < CHANGE:
            continue
        if now is not None and abs(velocity - louder(now)) < CHANGE and abs(after - now) < CHANGE:
            accents.add(tick)
            continue
        level = level_of(velocity)
        levels[tick], now = LEVELS[level], VELOCITIES[level]
    return WrittenDynamics(levels, frozenset(accents))


def without_default(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes of a file in which each must have a velocity: where all have the default, nobody has said how loud."""
    notes = tuple(notes)
    if {note.velocity for note in notes} != {DEFAULT_VELOCITY}:
        return notes
    return tuple(replace(note, velocity=None) for note in notes)
