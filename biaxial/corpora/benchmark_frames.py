"""The published JSON layouts of the chorale benchmarks: music as bare frames, with neither metre nor note onsets.

A file is a dictionary from the names of splits to lists of pieces, or one list of pieces. A piece is a list of frames,
and a frame holds either the MIDI pitches that sound, in rising order (Boulanger-Lewandowski, Bengio and Vincent 2012,
one frame a quarter note), or one pitch for each voice from the top down, -1 where it is silent (the sixteenth-note
frames of Coconet, Huang et al. 2017). The two are told apart by the whole file: voices never rise through every frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.splits import SPLITS, Split
from biaxial.files.json_value import read_json_value, shown
from biaxial.music.cells import MAX_VOICES
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.errors import InputError

NUM_PITCHES = 128
MAX_FRAMES: Final = 300_000
"""Most frames of a file; the largest published one has 90,000. The rolls of this many take 77 MB."""
_REST = -1


@dataclass(frozen=True, eq=False)
class FramePiece:
    """One piece of such a file.

    Parameters
    ----------
    name
        Its split and place in the list, such as ``valid/007``.
    split
        ``"train"``, ``"valid"`` or ``"test"``; ``"test"`` in a file that is one list.
    states
        Shape ``(t, 128)``, note index is MIDI pitch. A voice that keeps its pitch is taken to hold it; without voices
        every sounding cell is struck.
    voices
        Voice sets, shape ``(t, 128)``; all 0 without voices.
    """

    name: str
    split: Split
    states: NDArray[np.int8]
    voices: NDArray[np.uint8]


def read_frames(path: Path) -> tuple[list[FramePiece], int]:
    """Read a file.

    Returns
    -------
    The pieces in the order of the file, and the number of voices, 0 for frames of sounding pitches.

    Raises
    ------
    InputError
        If it has another layout; the message names the piece and the frame.
    """
    document = read_json_value(path, "give lists of frames of MIDI pitches")
    splits = document if isinstance(document, dict) else {"test": document}
    if unknown := [name for name in splits if name not in SPLITS]:
        raise InputError(f"{path}: {shown(unknown[0])} is not a split; a dictionary has 'train', 'valid' and 'test'")
    names, owners, music, num_frames = [], [], [], 0
    for split in SPLITS:
        pieces = splits.get(split, [])
        if not isinstance(pieces, list):
            raise InputError(f"{path}: {split} is not a list of pieces")
        for number, piece in enumerate(pieces):
            names.append(f"{split}/{number:03d}")
            owners.append(split)
            num_frames += len(piece) if isinstance(piece, list) else 0
            if num_frames > MAX_FRAMES:
                raise InputError(f"{path}: more than {MAX_FRAMES} frames; divide it into several files")
            music.append(_checked(piece, f"{path}: {names[-1]}"))
    if not any(music):
        raise InputError(f"{path}: no piece with a frame in it; give lists of frames of MIDI pitches")
    num_voices = _num_voices(music)
    if num_voices > MAX_VOICES:
        raise InputError(f"{path}: frames of {num_voices} voices; at most {MAX_VOICES} can be read")
    pieces = []
    for name, split, piece in zip(names, owners, music, strict=True):
        states, voices = _roll(piece, num_voices, f"{path}: {name}")
        pieces.append(FramePiece(name, split, states, voices))
    return pieces, num_voices


def _checked(piece: Any, where: str) -> list[list[int]]:
    if not isinstance(piece, list) or not piece:
        raise InputError(f"{where}: a piece is a list of at least one frame")
    frames = []
    for number, frame in enumerate(piece):
        if not isinstance(frame, list):
            raise InputError(f"{where}, frame {number}: a frame is a list of MIDI pitches, not {shown(frame)}")
        if len(frame) > NUM_PITCHES:
            raise InputError(f"{where}, frame {number}: {len(frame)} pitches; there are {NUM_PITCHES}")
        frames.append([_pitch(value, f"{where}, frame {number}") for value in frame])
    return frames


def _pitch(value: Any, where: str) -> int:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _REST
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not _REST <= value < NUM_PITCHES or value % 1:
        raise InputError(f"{where}: {shown(value)} is not a MIDI pitch (0 to 127), nor -1 for a silent voice")
    return int(value)


def _num_voices(music: list[list[list[int]]]) -> int:
    sizes = {len(frame) for piece in music for frame in piece}
    frames = [frame for piece in music for frame in piece]
    rising = all(all(low < high for low, high in pairwise(frame)) for frame in frames)
    has_rests = any(_REST in frame for frame in frames)
    return sizes.pop() if len(sizes) == 1 and (has_rests or not rising) else 0


def _roll(piece: list[list[int]], num_voices: int, where: str) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    states = np.full((len(piece), NUM_PITCHES), SILENT, np.int8)
    voices = np.zeros((len(piece), NUM_PITCHES), np.uint8)
    for step, frame in enumerate(piece):
        if not num_voices and _REST in frame:
            raise InputError(f"{where}, frame {step}: -1 stands for a silent voice, but the frames differ in length")
        for voice, pitch in enumerate(frame):
            if pitch == _REST:
                continue
            held = bool(num_voices and step and piece[step - 1][voice] == pitch)
            states[step, pitch] = max(states[step, pitch], HOLD if held else STRIKE)
            voices[step, pitch] |= 1 << voice if num_voices else 0
    return states, voices
