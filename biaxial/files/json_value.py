"""JSON from files, within bounds, and its values as messages show them."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from biaxial.files.limits import MEBIBYTE, read_within
from biaxial.music.errors import InputError

MAX_JSON_BYTES: Final = 16 * MEBIBYTE
"""Largest file. The published chorales have 3; at worst its lists and objects take thirty times as much memory."""
_MAX_SHOWN_LENGTH = 40


def read_json_value(path: str | os.PathLike[str], advice: str) -> Any:
    """What a JSON file holds.

    Parameters
    ----------
    path
        The file.
    advice
        What to do if it is none.

    Raises
    ------
    InputError
        If it is no JSON, too large, or too deeply nested for the parser.
    OSError
        If it cannot be opened.
    """
    data = read_within(path, MAX_JSON_BYTES)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{os.fspath(path)}: not a JSON document ({reason}); {advice}") from error


def shown(value: object) -> str:
    """A value in a message: not what is in a list or an object, which may be large and deep."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    text = json.dumps(value, default=str)
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[: _MAX_SHOWN_LENGTH - 3]}..."
