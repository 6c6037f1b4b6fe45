"""Time some work, say what is being done, print a table."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def processor() -> str:
    """The name of the processor, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def report(line: str) -> None:
    """Say on stderr what is being done."""
    print(line, file=sys.stderr)


def table(head: str, rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    print(f"| {head} |\n|{'---|' * (head.count('|') + 1)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(flush=True)
