"""From the measures that a page of music has to a pickup and metres from which the same bars can be counted.

And from music that begins late in its first bar to music that begins with a pickup; and what beams go over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.score import Score, TimeSignature


class Measure(NamedTuple):
    """A measure as it is written: its start and what is in it, in ticks (480 a quarter), and the metre it stands in."""

    onset_ticks: int
    length_ticks: int
    metre: TimeSignature


def is_beamed_by_three(metre: TimeSignature) -> bool:
    """Whether a page groups its notes by three: 3/8, 6/8, 12/16, and not 3/4 or 6/4."""
    return metre.denominator >= 8 and metre.numerator % 3 == 0


def beamed_ticks(metre: TimeSignature, ticks_per_quarter: int) -> int:
    """What beams go over: a beat as a page has it, a quarter note at least."""
    beat = 4 * ticks_per_quarter * (3 if is_beamed_by_three(metre) else 1) // metre.denominator
    return max(ticks_per_quarter, beat)


def pickup_and_metres(
    measures: Sequence[Measure], ticks_per_quarter: int = TICKS_PER_QUARTER
) -> tuple[int, tuple[TimeSignature, ...]]:
    """Pickup in ticks, and metres, so that the bars counted from the result are those of the page.

    A short first measure is the pickup. Two short ones that fill a bar together are one bar with a repeat sign inside.
    A short one that stays alone in the middle gets a metre of its own, and so does what is left over of one that is too
    long, if there is a metre that short.
    """
    signatures: list[TimeSignature] = []

    def holds(metre: TimeSignature, onset: int) -> None:
        if not signatures or signatures[-1].name != metre.name:
            signatures.append(replace(metre, onset_ticks=onset))

    pickup, index = 0, 0
    while index < len(measures):
        onset, length, metre = measures[index]
        full = metre.bar_ticks(ticks_per_quarter)
        first, index = onset == 0, index + 1
        if first and length < full and len(measures) > 1:
            pickup = length
            holds(metre, 0)
            continue
        while (
            index < len(measures) and length + measures[index].length_ticks <= full and measures[index].metre == metre
        ):
            length += measures[index].length_ticks
            index += 1
        if length >= full or index == len(measures):
            holds(metre, onset)
        rest = length % full
        if rest and index < len(measures):
            beats = Fraction(rest * metre.denominator, 4 * ticks_per_quarter)
            denominator = metre.denominator * beats.denominator
            if denominator <= 64 and denominator & (denominator - 1) == 0:
                holds(TimeSignature(beats.numerator, denominator), onset + length - rest)
    if not signatures or signatures[0].onset_ticks > 0:  # it begins without measures
        signatures.insert(0, TimeSignature())
    return pickup, tuple(signatures)


def with_pickup(score: Score) -> Score:
    """The same music without the half bar or more of silence that it begins with: what is left of the bar is a pickup.

    Silence is left out up to the beat of the first note. A shorter one stays, as a rest in a full bar, and so does one
    that is longer than the first bar. A pickup in which nothing sounds is left out as well.
    """
    first = min((note.onset_ticks for note in score.notes), default=0)
    if 0 < score.pickup_ticks <= first:
        first -= score.pickup_ticks
        score = score.cut(score.pickup_ticks, score.length_ticks)
    metre = score.time_signatures[0]
    bar = metre.bar_ticks(score.ticks_per_quarter)
    if score.pickup_ticks or not bar <= 2 * first < 2 * bar:
        return score
    return score.cut(first - first % (bar // metre.numerator), score.length_ticks)
