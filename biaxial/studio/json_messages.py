"""Messages as JSON and back: every value is checked against the type that its dataclass says, and named where it fails.

The types are those that :mod:`biaxial.studio.messages` uses: numbers, texts, truth values, ``Literal``, ``None`` or
another, tuples and dataclasses. The same types make the schemas of the OpenAPI page.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from biaxial.files.json_value import shown
from biaxial.music.errors import InputError

MAX_INTEGER = 2**53
"""Beyond this JavaScript has gaps between whole numbers."""
MAX_SHOWN = 80
_HALF_A_SIGN = re.compile("[\ud800-\udfff]")

Message = TypeVar("Message")


class MessageError(InputError):
    """A value in a message that cannot be used.

    Parameters
    ----------
    field
        Where it is, such as ``document.notes[3].pitch``; empty for the whole message.
    reason
        What is wrong and what to do.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    json: str
    kind: Any
    required: bool


@cache
def _fields(message: Any) -> tuple[_Field, ...]:
    kinds = get_type_hints(message)
    missing = dataclasses.MISSING
    return tuple(
        _Field(
            field.name,
            field.metadata.get("json", field.name),
            kinds[field.name],
            field.default is missing and field.default_factory is missing,
        )
        for field in dataclasses.fields(message)
    )


def from_json(message: type[Message], value: object, place: str = "") -> Message:
    """A message out of what JSON holds.

    Parameters
    ----------
    message
        Its dataclass.
    value
        An object of JSON.
    place
        What the message is called in errors.

    Raises
    ------
    MessageError
        If a value is missing, unknown or of another kind.
    """
    if not isinstance(value, dict):
        raise MessageError(place, f"{shown(value)} is not an object")
    kind: Any = message
    fields = _fields(kind)
    within = f"{place}." if place else ""
    if unknown := value.keys() - {field.json for field in fields}:
        known = ", ".join(field.json for field in fields)
        name = str(min(unknown, key=str))[:MAX_SHOWN]
        raise MessageError(place, f"there is nothing called {shown(name)} here; there are {known}")
    found = {}
    for field in fields:
        if field.json in value:
            found[field.name] = _value(field.kind, value[field.json], within + field.json)
        elif field.required:
            raise MessageError(within + field.json, "this is missing")
    return message(**found)


def _value(kind: Any, value: object, place: str) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            raise MessageError(place, f"{shown(value)} is none of {', '.join(map(str, get_args(kind)))}")
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (other,) = (one for one in get_args(kind) if one is not types.NoneType)
        return _value(other, value, place)
    if origin is tuple:
        return _tuple(get_args(kind), value, place)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return from_json(kind, value, place)
    if kind is bool:
        if not isinstance(value, bool):
            raise MessageError(place, f"{shown(value)} is not true or false")
    elif kind is int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INTEGER:
            raise MessageError(place, f"{shown(value)} is not a whole number that can be used")
    elif kind is float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise MessageError(place, f"{shown(value)} is not a number")
        return float(value)
    elif not isinstance(value, str) or _HALF_A_SIGN.search(value):
        raise MessageError(place, f"{shown(value)} is not a text")
    return value


def _tuple(kinds: tuple[Any, ...], value: object, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise MessageError(place, f"{shown(value)} is not a list")
    if kinds[-1] is Ellipsis:
        return tuple(_value(kinds[0], one, f"{place}[{index}]") for index, one in enumerate(value))
    if len(value) != len(kinds):
        raise MessageError(place, f"a list of {len(value)} has another length than {len(kinds)}")
    return tuple(_value(kind, one, f"{place}[{n}]") for n, (kind, one) in enumerate(zip(kinds, value, strict=True)))


def to_json(message: Any) -> Any:
    """A message as what JSON holds; every field is there, also one that has its default."""
    if dataclasses.is_dataclass(message) and not isinstance(message, type):
        return {field.json: to_json(getattr(message, field.name)) for field in _fields(type(message))}
    if isinstance(message, tuple):
        return [to_json(one) for one in message]
    return message


def schema_of(kind: Any, known: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a type; those of dataclasses are added to ``known`` and referred to."""
    origin = get_origin(kind)
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin in (Union, types.UnionType):
        (other,) = (one for one in get_args(kind) if one is not types.NoneType)
        return {"anyOf": [schema_of(other, known), {"type": "null"}]}
    if origin is tuple:
        of = get_args(kind)
        if of[-1] is Ellipsis:
            return {"type": "array", "items": schema_of(of[0], known)}
        each = [schema_of(one, known) for one in of]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if dataclasses.is_dataclass(kind):
        return _schema_of_message(kind, known)
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]}


def _schema_of_message(message: Any, known: dict[str, Any]) -> dict[str, Any]:
    name = message.__name__
    if name not in known:
        known[name] = {}
        fields = _fields(message)
        known[name] = {
            "type": "object",
            "description": (message.__doc__ or "").partition("\n\n")[0].strip(),
            "properties": {field.json: schema_of(field.kind, known) for field in fields},
            "required": [field.json for field in fields if field.required],
            "additionalProperties": False,
        }
    return {"$ref": f"#/components/schemas/{name}"}
