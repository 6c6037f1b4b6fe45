"""The columns of a Humdrum file: which of them is which, while they split, join, change places, begin and end.

Humdrum calls a column a *spine*. One that begins with ``**kern`` is a part; ``*^`` splits it in two, ``*v`` in
neighbouring columns joins them, ``*x`` exchanges two, ``*+`` makes room for a new one, ``*-`` ends one. The format is
that of https://www.humdrum.org/guide/ch05.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from biaxial.files.limits import MEBIBYTE, read_within

MAX_KERN_BYTES: Final = 2 * MEBIBYTE
"""Largest kern file; the longest movement of a quartet has 0.1."""
MAX_COLUMNS: Final = 200
"""Most columns; the largest orchestral scores have sixty."""
MAX_TOKENS: Final = 100_000
"""Most tokens, not counting dots, which only keep a place, beside others. The longest movement of a quartet has
9,600."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_PATHS = frozenset(("*^", "*v", "*x", "*+", "*-"))


@dataclass(eq=False)
class Spine:
    """A column from its beginning to its end, in all the columns that it splits into.

    Parameters
    ----------
    kind
        What stands after ``**``; empty until it is known.
    """

    kind: str = ""


@dataclass(eq=False)
class Track:
    """One column, from one split or join to the next.

    Parameters
    ----------
    spine
        What it is a part of.
    end
        When its last note or rest ends, in quarter notes.
    """

    spine: Spine
    end: Fraction = Fraction(0)


class Cell(NamedTuple):
    """A token, the column that it stands in, and which of its spine's columns that is, ``None`` where there is one."""

    text: str
    track: Track
    voice: int | None


class Row(NamedTuple):
    """A line of a file and its number, counted from 1; between ``!!!`` records, which have no cells."""

    number: int
    cells: tuple[Cell, ...]
    record: str = ""


@dataclass
class Columns:
    """The columns of a file, as it is read.

    Parameters
    ----------
    spines
        All that there have been, from the left.
    tracks
        The columns of the line that is read, from the left.
    num_pieces
        How often columns began after all had ended.
    """

    spines: list[Spine]
    tracks: list[Track]
    num_pieces: int = 0
    _voices: list[int | None] = field(default_factory=list)
    """Of each track its place among those of its spine, ``None`` where it is the only one."""

    def begin(self, tokens: list[str]) -> None:
        """Take a line that begins a piece."""
        self.num_pieces += 1
        self.tracks = [Track(Spine(token[2:])) for token in tokens]
        self.spines = [track.spine for track in self.tracks]
        self._count_voices()

    def follow(self, tokens: list[str]) -> None:
        """Take a line that changes the columns.

        Raises
        ------
        ValueError
            If it cannot be followed.
        """
        after: list[Track] = []
        at = 0
        while at < len(tokens):
            token, track = tokens[at], self.tracks[at]
            at += 1
            if token == "*^":
                after += [Track(track.spine, track.end), Track(track.spine, track.end)]
            elif token == "*v":
                end = track.end
                while at < len(tokens) and tokens[at] == "*v" and self.tracks[at].spine is track.spine:
                    end = max(end, self.tracks[at].end)
                    at += 1
                after.append(Track(track.spine, end))
            elif token == "*x":
                if at == len(tokens) or tokens[at] != "*x":
                    raise ValueError("a column is exchanged (*x) with none")
                after += [self.tracks[at], track]
                at += 1
            elif token == "*+":
                added = Spine()
                self.spines.insert(self.spines.index(track.spine) + 1, added)
                after += [track, Track(added, track.end)]
            elif token.startswith("**"):
                if track.spine.kind:
                    raise ValueError(f"{token[:20]} begins a column that has begun already")
                track.spine.kind = token[2:]
                after.append(track)
            elif token != "*-":
                after.append(track)
        self.tracks = after
        self._count_voices()

    def _count_voices(self) -> None:
        of_spine: Counter[Spine] = Counter()
        places = []
        for track in self.tracks:
            places.append(of_spine[track.spine])
            of_spine[track.spine] += 1
        self._voices = [
            place if of_spine[track.spine] > 1 else None for track, place in zip(self.tracks, places, strict=True)
        ]

    def cells(self, tokens: list[str]) -> tuple[Cell, ...]:
        """The tokens of a line with their columns."""
        return tuple(map(Cell, tokens, self.tracks, self._voices))


def kern_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """The lines of a kern file, one after the other; ``columns`` follows them.

    Lines of comments and lines that change the columns are left out.

    Raises
    ------
    ValueError
        If a line has more columns than there are, or fewer, or goes beyond a limit; the message names the line and not
        the file.
    InputError
        If the file is too large.
    OSError
        If it cannot be opened.
    """
    lines = _LINE_END.split(_decoded(read_within(path, MAX_KERN_BYTES)))
    _check_size(lines)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        tokens = [line] if line.startswith("!!") else [token.strip() or "." for token in line.split("\t")]
        while len(tokens) > max(len(columns.tracks), 1) and tokens[-1] == ".":
            tokens.pop()
        if line.startswith("!!!"):
            yield Row(number, (), line)
        if line.startswith("!"):
            continue
        if not columns.tracks:
            if not all(token.startswith("**") for token in tokens):
                raise ValueError(f"line {number} comes before any line of **kern")
            columns.begin(tokens)
            continue
        if len(tokens) != len(columns.tracks):
            raise ValueError(f"line {number}: columns, {len(tokens)} in place of {len(columns.tracks)}")
        if any(token in _PATHS or token.startswith("**") for token in tokens):
            try:
                columns.follow(tokens)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
        else:
            yield Row(number, columns.cells(tokens))


def _check_size(lines: list[str]) -> None:
    num_tokens = 0
    for line in lines:
        tokens = 1 if line.startswith("!!") else line.count("\t") + 1
        num_tokens += max(tokens - line.count(".\t"), 1)
        if num_tokens > MAX_TOKENS or tokens > MAX_COLUMNS:
            raise ValueError(f"it has more than {MAX_TOKENS} tokens, or {MAX_COLUMNS} in a line")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
