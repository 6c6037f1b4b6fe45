"""Loops: a cycle of a few events that is played over and over, the well-known fault of note-by-note models.

An event is what begins at one moment: its pitches with their lengths, and the time to the next moment. A piece has a
loop if a cycle of at most eight events comes at least four times in a row, and these are at least sixteen events. Tunes
repeat notes and figures too; how often a corpus has what is counted here is told beside every figure.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from biaxial.music.score import Score

MAX_CYCLE_EVENTS: Final = 8
MIN_TIMES: Final = 4
MIN_EVENTS: Final = 16


@dataclass(frozen=True)
class Loop:
    """A stretch of a piece that repeats a cycle.

    Parameters
    ----------
    first
        Index of its first event.
    num_events
        Events in the stretch.
    cycle
        Events in the cycle.
    """

    first: int
    num_events: int
    cycle: int


def events_of(score: Score) -> list[Hashable]:
    """Pitches and lengths of all notes that begin at each moment, with the time to the next moment."""
    found: dict[int, list[tuple[int, int]]] = {}
    for note in score.notes:
        found.setdefault(note.onset_ticks, []).append((note.pitch, note.length_ticks))
    onsets = sorted(found)
    waits = [after - before for before, after in zip(onsets, [*onsets[1:], score.length_ticks], strict=True)]
    return [(*sorted(found[onset]), wait) for onset, wait in zip(onsets, waits, strict=True)]


def find_loop(
    events: Sequence[Hashable],
    max_cycle: int = MAX_CYCLE_EVENTS,
    min_times: int = MIN_TIMES,
    min_events: int = MIN_EVENTS,
) -> Loop | None:
    """The longest loop of a piece, if it has one; of equally long ones the one with the shortest cycle."""
    best: Loop | None = None
    for cycle in range(1, max_cycle + 1):
        run = 0
        for index in range(cycle, len(events) + 1):
            if index < len(events) and events[index] == events[index - cycle]:
                run += 1
                continue
            length = run + cycle
            if run and length >= max(min_times * cycle, min_events) and (best is None or length > best.num_events):
                best = Loop(index - length, length, cycle)
            run = 0
    return best
