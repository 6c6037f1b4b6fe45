"""Mutations of MIDI files: headers, sizes of chunks, absurd events."""

from __future__ import annotations

import re
import struct

from scripts.drills.mutate_any import Draw

_EVENTS = tuple(
    bytes.fromhex(event)
    for event in [
        "ff5103000000",
        "ff5100",
        "ff5804ffff0000",
        "ff58020106",
        "ff59027f05",
        "ff59028001",
        "ff06076665726d617461",
        "ff0307566f6963652039",
        "ff0308566f696365203939",
        "ff03010a",
        "90ffff",
        "903c40",
        "9f0001",
        "f07f",
        "ff2f00",
        "ff7fffffff7f",
    ]
)
"""Tempos of 0, metres of 255/2^255, keys of 127 sharps, fermatas, voices 9 and 99, notes above 127, endless texts."""


def midi_header(data: bytes, draw: Draw) -> bytes:
    """Another format, number of tracks or resolution."""
    values = (0, 1, 2, 127, 255, 32767, 32768, 65535)
    place = draw.choice((8, 10, 12))
    return data[:place] + struct.pack(">H", draw.choice(values)) + data[place + 2 :]


def midi_size(data: bytes, draw: Draw) -> bytes:
    """The length of a chunk."""
    place = draw.choice([match.end() for match in re.finditer(b"MThd|MTrk", data)] or [0])
    return data[:place] + struct.pack(">I", draw.choice((0, 1, 6, 0x7FFFFFFF, 0xFFFFFFFF, 4))) + data[place + 4 :]


def midi_event(data: bytes, draw: Draw) -> bytes:
    """Events with absurd times and contents at the beginning of a track, its length made to fit."""
    tracks = [match.start() for match in re.finditer(b"MTrk", data)]
    if not tracks:
        return data
    place = draw.choice(tracks)
    (size,) = struct.unpack_from(">I", data, place + 4)
    times = (b"\0", b"\x01", b"\x60", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x7f", b"\x81\x80\x80\0")
    event = draw.choice(times) + draw.choice(_EVENTS)
    events = event * draw.choice((1, 1, 3, 50, 100_000))
    return data[: place + 4] + struct.pack(">I", size + len(events)) + events + data[place + 8 :]
