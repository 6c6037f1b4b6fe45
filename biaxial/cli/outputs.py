"""Where a command writes its pieces: one file, or with more than one piece a folder of numbered files.

What can be refused is refused before any work is done.
"""

from __future__ import annotations

import os
from pathlib import Path

from biaxial.errors import InputError
from biaxial.io.save import WRITERS, check_suffix

DEFAULT_SUFFIX = ".mid"


def output_paths(output: Path | None, num_outputs: int, stem: str) -> list[Path]:
    """Paths of the pieces to write.

    Parameters
    ----------
    output
        A file, or with more than one piece a folder, which need not exist; ``STEM.mid`` or ``STEM/`` by default.
    num_outputs
        How many pieces.
    stem
        Name to use where none is given.

    Raises
    ------
    InputError
        If the suffix is unknown, or the place cannot be written to.
    """
    if num_outputs == 1:
        path = output or Path(stem + DEFAULT_SUFFIX)
        check_suffix(path)
        if path.is_dir():
            raise InputError(f"--output: {path} is a folder; give the name of a file in it")
        if not path.parent.exists():
            raise InputError(f"--output: there is no folder {path.parent}; make it, or write somewhere else")
        _check_folder(path.parent)
        return [path]
    folder = output or Path(stem)
    if folder.suffix.lower() in WRITERS:
        raise InputError(f"--output: {folder} looks like one file; {num_outputs} pieces need the name of a folder")
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    _check_folder(existing)
    return [folder / f"{number:04d}{DEFAULT_SUFFIX}" for number in range(1, num_outputs + 1)]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"--output: {folder} is not a folder; write somewhere else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output: {folder} cannot be written to; check its permissions, or write somewhere else")
