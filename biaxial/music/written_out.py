"""A piece with its repeats written out: every passage as often as it is played, one after the other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from biaxial.music.bar_lines import Measure, pickup_and_metres
from biaxial.music.repeats import passages
from biaxial.music.score import ChordSymbol, Note, Score, Syllable, TimeSignature


def written_out(score: Score, verses: Sequence[Sequence[Syllable]] = ()) -> Score:
    """The piece as it is played, without repeats.

    A note that is tied out of a passage goes on into the next one where that begins with the same pitch of its voice.
    Bars are counted so that they are those of the page.

    Parameters
    ----------
    score
        Any music.
    verses
        The words from the second verse on, each for the pass of its number; where it has none for a passage, the first
        verse is sung again.
    """
    if not score.repeats:
        return score
    played = passages(score.repeats, score.length_ticks)
    held = _held_into(score.notes, {first for first, _, _ in played})
    notes: list[Note] = []
    open_ends: dict[_Pitch, int] = {}
    chords: list[ChordSymbol] = []
    lyrics: list[Syllable] = []
    fermatas: list[int] = []
    measures: list[Measure] = []
    bars = _bars(score)
    now = 0
    for first, last, number in played:
        by = now - first
        struck = _between(score.notes, first, last, _onset)
        open_ends = _play(notes, open_ends, [*held[first], *struck], (first, last, by))
        chords += _chords(score.chords, first, last, by, chords[-1] if chords else None)
        sung = verses[number - 2] if 2 <= number <= len(verses) + 1 else ()
        words = _between(sung, first, last, _onset) or _between(score.lyrics, first, last, _onset)
        lyrics += (replace(word, onset_ticks=word.onset_ticks + by) for word in words)
        fermatas += (tick + by for tick in _between(score.fermatas or (), first, last, int))
        for bar_start, bar_end, metre in bars[bisect_right(bars, first, key=_start) - 1 :]:
            if bar_start >= last:
                break
            start, end = max(bar_start, first), min(bar_end, last)
            measures.append(Measure(start + by, end - start, metre))
        now += last - first
    pickup, metres = pickup_and_metres(measures, score.ticks_per_quarter)
    return replace(
        score,
        notes=tuple(notes),
        length_ticks=now,
        time_signatures=metres,
        pickup_ticks=pickup,
        fermatas=None if score.fermatas is None else tuple(fermatas),
        chords=tuple(chords),
        lyrics=tuple(lyrics),
        repeats=(),
    )


_T = TypeVar("_T")
_Pitch = tuple[int | None, int]
"""Voice and MIDI number."""
_Bar = tuple[int, int, TimeSignature]


def _onset(event: Note | ChordSymbol | Syllable) -> int:
    return event.onset_ticks


def _start(bar: _Bar) -> int:
    return bar[0]


def _between(events: Sequence[_T], first: int, last: int, time: Callable[[_T], int]) -> Sequence[_T]:
    """Those of events in order that lie from one tick to before another."""
    return events[bisect_left(events, first, key=time) : bisect_left(events, last, key=time)]


def _held_into(notes: Sequence[Note], ticks: Collection[int]) -> dict[int, list[Note]]:
    """The notes that sound on into each tick."""
    held: dict[int, list[Note]] = {}
    sounding: list[Note] = []
    place = 0
    for tick in sorted(ticks):
        begun = bisect_left(notes, tick, key=_onset)
        sounding = [note for note in (*sounding, *notes[place:begun]) if note.end_ticks > tick]
        place = begun
        held[tick] = sounding
    return held


def _play(
    notes: list[Note], open_ends: Mapping[_Pitch, int], found: Sequence[Note], passage: tuple[int, int, int]
) -> dict[_Pitch, int]:
    """Add the notes of a passage, which is moved by some ticks, and give the places of those held over its end."""
    first, last, by = passage
    held: dict[_Pitch, int] = {}
    for note in found:
        shown = note.within(first, last)
        end = shown.end_ticks + by
        place = open_ends.get((note.voice, note.pitch)) if shown.onset_ticks == first else None
        if place is None:
            place = len(notes)
            notes.append(replace(shown, onset_ticks=shown.onset_ticks + by))
        elif end > notes[place].end_ticks:
            notes[place] = replace(notes[place], length_ticks=end - notes[place].onset_ticks)
        if note.end_ticks > last:
            held[note.voice, note.pitch] = place
    return held


def _chords(
    chords: Sequence[ChordSymbol], first: int, last: int, by: int, before: ChordSymbol | None
) -> list[ChordSymbol]:
    """The chords of a passage; the one that holds where it begins stands there, unless it holds already."""
    inside = list(_between(chords, first, last, _onset))
    place = bisect_right(chords, first, key=_onset)
    holds = chords[place - 1] if place else None
    if holds is not None and holds.onset_ticks < first:
        same = before is not None and replace(before, onset_ticks=0) == replace(holds, onset_ticks=0)
        inside = inside if same else [replace(holds, onset_ticks=first), *inside]
    return [replace(chord, onset_ticks=chord.onset_ticks + by) for chord in inside]


def _bars(score: Score) -> list[_Bar]:
    """From where to where the bars of the page go, and their metres, each as if it stood at the beginning."""
    starts = score.bar_starts()
    edges = [*([0] if score.pickup_ticks or not starts else []), *starts, score.length_ticks]
    return [(start, end, replace(score.time_signature_at(start), onset_ticks=0)) for start, end in pairwise(edges)]
