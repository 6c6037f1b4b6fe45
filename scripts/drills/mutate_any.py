"""Mutations of any bytes and of any text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

NUMBERS = (
    *[
        "0",
        "-1",
        "1",
        "7",
        "64",
        "128",
        "255",
        "65536",
        "1000000",
        "2147483648",
        "999999999",
        "-999999999",
        "1e308",
        "1e-308",
        "0.000001",
        "1/3",
        "NaN",
        "Infinity",
    ],
    *("9" * digits for digits in (30, 400, 5000)),
)
BYTES = (b"\0", b"\xff", b"\n", b"MTrk", b"\xff\xff\xff\x7f", b"[[", b"]]", b"{", b'"', b"<", b">", b"&", b"(", b"\xc3")
Draw = random.Random
Mutate = Callable[[bytes, Draw], bytes]


def truncated(data: bytes, draw: Draw) -> bytes:
    """Cut short."""
    return data[: draw.randrange(len(data) + 1)]


def flipped(data: bytes, draw: Draw) -> bytes:
    """A few bits turned."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8, 64)) if data else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def inserted(data: bytes, draw: Draw) -> bytes:
    """Bytes that mean something, once or very often."""
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(BYTES) * draw.choice((1, 1, 2, 100, 10_000)) + data[place:]


def deleted(data: bytes, draw: Draw) -> bytes:
    """Some bytes less."""
    place = draw.randrange(len(data) + 1)
    return data[:place] + data[place + draw.choice((1, 1, 2, 4, 16, 200)) :]


def repeated(data: bytes, draw: Draw) -> bytes:
    """A part many times."""
    first, last = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
    block = data[first:last][:2000]
    return data[:first] + block * draw.choice((2, 10, 100, 3000 if len(block) < 50 else 5)) + data[first:]


def words(data: bytes, draw: Draw) -> bytes:
    """Two or four bytes become a huge count or none."""
    place = draw.randrange(max(len(data) - 4, 1))
    word = draw.choice(
        (b"\xff\xff", b"\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80\0", b"\0\x01")
    )
    return data[:place] + word + data[place + len(word) :]


def nothing(data: bytes, draw: Draw) -> bytes:
    """Empty, or nearly so."""
    return draw.choice((b"", b"\0" * 100, b"\n", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b"PK\x05\x06" + b"\0" * 18))


def numbered(data: bytes, draw: Draw) -> bytes:
    """One number becomes another."""
    places = [match.span() for match in re.finditer(rb"\d+(\.\d+)?", data)]
    if not places:
        return data
    first, last = draw.choice(places)
    return data[:first] + draw.choice(NUMBERS).encode() + data[last:]


def lines(data: bytes, draw: Draw) -> bytes:
    """Lines go, change places, come many times."""
    rows = data.splitlines(keepends=True) or [b""]
    first, second = draw.randrange(len(rows)), draw.randrange(len(rows))
    way = draw.randrange(4)
    if way == 0:
        del rows[first]
    elif way == 1:
        rows[first], rows[second] = rows[second], rows[first]
    elif way == 2:
        rows[first] *= draw.choice((2, 50, 20_000 if len(rows[first]) < 30 else 200))
    else:
        rows.insert(first, rows[second])
    return b"".join(rows)
