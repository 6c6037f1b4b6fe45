"""What becomes of repeat signs when a file is read: kept as signs, written out, or passed over with a remark."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

from biaxial.files.limits import check_notes
from biaxial.music.errors import InputError
from biaxial.music.parts import Part, Parts
from biaxial.music.repeats import Repeat
from biaxial.music.score import Note, Score, Syllable
from biaxial.music.written_out import written_out

Repeats = Literal["keep", "once", "expand"]
"""``"keep"``: signs stay signs, their notes written once; ``"expand"``: written out as they are played; ``"once"``: as
if there were no signs."""
REPEATS: Final = get_args(Repeats)


def check_repeats(repeats: str) -> None:
    """Refuse a word that is not one of :data:`Repeats`.

    Raises
    ------
    InputError
        With those that there are.
    """
    if repeats not in REPEATS:
        raise InputError(f"repeats: {repeats!r} is not a way to read them; give {', '.join(REPEATS)}")


def read_so(score: Score, repeats: Repeats, more_verses: Sequence[Sequence[Syllable]] = ()) -> Score:
    """A score with its repeats read in one of the ways.

    Raises
    ------
    ValueError
        If it has too many notes when written out.
    """
    if repeats == "keep" or not score.repeats:
        return score
    if repeats == "once":
        return replace(score, repeats=())
    whole = written_out(score, more_verses)
    check_notes(len(whole.notes))
    return whole


def parts_read_so(piece: Parts, repeats: Repeats) -> Parts:
    """Parts with their repeats read in one of the ways, and a remark where that changes anything.

    Raises
    ------
    ValueError
        As :func:`read_so`.
    """
    if repeats == "keep" or not piece.outline.repeats:
        return piece
    numbered = tuple(replace(n, voice=number) for number, part in enumerate(piece.parts) for n in part.notes)
    whole = read_so(replace(piece.outline, notes=numbered), repeats, piece.more_verses)
    lines: list[list[Note]] = [[] for _ in piece.parts]
    for note in whole.notes:
        lines[note.voice or 0].append(replace(note, voice=None))
    parts = tuple(Part(part.name, tuple(line)) for part, line in zip(piece.parts, lines, strict=True))
    remark = _remark(piece.outline, whole, repeats)
    return Parts(whole.outline, parts, (*piece.remarks, remark), () if repeats == "expand" else piece.more_verses)


def _remark(score: Score, whole: Score, repeats: Repeats) -> str:
    starts = score.bar_starts()
    shown = [_bars(repeat, starts) for repeat in score.repeats[:4]]
    places = ", ".join(shown[:-1]) + " and " * (len(shown) > 1) + shown[-1]
    more = ", and more," if len(score.repeats) > 4 else ""
    what = f"written out, {len(whole.bar_starts())} bars" if repeats == "expand" else "read once"
    several = len(score.repeats) > 1 or "-" in places
    return f"bar{'s' if several else ''} {places}{more} {'are' if several else 'is'} repeated: {what}"


def _bars(repeat: Repeat, starts: Sequence[int]) -> str:
    first = max(1, bisect_right(starts, repeat.start_ticks))
    last = max(first, bisect_right(starts, repeat.end_ticks - 1))
    return f"{first}-{last}" if last > first else f"{first}"
