"""Where fermatas and words stand on a page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from biaxial.formats.page.staves import Player
from biaxial.music.score import Score, Syllable


@dataclass(frozen=True)
class Marks:
    """Marks by the place of their note in the notes of the score.

    Parameters
    ----------
    above, below
        Fermatas, with the tick at which the pause is over: they stand on what is then written of the note.
    words
        A syllable, and whether it begins a word.
    """

    above: dict[int, int] = field(default_factory=dict)
    below: dict[int, int] = field(default_factory=dict)
    words: dict[int, tuple[Syllable, bool]] = field(default_factory=dict)


def marks_of(score: Score, players: Sequence[Player]) -> Marks:
    """The marks of a page.

    Above the highest note that begins where a fermata stands there is one, and below what sounds lowest on the last
    staff when that note ends another. Words stand under the line that has most notes for them, the highest of such.
    """
    notes = score.notes
    staves = [staff for player in players for staff in player.staves]
    stands = {
        note: (number, index)
        for number, staff in enumerate(staves)
        for index, line in enumerate(staff.lines)
        for chord in line
        for note in chord.notes
    }
    begins: dict[int, list[int]] = {}
    for note in sorted(stands, key=lambda note: (stands[note], -notes[note].pitch)):
        begins.setdefault(notes[note].onset_ticks, []).append(note)
    marks = Marks()
    last = len(staves) - 1
    on_last = sorted((note for note in stands if stands[note][0] == last), key=lambda note: notes[note].end_ticks)
    ends = [notes[note].end_ticks for note in on_last]
    for tick in score.fermatas or ():
        if tick in begins:
            highest = begins[tick][0]
            marks.above[highest] = end = notes[highest].end_ticks
            under = [note for note in on_last[bisect_left(ends, end) :] if notes[note].onset_ticks < end]
            if under and stands[highest][0] != last:
                marks.below[max(under, key=lambda note: (stands[note], -notes[note].pitch))] = end
    sung: dict[tuple[int, int], dict[int, tuple[Syllable, bool]]] = {}
    begins_word = True
    for syllable in score.lyrics:
        for note in begins.get(syllable.onset_ticks, ()):
            line = sung.setdefault(stands[note], {})
            if not any(notes[other].onset_ticks == syllable.onset_ticks for other in list(line)[-1:]):
                line[note] = syllable, begins_word
        begins_word = not syllable.goes_on
    if sung:
        marks.words.update(sung[min(sung, key=lambda line: (-len(sung[line]), line))])
    return marks
