"""A score as one JSON document and back, losing nothing.

The document is an object with ``"format": "biaxial-score-1"`` and the fields of :class:`~biaxial.music.score.Score`
under their own names: the key by its name or ``null``; time signatures, chords, lyrics, repeats and notes as lists of
objects with the fields of their classes. Fields that have a default may be left out; a field that is not known is an
error. A note of which nobody said how loud it is has no ``velocity``; versions before wrote 80 for all of them, and a
document in which every note has that is read so. A document may also have ``plan``, what the phrases of the piece were
to be (:meth:`PhrasePlan.to_dict <biaxial.music.phrases.PhrasePlan.to_dict>`), which is no part of the score:
:func:`read_json_plan` reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from biaxial.files.atomic import atomic_write
from biaxial.files.json_value import MAX_JSON_BYTES, read_json_value, shown
from biaxial.files.limits import MAX_NOTES, MAX_VOICE, checked_size, read_within
from biaxial.music.errors import InputError
from biaxial.music.performance.dynamics import without_default
from biaxial.music.phrases import PhrasePlan
from biaxial.music.repeats import MAX_PASSES, Ending, Repeat
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature

FORMAT: Final = "biaxial-score-1"
FINEST_RESOLUTION: Final = 1_000_000
"""Most ticks a quarter; MIDI files have up to 32767."""
SLOWEST_BPM: Final = 0.001
FASTEST_BPM: Final = 60_000_000
"""Tempos between which a quarter note has a number of microseconds that is worth the name."""

_MAX_REASON_LENGTH = 160

_T = TypeVar("_T")
_Read = Callable[[Any, str], Any]


def score_to_dict(score: Score) -> dict[str, Any]:
    """The document of a score: dictionaries, lists, strings and numbers."""
    return {
        "format": FORMAT,
        "title": score.title,
        "length_ticks": score.length_ticks,
        "ticks_per_quarter": score.ticks_per_quarter,
        "tempo_bpm": score.tempo_bpm,
        "key": None if score.key is None else score.key.name,
        "pickup_ticks": score.pickup_ticks,
        "time_signatures": [
            {"onset_ticks": s.onset_ticks, "numerator": s.numerator, "denominator": s.denominator}
            for s in score.time_signatures
        ],
        "fermatas": None if score.fermatas is None else list(score.fermatas),
        "chords": [
            {"onset_ticks": c.onset_ticks, "pitch_classes": sorted(c.pitch_classes), "bass": c.bass, "name": c.name}
            for c in score.chords
        ],
        "lyrics": [{"onset_ticks": s.onset_ticks, "text": s.text, "goes_on": s.goes_on} for s in score.lyrics],
        "repeats": [
            {
                "start_ticks": r.start_ticks,
                "end_ticks": r.end_ticks,
                "times": r.times,
                "endings": [
                    {"start_ticks": e.start_ticks, "end_ticks": e.end_ticks, "numbers": list(e.numbers)}
                    for e in r.endings
                ],
            }
            for r in score.repeats
        ],
        "notes": [
            {
                "onset_ticks": n.onset_ticks,
                "length_ticks": n.length_ticks,
                "pitch": n.pitch,
                "voice": n.voice,
                **({} if n.velocity is None else {"velocity": n.velocity}),
                "locked": n.locked,
            }
            for n in score.notes
        ],
    }


def score_from_dict(document: object, name: str = "document") -> Score:
    """The score of a document.

    Parameters
    ----------
    document
        What :func:`score_to_dict` gives.
    name
        What messages call it.

    Raises
    ------
    InputError
        If a field is unknown, missing, or has a wrong type or value; one line that names its place, such as
        ``notes[3].pitch``.
    """
    try:
        fields = _fields(document, "", {"format": _string}, {**_SCORE, "plan": _or_null(_plan)})
        fields.pop("plan", None)
        if fields.pop("format") != FORMAT:
            raise _WrongError("format", f"must be {FORMAT!r}")
        fields["notes"] = without_default(fields.get("notes", ()))
        score: Score = _made("", Score, fields)
    except _WrongError as error:
        raise InputError(f"{name}: {error}; correct it there") from None
    try:
        return checked_size(score)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None


def is_document(path: str | os.PathLike[str]) -> bool:
    """Whether a JSON file says that it is such a document; of a file that cannot be read it says nothing.

    Raises
    ------
    InputError
        If it is too large.
    OSError
        If it cannot be opened.
    """
    return FORMAT.encode() in read_within(path, MAX_JSON_BYTES)


def write_json(score: Score, path: str | os.PathLike[str], plan: PhrasePlan | None = None) -> None:
    """Write a score as a document, a line for each note, whole or not at all; the plan of its phrases with it.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    entries = []
    planned = {} if plan is None else {"plan": plan.to_dict()}
    for key, value in {**score_to_dict(score), **planned}.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(f"    {_dump(row)}" for row in value)
            entries.append(f"  {_dump(key)}: [\n{rows}\n  ]")
        else:
            entries.append(f"  {_dump(key)}: {_dump(value)}")
    text = "{\n" + ",\n".join(entries) + "\n}\n"
    # Half a surrogate pair, which a title may hold, is no UTF-8; its escape is JSON.
    atomic_write(path, text.encode("utf-8", "backslashreplace"))


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read_json(path: str | os.PathLike[str]) -> Score:
    """Read a document.

    Raises
    ------
    InputError
        If it is no JSON, or no such document; one line that names the file and the place.
    OSError
        If it cannot be opened.
    """
    name = os.fspath(path)
    return score_from_dict(read_json_value(path, "give one that biaxial has written"), name)


def read_json_plan(path: str | os.PathLike[str]) -> PhrasePlan | None:
    """The plan of phrases in a document, if there is one; errors are those of :func:`read_json`."""
    document = read_json_value(path, "give one that biaxial has written")
    score_from_dict(document, os.fspath(path))
    return None if document.get("plan") is None else PhrasePlan.from_dict(document["plan"])


class _WrongError(Exception):
    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place} {what}" if place else f"the document {what}")


def _fields(value: object, place: str, required: Mapping[str, _Read], optional: Mapping[str, _Read]) -> dict[str, Any]:
    """The fields of an object, each read by its reader."""
    if not isinstance(value, dict):
        raise _WrongError(place, f"must be an object, not {shown(value)}")
    inside = f"{place}." if place else ""
    readers = {**required, **optional}
    if unknown := [key for key in value if key not in readers]:
        raise _WrongError(f"{inside}{shown(unknown[0])}", f"is not a field; there are {', '.join(readers)}")
    if missing := [key for key in required if key not in value]:
        raise _WrongError(f"{inside}{missing[0]}", "is missing")
    return {key: readers[key](content, f"{inside}{key}") for key, content in value.items()}


def _made(place: str, make: Callable[..., _T], fields: Mapping[str, Any]) -> _T:
    """An object out of its fields, whose own check names the value."""
    try:
        return make(**fields)
    except ValueError as error:
        raise _WrongError(place, f"is wrong: {str(error)[:_MAX_REASON_LENGTH]}") from None


def _whole(lowest: int, highest: int | None = None) -> _Read:
    def read(value: Any, place: str) -> int:
        inside = isinstance(value, int) and not isinstance(value, bool) and value >= lowest
        if not inside or (highest is not None and value > highest):
            bounds = f"{lowest} to {highest}" if highest is not None else f"at least {lowest}"
            raise _WrongError(place, f"must be a whole number, {bounds}, not {shown(value)}")
        return int(value)

    return read


def _string(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _WrongError(place, f"must be text, not {shown(value)}")
    return value


def _flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(place, f"must be true or false, not {shown(value)}")
    return value


def _tempo(value: Any, place: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not SLOWEST_BPM <= value <= FASTEST_BPM:
        raise _WrongError(place, f"must be a number, {SLOWEST_BPM} to {FASTEST_BPM}, not {shown(value)}")
    return float(value)


def _key(value: Any, place: str) -> Key:
    return _made(place, Key.from_name, {"name": _string(value, place)})


def _plan(value: Any, place: str) -> PhrasePlan:
    return _made(place, PhrasePlan.from_dict, {"document": value})


def _or_null(read: _Read) -> _Read:
    return lambda value, place: None if value is None else read(value, place)


def _list(read: _Read) -> _Read:
    def read_list(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _WrongError(place, f"must be a list, not {shown(value)}")
        if len(value) > MAX_NOTES:
            raise _WrongError(place, f"has {len(value)} entries, and {MAX_NOTES} is the most")
        return tuple(read(item, f"{place}[{index}]") for index, item in enumerate(value))

    return read_list


def _object(make: Callable[..., Any], required: Mapping[str, _Read], optional: Mapping[str, _Read]) -> _Read:
    return lambda value, place: _made(place, make, _fields(value, place, required, optional))


_PITCH_CLASSES: _Read = lambda value, place: frozenset(_list(_whole(0, 11))(value, place))  # noqa: E731
_SIGNATURE = _object(
    TimeSignature, {"numerator": _whole(1, 64), "denominator": _whole(1, 64)}, {"onset_ticks": _whole(0)}
)
_CHORD = _object(
    ChordSymbol,
    {"onset_ticks": _whole(0), "pitch_classes": _PITCH_CLASSES},
    {"bass": _or_null(_whole(0, 11)), "name": _string},
)
_SYLLABLE = _object(Syllable, {"onset_ticks": _whole(0), "text": _string}, {"goes_on": _flag})
_NOTE = _object(
    Note,
    {"onset_ticks": _whole(0), "length_ticks": _whole(1), "pitch": _whole(0, 127)},
    {"voice": _or_null(_whole(0, MAX_VOICE)), "velocity": _or_null(_whole(1, 127)), "locked": _flag},
)
_ENDING = _object(
    Ending,
    {"start_ticks": _whole(0), "end_ticks": _whole(1), "numbers": _list(_whole(1, MAX_PASSES))},
    {},
)
_REPEAT = _object(
    Repeat,
    {"start_ticks": _whole(0), "end_ticks": _whole(1)},
    {"times": _whole(2, MAX_PASSES), "endings": _list(_ENDING)},
)
_SCORE: Final[dict[str, _Read]] = {
    "title": _string,
    "length_ticks": _whole(0),
    "ticks_per_quarter": _whole(1, FINEST_RESOLUTION),
    "tempo_bpm": _tempo,
    "key": _or_null(_key),
    "pickup_ticks": _whole(0),
    "time_signatures": _list(_SIGNATURE),
    "fermatas": _or_null(_list(_whole(0))),
    "chords": _list(_CHORD),
    "lyrics": _list(_SYLLABLE),
    "repeats": _list(_REPEAT),
    "notes": _list(_NOTE),
}
