"""A folder of music, nested or not: which files are read, what they are called, and the split of each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from biaxial.music.errors import InputError
from biaxial.music.score import Score

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
MIDI_SUFFIXES: Final = (".mid", ".midi")
SUFFIXES: Final = (*MIDI_SUFFIXES, ".musicxml", ".xml", ".mxl", ".krn", ".abc")
"""Endings of the files that a folder is searched for, in small letters or capitals."""


@dataclass(frozen=True)
class FolderItem:
    """One file of a corpus: its path below the folder without the suffix, its split, its music."""

    name: str
    split: Split
    score: Score


def music_paths(folder: Path) -> list[Path]:
    """All music files below a folder, sorted.

    Raises
    ------
    InputError
        If there is no such folder, or no such file in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; biaxial-chorales makes one with the Bach chorales")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise InputError(
            f"{folder}: no MIDI files in it, nor MusicXML, kern or ABC; "
            "biaxial-chorales makes a folder with the Bach chorales"
        )
    return paths


def piece_name(folder: Path, path: Path) -> str:
    """Path below the folder; without the suffix for MIDI, with it for other kinds, which may stand beside a MIDI."""
    inside = path.relative_to(folder)
    return (inside.with_suffix("") if path.suffix.lower() in MIDI_SUFFIXES else inside).as_posix()


def splits_of(names: Sequence[str]) -> list[Split]:
    """The split of each piece.

    A file in a folder called ``train``, ``valid`` or ``test`` belongs to that split. Without such folders a tenth of
    the pieces, chosen by a hash of their names, is held out for validation, and a tenth for testing where there are at
    least ten.
    """
    by_folder = [next((s for s in SPLITS if s in name.split("/")[:-1]), None) for name in names]
    if any(by_folder):
        return [split or "train" for split in by_folder]
    order = sorted(names, key=lambda name: hashlib.sha256(os.fsencode(name)).digest())
    tenth = max(1, len(names) // 10)
    valid, test = set(order[:tenth]), set(order[tenth : 2 * tenth] if len(names) >= 10 else ())
    return ["valid" if name in valid else "test" if name in test else "train" for name in names]
