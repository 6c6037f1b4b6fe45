"""One file of music -> what the cache keeps of it: its figures, arrays and score, or why it has none.

Nothing here depends on the other files of a folder or on where the file lies, so an entry holds wherever the same bytes
turn up again. The key of an entry is a hash of the bytes, the kind of file, the grid, and the source of the readers:
whoever changes a reader reads everything anew.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from biaxial.corpora.benchmark_frames import NUM_PITCHES
from biaxial.corpora.corpus_piece import COLUMNS, Arrays, Ranges, ranges_of
from biaxial.features.conditions import Condition, outline_conditions
from biaxial.files.assets import PACKAGE
from biaxial.files.tar_members import open_file
from biaxial.formats.json_score import score_from_dict, score_to_dict
from biaxial.formats.melody_file import ALL, NEARLY_A_LINE, part_of
from biaxial.formats.read import read_music
from biaxial.formats.repeat_reading import Repeats
from biaxial.metrics.harmony.phrase_plans import known_plan
from biaxial.music.cells import MAX_VOICES
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score

_NOTHING: Arrays = (
    np.zeros((0, NUM_PITCHES), np.int8),
    np.zeros((0, NUM_PITCHES), np.uint8),
    np.zeros((0, len(Condition)), np.int16),
    np.zeros((0, NUM_PITCHES), np.uint8),
)
_SOURCES = ("music/*.py", "files/*.py", "formats/**/*.py", "features/conditions.py", "corpora/reading/entry.py")


@dataclass(frozen=True)
class Reading:
    """What is kept of a file.

    Parameters
    ----------
    problem
        Why it cannot be used, empty if it can.
    reason
        One line for a problem; else what was left out of it, or nothing.
    num_notes, num_steps, num_voices, off_grid, num_lost
        As in :class:`~biaxial.corpora.verdicts.Verdict`.
    ranges
        Pitch ranges of the piece and of its voices.
    music
        Hash of its cells: the same for the same music from other bytes.
    """

    problem: Literal["", "unreadable", "empty"] = ""
    reason: str = ""
    num_notes: int = 0
    num_steps: int = 0
    num_voices: int = 0
    off_grid: float = 0.0
    num_lost: int = 0
    ranges: Ranges = ()
    music: str = ""


def cache_key(path: Path, grid: Grid, part: str = "all", repeats: Repeats = "once") -> str:
    """The key of a file's entry.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with open_file(path) as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    words = f"{content},{path.suffix.lower()},{grid.steps_per_quarter},{reader_version()}"
    if part != ALL:
        words += f",{part}"
    if repeats != "once":
        words += f",repeats {repeats}"
    return hashlib.sha256(words.encode()).hexdigest()


@cache
def reader_version() -> str:
    """Hash of everything that turns a file into arrays."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in PACKAGE.glob(pattern)):
        digest.update(path.read_bytes())
    try:
        digest.update(version("music21").encode())
    except PackageNotFoundError:
        digest.update(b"none")
    return digest.hexdigest()


def read_file(path: Path, grid: Grid, part: str = "all", repeats: Repeats = "once") -> tuple[Reading, Arrays, Score]:
    """Read a file; of one with a problem the arrays have no steps, and the score has no notes.

    Raises
    ------
    OSError
        If it cannot be opened.
    MemoryError
        If there is not enough memory for it.
    """
    try:
        music = read_music(path, repeats)
        score = part_of(music, part)
        if not score.notes:
            return Reading("empty", "it has no notes (drums do not count)"), _NOTHING, score
        reading, arrays = _laid_out(score, grid)
        reason = "; ".join(text for text in (reading.reason, *music.remarks) if text)
        return replace(reading, reason=reason), arrays, score
    except (OSError, MemoryError):
        raise
    except InputError as error:
        return Reading("unreadable", " ".join(str(error).removeprefix(f"{path}: ").split())), _NOTHING, Score()
    except Exception as error:  # a mistake in a reader is one file's verdict, not the end of the run
        return Reading("unreadable", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"), _NOTHING, Score()


def _laid_out(score: Score, grid: Grid) -> tuple[Reading, Arrays]:
    lines = _with_lines_only(score)
    roll = Roll.from_score(lines, grid, 0, 128)
    voices = np.zeros(roll.states.shape, np.uint8) if roll.voices is None else roll.voices
    reading = Reading(
        reason="" if lines is score else "read without voices: a track that is named as a voice is not one line",
        num_notes=len(lines.notes),
        num_steps=roll.num_steps,
        num_voices=lines.num_voices,
        off_grid=off_grid(lines, grid),
        num_lost=roll.num_dropped,
        ranges=ranges_of(roll.states, voices),
        music=hashlib.sha256(roll.states.tobytes()).hexdigest(),
    )
    levels = np.zeros_like(voices) if roll.levels is None else roll.levels
    return reading, (roll.states, voices, outline_conditions(roll.outline, grid, known_plan(lines)), levels)


def _with_lines_only(score: Score) -> Score:
    """The same score, or one without voices where some voice has several notes at once, or there are too many."""
    num_voices = score.num_voices
    by_voice: list[list[Note]] = [[] for _ in range(num_voices)]
    for note in score.notes if num_voices else ():
        by_voice[note.voice or 0].append(note)
    if num_voices <= MAX_VOICES and all(_overlap(notes) <= NEARLY_A_LINE for notes in by_voice):
        return score
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))


def _overlap(notes: Sequence[Note]) -> float:
    """Share of the length of all notes, sorted by onset, for which an earlier one still sounds."""
    shared = end = 0
    for note in notes:
        shared += max(0, min(end, note.end_ticks) - note.onset_ticks)
        end = max(end, note.end_ticks)
    return shared / max(1, sum(note.length_ticks for note in notes))


def off_grid(score: Score, grid: Grid) -> float:
    """Mean distance of all onsets from the nearest step, in steps; 0.25 for onsets at any time."""
    onsets = np.array([note.onset_ticks for note in score.notes], np.int64) * grid.steps_per_quarter
    beside = onsets % score.ticks_per_quarter
    return float(np.minimum(beside, score.ticks_per_quarter - beside).mean() / score.ticks_per_quarter)


def packed(reading: Reading, arrays: Arrays, score: Score) -> bytes:
    """The content of a cache entry: a line of JSON, then the arrays, then the score, compressed each for itself."""
    columns: tuple[NDArray[Any], ...] = arrays
    data = (np.ascontiguousarray(a, kind).tobytes() for a, (kind, _) in zip(columns, COLUMNS, strict=True))
    body, document = zlib.compress(b"".join(data), 1), zlib.compress(json.dumps(score_to_dict(score)).encode(), 1)
    header = json.dumps([asdict(reading), len(body), len(document)]).encode()
    return header + b"\n" + body + document


def unpacked(content: bytes) -> tuple[Reading, Arrays, bytes]:
    """What :func:`packed` was given; the score as bytes for :func:`unpacked_score`.

    Raises
    ------
    ValueError, TypeError, KeyError, zlib.error
        If the content is something else.
    """
    header, _, rest = content.partition(b"\n")
    fields, length, more = json.loads(header)
    if len(rest) != length + more:
        raise ValueError("the entry is cut short")
    fields["ranges"] = tuple((int(low), int(high)) for low, high in fields["ranges"])
    reading = Reading(**fields)
    size = reading.num_steps * sum(np.dtype(kind).itemsize * width for kind, width in COLUMNS)
    data, place = zlib.decompressobj().decompress(rest[:length], size), 0
    columns: list[NDArray[Any]] = []
    for kind, width in COLUMNS:
        columns.append(np.frombuffer(data, kind, reading.num_steps * width, place).reshape(-1, width))
        place += columns[-1].nbytes
    return reading, (columns[0], columns[1], columns[2], columns[3]), rest[length:]


def unpacked_score(document: bytes) -> Score:
    """The score of an entry.

    Raises
    ------
    ValueError, zlib.error
        If it is none, or has a tempo that no document may have.
    """
    return score_from_dict(json.loads(zlib.decompress(document)))
