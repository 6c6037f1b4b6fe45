"""Mutations of JSON documents: values, nesting, very many items."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

from scripts.drills.mutate_any import Draw


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a document."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [pair for key in keys for pair in places_of(value[key])]


VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    64,
    128,
    2**31,
    10**18,
    10**400,
    1e300,
    1e-310,
    float("nan"),
    float("inf"),
)
VALUES += (
    "",
    "x",
    "\ud800",
    "C major\n",
    "9" * 50,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    -(10**18),
    0.5,
    [1] * 1000,
    "a" * 100_000,
)


def json_value(data: bytes, draw: Draw) -> bytes:
    """A value becomes another, goes, or comes many times."""
    document = json.loads(data)
    for _ in range(draw.choice((1, 1, 2))):
        places = places_of(document)
        if not places:
            break
        holder, key = draw.choice(places[:40] if draw.random() < 0.3 else places)
        way = draw.randrange(6)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, list):
            holder.extend([holder[key]] * draw.choice((1, 100, 50_000)))
        elif way == 2 and isinstance(holder, dict):
            holder[draw.choice(("", "x", "\n", "a" * 1000, *holder))] = deepcopy(draw.choice(VALUES))
        else:
            holder[key] = deepcopy(draw.choice(VALUES))  # or it might come to hold itself
    return json.dumps(document).encode()


def json_nested(data: bytes, draw: Draw) -> bytes:
    """Lists or objects in one another, about as deep as a parser goes or far deeper."""
    depth = draw.choice((draw.randrange(900, 1010), draw.randrange(10, 3000), 100_000, 1_000_000))
    begin, end = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"[[],", b"]")))
    nest = begin * depth + b"1" + end * draw.choice((depth, 0))
    places = [match.end() for match in re.finditer(rb"[:\[,] *", data)] or [0]
    place = draw.choice(places[:40])
    return draw.choice((nest, data[:place] + nest + b"," + data[place:], data[:place] + nest))


def json_many(data: bytes, draw: Draw) -> bytes:
    """Very many small values."""
    begin, item = draw.choice(
        ((b"[", b"[],"), (b"[", b"{},"), (b"[[", b"[],"), (b"[[", b"[60],"), (b"[[[", b"60,"), (b'{"train":[[', b"[],"))
    )
    return (
        begin
        + item * draw.choice((1000, 100_000, 200_000, 1_000_000, 6_000_000))
        + item[:-1]
        + b"]" * begin.count(b"[")
        + b"}" * begin.count(b"{")
    )
