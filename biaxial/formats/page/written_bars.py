"""The bars of a page, and a score whose times can all be written in them.

Times are ticks, 480 a quarter. Every time is a multiple of 10, the 48th of a quarter; bars begin and end at multiples
of 30, the 64th note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from biaxial.music.bar_lines import beamed_ticks, is_beamed_by_three
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.score import Note, Score, TimeSignature

FINEST: Final = TICKS_PER_QUARTER // 48
FINEST_PLAIN: Final = TICKS_PER_QUARTER // 16

_DIVISIONS = (4, 3, 8, 6)
"""Into how many parts a beat is divided that holds anything else, as of notes that were played."""
_PRICE = 2
"""Ticks by which every time must come nearer for each part more."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A measure of the page.

    Parameters
    ----------
    number
        From 1; a pickup is 0.
    start, end
        Ticks.
    metre
        What holds in it.
    missing
        Ticks that a pickup leaves out at its beginning, and what is left of a bar after a repeat sign inside it.
    """

    number: int
    start: int
    end: int
    metre: TimeSignature
    missing: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is as long as its metre says."""
        return self.end - self.start == self.metre.bar_ticks(TICKS_PER_QUARTER)

    @property
    def is_compound(self) -> bool:
        """Whether its beats are dotted: 3/8, 6/8, 12/16."""
        return is_beamed_by_three(self.metre)

    @property
    def unit(self) -> int:
        """Ticks of the lower number of its metre, at most a quarter."""
        return 4 * TICKS_PER_QUARTER // max(4, self.metre.denominator)

    @property
    def beat(self) -> int:
        """Ticks of a beat: three eighths in 6/8, a half in 3/2."""
        return 4 * TICKS_PER_QUARTER * (3 if self.is_compound else 1) // self.metre.denominator

    @property
    def beamed(self) -> int:
        """Ticks over which beams go: a beat, at least a quarter."""
        return beamed_ticks(self.metre, TICKS_PER_QUARTER)


def bars_of(score: Score) -> list[Bar]:
    """The bars of a score, one at least; a repeat sign inside a bar makes two of it, with the same number."""
    starts = score.bar_starts()
    edges = [*([0] if score.pickup_ticks or not starts else []), *starts, score.length_ticks]
    signed = {tick for repeat in score.repeats for tick in (repeat.start_ticks, repeat.end_ticks)}
    signed |= {ending.start_ticks for repeat in score.repeats for ending in repeat.endings}
    bars = []
    for number, (start, end) in enumerate(pairwise(edges), 0 if score.pickup_ticks else 1):
        metre = score.time_signature_at(start)
        full = metre.bar_ticks(TICKS_PER_QUARTER)
        if score.length_ticks == 0:
            end = full
        missing = full - (end - start) if start < score.pickup_ticks else 0
        signs = sorted({start, end, *(tick for tick in signed if start < tick < end)})
        for first, last in pairwise(signs):
            bars.append(Bar(number, first, last, metre, missing + first - start))
    return bars


def legible(score: Score) -> Score:
    """A score whose times can all be written, at 480 ticks a quarter.

    A beat whose times are all multiples of its 48th stays as it is. Of one that holds anything else, all times
    go to the nearest part of it, in fourths or thirds, eighths or sixths, whichever is nearest on the whole.
    """
    old, new = score.ticks_per_quarter, TICKS_PER_QUARTER

    def ticks(value: int) -> int:
        return (2 * value * new + old) // (2 * old)

    def plain(value: int) -> int:
        return (2 * ticks(value) + FINEST_PLAIN) // (2 * FINEST_PLAIN) * FINEST_PLAIN

    page = score.outline.retimed(plain, new)
    times = {time for note in score.notes for time in (note.onset_ticks, note.end_ticks)}
    moved = _moved({time: ticks(time) for time in times}, page.pickup_ticks)

    def near(value: int) -> int:
        return moved.get(value, ticks(value))

    notes = _not_empty([(note, near(note.onset_ticks), near(note.end_ticks)) for note in score.notes])
    end = max([page.length_ticks, *(note.end_ticks for note in notes)])
    return replace(
        page,
        notes=tuple(notes),
        length_ticks=end if end % FINEST_PLAIN == 0 else -(-end // new) * new,
        fermatas=None if score.fermatas is None else tuple(map(near, score.fermatas)),
        lyrics=tuple(replace(syllable, onset_ticks=near(syllable.onset_ticks)) for syllable in score.lyrics),
    )


def _moved(times: dict[int, int], pickup: int) -> dict[int, int]:
    """Where each time goes, beat by beat."""
    beats: dict[int, list[int]] = {}
    for tick in set(times.values()):
        beats.setdefault((tick - pickup) // TICKS_PER_QUARTER, []).append((tick - pickup) % TICKS_PER_QUARTER)

    def nearest(place: int, division: int) -> int:
        unit = TICKS_PER_QUARTER // division
        return (2 * place + unit) // (2 * unit) * unit

    def parts(places: Sequence[int]) -> int:
        if not any(place % FINEST for place in places):
            return TICKS_PER_QUARTER // FINEST
        return min(_DIVISIONS, key=lambda d: sum(abs(p - nearest(p, d)) for p in places) + _PRICE * d * len(places))

    division = {beat: parts(places) for beat, places in beats.items()}

    def moved(tick: int) -> int:
        beat, place = divmod(tick - pickup, TICKS_PER_QUARTER)
        return max(pickup + beat * TICKS_PER_QUARTER + nearest(place, division[beat]), 0)

    return {time: moved(tick) for time, tick in times.items()}


def _not_empty(moved: Sequence[tuple[Note, int, int]]) -> list[Note]:
    """The notes in their new places, none without length, and none into the next of its voice unless it was before."""
    notes: list[Note] = []
    last: dict[int | None, tuple[int, int]] = {}
    for note, onset, end in moved:
        if note.voice is not None:
            index, until = last.get(note.voice, (-1, 0))
            if index >= 0 and until <= note.onset_ticks and notes[index].onset_ticks < onset < notes[index].end_ticks:
                notes[index] = replace(notes[index], length_ticks=onset - notes[index].onset_ticks)
            last[note.voice] = len(notes), note.end_ticks
        notes.append(replace(note, onset_ticks=onset, length_ticks=max(end - onset, 0) or 2 * FINEST_PLAIN))
    return notes
