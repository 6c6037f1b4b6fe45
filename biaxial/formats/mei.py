"""A score as MEI, which Verovio makes of our MusicXML.

Source: the guidelines of the Music Encoding Initiative, https://music-encoding.org/guidelines/v5/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, Literal

from biaxial.files.atomic import atomic_write
from biaxial.formats.musicxml import musicxml_text
from biaxial.music.errors import InputError
from biaxial.music.score import Score

_DEGREES: Final = re.compile("<degree.*?</degree>", re.DOTALL)
_DATE: Final = re.compile(r' isodate="[^"]*"')


def mei_text(
    score: Score,
    *,
    staves: Literal[2, 4] = 2,
    given_colour: str = "",
    captions: Sequence[tuple[int, str]] = (),
    instruments: Sequence[str] = (),
) -> str:
    """The document of a score, the same each time.

    Parameters
    ----------
    score, staves, given_colour, captions, instruments
        As :func:`~biaxial.formats.musicxml.musicxml_text` takes them.

    Raises
    ------
    InputError
        If Verovio is not installed.
    """
    toolkit = _verovio().toolkit()
    toolkit.setOptions({"xmlIdSeed": 1})
    music = musicxml_text(score, staves=staves, given_colour=given_colour, captions=captions, instruments=instruments)
    if not toolkit.loadData(for_verovio(music)):
        raise RuntimeError("Verovio could not read the document")
    return _DATE.sub("", toolkit.getMEI({"removeIds": True}))


def write_mei(
    score: Score,
    path: str | os.PathLike[str],
    *,
    staves: Literal[2, 4] = 2,
    given_colour: str = "",
    captions: Sequence[tuple[int, str]] = (),
    instruments: Sequence[str] = (),
) -> None:
    """Write a score as MEI, whole or not at all; parameters and errors are those of :func:`mei_text`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = mei_text(score, staves=staves, given_colour=given_colour, captions=captions, instruments=instruments)
    atomic_write(path, text.encode())


def check_verovio() -> None:
    """Refuse a file of MEI where Verovio is not installed, before any work is done.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    _verovio()


def for_verovio(musicxml: str) -> str:
    """A document without the degrees of chords, which Verovio adds to a name that says them already."""
    return _DEGREES.sub("", musicxml)


def _verovio() -> Any:
    try:
        verovio = import_module("verovio")
    except ImportError:
        raise InputError("MEI needs verovio, which is not installed: pip install verovio") from None
    verovio.enableLog(verovio.LOG_OFF)
    return verovio
