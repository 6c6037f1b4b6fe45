"""Time some work, say what is being done, print a table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def report(line: str) -> None:
    """Say on stderr what is being done."""
    print(line, file=sys.stderr)


def table(head: str, rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    print(f"| {head} |\n|{'---|' * (head.count('|') + 1)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(flush=True)
