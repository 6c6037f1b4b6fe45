"""Arrays from an ``.npz`` file, within bounds and without pickles.

numpy allocates what the header of an array says before it looks at what follows; here both have to agree first.
"""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MAX_ARRAY_BYTES: Final = 8 << 30
"""Most bytes of all arrays of a file, unpacked. Rolls of 200 hours of piano music, 12 steps a quarter, have five."""


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """All arrays of a file by their names; they cannot be written to.

    Raises
    ------
    ValueError
        If it is no such file, or damaged, too large, or holds objects; one line that does not name the file.
    OSError
        If it cannot be opened.
    """
    with Path(path).open("rb") as stream:
        try:
            with zipfile.ZipFile(stream) as file:
                if sum(member.file_size for member in file.infolist()) > MAX_ARRAY_BYTES:
                    raise ValueError(f"its arrays are larger than {MAX_ARRAY_BYTES >> 30} GiB")
                return {name.removesuffix(".npy"): _array(file.read(name)) for name in file.namelist()}
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"not a whole .npz file: {' '.join(str(error).split())[:80]}") from error


def _array(data: bytes) -> NDArray[Any]:
    stream = BytesIO(data)
    if npy.read_magic(stream) != (1, 0):
        raise ValueError("an array of another version")
    try:
        shape, in_columns, dtype = npy.read_array_header_1_0(stream)
    except (ValueError, TypeError) as error:
        raise ValueError("the header of an array is damaged") from error
    if dtype.hasobject or in_columns:
        raise ValueError("an array of objects, or by columns")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"an array of shape {str(shape)[:60]} that is longer or shorter than that")
    return np.frombuffer(data, dtype, math.prod(shape), stream.tell()).reshape(shape)
