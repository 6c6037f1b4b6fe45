"""A score laid out for the page: what every format of written music is made from.

Times are ticks, 480 to a quarter note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from biaxial.formats.page.marks import Marks, marks_of
from biaxial.formats.page.staves import Chord, Player, players_of
from biaxial.formats.page.values import Value, rest_of, written
from biaxial.formats.page.written_bars import Bar, bars_of, legible
from biaxial.music.keys import key_of
from biaxial.music.performance.instruments import Clef, Seat
from biaxial.music.score import Key, Score, Syllable
from biaxial.music.spelling import Spelling, spell


@dataclass(frozen=True)
class WrittenLine:
    """One line of a staff, as formats of text write it: every bar of it is full.

    Parameters
    ----------
    name
        Of the voice, or of the player where it is not a voice.
    staff
        Number of its staff on the page, from 1 at the top.
    clef
        That of the staff.
    bars
        Its notes and rests in each bar.
    is_hidden
        Whether its rests are not shown.
    """

    name: str
    staff: int
    clef: Clef
    bars: tuple[tuple[Value, ...], ...]
    is_hidden: bool


@dataclass(frozen=True)
class Layout:
    """A page.

    Parameters
    ----------
    score
        Music whose times can all be written.
    key
        The key that is printed.
    players, bars
        What stands on it, and in which bars.
    spellings, marks
        What belongs to each note of the score.
    """

    score: Score
    key: Key
    players: tuple[Player, ...]
    bars: tuple[Bar, ...]
    spellings: tuple[Spelling, ...]
    marks: Marks

    def has_fermata(self, chord: Chord) -> bool:
        """Whether a fermata stands on what is written of some notes."""
        marks = (self.marks.above, self.marks.below)
        return any(chord.start < mark.get(note, -1) <= chord.end for mark in marks for note in chord.notes)

    def syllable(self, chord: Chord) -> tuple[Syllable, bool] | None:
        """The syllable under some notes, and whether it begins a word."""
        sung = (self.marks.words.get(note) for note in chord.notes if note not in chord.came_from)
        return next((word for word in sung if word is not None), None)

    def goes_on(self, index: int) -> bool:
        """Whether a bar is the rest of the one before, after a repeat sign inside it."""
        return index > 0 and self.bars[index - 1].number == self.bars[index].number

    def new_metre(self, index: int) -> bool:
        """Whether a bar has another metre than the one before."""
        return index > 0 and self.bars[index - 1].metre.name != self.bars[index].metre.name

    def times_back(self, index: int) -> int:
        """How often the repeat is played whose sign to go back ends a bar; 0 where there is no such sign."""
        end = self.bars[index].end
        for repeat in self.score.repeats:
            if not repeat.endings and repeat.end_ticks == end:
                return repeat.times
            if any(e.end_ticks == end and min(e.numbers) < repeat.times for e in repeat.endings):
                return repeat.times
        return 0

    def times_begun(self, index: int) -> int:
        """How often the repeat is played that begins with a bar; 0 where none does."""
        start = self.bars[index].start
        return next((repeat.times for repeat in self.score.repeats if repeat.start_ticks == start), 0)

    def ending_begun(self, index: int) -> tuple[int, ...]:
        """The numbers of the ending that begins with a bar; none where none does."""
        start = self.bars[index].start
        endings = (ending for repeat in self.score.repeats for ending in repeat.endings)
        return next((ending.numbers for ending in endings if ending.start_ticks == start), ())

    def ending_is_over(self, index: int) -> bool:
        """Whether an ending ends with a bar."""
        end = self.bars[index].end
        return any(ending.end_ticks == end for repeat in self.score.repeats for ending in repeat.endings)

    def lines(self, cuts: Sequence[int] = ()) -> list[WrittenLine]:
        """All lines from the top, each with as many bars as the page.

        Parameters
        ----------
        cuts
            Ticks at which the top line is cut, because something has to stand there.
        """
        lines = []
        staves = [(player, staff) for player in self.players for staff in player.staves]
        for number, (player, staff) in enumerate(staves, 1):
            names = player.name.split() if staff.fixed else [player.name] * len(staff.lines)
            for index, (name, line) in enumerate(zip(names, staff.lines, strict=True)):
                is_top = number == 1 and index == 0
                cut = [piece for chord in self._filled(line) for piece in chord.cut(cuts)] if is_top and cuts else line
                bars = [
                    tuple(values or rest_of(bar))
                    for values, bar in zip(written(cut, self.bars), self.bars, strict=True)
                ]
                lines.append(WrittenLine(name, number, staff.clef, tuple(bars), index > 0 and not staff.fixed))
        return lines

    def _filled(self, line: Sequence[Chord]) -> list[Chord]:
        """A line with its rests."""
        edges = [Chord(0, 0), *line, Chord(self.bars[-1].end, self.bars[-1].end)]
        gaps = [Chord(a.end, b.start) for a, b in pairwise(edges) if a.end < b.start]
        return sorted([*line, *gaps], key=lambda chord: chord.start)


def laid_out(score: Score, staves: Literal[2, 4] = 2, seats: Sequence[Seat] = ()) -> Layout:
    """Lay out a score; without a key it is spelled, and its signature printed, in the likeliest.

    Parameters
    ----------
    score
        Any music.
    staves
        On how many staves four voices stand.
    seats
        What each voice is played on, which gives it a staff; none by default.
    """
    score = legible(score)
    key = key_of(score) or Key(0)
    players = players_of(score, staves, seats)
    return Layout(score, key, players, tuple(bars_of(score)), spell(score, key), marks_of(score, players))
