"""A folder of MIDI files -> scores with their splits, and a verdict for every file that cannot be used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from biaxial.errors import InputError
from biaxial.io.midi import read_midi
from biaxial.score import Score

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
MIDI_SUFFIXES = (".mid", ".midi")


@dataclass(frozen=True)
class FolderItem:
    """One file of a corpus: its path below the folder without the suffix, its split, its music."""

    name: str
    split: Split
    score: Score


def read_folder(
    folder: Path, advance: Callable[[int], None] | None = None
) -> tuple[list[FolderItem], list[tuple[Path, str]]]:
    """Read all MIDI files of a folder, nested or not.

    A file in a folder called ``train``, ``valid`` or ``test`` belongs to that split. Without such folders a tenth of
    the files, chosen by a hash of their names, is held out for validation, and a tenth for testing where there are at
    least ten.

    Parameters
    ----------
    folder
        The folder.
    advance
        Called with 1 after every file.

    Returns
    -------
    What can be used, by name, and the path and reason of what cannot.

    Raises
    ------
    InputError
        If the folder is missing, or holds no MIDI file with at least one note.
    """
    paths = midi_paths(folder)
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    splits = _splits(names)
    items, refused = [], []
    for path, name, split in zip(paths, names, splits, strict=True):
        try:
            score = read_midi(path)
            if not score.notes:
                raise InputError(f"{path}: it has no notes")
            items.append(FolderItem(name, split, score))
        except (ValueError, OSError) as error:
            refused.append((path, str(error)))
        if advance is not None:
            advance(1)
    if not items:
        raise InputError(f"{folder}: none of its {len(paths)} MIDI files can be used ({refused[0][1]})")
    return items, refused


def midi_paths(folder: Path) -> list[Path]:
    """All MIDI files below a folder, sorted.

    Raises
    ------
    InputError
        If there is no such folder, or no such file in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; biaxial-chorales makes one with the Bach chorales")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES and path.is_file())
    if not paths:
        raise InputError(f"{folder}: no MIDI files in it; biaxial-chorales makes a folder with the Bach chorales")
    return paths


def _splits(names: list[str]) -> list[Split]:
    by_folder = [next((s for s in SPLITS if s in name.split("/")[:-1]), None) for name in names]
    if any(by_folder):
        return [split or "train" for split in by_folder]
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    tenth = max(1, len(names) // 10)
    valid, test = set(order[:tenth]), set(order[tenth : 2 * tenth] if len(names) >= 10 else ())
    return ["valid" if name in valid else "test" if name in test else "train" for name in names]
