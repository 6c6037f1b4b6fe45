"""A piece with its repeats written out: every passage as often as it is played, one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from biaxial.music.bar_lines import Measure, pickup_and_metres
from biaxial.music.repeats import passages
from biaxial.music.score import ChordSymbol, Note, Score, Syllable, TimeSignature


def played_length(score: Score) -> int:
    """Ticks of the piece as it is played."""
    return sum(last - first for first, last, _ in passages(score.repeats, score.length_ticks))


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
    notes: list[Note] = []
    chords: list[ChordSymbol] = []
    lyrics: list[Syllable] = []
    fermatas: list[int] = []
    measures: list[Measure] = []
    bars = _bars(score)
    now = 0
    for first, last, number in passages(score.repeats, score.length_ticks):
        by = now - first
        found = [note for note in score.notes if note.onset_ticks < last and first < note.end_ticks]
        notes = _joined(notes, found, first, now)
        chords += _chords(score.chords, first, last, by, chords[-1] if chords else None)
        sung = verses[number - 2] if 2 <= number <= len(verses) + 1 else ()
        words = [word for word in sung if first <= word.onset_ticks < last]
        words = words or [word for word in score.lyrics if first <= word.onset_ticks < last]
        lyrics += (replace(word, onset_ticks=word.onset_ticks + by) for word in words)
        fermatas += (tick + by for tick in score.fermatas or () if first <= tick < last)
        for bar_start, bar_end, metre in bars:
            start, end = max(bar_start, first), min(bar_end, last)
            if start < end:
                measures.append(Measure(start + by, end - start, metre))
        now += last - first
    pickup, metres = pickup_and_metres(measures, score.ticks_per_quarter)
    return replace(
        score,
        notes=tuple(note.within(0, now) for note in notes),
        length_ticks=now,
        time_signatures=metres,
        pickup_ticks=pickup,
        fermatas=None if score.fermatas is None else tuple(fermatas),
        chords=tuple(chords),
        lyrics=tuple(lyrics),
        repeats=(),
    )


def _joined(before: list[Note], found: Sequence[Note], first: int, now: int) -> list[Note]:
    """Notes with those of one more passage, which begins at a tick of its own."""
    by = now - first
    added = []
    open_ends = {(n.voice, n.pitch): i for i, n in enumerate(before) if n.end_ticks > now}
    closed = [n.within(0, now) if n.end_ticks > now else n for n in before]
    for note in found:
        place = open_ends.get((note.voice, note.pitch)) if max(note.onset_ticks, first) == first else None
        # the end of a note that is cut stays beyond the passage until the next one is known
        shown = replace(note, onset_ticks=max(note.onset_ticks, first) + by)
        shown = replace(shown, length_ticks=note.end_ticks + by - shown.onset_ticks)
        if place is None:
            added.append(shown)
        else:
            closed[place] = replace(closed[place], length_ticks=shown.end_ticks - closed[place].onset_ticks)
    return closed + added


def _chords(
    chords: Sequence[ChordSymbol], first: int, last: int, by: int, before: ChordSymbol | None
) -> list[ChordSymbol]:
    """The chords of a passage; the one that holds where it begins stands there, unless it holds already."""
    inside = [chord for chord in chords if first <= chord.onset_ticks < last]
    place = bisect_right(chords, first, key=lambda chord: chord.onset_ticks)
    holds = chords[place - 1] if place else None
    if holds is not None and holds.onset_ticks < first:
        same = before is not None and replace(before, onset_ticks=0) == replace(holds, onset_ticks=0)
        inside = inside if same else [replace(holds, onset_ticks=first), *inside]
    return [replace(chord, onset_ticks=chord.onset_ticks + by) for chord in inside]


def _bars(score: Score) -> list[tuple[int, int, TimeSignature]]:
    """From where to where the bars of the page go, and their metres, each as if it stood at the beginning."""
    starts = score.bar_starts()
    edges = [*([0] if score.pickup_ticks or not starts else []), *starts, score.length_ticks]
    return [(start, end, replace(score.time_signature_at(start), onset_ticks=0)) for start, end in pairwise(edges)]
