"""The ``.npz`` file of a prepared corpus: its arrays, and what has to hold of them before they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.reading.store import COLUMNS
from biaxial.corpora.splits import SPLITS, Split
from biaxial.files.arrays import read_arrays
from biaxial.music.constants import STRIKE
from biaxial.music.grid import Grid
from biaxial.music.roll import MAX_VOICES

_NAMES: Final = ("states", "voices", "conditions")
_KINDS: Final = {"names": "U", "splits": "U", "lengths": "i", "header": "i"}


class Prepared(NamedTuple):
    """What a file holds: of each piece its name, its split and its arrays; the grid and the voices of all."""

    names: list[str]
    splits: list[Split]
    rows: list[list[NDArray[Any]]]
    steps_per_quarter: int
    num_voices: int


def read_prepared(path: Path) -> Prepared:
    """Read a file.

    Raises
    ------
    ValueError, KeyError
        If the file is something else, damaged or of another version.
    OSError
        If it cannot be opened.
    """
    arrays = read_arrays(path)
    if any(arrays[name].ndim != 1 or arrays[name].dtype.kind != kind for name, kind in _KINDS.items()):
        raise ValueError("its names, splits, lengths or header are those of another version")
    lengths, splits = arrays["lengths"].tolist(), arrays["splits"].tolist()
    steps_per_quarter, num_voices = arrays["header"].tolist()
    if not lengths or min(lengths) < 1:
        raise ValueError("its lengths are no numbers of steps")
    for name, (kind, width) in zip(_NAMES, COLUMNS, strict=True):
        if arrays[name].dtype != kind or arrays[name].shape != (sum(lengths), width):
            raise ValueError(f"its {name} are those of another version")
    if not 0 <= arrays["states"].min() <= arrays["states"].max() <= STRIKE:
        raise ValueError("a cell is in no state that there is")
    if not set(splits) <= set(SPLITS) or not 0 <= num_voices <= MAX_VOICES:
        raise ValueError("its splits or voices are those of another version")
    Grid(steps_per_quarter)
    rows = [np.split(arrays[name], np.cumsum(lengths)[:-1]) for name in _NAMES]
    return Prepared(arrays["names"].tolist(), splits, rows, steps_per_quarter, num_voices)
