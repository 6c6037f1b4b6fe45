"""Which files of a folder are pieces, and the split of each: by folder and name, or by tune.

Which settings share a hymn tune decides on which side they fall. Bach set the same tune several times: in another key,
metre or rhythm, with passing notes and ornaments. Two sopranos are therefore compared by what stays: the pitches on the
beats, repetitions collapsed, up to transposition, aligned locally (Smith and Waterman 1981: a match +1, a mismatch or a
gap -1). A score of 22 is three phrases or so in common. Over the chorales of music21 two settings of one tune mostly
score 24 to 50 (short tunes from 14 on), different tunes below 14 in 99% of all pairs, with a thin tail to 22; the
bounds below stand where the two meet and rather join two tunes too many than let one tune fall on two sides.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from biaxial.files.tar_members import TAR_SUFFIX, is_tar, member_paths, tar_of
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
    """All music files below a folder, sorted; a file of music is a folder of one, a tar file a folder of its members.

    Of the members of a tar file that have one name and several endings, only the first in the order of
    :data:`SUFFIXES` is music; the others say the same once more.

    Raises
    ------
    InputError
        If there is no such folder, or no such file in it.
    """
    if is_music_file(folder):
        return [folder]
    if folder.is_file() and not is_tar(folder):
        known = ", ".join(SUFFIXES)
        raise InputError(f"{folder}: not a folder, nor music; give a folder, or a file that ends in {known}")
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; biaxial-chorales makes one with the Bach chorales")
    found = [folder] if is_tar(folder) else folder.rglob("*")
    files = [path for path in found if path.suffix.lower() in (*SUFFIXES, TAR_SUFFIX) and path.is_file()]
    paths = sorted(path for file in files for path in (_music_members(file) if is_tar(file) else [file]))
    if not paths:
        raise InputError(
            f"{folder}: no MIDI files in it, nor MusicXML, kern or ABC; "
            "biaxial-chorales makes a folder with the Bach chorales"
        )
    return paths


def _music_members(tar: Path) -> list[Path]:
    """Of each piece of a tar file the member that is read; of a damaged one itself, which whoever reads it refuses."""
    found: dict[str, Path] = {}
    try:
        members = member_paths(tar)
    except InputError:
        return [tar]
    for path in members:
        if path.suffix.lower() in SUFFIXES:
            name = path.as_posix()[: -len(path.suffix)]
            others = (path, found.get(name, path))
            found[name] = min(others, key=lambda each: SUFFIXES.index(each.suffix.lower()))
    return list(found.values())


def is_music_file(path: Path) -> bool:
    """Whether a path is one file of music, or leads to one in a tar file, rather than a folder of it."""
    return path.suffix.lower() in (*SUFFIXES, ".json") and (path.is_file() or tar_of(path) is not None)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder, or a tar file, which is read as one."""
    return path.is_dir() or is_tar(path)


def folder_of(source: Path) -> Path:
    """The folder that names below it are given by: that of a single file."""
    return source.parent if is_music_file(source) else source


def states_splits(names: Sequence[str]) -> bool:
    """Whether folders among the names of pieces say which split they belong to."""
    return any(split in name.split("/")[:-1] for name in names for split in SPLITS)


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


SAME_TUNE_SCORE: Final = 22
"""Alignment score from which two melodies count as one tune, whatever their lengths."""
SAME_TUNE_SHARE: Final = 2 / 3
"""Share of the shorter melody that suffices, if the score reaches :data:`SHORT_TUNE_SCORE`."""
SHORT_TUNE_SCORE: Final = 14
SAME_TITLE_SCORE: Final = 12
"""Score that suffices for two pieces with one title (several hymns have more than one tune)."""
MAX_HELD_OUT: Final = 4
"""Most settings of a tune that validation or test may have."""

_SHIFTS = np.arange(-12, 13, dtype=np.int16)
_PADDING = -1000


def beat_melody(score: Score) -> tuple[int, ...]:
    """Pitches of the top voice on the beats (quarters of the bar), without immediate repetitions."""
    melody = score.voice_notes(0)
    per_beat = score.ticks_per_quarter
    pitches: list[int] = []
    index = 0
    for tick in range(score.pickup_ticks % per_beat, score.length_ticks, per_beat):
        while index < len(melody) and melody[index].end_ticks <= tick:
            index += 1
        if index == len(melody):
            break
        note = melody[index]
        if note.onset_ticks <= tick and (not pitches or pitches[-1] != note.pitch):
            pitches.append(note.pitch)
    return tuple(pitches)


def similarities(melodies: Sequence[Sequence[int]]) -> NDArray[np.int16]:
    """Best local alignment score of each two melodies over all transpositions, ``(m, m)``, symmetric.

    Each melody is aligned with all later ones and all transpositions at once. A gap along a row costs 1 a place, so
    the best way to reach column j from its left is a running maximum of score + column.
    """
    count, longest = len(melodies), max(map(len, melodies), default=0)
    table = np.full((count, longest), _PADDING, dtype=np.int16)
    for row, melody in zip(table, melodies, strict=True):
        row[: len(melody)] = melody
    columns = np.arange(1, longest + 1, dtype=np.int16)
    result = np.zeros((count, count), dtype=np.int16)
    for index, melody in enumerate(melodies):
        others = table[index:, None, :] + _SHIFTS[None, :, None]  # m k t
        scores = np.zeros((*others.shape[:2], longest + 1), dtype=np.int16)
        best = np.zeros(len(others), dtype=np.int16)
        for pitch in melody:
            reached = np.where(others == pitch, np.int16(1), np.int16(-1)) + scores[..., :-1]
            np.maximum(reached, scores[..., 1:] - 1, out=reached)
            np.maximum(reached, 0, out=reached)
            scores[..., 1:] = np.maximum.accumulate(reached + columns, axis=-1) - columns
            np.maximum(best, scores.max(axis=(1, 2)), out=best)
        result[index, index:] = result[index:, index] = best
    return result


def tune_groups(melodies: Sequence[Sequence[int]], titles: Sequence[str], scores: NDArray[np.int16]) -> list[int]:
    """Number the pieces by tune: those connected by pairs with the same tune share a number.

    Parameters
    ----------
    melodies
        What :func:`beat_melody` returns for each piece.
    titles
        Name of each hymn; empty where it is not known.
    scores
        What :func:`similarities` returns for the melodies.

    Returns
    -------
    Group of each piece, from 0, in the order of first appearance.
    """
    groups = list(range(len(melodies)))
    for second in range(len(melodies)):
        for first in range(second):
            score, shorter = int(scores[first, second]), min(len(melodies[first]), len(melodies[second]))
            same = (
                score >= SAME_TUNE_SCORE
                or score >= max(SHORT_TUNE_SCORE, SAME_TUNE_SHARE * shorter)
                or (score >= SAME_TITLE_SCORE and titles[first] != "" and titles[first] == titles[second])
            )
            if same and groups[first] != groups[second]:
                kept, joined = sorted((groups[first], groups[second]))
                groups = [kept if group == joined else group for group in groups]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return [numbers[group] for group in groups]


def split_groups(names: Sequence[str], groups: Sequence[int], share: float = 0.1) -> list[Split]:
    """Divide pieces into training, validation and test, each group on one side.

    Groups come in the order of a hash of their first name, so that the split does not depend on the order of the
    pieces. Each goes to validation or test, whichever has more room, while it fits; all others are for training. A
    tune with more than four settings is always trained on, so that neither small side consists of a few tunes.

    Parameters
    ----------
    names
        Name of each piece.
    groups
        Group of each piece.
    share
        Share of the pieces in each of validation and test.
    """
    members: dict[int, list[str]] = {}
    for name, group in zip(names, groups, strict=True):
        members.setdefault(group, []).append(name)
    room: dict[Split, int] = {"valid": round(share * len(names)), "test": round(share * len(names))}
    sides: dict[int, Split] = {}
    for group in sorted(members, key=lambda group: hashlib.sha256(min(members[group]).encode()).digest()):
        size = len(members[group])
        side: Split = max(room, key=lambda side: room[side])
        if size > MAX_HELD_OUT or size > room[side]:
            side = "train"
        else:
            room[side] -= size
        sides[group] = side
    return [sides[group] for group in groups]
