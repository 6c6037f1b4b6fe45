"""Read the music of a user's file, whatever kind it is: the one table of suffixes that every command uses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from biaxial.formats.abc.tune import read_abc
from biaxial.formats.json_score import read_json
from biaxial.formats.midi.midi_reader import read_midi, read_midi_parts
from biaxial.formats.music21_reader import read_notation
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.parts import Parts, as_score, parts_of
from biaxial.music.score import Note, Score


class Reader(NamedTuple):
    """How a kind of file is read: as parts, and as a score with voices where they can be told."""

    parts: Callable[[Path], Parts]
    score: Callable[[Path], Score]


def read_parts(path: str | os.PathLike[str]) -> Parts:
    """Read a file as an outline and named parts; of a file with voices each voice is a part.

    Raises
    ------
    InputError
        If its suffix is unknown, or it cannot be read: one line that names the file, what is wrong and what to do.
    OSError
        If it cannot be opened.
    """
    return _reader(Path(path)).parts(Path(path))


def read_score(path: str | os.PathLike[str]) -> Score:
    """Read a file as one score.

    Notes have voices where they can be told: in MIDI as :mod:`biaxial.formats.midi.midi_reader` says, in printed music
    where there are four parts with one note at a time each (S A T B, in the order of the file), in a document as it
    says.

    Raises
    ------
    InputError, OSError
        As :func:`read_parts`.
    """
    return _reader(Path(path)).score(Path(path))


def _reader(path: Path) -> Reader:
    if path.is_dir():  # whatever its name
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if path.suffix.lower() not in READERS:
        kind = path.suffix or "a file without a suffix"
        raise InputError(f"{path}: cannot read {kind}; give a file that ends in {', '.join(READERS)}")
    return READERS[path.suffix.lower()]


def _json_parts(path: Path) -> Parts:
    score = read_json(path)
    by_voice: dict[int | None, list[Note]] = {}
    for note in sorted(score.notes, key=lambda note: -1 if note.voice is None else note.voice):
        by_voice.setdefault(note.voice, []).append(note)
    return parts_of(score.outline, ((_voice_name(voice), notes) for voice, notes in by_voice.items()))


def _voice_name(voice: int | None) -> str:
    if voice is None:
        return ""
    return VOICE_NAMES[voice] if voice < NUM_VOICES else f"Voice {voice + 1}"


_MIDI = Reader(read_midi_parts, read_midi)
_NOTATION = Reader(read_notation, lambda path: as_score(read_notation(path)))

READERS: Final[dict[str, Reader]] = {
    ".mid": _MIDI,
    ".midi": _MIDI,
    ".musicxml": _NOTATION,
    ".xml": _NOTATION,
    ".mxl": _NOTATION,
    ".krn": _NOTATION,
    ".abc": Reader(read_abc, lambda path: as_score(read_abc(path))),
    ".json": Reader(_json_parts, read_json),
}
"""What reads a file of each suffix."""
