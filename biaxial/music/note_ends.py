"""Notes that a notation program exports shorter than they are written, as a half of 910 ticks in place of 960."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from biaxial.music.parts import Part
from biaxial.music.score import Note

_SHORTEST: Final = Fraction(7, 8)
"""Share of the way to the next onset for which a note sounds at least that is no staccato."""
_ALIKE: Final = Fraction(1, 40)
_FEWEST_NOTES: Final = 6
_NEAR: Final = Fraction(3, 100)


def are_on_grid(parts: Iterable[Part], ticks_per_quarter: int) -> bool:
    """Whether most notes begin within a tick of a 32nd note or a triplet of sixteenths."""
    onsets = [note.onset_ticks for part in parts for note in part.notes]
    return 2 * sum(abs(_nearest(onset, ticks_per_quarter) - onset) <= 1 for onset in onsets) > len(onsets)


def common_share(parts: Iterable[Part]) -> Fraction | None:
    """The share of the way to the next onset for which most notes of a file sound; ``None`` where they have none.

    Notes that sound for less than seven eighths of it, or up to the next onset, have another.
    """
    shares: list[Fraction] = []
    for part in parts:
        onsets = sorted({note.onset_ticks for note in part.notes})
        for note in part.notes:
            later = bisect_right(onsets, note.onset_ticks)
            if later < len(onsets):
                shares.append(Fraction(note.length_ticks, onsets[later] - note.onset_ticks))
    short = sorted(share for share in shares if _SHORTEST <= share < 1)
    if not short or len(shares) < _FEWEST_NOTES:
        return None
    middle = short[len(short) // 2]
    alike = sum(abs(share - middle) <= _ALIKE for share in short)
    return middle if 2 * alike > len(shares) else None


def lengthened(line: Sequence[Note], share: Fraction, ticks_per_quarter: int) -> tuple[Note, ...]:
    """One note at a time, each to the next onset if it ends close before it, else to the grid if that is near.

    Parameters
    ----------
    line
        One note at a time, in order.
    share
        What :func:`common_share` gave.
    ticks_per_quarter
        The resolution.
    """
    return tuple(
        replace(note, length_ticks=_written_length(note, after, share, ticks_per_quarter))
        for note, after in zip(line, [*(note.onset_ticks for note in line[1:]), None], strict=True)
    )


def _written_length(note: Note, after: int | None, share: Fraction, ticks_per_quarter: int) -> int:
    if after is not None and note.length_ticks >= _SHORTEST * (after - note.onset_ticks):
        return after - note.onset_ticks
    wanted = note.length_ticks / share
    length = _nearest(note.onset_ticks + wanted, ticks_per_quarter) - note.onset_ticks
    return int(length) if length >= note.length_ticks and abs(length - wanted) <= _NEAR * wanted else note.length_ticks


def _nearest(tick: Fraction | int, ticks_per_quarter: int) -> int:
    """The nearest place of a 32nd note or of a triplet of sixteenths."""
    steps = (Fraction(ticks_per_quarter, 8), Fraction(ticks_per_quarter, 6))
    return min((round(round(tick / step) * step) for step in steps), key=lambda place: abs(Fraction(place) - tick))
