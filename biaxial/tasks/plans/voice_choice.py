"""Which voice a tune is, where nobody says so, and how far it must be moved to be sung: by the ranges of voices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from biaxial.music.constants import VOICE_NAMES, VOICE_RANGES
from biaxial.music.score import Note

_FARTHEST: Final = 48
"""Semitones that a tune is moved at most."""


def voice_by_range(notes: Sequence[Note]) -> tuple[int, str]:
    """The voice of a tune, and a remark unless it is the soprano.

    A tune is the soprano unless it lies below the soprano's range most of its time, and most of its notes lie in the
    range of another voice. It is the voice that fewest notes leave; of several such, the one in whose middle it is.
    """
    low, _ = VOICE_RANGES[0]
    total = sum(note.length_ticks for note in notes)
    below = sum(note.length_ticks for note in notes if note.pitch < low)
    if not notes or 2 * below <= total:
        return 0, ""
    mean = sum(note.length_ticks * note.pitch for note in notes) / total

    def distance(voice: int) -> tuple[int, float]:
        return _outside(notes, voice, 0), abs(mean - sum(VOICE_RANGES[voice]) / 2)

    best = min(range(len(VOICE_RANGES)), key=distance)
    if 2 * _outside(notes, best, 0) >= len(notes):
        return 0, ""
    name = VOICE_NAMES[best].lower()
    return best, f"the tune lies where the {name} sings and is the {name} here; choose another voice with --voices"


def fitting_shift(notes: Sequence[Note], voice: int) -> int:
    """The fewest semitones that bring given notes into the ranges of their voices, or as many of them as can be.

    Parameters
    ----------
    notes
        The notes.
    voice
        The voice of those that have none.
    """

    def outside(shift: int) -> int:
        return sum(_outside([note], voice if note.voice is None else note.voice, shift) for note in notes)

    low, high = min((n.pitch for n in notes), default=60), max((n.pitch for n in notes), default=60)
    shifts = (shift for shift in range(-_FARTHEST, _FARTHEST + 1) if low + shift >= 0 and high + shift <= 127)
    return min(shifts, key=lambda shift: (outside(shift), abs(shift)))


def _outside(notes: Sequence[Note], voice: int, shift: int) -> int:
    low, high = VOICE_RANGES[voice % len(VOICE_RANGES)]
    return sum(not low <= note.pitch + shift <= high for note in notes)
