"""Where a command writes its pieces: files of one or more kinds, or with several pieces a folder of numbered ones.

What can be refused is refused before any work is done.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from biaxial.music.errors import InputError
from biaxial.render.files import PLAIN, WRITERS, Rendering, check_writable, suffix_of

DEFAULT_SUFFIX = ".mid"


def output_paths(
    outputs: Sequence[Path], num_outputs: int, stem: str, rendering: Rendering = PLAIN
) -> list[list[Path]]:
    """Paths of the files of each piece.

    Parameters
    ----------
    outputs
        Files; ``STEM.mid`` by default. With more than one piece a folder, which need not exist, ``STEM/`` by default,
        and endings such as ``.flac``, ``.mid`` by default.
    num_outputs
        How many pieces.
    stem
        Name to use where none is given.
    rendering
        How files look and sound.

    Raises
    ------
    InputError
        If nothing writes such a file, a part for it is missing, or the place cannot be written to.
    """
    if num_outputs == 1:
        paths = list(outputs) or [Path(stem + DEFAULT_SUFFIX)]
        for path in paths:
            check_writable(path, rendering)
            if path.is_dir():
                raise InputError(f"--output: {path} is a folder; give the name of a file in it")
            if not path.parent.exists():
                raise InputError(f"--output: there is no folder {path.parent}; make it, or write somewhere else")
            _check_folder(path.parent)
        return [paths]
    kinds = [str(path).lower() for path in outputs if str(path).lower() in WRITERS]
    folders = [path for path in outputs if str(path).lower() not in WRITERS] or [Path(stem)]
    if len(folders) > 1:
        raise InputError(f"--output: {num_outputs} pieces go to one folder, not to {folders[0]} and {folders[1]}")
    folder = folders[0]
    if suffix_of(folder):
        raise InputError(f"--output: {folder} looks like one file; {num_outputs} pieces need the name of a folder")
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    _check_folder(existing)
    for kind in kinds:
        check_writable(folder / f"0001{kind}", rendering)
    numbers = range(1, num_outputs + 1)
    return [[folder / f"{number:04d}{kind}" for kind in kinds or [DEFAULT_SUFFIX]] for number in numbers]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"--output: {folder} is not a folder; write somewhere else")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output: {folder} cannot be written to; check its permissions, or write somewhere else")
