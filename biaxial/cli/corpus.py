"""Reading a corpus for a command: with a progress bar, and a line on stderr for each file that cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path

from biaxial.cli.common import progress_bar
from biaxial.io.corpus import midi_paths
from biaxial.score import Grid
from biaxial.training.corpus import Corpus


def read_corpus(source: Path, steps_per_quarter: int, quiet: bool) -> Corpus:
    """The corpus of a prepared file, a file of frames, or a folder.

    Raises
    ------
    InputError
        If nothing of it can be used.
    """
    is_folder = source.suffix not in (".npz", ".json")
    total = len(midi_paths(source)) if is_folder else 0
    with progress_bar(total, " files", quiet=quiet or not is_folder) as advance:
        corpus, refused = Corpus.read(source, Grid(steps_per_quarter), advance)
    for path, reason in refused:
        print(f"left out: {reason if str(path) in reason else f'{path}: {reason}'}", file=sys.stderr)
    return corpus
