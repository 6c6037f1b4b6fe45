"""How loud the notes of a page are: its marks, its accents, and what these leave unsaid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from biaxial.formats.page.staves import Player
from biaxial.formats.page.values import Value
from biaxial.music.performance.dynamics import LEVELS, VELOCITIES, DynamicMarks, louder, written_dynamics
from biaxial.music.score import Score


@dataclass(frozen=True)
class Levels:
    """What is written of how loud some notes are that share their marks.

    Parameters
    ----------
    marks
        Names of levels by the tick of the notes that they stand at.
    accents
        Places, in the notes of the score, of those that have one.
    exact
        Velocities, by place, of the notes that are louder or softer than their mark and accent say.
    """

    marks: dict[int, str]
    accents: frozenset[int]
    exact: dict[int, int]

    def mark(self, value: Value) -> str:
        """The mark that stands at a value, empty if none does."""
        begins = set(value.chord.notes) - value.chord.came_from
        return self.marks.get(value.chord.start, "") if begins else ""

    def has_accent(self, value: Value) -> bool:
        """Whether a note that begins with a value has an accent."""
        return bool(self.accents & (set(value.chord.notes) - value.chord.came_from))


def levels_of(score: Score, places: Iterable[int]) -> Levels:
    """What is written of the notes of a score that stand at some places."""
    notes = {place: score.notes[place] for place in places}
    written = written_dynamics(notes.values())
    said = DynamicMarks(levels={tick: VELOCITIES[LEVELS.index(name)] for tick, name in written.levels.items()})
    accents = frozenset(place for place, note in notes.items() if note.onset_ticks in written.accents)
    heard = said.velocities([note.onset_ticks for note in notes.values()])
    exact = {}
    for (place, note), velocity in zip(notes.items(), heard, strict=True):
        if velocity is not None and place in accents:
            velocity = louder(velocity)
        if note.velocity is not None and note.velocity != velocity:
            exact[place] = note.velocity
    return Levels(written.levels, accents, exact)


def levels_of_player(score: Score, player: Player) -> Levels:
    """What is written of what one player reads, from all of his staves."""
    chords = (chord for staff in player.staves for line in staff.lines for chord in line)
    return levels_of(score, dict.fromkeys(note for chord in chords for note in chord.notes))


def levels_of_line(score: Score, bars: Iterable[Iterable[Value]]) -> Levels:
    """What is written of one line of music, given as its bars."""
    values = (value for bar in bars for value in bar)
    return levels_of(score, dict.fromkeys(note for value in values for note in value.chord.notes))
