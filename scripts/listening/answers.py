"""The two files of a listening test, checked as they are read: the key, and what the page saves for each listener."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from biaxial.files.json_value import read_json_value, shown
from biaxial.music.errors import InputError

KEY_FORMAT: Final = "biaxial listening key 1"
ANSWERS_FORMAT: Final = "biaxial listening answers 1"
EXPERIENCES: Final = ("listener", "player", "trained", "professional")
SURENESS: Final = ("guess", "fairly", "certain")
_SIDES = ("A", "B")


@dataclass(frozen=True)
class KeyPair:
    """The truth about a pair: which side is the composer's, the names of both pieces, whether it is there to catch."""

    right: str
    corpus: str
    other: str
    catch: bool


@dataclass(frozen=True)
class Key:
    """The truth about a page."""

    test: str
    pairs: tuple[KeyPair, ...]


@dataclass(frozen=True)
class Answer:
    """What a listener said of a pair.

    Parameters
    ----------
    choice
        The side taken for the composer's, ``"A"`` or ``"B"``.
    sure
        One of :data:`SURENESS`, or ``None``.
    preferred
        ``"A"``, ``"B"``, ``"same"`` or ``None``.
    known
        Whether one of the pieces was recognised.
    """

    choice: str
    sure: str | None
    preferred: str | None
    known: bool


@dataclass(frozen=True)
class Sheet:
    """The answers of one listener, one for each pair of the page."""

    listener: str
    experience: str
    answers: tuple[Answer, ...]


def read_key(path: Path) -> Key:
    """Read a key.

    Raises
    ------
    InputError
        If it is none, or damaged.
    OSError
        If it cannot be opened.
    """
    advice = "give the .key.json file that was written beside the page"
    value = _document(path, KEY_FORMAT, advice)
    try:
        pairs = tuple(
            KeyPair(_one_of(pair["right"], _SIDES), _text(pair["corpus"]), _text(pair["other"]), _truth(pair["catch"]))
            for pair in _list(value["pairs"])
        )
        return Key(_text(value["test"]), pairs)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged ({_reason(error)}); {advice}") from error


def read_sheet(path: Path, key: Key) -> Sheet:
    """Read the answers of a listener.

    Raises
    ------
    InputError
        If it holds no answers, is damaged, lacks an answer, or belongs to another page.
    OSError
        If it cannot be opened.
    """
    advice = "ask the listener to save it again"
    value = _document(path, ANSWERS_FORMAT, advice)
    try:
        if value["test"] != key.test:
            raise InputError(
                f"{path}: answers of test {shown(value['test'])}, not {key.test}; give the key of that test"
            )
        answers = tuple(_answer(answer) for answer in _list(value["answers"]))
        if len(answers) != len(key.pairs):
            raise ValueError(f"{len(answers)} answers to {len(key.pairs)} pairs")
        return Sheet(_text(value["listener"]), _one_of(value["experience"], EXPERIENCES), answers)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged ({_reason(error)}); {advice}") from error


def read_sheets(paths: Sequence[Path], key: Key) -> list[Sheet]:
    """Read the answers of several listeners.

    Raises
    ------
    InputError
        As :func:`read_sheet`, and if two files are by one listener.
    OSError
        If one cannot be opened.
    """
    found: dict[str, Path] = {}
    sheets = []
    for path in paths:
        sheet = read_sheet(path, key)
        if sheet.listener in found:
            raise InputError(f"{path}: by the same listener as {found[sheet.listener]}; keep one of the two")
        found[sheet.listener] = path
        sheets.append(sheet)
    return sheets


def _document(path: Path, kind: str, advice: str) -> Mapping[str, Any]:
    value = read_json_value(path, advice)
    if not isinstance(value, dict) or value.get("format") != kind:
        raise InputError(f"{path}: not a file of the format '{kind}'; {advice}")
    return value


def _answer(value: Any) -> Answer:
    sure, preferred = value["sure"], value["preferred"]
    return Answer(
        _one_of(value["choice"], _SIDES),
        None if sure is None else _one_of(sure, SURENESS),
        None if preferred is None else _one_of(preferred, (*_SIDES, "same")),
        _truth(value["known"]),
    )


def _one_of(value: Any, choices: Sequence[str]) -> str:
    if value not in choices:
        raise ValueError(f"{shown(value)} is none of {', '.join(choices)}")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{shown(value)} is no name")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list")
    return value


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
