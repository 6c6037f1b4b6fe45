"""A folder that somebody else names files in: nothing outside it is read or written, and nothing is written over.

Paths are resolved, links included, before they are compared with the folder. What is written is made in a folder of its
own within it and then copied to a name that must be new.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from biaxial.formats.read import READERS, read_music
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.tasks.plans.outline import MAX_BARS

_MOST_FILES: Final = 20
"""Most files that are asked for at once."""


class BoundedFolder:
    """A folder and what lies below it.

    Parameters
    ----------
    root
        The folder, which has to be there.

    Raises
    ------
    InputError
        If it is not a folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise InputError(f"{root}: not a folder; name one that is there")
        self.root = root.resolve()

    def inside(self, name: str) -> Path:
        """The path of a name, counted from the folder or whole.

        Raises
        ------
        InputError
            If it leads outside, by itself or through a link.
        """
        if "\0" in name:
            raise InputError("a name cannot have a character of zero in it")
        try:
            path = (self.root / name).resolve()
        except (OSError, RuntimeError):  # a link that leads back to itself
            raise InputError(f"{name}: cannot be followed; give a plain name") from None
        if not path.is_relative_to(self.root):
            raise InputError(f"{name}: outside the folder of this server; give a name below it")
        return path

    def read(self, name: str) -> tuple[Score, tuple[str, ...]]:
        """Read a file of music, and what should be known of how it was read.

        Raises
        ------
        InputError
            If it lies outside, is not there, cannot be read, or has more than :data:`MAX_BARS` bars.
        """
        path = self.inside(name)
        if not path.is_file():
            raise InputError(f"{name}: there is no such file; {self._what_is_there()}")
        try:
            music = read_music(path)
            score = music.score
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from None
        if (bars := len(score.bar_starts())) > MAX_BARS:
            raise InputError(f"{name}: has {bars} bars, and at most {MAX_BARS} are read; give a part of it")
        return score, music.remarks

    def check_new(self, names: list[str]) -> list[Path]:
        """The paths of files that are to be written.

        Raises
        ------
        InputError
            If there are none or too many, one lies outside, is there already, or its folder is not.
        """
        if not 1 <= len(names) <= _MOST_FILES:
            raise InputError(f"{len(names)} files to write; give 1 to {_MOST_FILES}")
        paths = [self.inside(name) for name in names]
        for name, path in zip(names, paths, strict=True):
            if path.exists() or paths.count(path) > 1:
                raise InputError(f"{name}: is there already, and nothing is written over; give a new name")
            if not path.parent.is_dir():
                raise InputError(f"{name}: its folder is not there; give a name in one that is")
        return paths

    def write(self, path: Path, make: Callable[[Path], list[Path]]) -> list[str]:
        """Have a file made, and give it and what was made beside it their names.

        Parameters
        ----------
        path
            One that :meth:`check_new` gave.
        make
            Writes a file at a path of that name, and returns the files: several where there are several pages.

        Raises
        ------
        InputError
            If something of that name is there by now.
        """
        written = []
        with TemporaryDirectory(prefix=".biaxial-", dir=self.root) as folder:
            for made in make(Path(folder) / path.name):
                target = path.with_name(made.name)
                try:
                    with made.open("rb") as source, target.open("xb") as out:
                        shutil.copyfileobj(source, out)
                except FileExistsError:
                    raise InputError(f"{target.name}: is there already, and nothing is written over") from None
                written.append(str(target.relative_to(self.root)))
        return written

    def _what_is_there(self) -> str:
        """Some files of music that could have been meant."""
        found = sorted(path.name for path in self.root.iterdir() if path.suffix.lower() in READERS)[:10]
        return f"there are {', '.join(found)}" if found else "there is no music in the folder"
