"""Mutations of zip files: bombs, wrong members, and damage done to a member."""

from __future__ import annotations

import io
import os
import pickle
import struct
import warnings
import zipfile
from typing import Any

from scripts.drills.mutate_any import Draw, Mutate


class Loaded:
    """What no reader may load."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.getpid, ()


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # two members of one name are meant
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def members_of(data: bytes) -> list[tuple[str, bytes]]:
    """Name and content of the members of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return [(name, file.read(name)) for name in file.namelist()]


def zip_bomb(data: bytes, draw: Draw) -> bytes:
    """A member of 100 MB that packs well, its stated size perhaps a lie."""
    name, content = draw.choice(members_of(data))
    filler = draw.choice((b" ", b"\0", b"<a>", b"<a/>"))
    packed = zipped([(name, content[: len(content) // 2] + filler * (100_000_000 // len(filler)))])
    if draw.random() < 0.5:
        size = struct.pack("<I", 100_000_000 // len(filler) * len(filler) + len(content) // 2)
        packed = packed.replace(size, struct.pack("<I", len(content)))
    return packed


def zip_method(data: bytes, draw: Draw) -> bytes:
    """The same members packed by bzip2 or LZMA, one of them perhaps of 30 MB."""
    members = members_of(data)
    if draw.random() < 0.5:
        place = draw.randrange(len(members))
        members[place] = (members[place][0], members[place][1] + b" " * 30_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))) as file:
        for name, content in dict(members).items():
            file.writestr(name, content)
    return buffer.getvalue()


def zip_members(data: bytes, draw: Draw) -> bytes:
    """Members that are missing, doubled, renamed, or of another kind."""
    members = members_of(data)
    place = draw.randrange(len(members))
    name, content = members[place]
    names = (
        "../../etc/x.xml",
        "/x.xml",
        "META-INF/x.xml",
        "x.mxl",
        "a\nb.xml",
        "\u00e9.xml",
        "x.txt",
        " ",
        "x.npy",
        ".xml",
    )
    way = draw.randrange(5)
    if way == 0:
        del members[place]
    elif way == 1:
        members.insert(0, (draw.choice(names), draw.choice((b"", b"<a/>", content, data, pickle.dumps(Loaded())))))
    elif way == 2:
        members[place] = (draw.choice(names), content)
    elif way == 3:
        members[place] = (name, draw.choice((b"", data, pickle.dumps(Loaded()), b"\x93NUMPY", b"<a>")))
    else:
        members += [(f"{index}.xml", b"") for index in range(5000)]
    return zipped(members)


def inside(mutate: Mutate) -> Mutate:
    """The same done to a member, before it is packed."""

    def packed(data: bytes, draw: Draw) -> bytes:
        members = members_of(data)
        place = draw.randrange(len(members))
        members[place] = (members[place][0], mutate(members[place][1], draw))
        return zipped(members)

    packed.__name__ = mutate.__name__
    return packed
