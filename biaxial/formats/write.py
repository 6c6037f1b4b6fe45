"""Write a score as the kind of file that its name asks for: the one table of suffixes that every command uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from biaxial.formats.json_score import write_json
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Score


def _late(module: str, name: str) -> Callable[[Score, Path], None]:
    """A writer whose module is imported when a file of its kind is asked for."""

    def write(score: Score, path: Path) -> None:
        getattr(import_module(f"biaxial.formats.{module}"), name)(score, path)

    return write


WRITERS: Final[dict[str, Callable[[Score, Path], None]]] = {
    ".mid": write_midi,
    ".midi": write_midi,
    ".musicxml": _late("musicxml", "write_musicxml"),
    ".mxl": _late("musicxml", "write_musicxml"),
    ".abc": _late("abc.abc_writer", "write_abc"),
    ".krn": _late("kern.kern_writer", "write_kern"),
    ".ly": _late("lilypond", "write_lilypond"),
    ".mei": _late("mei", "write_mei"),
    ".cho": _late("chord_chart", "write_chord_chart"),
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
        If the suffix is unknown, what it needs is not installed, or the score cannot be written so.
    OSError
        If the file cannot be written; its message names the file and the reason.
    """
    check_suffix(path)
    WRITERS[path.suffix.lower()](score, path)


def save_all(score: Score, paths: Sequence[Path]) -> list[Path]:
    """Write a score to several files; errors are those of :func:`save_score`, and that there is no path."""
    if not paths:
        raise InputError("give the name of a file to write, such as chorale.musicxml")
    for path in paths:
        check_suffix(path)
    for path in paths:
        save_score(score, path)
    return list(paths)
