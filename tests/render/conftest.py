"""A small SF2 file, written record by record: one sample, whose zone each test may change."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from biaxial.render.sound.soundfont import INSTRUMENT, LOOP_MODE, RECORDS, SAMPLE

RATE = 32000
PERIOD = 80
"""Frames of a period of the sample, which is a sine of 400 Hz, a second long."""

WriteFont = Callable[..., Path]


def chunk(name: str, data: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


@pytest.fixture
def write_font(tmp_path: Path) -> WriteFont:
    """Zones are lists of generators; those of the preset come before those of the instrument."""

    def build(
        *zones: Sequence[tuple[int, int]],
        preset: Sequence[tuple[int, int]] = (),
        program: int = 0,
        frames: NDArray[np.int16] | None = None,
        **head: Any,
    ) -> Path:
        sound = frames if frames is not None else sine()
        record = {"name": "sine", "start": 0, "end": len(sound), "loop_start": 8000, "loop_end": 16000, "rate": RATE}
        record |= {"pitch": 60, "correction": 0, "link": 0, "type": 1} | head
        given = zones or ([(LOOP_MODE, 1)],)
        rows = [row for zone in given for row in (*zone, (SAMPLE, 0))]
        edges = np.cumsum([0, *(len(zone) + 1 for zone in given)])
        tables = {
            "phdr": [("one", program, 0, 0, (0, 0, 0)), ("EOP", 0, 0, 1, (0, 0, 0))],
            "pbag": [(0, 0), (len(preset) + 1, 0)],
            "pgen": [*preset, (INSTRUMENT, 0), (0, 0)],
            "inst": [("one", 0), ("EOI", len(given))],
            "ibag": [(int(edge), 0) for edge in edges],
            "igen": [*rows, (0, 0)],
            "shdr": [tuple(record.values()), ("EOS", *[0] * 9)],
        }
        lists = {
            "INFO": chunk("ifil", struct.pack("<HH", 2, 1)),
            "sdta": chunk("smpl", sound.tobytes()),
            "pdta": b"".join(chunk(name, np.array(table, RECORDS[name]).tobytes()) for name, table in tables.items()),
        }
        path = tmp_path / "small.sf2"
        path.write_bytes(
            chunk("RIFF", b"sfbk" + b"".join(chunk("LIST", name.encode() + data) for name, data in lists.items()))
        )
        return path

    return build


def sine() -> NDArray[np.int16]:
    return np.round(16000 * np.sin(2 * np.pi * np.arange(RATE) / PERIOD)).astype(np.int16)
