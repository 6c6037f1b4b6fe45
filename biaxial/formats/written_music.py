"""What readers of written music share: pages of notes, bars and words, as they come from kern or MusicXML, as parts.

Times are in ticks, 480 to a quarter note, but for :func:`ticks`, which takes quarter notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from biaxial.files.limits import check_notes, checked_size
from biaxial.music.bar_lines import Measure, pickup_and_metres
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.keys import stated_key
from biaxial.music.parts import Parts, parts_of, phrase_ends
from biaxial.music.repeats import Repeat
from biaxial.music.score import ChordSymbol, Note, Score, Syllable

DEFAULT_TEMPO_BPM: Final = 80.0
"""Quarter notes a minute where the file says nothing."""
UNEQUAL: Final = "notes of chords with a length of their own, which were read as long as the first of their chord: {}"
"""Remark on chords of unequal lengths, with their number."""


@dataclass(frozen=True)
class Line:
    """A part, or one voice of it.

    Parameters
    ----------
    name
        As the file has it; may be empty.
    notes
        In any order, ties merged.
    fermatas
        Onsets of those that have one.
    """

    name: str
    notes: list[Note]
    fermatas: set[int]


@dataclass(frozen=True)
class Page:
    """All that is read of a page of music.

    Parameters
    ----------
    lines
        From the top; the fermatas of the first that has any are the phrase ends.
    measures
        As they are written.
    length_ticks
        Length of the piece, or less where its last note ends later.
    sharps, mode
        The first signature: ``None`` where there is none, or none that a key could have.
    tempo_bpm, title, chords, repeats
        As of a score. Chords and repeats after the end are left out.
    verses
        The words, verse by verse, each as ``lyrics`` of a score.
    remarks
        As of :class:`~biaxial.music.parts.Parts`.
    """

    lines: Sequence[Line]
    measures: Sequence[Measure]
    length_ticks: int
    sharps: int | None = None
    mode: str | None = None
    tempo_bpm: float = DEFAULT_TEMPO_BPM
    title: str = ""
    chords: Sequence[ChordSymbol] = ()
    verses: Sequence[tuple[Syllable, ...]] = ((),)
    repeats: Sequence[Repeat] = ()
    remarks: Sequence[str] = ()

    def parts(self) -> Parts:
        """The page as an outline and named parts.

        Raises
        ------
        ValueError
            If it is longer or has more notes than a piece may; the message does not say which file.
        """
        notes = [note for line in self.lines for note in line.notes]
        pickup, metres = pickup_and_metres(self.measures)
        length = max([self.length_ticks, *(note.end_ticks for note in notes)])
        outline = Score(
            length_ticks=length,
            time_signatures=metres,
            pickup_ticks=pickup,
            key=None if self.sharps is None else stated_key(self.sharps, self.mode, notes),
            fermatas=phrase_ends([line.fermatas for line in self.lines]),
            tempo_bpm=self.tempo_bpm,
            title=self.title,
            chords=tuple(chord for chord in self.chords if chord.onset_ticks < length),
            lyrics=self.verses[0],
            repeats=tuple(repeat for repeat in self.repeats if repeat.end_ticks <= length),
        )
        checked_size(outline)
        check_notes(len(notes))
        parts = parts_of(outline, ((line.name, line.notes) for line in self.lines), self.remarks)
        return replace(parts, more_verses=tuple(self.verses[1:]))


def ticks(quarters: float | Fraction) -> int:
    """The tick nearest to a time in quarter notes."""
    return round(Fraction(quarters) * TICKS_PER_QUARTER)


def playable_tempo(marks: Sequence[float | None]) -> float:
    """The first tempo that a player could keep, in quarter notes a minute, else the default."""
    return next((float(bpm) for bpm in marks if bpm and 20 <= bpm <= 300), DEFAULT_TEMPO_BPM)


def left_out(*, written: int, read: int, reasons: Mapping[str, int]) -> list[str]:
    """A remark on the notes that were left out, if there are any.

    Parameters
    ----------
    written
        Notes in the file, each as often as it is written: a tied one is two.
    read
        How many of them were read.
    reasons
        Why others were not, with their numbers.

    Raises
    ------
    ValueError
        If the rest is not explained; the message does not say which file.
    """
    reasons = {reason: count for reason, count in reasons.items() if count}
    if written != read + sum(reasons.values()):
        raise ValueError(f"{written} notes are written in it and {read} were read, which cannot be explained")
    if not reasons:
        return []
    said = " and ".join(f"{count} {reason}" for reason, count in reasons.items())
    return [f"{sum(reasons.values())} of {written} notes were left out: {said}"]
