r"""The lines of an ABC file that belong to its tune: fields and music, with everything else left out.

A tune begins at its ``X:`` and ends at the first empty line after its music. Lines end at ``\r\n``, ``\n`` or ``\r``,
as the programs that write ABC end them, and nowhere else. Left out are comments, stylesheet directives, blocks such as
``%%begintext`` to ``%%endtext``, and free text before and after the tune. A field that goes on (``+:``, or a ``\`` at
its end) is one line.

Source: the ABC standard 2.1, sections 2.2 and 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_BLOCK = re.compile(r"(?:%%|I:)\s*begin(\w+)")
_FIELD = re.compile(r"\s*([A-Za-z+]):(.*)")
_NOTE_AND_SIGN = re.compile(r"\s*[A-Ga-gxz]:+[|\]:]")
_FILE_HEADER = "LMQUm"
"""Fields that may stand before the first tune and hold for it."""


class Line(NamedTuple):
    """A line of a tune: where it stands, the letter of its field or nothing for music, and its content."""

    number: int
    field: str
    content: str


class Tune(NamedTuple):
    """The lines of a tune; how many lines of text follow the empty line that ends it, and the number of the first."""

    lines: tuple[Line, ...]
    left_out: int
    left_out_from: int


def tune_of(text: str) -> Tune:
    """The lines of the one tune of a file; without an ``X:`` the whole file is taken for one.

    Raises
    ------
    ValueError
        If it holds several tunes, or a block of text without an end.
    """
    rows = _without_blocks(re.split(r"\r\n|\n|\r", text))
    starts = [place for place, (_, row) in enumerate(rows) if row.startswith("X:")]
    if len(starts) > 1:
        raise ValueError(f"it holds {len(starts)} tunes; give a file with one")
    start = starts[0] if starts else 0
    lines = [line for line in _lines(_first_section(rows[:start])) if line.field and line.field in _FILE_HEADER]
    body, rest = _until_its_end(rows[start:])
    return Tune((*lines, *_lines(body)), len(rest), rest[0][0] if rest else 0)


_Row = tuple[int, str]


def _without_blocks(rows: Sequence[str]) -> list[_Row]:
    """The rows with their numbers, without blocks of text and comments that fill a row."""
    kept: list[_Row] = []
    until = begun = ""
    for number, row in enumerate(rows, 1):
        if until:
            if re.match(rf"(?:%%|I:)?\s*end{until}\b", row):
                until = ""
        elif block := _BLOCK.match(row):
            until, begun = re.escape(block[1]), f"line {number}: %%begin{block[1][:20]}"
        elif not row.startswith("%"):
            kept.append((number, row))
    if until:
        raise ValueError(f"{begun} has no end; write one, or take the line out")
    return kept


def _first_section(rows: Sequence[_Row]) -> list[_Row]:
    end = next((place for place, (_, row) in enumerate(rows) if not row.strip()), len(rows))
    return list(rows[:end])


def _until_its_end(rows: Sequence[_Row]) -> tuple[list[_Row], list[_Row]]:
    """The rows up to the empty one after the music, and what is not empty after it."""
    in_body = has_music = False
    for place, (_, row) in enumerate(rows):
        field = field_of(row)
        if not row.strip() and has_music:
            return list(rows[:place]), [after for after in rows[place:] if after[1].strip()]
        has_music |= in_body and field is None and bool(row.strip())
        in_body |= field is not None and field[0] == "K"
    return list(rows), []


def field_of(row: str) -> tuple[str, str] | None:
    """The letter and the content of a line that is a field; ``None`` for music (``A:|`` is a note and a repeat)."""
    match = _FIELD.fullmatch(row)
    return None if match is None or _NOTE_AND_SIGN.match(row) else (match[1], match[2])


def _lines(rows: Sequence[_Row]) -> list[Line]:
    """Rows as lines, without comments; what continues a field is part of it."""
    lines: list[Line] = []
    goes_on = False
    for number, row in rows:
        plain = re.sub(r"(?<!\\)%.*", "", row).rstrip()
        letter, content = field_of(plain) or ("", plain)
        last = lines[-1] if lines else Line(0, "", "")
        if last.field and (letter == "+" or (goes_on and letter in ("", last.field))):
            lines[-1] = last._replace(content=f"{last.content} {content.strip()}")
        else:
            lines.append(Line(number, letter, content))
        goes_on = bool(lines[-1].field) and lines[-1].content.endswith("\\")
        if goes_on:
            lines[-1] = lines[-1]._replace(content=lines[-1].content[:-1].rstrip())
    return lines
