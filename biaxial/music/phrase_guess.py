"""Where the phrases of a tune end: from their lengths in bars, from the bars they end in, or by a guess.

The guess divides the tune so that what speaks for its ends and for its phrases is most in sum:

- for an end: a long note, counted in doublings of the tune's median (rests after it included, two at most); a rest of
  half a beat; that the next note stands in its bar where the first one of the tune does;
- for a phrase: that it is a whole number of bars, and that it is two bars of 4/4 or four of 3/4 long;
- against a phrase: that it is shorter than six quarter notes, and twice that it is shorter than four.

The constants are round numbers chosen on the sopranos of the training chorales, whose fermatas tell;
``scripts/tables/phrase_table.py`` says how often it is right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import log2
from statistics import median
from typing import Final

from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score

_LONG: Final = 2.0
_REST: Final = 2.0
_SAME_PLACE: Final = 1.0
_WHOLE_BARS: Final = 1.0
_USUAL: Final = 1.0
_SHORT: Final = 3.0
_ANY: Final = 2.0
"""What an end costs."""
_MOST_NOTES: Final = 40
"""Notes of the longest phrase."""


def guessed_ends(tune: Score) -> tuple[int, ...]:
    """Onsets of the notes that end phrases, that of the last note included.

    Parameters
    ----------
    tune
        One line; of several notes at once the highest counts.
    """
    notes = _line(tune)
    if not notes:
        return ()
    starts = [*(note.onset_ticks for note in notes), tune.length_ticks]
    ends = _ends(tune, notes)
    best, begins = [0.0], [0]
    for last in range(1, len(notes) + 1):
        found = [
            (best[first] + _phrase(tune, starts[last] - starts[first]), -first)
            for first in range(max(0, last - _MOST_NOTES), last)
        ]
        value, first = max(found)
        best.append(value + ends[last - 1])
        begins.append(-first)
    found_ends, place = [], len(notes)
    while place:
        found_ends.append(notes[place - 1].onset_ticks)
        place = begins[place]
    return tuple(reversed(found_ends))


def _line(tune: Score) -> list[Note]:
    highest = {note.onset_ticks: note for note in sorted(tune.notes, key=lambda note: note.pitch)}
    return [highest[onset] for onset in sorted(highest)]


def _ends(tune: Score, notes: Sequence[Note]) -> list[float]:
    """What speaks for an end after each note; nothing is asked of the last."""
    bar = tune.time_signatures[0].bar_ticks(tune.ticks_per_quarter)
    lengths = median(note.length_ticks for note in notes)
    first = (notes[0].onset_ticks - tune.pickup_ticks) % bar
    found = []
    for note, following in pairwise(notes):
        value = _LONG * max(-1.0, min(2.0, log2((following.onset_ticks - note.onset_ticks) / lengths))) - _ANY
        value += _REST * (2 * (following.onset_ticks - note.end_ticks) >= tune.ticks_per_quarter)
        value += _SAME_PLACE * ((following.onset_ticks - tune.pickup_ticks) % bar == first)
        found.append(value)
    return [*found, 0.0]


def _phrase(tune: Score, length: int) -> float:
    """What speaks for a phrase of such a length in ticks."""
    quarter, bar = tune.ticks_per_quarter, tune.time_signatures[0].bar_ticks(tune.ticks_per_quarter)
    usual = 2 * bar if bar >= 4 * quarter else 4 * bar
    value = _WHOLE_BARS * (length % bar == 0) + _USUAL * (length == usual)
    return value - _SHORT * (length < 6 * quarter) - _SHORT * (length < 4 * quarter)


def stated_ends(tune: Score, phrases: str | Sequence[int]) -> tuple[int, ...]:
    """Onsets of the notes that end phrases, as somebody states them.

    A phrase that ends in a bar ends with the last note that begins before the next bar line, less the pickup of the
    piece, which belongs to the phrase that follows.

    Parameters
    ----------
    tune
        One line.
    phrases
        Bars of each phrase, ``"4+4+4+4"`` or numbers; or the bars in which phrases end, ``"4,8,12,16"``.

    Raises
    ------
    InputError
        If it is something else, or there are no such bars.
    """
    bars = _last_bars(phrases) if isinstance(phrases, str) else _added(phrases, str(tuple(phrases)))
    starts = tune.bar_starts()
    if bars and bars[-1] > len(starts):
        raise InputError(f"phrases end in bar {bars[-1]}, but the tune has {len(starts)}; give bars that it has")
    lines = [*starts[1:], max(tune.length_ticks, starts[-1] + 1) + tune.pickup_ticks] if starts else []
    onsets = sorted({note.onset_ticks for note in tune.notes})
    found = []
    for bar in bars:
        before = bisect_left(onsets, lines[bar - 1] - tune.pickup_ticks)
        if before:
            found.append(onsets[before - 1])
    return tuple(dict.fromkeys(found))


def check_phrases(text: str) -> None:
    """Refuse a text that says neither the bars of phrases nor the bars in which they end.

    Raises
    ------
    InputError
        If it is something else.
    """
    _last_bars(text)


def _last_bars(text: str) -> tuple[int, ...]:
    plain = text.replace(" ", "")
    mark = "+" if "+" in plain else ","
    parts = plain.split(mark)
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise InputError(
            f"{text!r} does not say phrases; give their bars, such as 4+4+4+4, or the bars they end in, such as 4,8,16"
        )
    numbers = [int(part) for part in parts]
    if mark == "+":
        return _added(numbers, text)
    if numbers != sorted(set(numbers)):
        raise InputError(f"{text!r}: the bars in which phrases end follow one another; give them in order")
    return tuple(numbers)


def _added(lengths: Sequence[int], text: str) -> tuple[int, ...]:
    if any(length < 1 for length in lengths):
        raise InputError(f"{text}: a phrase has one bar at least; give the bars of each")
    return tuple(sum(lengths[: number + 1]) for number in range(len(lengths)))
