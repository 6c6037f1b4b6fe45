"""The plan of phrases that a piece has, read off its notes, key and fermatas.

A phrase goes to where the melody (the highest voice) strikes its next note after a fermata, the last one to the end of
the piece; a rest after a fermata thus belongs to the phrase before it. Cadences are those of
:mod:`biaxial.metrics.harmony.endings`, unless they are cadences of the home key when the last :data:`KEY_QUARTERS`
quarter notes tell the key: the chord V then ends a phrase in V only where the phrase has left the home key before. The
key of a phrase on the tonic of the piece is the home key, whether its last third is raised or not.

A phrase comes again if a later one is as long, from its start and from its fermata to its end, and its melody has the
same pitches at the same times; the first note may be shorter or longer, and so may the last one. All voices come again
if that holds for the notes of each of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from biaxial.metrics.harmony.endings import closes
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.keys import key_of
from biaxial.music.phrases import Phrase, PhrasePlan, home_numeral, numeral
from biaxial.music.score import Key, Note, Score

KEY_QUARTERS: Final = 8
"""Quarter notes before the last chord of a phrase that tell its key with it: two bars of 4/4."""
FEWEST_NOTES: Final = 3
"""Notes of a melody that can be said to come again."""


def phrase_plan_of(score: Score) -> PhrasePlan:
    """The plan of a piece with fermatas.

    Raises
    ------
    InputError
        If its phrase ends, its voices or its key are not known, or nothing sounds at a fermata.
    """
    home = key_of(score) if score.fermatas and score.num_voices else None  # most music has no fermatas
    if not score.fermatas or home is None:
        raise InputError("a plan of phrases can be read off music in voices with fermatas only")
    melody = score.voice_notes(0)
    spans, last = phrase_bounds(melody, score.fermatas, score.length_ticks)
    marked = replace(score, fermatas=tuple(last))
    found = [
        wide if wide.kind is not None and wide.tonic == home.tonic else near
        for near, wide in zip(closes(marked), closes(marked, KEY_QUARTERS), strict=True)
    ]
    if len(found) != len(last):
        raise InputError("nothing sounds at a fermata; a plan of phrases cannot be read off this piece")
    phrases = list[Phrase]()
    lasts = [close.tick for close in found]
    for place, ((start, end), close) in enumerate(zip(spans, found, strict=True)):
        again = repeated_phrase(melody, spans, lasts, phrases)
        whole = again is not None and all(
            comes_again(score.voice_notes(voice), spans[again], spans[place], fewest=0)
            for voice in range(1, score.num_voices)
        )
        key, cadence = _key(close.tonic, close.minor, home), close.kind or "open"
        if whole and again is not None:
            key, cadence = phrases[again].key, phrases[again].cadence
        ticks = [value * TICKS_PER_QUARTER // score.ticks_per_quarter for value in (start, close.tick, end)]
        phrases.append(Phrase(ticks[2] - ticks[0], ticks[2] - ticks[1], key, cadence, again, whole))
    return PhrasePlan(tuple(phrases), score.pickup_ticks * TICKS_PER_QUARTER // score.ticks_per_quarter)


def known_plan(score: Score) -> PhrasePlan | None:
    """The plan of a piece, or ``None`` where none can be read off it."""
    try:
        return phrase_plan_of(score)
    except InputError:
        return None


def _key(tonic: int, minor: bool, home: Key) -> str:
    if tonic in (-1, home.tonic):
        return home_numeral(home.mode)
    return numeral((Key(-3, "minor") if minor else Key(0)).transposed(tonic), home)


def phrase_bounds(
    melody: Sequence[Note], ends: Sequence[int], length_ticks: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """Beginning and end of every phrase of a melody, and the time that marks its last note.

    Parameters
    ----------
    melody
        Its notes, in order.
    ends
        Times at which last notes sound, such as fermatas; of two over one note the later one counts. The last note of
        the melody ends a phrase in any case.
    length_ticks
        Where the piece ends.
    """
    onsets = [note.onset_ticks for note in melody]

    def end_of(tick: int) -> int:
        later = bisect_right(onsets, tick)
        return onsets[later] if later < len(onsets) else length_ticks

    last = {end_of(tick): tick for tick in ends}
    if length_ticks not in last:
        last[length_ticks] = onsets[-1] if onsets else 0
    return list(pairwise((0, *last))), list(last.values())


def repeated_phrase(
    melody: Sequence[Note], spans: Sequence[tuple[int, int]], lasts: Sequence[int], before: Sequence[Phrase]
) -> int | None:
    """The phrase, counted from 0, whose melody the next one has again; ``None`` if it is new.

    Parameters
    ----------
    melody
        Its notes, in order.
    spans, lasts
        Beginning and end of every phrase, and where its last note is.
    before
        The phrases before the next one.
    """
    place = len(before)
    for earlier, phrase in enumerate(before):
        as_long = spans[place][1] - lasts[place] == spans[earlier][1] - lasts[earlier]
        if phrase.repeats is None and as_long and comes_again(melody, spans[earlier], spans[place]):
            return earlier
    return None


def comes_again(
    notes: Sequence[Note], span: tuple[int, int], later: tuple[int, int], fewest: int = FEWEST_NOTES
) -> bool:
    """Whether a line goes in a later span as in an earlier one, the length of its first and last note apart."""
    if span[1] - span[0] != later[1] - later[0]:
        return False
    one, other = (
        [(note.onset_ticks - start, note.pitch, note.length_ticks) for note in notes if start <= note.onset_ticks < end]
        for start, end in (span, later)
    )
    if len(one) != len(other) or len(one) < fewest:
        return False
    inner = range(1, len(one) - 1)
    return all(a[1] == b[1] for a, b in zip(one, other, strict=True)) and all(
        one[place] == other[place] for place in inner
    )
