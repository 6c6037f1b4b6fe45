"""Reading a corpus for a command: with a progress bar, then what became of the files of a folder, on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from biaxial.cli.common import progress_bar
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.reading.music_folder import ReadConfig, read_folder
from biaxial.corpora.splits import FolderItem, is_folder, is_music_file, music_paths
from biaxial.corpora.verdicts import summary
from biaxial.formats.read import read_score
from biaxial.music.constants import NUM_VOICES
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid

_LOOKED_AT = 20


def read_corpus(
    source: Path,
    steps_per_quarter: int,
    quiet: bool,
    reading: ReadConfig | None = None,
    pitches: tuple[int, int] | None = None,
    num_voices: int = 0,
) -> Corpus:
    """The corpus of a prepared file, a file of frames, or a folder or file of music.

    Parameters
    ----------
    source
        The file or folder.
    steps_per_quarter
        The grid of a folder.
    quiet
        Whether to leave out the progress bar, and the table where every file is used.
    reading
        How a folder is read.
    pitches
        Lowest and highest pitch that a file of a folder may have; without them all are used.
    num_voices
        How many voices a piece has that is used; 0 for any number.

    Raises
    ------
    InputError
        If nothing of it can be used.
    """
    reads_music = source.suffix not in (".npz", ".json")
    total = len(music_paths(source)) if reads_music else 0
    with progress_bar(total, " files", quiet=quiet or not reads_music) as advance:
        corpus, _ = Corpus.read(source, Grid(steps_per_quarter), advance, reading, pitches, num_voices)
    if not quiet or any(each.verdict != "used" for each in corpus.verdicts):
        for line in summary(corpus.verdicts):
            print(line, file=sys.stderr)
    return corpus


def read_items(folder: Path, steps_per_quarter: int, quiet: bool, reading: ReadConfig) -> list[FolderItem]:
    """The scores of a folder, read as :func:`read_corpus` reads it.

    Raises
    ------
    InputError
        If nothing of it can be used.
    """
    with progress_bar(len(music_paths(folder)), " files", quiet=quiet) as advance:
        items, verdicts = read_folder(folder, Grid(steps_per_quarter), reading, advance)
    if not quiet or len(items) < len(verdicts):
        for line in summary(verdicts):
            print(line, file=sys.stderr)
    return items


def check_reading(names: Iterable[str], *sources: Path | None) -> None:
    """Refuse options of reading a folder where there is none.

    Raises
    ------
    InputError
        With the first of these options.
    """
    names = sorted(names)
    if names and not any(source is not None and (is_folder(source) or is_music_file(source)) for source in sources):
        given = [str(source) for source in sources if source is not None]
        what = f"{' and '.join(given)} {'is not a folder' if len(given) == 1 else 'are not folders'}"
        raise InputError(f"--{names[0].replace('_', '-')} says how a folder is read, and {what}; leave it out")


def fitting_preset(source: Path) -> Literal["chorale", "piano"]:
    """What a corpus is probably meant for: ``"chorale"`` where most files have four voices, ``"piano"`` elsewhere.

    Twenty files of a folder are looked at, from its beginning to its end.
    """
    if source.suffix in (".npz", ".json"):
        return "chorale"
    paths = music_paths(source)
    counts = list[int]()
    for path in paths[:: -(-len(paths) // _LOOKED_AT)]:
        with contextlib.suppress(ValueError, OSError):
            counts.append(read_score(path).num_voices)
    return "chorale" if 2 * counts.count(NUM_VOICES) >= len(counts) else "piano"
