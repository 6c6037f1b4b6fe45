"""What is too much for a piece of music: bounds that no real file meets, so that a damaged one cannot fill the memory.

Readers look at these before they make anything of a file's content. Each bound is some times the largest piece that was
found in practice, and small enough for a few seconds and some hundred megabytes.
"""

from __future__ import annotations

import os
from typing import Final

from biaxial.files.tar_members import open_file
from biaxial.music.errors import InputError
from biaxial.music.repeats import passages
from biaxial.music.score import Score

MEBIBYTE: Final = 1 << 20

MAX_NOTES: Final = 100_000
"""Most notes of a piece. A Mahler symphony has about half of it, the longest piano recordings a third."""
MAX_QUARTERS: Final = 20_000
"""Longest piece in quarter notes: four hours at 80 a minute. Its roll has 10 MB, on the finest grid 250."""
MAX_PASSAGES: Final = 5_000
"""Most passages that repeats make of a piece; a long reel has some dozens."""
MAX_VOICE: Final = 127
"""Highest number of a voice, counted from 0; MIDI files have no more names for them."""


def read_within(path: str | os.PathLike[str], most_bytes: int) -> bytes:
    """The content of a file, or of a member of a tar file; of a larger one, or a device without end, not all is read.

    Raises
    ------
    InputError
        If it is larger.
    OSError
        If it cannot be read; the error names the file.
    """
    try:
        with open_file(path, most_bytes + 1) as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error
    if len(data) > most_bytes:
        raise InputError(
            f"{os.fspath(path)}: larger than {most_bytes / MEBIBYTE:g} MiB, the most that is read of such a file; "
            "give a smaller one"
        )
    return data


def checked_size(score: Score) -> Score:
    """The same score, if it is no longer than a piece may be and has no more notes.

    Raises
    ------
    ValueError
        If it is longer or has more; the message does not say which file, which the caller knows.
    """
    played = passages(score.repeats, score.length_ticks)
    ticks = sum(last - first for first, last, _ in played)
    if ticks > MAX_QUARTERS * score.ticks_per_quarter:
        quarters = ticks // score.ticks_per_quarter
        length = quarters if quarters < 10**12 else "more than 10^12"
        so = " as it is played" if score.repeats else ""
        raise ValueError(f"the piece is {length} quarter notes long{so}, and {MAX_QUARTERS} is the most; cut it")
    if len(played) > MAX_PASSAGES:
        raise ValueError(f"its repeats make {len(played)} passages of it, and {MAX_PASSAGES} is the most; cut it")
    check_notes(len(score.notes))
    return score


def check_notes(count: int) -> None:
    """Refuse a number of notes, before they are made.

    Raises
    ------
    ValueError
        If they are more than a piece may have.
    """
    if count > MAX_NOTES:
        raise ValueError(f"the piece has {count} notes, and {MAX_NOTES} is the most; cut it into pieces")
