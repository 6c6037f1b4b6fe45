"""A recording as a document, and as text to be corrected. It is heard in memory, and nothing of it is kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from biaxial.formats.abc.abc_writer import abc_text
from biaxial.formats.audio.sound_file import SUFFIXES
from biaxial.music.errors import InputError
from biaxial.studio.documents import check_document, document_of
from biaxial.studio.messages import Opened
from biaxial.studio.opening import in_voices, shown_name

_EAR: Final = threading.Lock()
"""One sound is heard at a time: ten minutes of it take some hundred megabytes."""


def heard(data: bytes, name: str) -> Opened:
    """The tune that is heard in a sound file as a document, its notes locked.

    Parameters
    ----------
    data
        What is in it.
    name
        What it is called.

    Raises
    ------
    InputError
        If nobody sings in it, or it is no sound; one line.
    """
    from biaxial.formats.audio.audio_reader import read_audio

    shown = shown_name(name)
    if PurePosixPath(shown).suffix.lower() not in SUFFIXES:
        raise InputError(f"{shown}: nothing is heard in such a file; give one that ends in {', '.join(SUFFIXES)}")
    with _EAR:
        found = read_audio(data, shown)
    try:
        score, said = in_voices(found.tune)
        document, more = document_of(score, "you", "y")
        check_document(document)
    except ValueError as error:
        raise InputError(f"{shown}: {error}") from None
    text = abc_text(replace(score, notes=tuple(replace(note, voice=None) for note in score.notes)))
    return Opened(document, (found.remark, *said, *more), text)
