"""The machine that the program runs on."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    done: Callable[[Result], object] | None = None,
) -> list[Result]:
    """Do some work for every item, by several threads.

    Parameters
    ----------
    work
        What is done.
    items
        For what; those that take longest first leave no thread alone at the end.
    threads
        How many.
    done
        Called here with each result when it is there. What it raises, or the work, ends all.

    Returns
    -------
    The results, in the order of the items.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        found = [pool.submit(work, item) for item in items]
        if done is not None:
            for each in as_completed(found):
                done(each.result())
        return [each.result() for each in found]
    finally:
        pool.shutdown(cancel_futures=True)


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
