"""One part of a file with several, or all of them: what a folder of other people's files is read as."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import Final

from biaxial.formats.melody_file import read_melody
from biaxial.formats.read import read_parts, read_score
from biaxial.music.errors import InputError
from biaxial.music.parts import Part
from biaxial.music.score import Score

ALL: Final = "all"
MOST_CHORDS: Final = "chords"
HIGHEST_LINE: Final = "melody"


def read_part(path: str | os.PathLike[str], part: str = ALL) -> Score:
    """Read a file, or one part of it.

    Parameters
    ----------
    path
        Any file that :mod:`biaxial.formats.read` reads.
    part
        ``"all"``: everything but drums, with voices where they can be told. ``"chords"``: the part that strikes several
        notes at once most often, the first of equal ones. ``"melody"``: its highest line
        (:func:`biaxial.formats.melody_file.read_melody`). Else the name of a part, in any case, or its number, counted
        from 1.

    Raises
    ------
    InputError
        If the file cannot be read or has no such part.
    OSError
        If it cannot be opened.
    """
    if part == ALL:
        return read_score(path)
    if part == HIGHEST_LINE:
        return read_melody(path).score
    piece = read_parts(path)
    if not piece.parts:
        return piece.outline
    if part == MOST_CHORDS:
        return replace(piece.outline, notes=max(piece.parts, key=num_chords).notes)
    wanted = part.strip().lower()
    found = [one for one, name in zip(piece.parts, piece.names, strict=True) if name.lower() == wanted]
    if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(piece.parts):
        found = [piece.parts[int(wanted) - 1]]
    if not found:
        raise InputError(f"{os.fspath(path)}: no part {part!r}; it has {', '.join(piece.names)}")
    return replace(piece.outline, notes=tuple(note for one in found for note in one.notes))


def num_chords(part: Part) -> int:
    """Moments at which several notes begin together."""
    return sum(count > 1 for count in Counter(note.onset_ticks for note in part.notes).values())
