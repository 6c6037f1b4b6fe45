"""A score as MusicXML 4.0, plain (``.musicxml``) or packed (``.mxl``).

Four voices go on two staves, or on four; other voices on one each; music without voices on a keyboard's two, or on one
if it is a single line. Notes are spelled by :mod:`biaxial.music.spelling`. What the page cannot hold: where the notes
stay in the file of a recording (the nearest values are written), and a key that changes. Loudness stands under the
highest staff of each player, where it changes; a note that is louder or softer than its mark says has its velocity in
an attribute.

Source: the MusicXML 4.0 specification, https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal
from xml.etree import ElementTree

from biaxial.files.atomic import atomic_write
from biaxial.formats.musicxml.document import document
from biaxial.formats.musicxml.notes import NoteWriter
from biaxial.formats.page.layout import laid_out
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.performance.instruments import PRESETS, InstrumentName
from biaxial.music.performance.seating import seated
from biaxial.music.score import Score

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_TYPE: Final = "application/vnd.recordare.musicxml"


def musicxml_text(
    score: Score,
    *,
    staves: Literal[2, 4] = 2,
    given_colour: str = "",
    instrument: InstrumentName = "organ",
    instruments: Sequence[str] = (),
    captions: Sequence[tuple[int, str]] = (),
    names: Sequence[str] = (),
) -> str:
    """The document of a score.

    Parameters
    ----------
    score
        Any music. Without a key it is spelled, and its signature printed, in the likeliest.
    staves
        On how many staves four voices stand.
    given_colour
        Colour of the notes that are locked, such as ``"#0A4FA3"``; black by default.
    instrument
        What plays it.
    instruments
        Names of what plays each voice, from the top (:data:`~biaxial.music.performance.instruments.SEATS`), in place of
        that; then each has a staff of its own. Music without voices is given to them
        (:mod:`biaxial.music.performance.seating`).
    captions
        What is printed under the lowest staff: in order, the tick of the score where each begins, and its text.
    names
        Ids of the notes in the order of the score; none by default. What is tied to a note has ``.1``, ``.2`` behind.

    Raises
    ------
    InputError
        If an instrument is unknown.
    """
    captions = [(tick * TICKS_PER_QUARTER // score.ticks_per_quarter, text) for tick, text in captions]
    seating = seated(score, tuple(instruments))
    if names and seating.is_found:
        raise ValueError("ids of notes are for music in the order that it has, and not for parts that are found")
    page = laid_out(seating.score, staves, seating.seats)
    notes = NoteWriter(page.score, page.key, page.spellings, page.marks, given_colour, names)
    root = document(page.score, page.key, page.players, page.bars, notes, PRESETS[instrument], captions)
    ElementTree.indent(root, " ")
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def write_musicxml(
    score: Score,
    path: str | os.PathLike[str],
    *,
    staves: Literal[2, 4] = 2,
    given_colour: str = "",
    instrument: InstrumentName = "organ",
    instruments: Sequence[str] = (),
    captions: Sequence[tuple[int, str]] = (),
) -> None:
    """Write a score, packed if the suffix is ``.mxl``, whole or not at all.

    Parameters
    ----------
    score, staves, given_colour, instrument, instruments, captions
        As :func:`musicxml_text` takes them.
    path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = musicxml_text(
        score,
        staves=staves,
        given_colour=given_colour,
        instrument=instrument,
        instruments=instruments,
        captions=captions,
    )
    atomic_write(path, _packed(text.encode()) if Path(path).suffix.lower() == ".mxl" else text.encode())


def _packed(data: bytes) -> bytes:
    """An archive as the standard wants it, its type first and not compressed; the same bytes at any time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content, method in (
            ("mimetype", _TYPE.encode(), zipfile.ZIP_STORED),
            ("META-INF/container.xml", _CONTAINER.encode(), zipfile.ZIP_DEFLATED),
            ("score.musicxml", data, zipfile.ZIP_DEFLATED),
        ):
            packed.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()
