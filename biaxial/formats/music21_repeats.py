"""Repeats of printed music as music21 has read it: bar lines, and brackets over endings; times are ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from biaxial.music.bar_lines import Measure
from biaxial.music.repeats import MAX_PASSES, Repeat, Sign, in_order, repeats_of


def repeats_in(piece: Any, part: Any, bars: Sequence[Measure]) -> tuple[Repeat, ...]:
    """The repeats that a part of a piece has, whose measures are where ``bars`` says."""
    measures = list(part.getElementsByClass("Measure"))
    if not bars:
        return ()
    ends = [bar.onset_ticks + bar.length_ticks for bar in bars]
    signs: list[Sign] = []
    places: dict[int, tuple[int, int]] = {}
    for measure, bar, end in zip(measures, bars, ends, strict=True):
        places[id(measure)] = bar.onset_ticks, end
        for line, tick in ((measure.leftBarline, bar.onset_ticks), (measure.rightBarline, end)):
            if line is not None and "Repeat" in line.classes:
                times = min(max(line.times or 2, 2), MAX_PASSES)
                signs.append(Sign(tick, "start" if line.direction == "start" else "end", times))
    for bracket in piece.recurse().getElementsByClass("RepeatBracket"):
        spanned = [places[id(measure)] for measure in bracket.getSpannedElements() if id(measure) in places]
        numbers = tuple(number for number in bracket.numberRange if 1 <= number <= MAX_PASSES)
        if spanned and numbers:
            signs.append(Sign(min(start for start, _ in spanned), "ending", numbers=numbers))
            signs.append(Sign(max(end for _, end in spanned), "stop"))
    return repeats_of(in_order(signs), ends[-1])
