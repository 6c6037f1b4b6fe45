"""The machine that the program runs on."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def may_have_gpu() -> bool:
    """Whether there is a driver of a GPU for PyTorch to use, without loading PyTorch; whether it works is not tried."""
    if Path("/dev/kfd").exists():
        return True
    for driver in _DRIVERS:
        with suppress(OSError):
            ctypes.CDLL(driver)
            return True
    return False
