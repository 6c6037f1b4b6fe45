"""Packed files: what is read of them, and how far."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from biaxial.files.arrays import read_arrays
from biaxial.files.zip_members import MAX_MEMBERS, check_members, read_member
from biaxial.formats.read import read_score


def packed(way: int, content: bytes, name: str = "score.xml") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as file:
        file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_stored_or_deflated_member_is_read(way: int) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(way, b"music" * 100))) as file:
        assert read_member(file, file.infolist()[0], 500) == b"music" * 100
        with pytest.raises(ValueError, match="larger than"):
            read_member(file, file.infolist()[0], 499)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("suffix", [".mxl", ".npz"])
def test_a_member_packed_by_bzip2_or_lzma_is_refused_unread(way: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(packed(way, b" " * 30_000_000, "score.xml" if suffix == ".mxl" else "states.npy"))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"packed by (bzip2|lzma)"):
        read_score(path) if suffix == ".mxl" else read_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_deflated_bomb_is_unpacked_to_the_limit_only(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mxl"
    path.write_bytes(packed(zipfile.ZIP_DEFLATED, b" " * 50_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="larger than 16 MiB"):
        read_score(path)
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    check_members(b"PK\x01\x02" * MAX_MEMBERS)
    with pytest.raises(ValueError, match="more than"):
        check_members(b"PK\x01\x02" * (MAX_MEMBERS + 1))


def test_an_array_whose_stated_size_is_a_lie_is_unpacked_to_that_size_only(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|i1", "fortran_order": False, "shape": (20_000_000,)})
    data = packed(zipfile.ZIP_DEFLATED, header.getvalue() + bytes(20_000_000), "states.npy")
    size = len(header.getvalue()) + 20_000_000
    path = tmp_path / "lie.npz"
    path.write_bytes(data.replace(struct.pack("<I", size), struct.pack("<I", 1000)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"longer or shorter|CRC"):
        read_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
