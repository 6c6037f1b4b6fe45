"""Feed damaged and hostile files to every reader, and list what is neither read nor refused in one line.

``python scripts/drills/fuzz_readers.py --keep failures/`` makes 10,000 inputs, which takes about fifteen minutes on one
core. Seeds are two bars of a chorale as the package writes them, small files of music21's corpus, and a tiny network
with the history of the shipped weights. Input ``i`` depends on ``--seed`` and ``i`` alone.

An input fails if its reader raises anything but a ValueError or OSError, says so in more than one short line or without
the name of the file, needs more than 5 s of computing or 1 GiB, ends the process, or loads a pickle. What was read is
then used, as a roll and as MIDI, under the same rules except for the name of the file. Linux only (limits and peaks of
memory). One thing is slow by its size alone: music21 takes half a millisecond for a note, so that printed music of ten
thousand notes, which is what a quartet has, is called a hang.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import pickle
import random
import re
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from biaxial.corpora.bach_chorales import read_chorale
from biaxial.corpora.benchmark_frames import read_frames
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import SPLITS, FolderItem
from biaxial.formats.json_score import score_to_dict
from biaxial.formats.melody_file import read_melody
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.formats.read import read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from biaxial.weights.checkpoint import load_weights, save_weights
from biaxial.weights.shipped import pretrained_path

SECONDS: Final = 5.0
"""Longest computing time for one input."""
INPUTS: Final = 100
"""Inputs that one process reads before another takes over, since freed memory is not always given back."""
WAITING: Final = 60.0
"""Longest time for one input on the clock, which others may slow down."""
MEMORY: Final = 1 << 30
"""Most bytes that one input may need."""
LONGEST_MESSAGE: Final = 500
"""Most letters of what a person can read as one line."""
CEILING: Final = 2 * MEMORY
"""Bytes above the start at which an allocation fails, so that the machine is safe."""

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


class Loaded:
    """What no reader may load."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.getpid, ()


# Any bytes.


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


# Text.


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


# MIDI.

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


# MusicXML.

_BEFORE_XML = (
    '<!DOCTYPE x [<!ENTITY a "'
    + "ha" * 500
    + '">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>",
    '<!DOCTYPE x [<!ENTITY j "' + "q" * 200_000 + '">]>',
    '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE x [<!ENTITY % j SYSTEM "file:///etc/hostname"> %j;]>',
    '<!DOCTYPE x [<!ENTITY j "&k;"><!ENTITY k "&j;">]>',
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://localhost:9/partwise.dtd">',
)
_XML = (
    "<staves>999999</staves>", "<beats>99999999</beats>", '<repeat direction="backward" times="999999999"/>',
    '<sound dacapo="yes" dalsegno="x" segno="x" tocoda="x" coda="x" fine="yes" tempo="0"/>', "<dot/>" * 2000,
    "<forward><duration>99999999999</duration></forward>", "<backup><duration>99999999</duration></backup>",
    "<note><rest/><duration>-1</duration></note>", "<note><rest/><duration>1e300</duration></note>",
    '<attributes><divisions>0</divisions></attributes>', "<multiple-rest>99999999</multiple-rest>",
    "<attributes><transpose><chromatic>999999999</chromatic><octave-change>99999</octave-change></transpose></attributes>",
    "<attributes><key><fifths>99999999</fifths></key></attributes>",
    "<attributes><divisions>1e-300</divisions></attributes>",
    "<attributes><time><beats>9999999</beats><beat-type>4</beat-type></time></attributes>",
    "<attributes><time><beats>4</beats><beat-type>1073741824</beat-type></time></attributes>",
    "<attributes><measure-style><multiple-rest>9999999</multiple-rest></measure-style></attributes>",
    "<harmony><root><root-step>C</root-step></root><kind>major</kind><degree><degree-value>9999999</degree-value>"
    "<degree-alter>1</degree-alter><degree-type>add</degree-type></degree></harmony>",
    "<harmony><root><root-step>C</root-step><root-alter>99999</root-alter></root><kind>major</kind>"
    "<inversion>99999999</inversion></harmony>",
    "<note><pitch><step>C</step><alter>9999999</alter><octave>4</octave></pitch><duration>1</duration></note>",
    "<note><pitch><step>C</step><octave>99999999</octave></pitch><duration>1</duration><type>1024th</type></note>",
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><time-modification><actual-notes>99999999"
    "</actual-notes><normal-notes>1</normal-notes></time-modification></note>",
    '<barline><ending number="1,2,3" type="start"/><repeat direction="forward"/></barline>', "&j;", "&b;&c;&j;" * 50,
)  # fmt: skip


def xml_entities(data: bytes, draw: Draw) -> bytes:
    """Entities that grow or loop, and a reference to them in a text."""
    body = re.sub(rb"<!DOCTYPE[^>]*>", b"", data)
    head = re.match(rb"\s*<\?xml[^>]*\?>", body)
    cut = head.end() if head else 0
    texts = [match.end() for match in re.finditer(rb"<(part-name|words|step|duration|work-title)>", body)]
    reference = draw.choice((b"&j;", b"&j;" * 5000, b"&a;", b"&j;&k;"))
    place = max(draw.choice(texts), cut) if texts else len(body)
    return body[:cut] + draw.choice(_BEFORE_XML).encode() + body[cut:place] + reference + body[place:]


def xml_piece(data: bytes, draw: Draw) -> bytes:
    """An absurd element somewhere."""
    places = [
        match.end() for match in re.finditer(rb"<measure[^>]*>|</note>|</attributes>|<attributes>|</pitch>", data)
    ]
    place = draw.choice(places or [len(data)])
    return data[:place] + draw.choice(_XML).encode() + data[place:]


def xml_nested(data: bytes, draw: Draw) -> bytes:
    """Elements in one another."""
    depth = draw.choice((50, 1000, 30_000, 300_000))
    tag = draw.choice(("note", "measure", "part", "a", "attributes", "score-partwise", "direction"))
    nest = (f"<{tag}>" * depth + f"</{tag}>" * draw.choice((depth, 0))).encode()
    place = draw.choice([match.end() for match in re.finditer(rb">", data)] or [0])
    return data[:place] + nest + data[place:]


def xml_encoded(data: bytes, draw: Draw) -> bytes:
    """Another encoding, stated or not."""
    text = re.sub(r"<\?xml[^>]*\?>", "", data.decode("utf-8", "ignore"))
    name = draw.choice(("utf-16", "latin-1", "utf-8-sig", "utf-7", "rot13", "idna", "x" * 500))
    coded = text.encode(name if name in ("utf-16", "latin-1", "utf-8-sig", "utf-7") else "utf-8", "ignore")
    stated = f'<?xml version="1.0" encoding="{draw.choice((name, "UTF-8", "ascii", "unicode_escape"))}"?>'
    return draw.choice((stated.encode() + coded, (stated + text).encode("utf-16", "ignore"), coded))


def xml_many(data: bytes, draw: Draw) -> bytes:
    """Very many measures, notes, parts or attributes."""
    for tag in draw.sample(["measure", "note", "part", "score-part"], 4):
        found = re.search(rf"<{tag}[ >].*?</{tag}>".encode(), data, re.DOTALL)
        if found:
            times = min(draw.choice((10, 50, 100, 200_000)), 12_000_000 // len(found[0]))
            return data[: found.end()] + found[0] * times + data[found.end() :]
    return data


# Zip files.


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


# JSON.


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a document."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [pair for key in keys for pair in places_of(value[key])]


_VALUES: tuple[Any, ...] = (
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
_VALUES += (
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
            holder[draw.choice(("", "x", "\n", "a" * 1000, *holder))] = draw.choice(_VALUES)
        else:
            holder[key] = draw.choice(_VALUES)
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


# ABC and kern.

_ABC = (
    *["Z999999999|", "z99999999999", "A9999999999", "A/99999999", "(9:999999999:9ABC", "&"],
    *["[M:99/1]A", "[L:1/999999999]A", "[V:new]A"],
    *("[K:C transpose=999]A", "[Q:" + "9" * 400 + "]A", "[M:1/64]" + "Z99" * 500, "A" + ">" * 20_000 + "B"),
    "A" + "'" * 300,
    *("[K:" * 30_000, "[" + "C" * 100_000 + "]", '"A' + "b" * 200_000 + '"', "|:" * 20_000, "{" * 20_000),
    "A" + "/" * 20_000,
    *("".join(f"A/{n} " for n in range(3, 9000, 2)), "".join(f"A{n}/{10**200 + n} " for n in range(3, 3000, 2))),
    *("!fermata" * 9000, "".join(f"[V:{n}]A" for n in range(5000)), "(3" * 10_000 + "A", "[M:3/8]A[M:4/8]A" * 5000),
    "\n".join(f"V:{n}\nA" for n in range(5000)),
)  # fmt: skip


def abc_piece(data: bytes, draw: Draw) -> bytes:
    """Absurd rests, tuplets, repeats, chords and fields in the music."""
    places = [match.start() for match in re.finditer(rb"[ |\n]", data)] or [0]
    place = draw.choice(places)
    return data[:place] + draw.choice(_ABC).encode() + data[place:]


_KERN = (
    *[
        "*M99999999/4",
        "*M4/99999999",
        "*M4/1073741824",
        "*MM0",
        "*MM99999999",
        "*^",
        "*v",
        "*x",
        "*+",
        "*-",
        "*>[A,A,B]",
        "=:|!|:",
        "**kern",
        "*C:",
    ],
    *["99999999c", "0c", "000000c", "3%99999999c", "qqc", "[[[[4c"],
    *("!!!!SEGMENT: x", "*k[" + "f#" * 5000 + "]", "*I" + "x" * 9999, "4" + "c" * 3000, "4c" + "#" * 3000),
    *("4" + "." * 3000 + "c", "4c " * 3000, "4c" + "L" * 3000, "4c" + "T" * 3000),
)


def kern_piece(data: bytes, draw: Draw) -> bytes:
    """An absurd token, in one line or in many."""
    rows = data.split(b"\n")
    token = draw.choice(_KERN).encode()
    place = draw.randrange(len(rows))
    columns = rows[place].count(b"\t") + 1
    width = draw.choice((columns, columns, columns, 1, columns + 1, 500))
    other = b"*" if token.startswith(b"*") else b"."
    row = b"\t".join([token, *[draw.choice((token, other)) for _ in range(width - 1)]])
    rows[place:place] = [row] * draw.choice((1, 1, 1, 20, 500))
    return b"\n".join(rows)


# Arrays.


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
                (*_VALUES[:20], [10**6], [10**6] * 3, [1] * 10_000, [10**30], "both", [24.0], 10**7)
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


# The kinds.


@dataclass(frozen=True)
class Kind:
    """A kind of file: how often it comes, what is done to it, and what reads it."""

    suffix: str
    share: int
    mutations: tuple[Mutate, ...]
    read: Callable[[Path, int], Any]


def read_music(path: Path, index: int) -> Any:
    """Read a file by its suffix, in turns as a score and as a melody."""
    return read_score(path) if index % 2 else read_melody(path).score


ANY: tuple[Mutate, ...] = (truncated, flipped, flipped, inserted, deleted, repeated, words, nothing)
XML: tuple[Mutate, ...] = (xml_entities, xml_piece, xml_piece, xml_nested, xml_encoded, xml_many, numbered, numbered)
JSON: tuple[Mutate, ...] = (json_value, json_value, json_value, json_value, json_nested, json_many, numbered)
MIDI: tuple[Mutate, ...] = (midi_header, midi_size, midi_event, midi_event, midi_event)
KINDS: Final[dict[str, Kind]] = {
    "MIDI": Kind(".mid", 20, ANY + MIDI, read_music),
    "MusicXML": Kind(".musicxml", 11, (*ANY, lines, *XML), read_music),
    "packed": Kind(".mxl", 9, (*ANY, zip_bomb, zip_members, zip_members, *map(inside, (*ANY, *XML))), read_music),
    "kern": Kind(".krn", 10, (*ANY, lines, numbered, kern_piece, kern_piece, kern_piece), read_music),
    "ABC": Kind(".abc", 15, (*ANY, lines, numbered, numbered, abc_piece, abc_piece, abc_piece), read_music),
    "document": Kind(".json", 10, (*ANY, *JSON), read_music),
    "frames": Kind(".json", 10, (*ANY, *JSON), lambda path, _: read_frames(path)),
    "corpus": Kind(
        ".npz", 5, (*ANY, zip_bomb, zip_members, npy_header, npz_array, npz_array), lambda path, _: Corpus.load(path)
    ),
    "weights": Kind(
        ".safetensors",
        10,
        (*ANY, weights_header, weights_header, weights_header, weights_values),
        lambda path, _: load_weights(path),
    ),
}
SUFFIXES = tuple({kind.suffix: None for kind in KINDS.values()})

TUNES = (
    "X:1\nT:Air\nM:3/4\nL:1/8\nQ:1/4=100\nK:Ddor\n"
    'A2 | "Dm"d2 e2 f2- | f2 "C/E"(3efg !fermata!a2 |\n"Bb7"[FA]2 z2 d2 |: HA4 :|\n',
    'X:1\nM:4/4\nL:1/4\nV:1 name="S"\nV:2 clef=bass\nK:G\n'
    "V:1\nG>A B/c/ d | Z2 |]\n[V:2] G,, D, G,2 | [M:3/4] {ag}F3 | (5ABcde x2 |\n",
)


def make_seeds() -> dict[str, list[bytes]]:
    """Whole files of every kind, small."""
    from music21 import corpus

    music = Path(corpus.__file__).parent
    chorales = [_two_bars(read_chorale(music / "bach" / f"{name}.mxl")) for name in ("bwv66.6", "bwv125.6")]
    packed = [
        (music / "demos" / "ComprehensiveChordSymbolsTestFile.mxl"),
        music / "theoryExercises" / "TriadExercise.mxl",
    ]
    packed += [music / "demos" / "chord_realization_exercise.mxl", music / "bach" / "bwv125.6.mxl"]
    rolls = [Roll.from_score(score, Grid(), 0, 128) for score in chorales]
    frames = [[[note.pitch for voice in range(4) for note in score.voice_notes(voice)[:1]]] * 4 for score in chorales]
    sounding = [[np.flatnonzero(frame).tolist() for frame in roll.states[::4]] for roll in rolls]
    unpacked = [content for path in packed for name, content in members_of(path.read_bytes()) if "META" not in name]
    torch.manual_seed(0)
    network, made = BiaxialLSTM(PRESETS["tiny"]), load_weights(pretrained_path())[1]
    with tempfile.TemporaryDirectory() as folder:
        items = [FolderItem(f"p{i}", split, chorales[i % 2]) for i, split in enumerate(SPLITS)]
        Corpus.from_items(items, Grid()).save(Path(folder) / "c.npz")
        for dtype in (torch.float16, torch.float32):
            save_weights(Path(folder) / f"{dtype}.safetensors", network, made, dtype)
        binary = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return {
        "MIDI": [midi_bytes(score) for score in chorales],
        "MusicXML": [*unpacked, (music / "demos" / "two-voices.xml").read_bytes()],
        "packed": [path.read_bytes() for path in packed],
        "kern": [(music / "palestrina" / f"{name}.krn").read_bytes() for name in ("Credo_67_e", "Gloria_16_b")],
        "ABC": [*map(str.encode, TUNES), (music / "ryansMammoth" / "PaddyMilesFricasseeReel.abc").read_bytes()],
        "document": [json.dumps(score_to_dict(score)).encode() for score in chorales],
        "frames": [json.dumps(value).encode() for value in ({"train": frames, "valid": [], "test": frames}, sounding)],
        "corpus": [binary["c.npz"]],
        "weights": [binary[f"{dtype}.safetensors"] for dtype in (torch.float16, torch.float32)],
    }  # fmt: skip


def _two_bars(score: Score) -> Score:
    end = 8 * score.ticks_per_quarter
    return replace(score, notes=tuple(n for n in score.notes if n.end_ticks <= end), length_ticks=end, fermatas=(480,))


def make_input(seeds: dict[str, list[bytes]], seed: int, index: int) -> tuple[str, str, str, bytes | None]:
    """Kind, mutation, suffix and content of an input; no content makes a folder."""
    draw = Draw(f"{seed},{index}")
    name = draw.choices(list(seeds), [KINDS[name].share for name in seeds])[0]
    kind = KINDS[name]
    data = draw.choice(seeds[name])
    chance = draw.random()
    if chance < 0.005:
        return name, "folder", kind.suffix, None
    if chance < 0.02:
        other = draw.choice([key for key in seeds if key != name] or [name])
        return name, f"is {other}", kind.suffix, draw.choice(seeds[other])
    mutate = draw.choice(kind.mutations)
    data = mutate(data, draw)
    if draw.random() < 0.15:
        data = draw.choice(ANY)(data, draw)
    return name, mutate.__name__, kind.suffix, data


# Workers.


class Outcome(NamedTuple):
    """What became of an input: ``"read"``, ``"refused"`` or a failure, how long it took, and what it was."""

    end: str
    seconds: float
    kind: str
    mutation: str
    size: int


def failure(path: Path, read: Callable[[Path, int], Any], index: int) -> str:
    """``"read"``, ``"refused"``, or what was wrong and where."""
    found: Any = None
    try:
        found = read(path, index)
    except (ValueError, OSError) as error:
        message = str(error)
        if _out_of_memory(error):
            return f"memory: {_place(error)}"
        if "\n" in message or not message.strip() or len(message) > LONGEST_MESSAGE:
            return f"not one line: {_place(error)}: {message[:60]!r}"
        return "refused" if path.name in message else f"no file name: {_place(error)}: {message[:60]!r}"
    except BaseException as error:
        return f"{'memory' if _out_of_memory(error) else type(error).__name__}: {_place(error)}"
    try:
        if isinstance(found, Score):
            found.bar_starts()
            Roll.from_score(found, Grid(), 0, 128)
            midi_bytes(found)
        elif isinstance(found, tuple) and isinstance(found[0], BiaxialLSTM):
            assert all(
                weight.isfinite().all() for weight in found[0].state_dict().values() if weight.is_floating_point()
            )
    except ValueError:
        pass
    except BaseException as error:
        return f"use, {type(error).__name__}: {_place(error)}"
    return "read"


def _out_of_memory(error: BaseException | None) -> bool:
    return error is not None and (
        isinstance(error, MemoryError) or _out_of_memory(error.__cause__ or error.__context__)
    )


def _place(error: BaseException) -> str:
    """The innermost line of the package."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "biaxial" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _memory(field: str) -> int:
    """Bytes of this process: ``VmSize`` now, ``VmHWM`` at its peak."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return 1024 * int(match[1])


def work(connection: Connection, seeds: dict[str, list[bytes]], seed: int) -> None:
    """Answer every index with an outcome, until there is none."""
    pickles: list[str] = []
    sys.addaudithook(lambda event, _: pickles.append(event) if event == "pickle.find_class" else None)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + CEILING,) * 2)
    with tempfile.TemporaryDirectory() as folder:
        while (index := connection.recv()) is not None:
            name, mutation, suffix, data = make_input(seeds, seed, index)
            size = len(data or b"")
            path = Path(folder) / f"input{suffix}"
            path.mkdir() if data is None else path.write_bytes(data)
            del data
            pickles.clear()
            Path("/proc/self/clear_refs").write_text("5")
            before = _memory("VmHWM")
            connection.send("ready")
            start = time.process_time()
            outcome = failure(path, KINDS[name].read, index)
            seconds = time.process_time() - start
            if pickles:
                outcome = f"pickle loaded: {outcome}"
            elif _memory("VmHWM") - before > MEMORY:
                outcome = f"memory: {outcome}"
            connection.send(Outcome(outcome, seconds, name, mutation, size))
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass
class Worker:
    """A process, what it works on, and since when."""

    process: Any
    connection: Connection
    index: int = -1
    num_inputs: int = 0
    since: float = 0.0
    since_cpu: float = 0.0

    def seconds(self) -> float:
        """Computing time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def hangs(self) -> bool:
        """Whether it has worked on its input for too long."""
        waiting = time.perf_counter() - self.since
        return waiting > WAITING or (waiting > SECONDS and self.seconds() - self.since_cpu > SECONDS)


def run(seeds: dict[str, list[bytes]], seed: int, count: int, jobs: int) -> dict[int, Outcome]:
    """Outcome and seconds of every input."""
    context = multiprocessing.get_context("fork")

    def started() -> Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, seeds, seed), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours)

    def unread(index: int, end: str) -> Outcome:
        name, mutation, _, data = make_input(seeds, seed, index)
        return Outcome(end, SECONDS, name, mutation, len(data or b""))

    left, outcomes = iter(range(count)), {}
    workers: list[Worker] = [started() for _ in range(jobs)]

    def give(worker: Worker) -> None:
        worker.index, worker.since, worker.num_inputs = next(left, -1), float("inf"), worker.num_inputs + 1
        worker.connection.send(worker.index if worker.index >= 0 else None)

    for worker in workers:
        give(worker)
    while busy := [worker for worker in workers if worker.index >= 0]:
        ready = wait([worker.connection for worker in busy], timeout=0.5)
        for place, worker in enumerate(workers):
            outcome: Outcome | None = None
            if worker.index >= 0 and worker.connection in ready:
                try:
                    answer = worker.connection.recv()
                    if answer == "ready":
                        worker.since, worker.since_cpu = time.perf_counter(), worker.seconds()
                        continue
                    outcome = answer
                except EOFError:
                    worker.process.join()
                    outcome = unread(worker.index, f"crash: exit code {worker.process.exitcode}")
            elif worker.index >= 0 and worker.hangs():
                outcome = unread(worker.index, "hang")
            if outcome is None:
                continue
            outcomes[worker.index] = outcome
            if outcome.end.startswith(("hang", "crash")):
                worker.process.kill()
                workers[place] = worker = started()
            elif worker.num_inputs >= INPUTS:
                worker.connection.send(None)
                workers[place] = worker = started()
            give(worker)
            if sys.stderr.isatty() and len(outcomes) % 100 == 0:
                print(f"\r{len(outcomes)}/{count}", end="", file=sys.stderr)
    return outcomes


def main() -> None:
    """Make the inputs, read them, print a table and keep what fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=10_000, help="number of inputs")
    parser.add_argument("--seed", type=int, default=0, help="random number")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, help="folder for the smallest input of each failure")
    parser.add_argument(
        "--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="kinds of files, all by default"
    )
    options = parser.parse_args()
    seeds, start = {name: files for name, files in make_seeds().items() if name in options.kinds}, time.perf_counter()
    outcomes = run(seeds, options.seed, options.mutations, options.jobs)
    table: dict[tuple[str, str], Counter[str]] = {}
    slowest: dict[str, float] = {}
    smallest: dict[str, tuple[int, int]] = {}
    times: Counter[str] = Counter()
    for index, (outcome, seconds, name, mutation, size) in sorted(outcomes.items()):
        kind_of_end = outcome if outcome in ("read", "refused") else "failures"
        for row in ((name, mutation), (name, "all")):
            table.setdefault(row, Counter())[kind_of_end] += 1
        slowest[name] = max(slowest.get(name, 0), seconds)
        if kind_of_end == "failures":
            label = f"{name}, {mutation}: {outcome}" if outcome == "hang" else f"{name}: {outcome}"
            times[label] += 1
            smallest[label] = min(smallest.get(label, (1 << 60, 0)), (size, index))
    print("| kind | mutation | read | refused | failures | slowest |\n|---|---|---:|---:|---:|---:|")
    for (name, mutation), counts in sorted(table.items()):
        last = f"{slowest[name]:.1f} s" if mutation == "all" else ""
        print(f"| {name} | {mutation} | {counts['read']} | {counts['refused']} | {counts['failures']} | {last} |")
    print(
        f"\n{len(outcomes)} inputs in {(time.perf_counter() - start) / 60:.1f} minutes, "
        f"{sum(outcome.seconds for outcome in outcomes.values()) / 60:.1f} of them reading, "
        f"{len(smallest)} kinds of failure"
    )
    for number, (label, (size, index)) in enumerate(sorted(smallest.items()), 1):
        print(f"{number}. {label} ({times[label]} times; smallest: input {index}, {size} bytes)")
        if options.keep is not None:
            _, _, suffix, data = make_input(seeds, options.seed, index)
            options.keep.mkdir(parents=True, exist_ok=True)
            if data is not None:
                (options.keep / f"{number:03d}-{index}{suffix}").write_bytes(data)
    sys.exit(1 if smallest else 0)


if __name__ == "__main__":
    main()
