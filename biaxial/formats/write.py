"""Write a score as the kind of file that its name asks for: the one table of suffixes that every command uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from biaxial.formats.json_score import write_json
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Score


def _write_musicxml(score: Score, path: Path) -> None:
    from biaxial.formats.musicxml import write_musicxml  # imported where it is asked for

    write_musicxml(score, path)


WRITERS: Final[dict[str, Callable[[Score, Path], None]]] = {
    ".mid": write_midi,
    ".midi": write_midi,
    ".musicxml": _write_musicxml,
    ".mxl": _write_musicxml,
    ".json": write_json,
}
"""What writes a file of each suffix."""


def check_suffix(path: Path) -> None:
    """Refuse a file name whose suffix has no writer, before any work is done.

    Raises
    ------
    InputError
        With the suffixes that are known.
    """
    if path.suffix.lower() not in WRITERS:
        known = ", ".join(WRITERS)
        raise InputError(f"{path}: cannot write {path.suffix or 'a file without a suffix'}; end its name in {known}")


def save_score(score: Score, path: Path) -> None:
    """Write a score; the file appears whole or not at all.

    Raises
    ------
    InputError
        If the suffix is unknown.
    OSError
        If the file cannot be written; its message names the file and the reason.
    """
    check_suffix(path)
    WRITERS[path.suffix.lower()](score, path)
