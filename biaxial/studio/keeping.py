"""A document as a file to keep: MIDI, MusicXML, FLAC, PDF, or the project file that the studio opens again."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import read_instruments
from biaxial.render.files import Rendering, write_file
from biaxial.studio.documents import check_document, score_of
from biaxial.studio.messages import Export, ExportFormat
from biaxial.studio.opening import project_bytes

TYPES: Final[dict[ExportFormat, str]] = {
    "mid": "audio/midi",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "flac": "audio/flac",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""What browsers call each kind of file."""


class Kept(NamedTuple):
    """A file: its name, which is of plain letters, what it is, and what is in it."""

    name: str
    media_type: str
    data: bytes


def kept(request: Export) -> Kept:
    """The file that a request asks for.

    Raises
    ------
    InputError
        If the document cannot be written so; one line.
    """
    check_document(request.document)
    name = f"{file_stem(request.document.title)}.{request.format}"
    if request.format == "json":
        return Kept(name, TYPES["json"], project_bytes(request.document))
    score = score_of(request.document)
    if not score.notes:
        raise InputError("there are no notes to write down; write a tune, or compose one")
    looks = Rendering(
        staves=request.staves,
        given_colour="#000000",
        instrument=request.instrument,
        instruments=read_instruments(request.instruments) if request.instruments else (),
        humanise=request.humanise,
        strict_tempo=request.strict_tempo,
    )
    with tempfile.TemporaryDirectory(prefix="biaxial-") as folder:
        (path,) = write_file(score, Path(folder) / f"piece.{request.format}", looks)
        return Kept(name, TYPES[request.format], path.read_bytes())


def file_stem(title: str) -> str:
    """A title as the name of a file: letters, digits and hyphens."""
    return re.sub("[^A-Za-z0-9]+", "-", title).strip("-")[:60] or "piece"
