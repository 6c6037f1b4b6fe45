"""Mutations of NumPy arrays and of weights."""

from __future__ import annotations

import io
import json
import re
import struct
from typing import Any

import numpy as np

from scripts.drills.mutate_any import Draw
from scripts.drills.mutate_json import VALUES, json_value
from scripts.drills.mutate_zip import Loaded, members_of, zipped


def npy_header(data: bytes, draw: Draw) -> bytes:
    """One array with another shape or type in its header."""
    shapes = (
        "(999999999999,)",
        "(1, 99999999999)",
        "(0,)",
        "()",
        "(-1,)",
        "(2, 64)",
        "(1,)",
        "(0, 0, 0)",
        f"({'1,' * 40})",
        "(1e9,)",
    )
    types = ("|O", "<f8", "<U9999999", "|V128", "<c16", ">i8", "<M8[ns]", "|S1", "<i1", "|b1", "x" * 3000)
    members = members_of(data)
    place = draw.randrange(len(members))
    name, content = members[place]
    if draw.random() < 0.5:
        content = re.sub(rb"'shape': \([^)]*\)", f"'shape': {draw.choice(shapes)}".encode(), content, count=1)
    else:
        content = re.sub(rb"'descr': '[^']*'", f"'descr': '{draw.choice(types)}'".encode(), content, count=1)
    header = content[10 : content.find(b"\n", 10) + 1]
    members[place] = (name, content[:8] + struct.pack("<H", min(len(header), 65535)) + content[10:])
    return zipped(members)


def npz_array(data: bytes, draw: Draw) -> bytes:
    """One array with other contents: pickles, wrong types, shapes and values."""
    with np.load(io.BytesIO(data)) as file:
        arrays = dict(file)
    name = draw.choice(list(arrays))
    old = arrays[name]
    values: list[Any] = [
        np.array([Loaded()], dtype=object),
        np.zeros(0),
        np.array(5),
        old[:1],
        old.astype(str),
        old[::-1],
    ]
    values += [
        np.concatenate([old, old]),
        old[None],
        np.full(old.shape, 99),
        np.array([-1, 10**12]),
        np.full(len(old), np.nan),
    ]
    values += [
        np.zeros((len(old), 64), np.int8),
        np.zeros((300_000_000,), np.int8),
        np.array(["a\nb"] * len(old)),
        -np.ones(len(old), int),
    ]
    arrays[name] = draw.choice(values)
    if draw.random() < 0.1:
        del arrays[name]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def weights_header(data: bytes, draw: Draw) -> bytes:
    """A header with sizes, types, shapes and places that do not fit, or with another config."""
    (size,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    way = draw.randrange(6)
    if way == 0:
        sizes = (0, 1, size - 1, size + 1, len(data), 1 << 27, 1 << 40, (1 << 64) - 1)
        return struct.pack("<Q", draw.choice(sizes)) + data[8:]
    entry = header[draw.choice([name for name in header if name != "__metadata__"])]
    if way == 1:
        entry[draw.choice(list(entry))] = draw.choice(
            ("F64", "I64", "BOOL", "F8_E4M3", "C64", "F4", "U8", [0], [0, 10**18], [1 << 40, 1 << 40], [-1])
        )
    elif way == 2:
        entry["data_offsets"] = draw.choice(([0, 4], [0, len(body)], [len(body), 1 << 62], [4, 0], [0, 0], [-4, 0]))
    elif way == 3:
        header.pop(draw.choice(list(header)))
    else:
        ours = json.loads(header["__metadata__"]["biaxial"])
        if way == 4:
            config = ours["config"]
            config[draw.choice(list(config))] = draw.choice(
                (*VALUES[:20], [10**6], [10**6] * 3, [1] * 10_000, [10**30], "both", [24.0], 10**7)
            )
        else:
            text = json_value(json.dumps(ours).encode(), draw).decode()
            header["__metadata__"]["biaxial"] = draw.choice(
                (text, text, "[" * 100_000, '{"format":' * 900, "null", "[]", "7")
            )
        if way == 4:
            header["__metadata__"]["biaxial"] = json.dumps(ours)
    text_bytes = json.dumps(header).encode()
    return struct.pack("<Q", len(text_bytes)) + text_bytes + body


def weights_values(data: bytes, draw: Draw) -> bytes:
    """Numbers that are none."""
    (size,) = struct.unpack_from("<Q", data)
    place = 8 + size + 2 * draw.randrange((len(data) - 8 - size) // 2)
    half = draw.choice((0x7E00, 0x7C00, 0xFC00, 0xFFFF))
    return data[:place] + struct.pack("<H", half) + data[place + 2 :]
