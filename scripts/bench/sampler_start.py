"""What biaxial-compose takes from its first import to its last byte, part by part.

Seconds differ between machines and hours; what stays is the share of each part, and the time beside that of a process
that imports PyTorch and does nothing, which composing does not load.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.bench.reporting import report, table
from scripts.bench.sampler_networks import BARS

_COMMAND = "import sys; from biaxial.cli.compose import main; sys.exit(main())"
_WORDS = ("--bars", str(BARS), "--seed", "1", "-q")
_PARTS = """
import json, sys, time
marks = [time.perf_counter()]
import numpy, llvmlite.binding
marks.append(time.perf_counter())
import biaxial.cli.compose, biaxial.tasks.loading
marks.append(time.perf_counter())
model = biaxial.tasks.loading.load_model(None, "cpu")
marks.append(time.perf_counter())
model.compose(1, seed=1, draft=True)
marks.append(time.perf_counter())
piece = model.compose(16, seed=1)
marks.append(time.perf_counter())
piece.save(sys.argv[1])
marks.append(time.perf_counter())
print(json.dumps([after - before for before, after in zip(marks, marks[1:])]))
"""
_PART_NAMES = ("import numpy, llvmlite", "import biaxial", "weights", "kernels", "16 bars", "write")


def child(code: str, arguments: Sequence[str], compiled: Path | None) -> tuple[float, float, str]:
    """Run a Python process; returns its seconds, its peak memory in MiB, and what it printed.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    variables = os.environ if compiled is None else {**os.environ, "BIAXIAL_KERNELS": str(compiled)}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"a process that is measured ended with {process.returncode}")
    return seconds, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10), printed


def later(repeats: int) -> tuple[float, float]:
    """Seconds and MiB that the whole command takes when its kernels are compiled; medians."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*_WORDS, "-o", str(Path(folder) / "piece.mid")]
        child(_COMMAND, words, None)  # warm
        seconds, peaks, _ = zip(*(child(_COMMAND, words, None) for _ in range(repeats)), strict=True)
    return statistics.median(seconds), statistics.median(peaks)


def start(repeats: int) -> None:
    """Print what the command takes; to be called early, as a new process inherits the peak of this one's memory."""
    report("start of the command")
    rows: dict[str, list[list[float]]] = {"first ever": [], "first": [], "later": []}
    plain = list[float]()
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "piece.mid")
        for turn in range(repeats + 2):
            # first two that have nothing compiled; then two that fill the usual cache, should it be empty
            caches = [Path(folder) / name if turn == 0 else None for name in ("parts", "command")]
            took, _, printed = child(_PARTS, [output], caches[0])
            parts = json.loads(printed)
            seconds, peak, _ = child(_COMMAND, [*_WORDS, "-o", output], caches[1])
            plain.append(child("import torch", [], None)[0])
            rows[("first ever", "first", "later")[min(turn, 2)]].append([*parts, took - sum(parts), seconds, peak])
    print(
        f"## Start\n\n`biaxial-compose {' '.join(_WORDS)}`: seconds of its parts, in a process that does the same, and"
    )
    print(
        f"of the command itself; medians of {repeats}, and the first run ever, which has nothing compiled. Shares are"
    )
    print("are those of the sum of the parts; the last column is the command beside a process that imports PyTorch.\n")
    lines = []
    for name in ("first ever", "later"):
        *parts, whole, peak = [statistics.median(column) for column in zip(*rows[name], strict=True)]
        beside = statistics.median(plain)
        lines.append([name, *(f"{part:.2f}" for part in (*parts, whole)), f"{peak:.0f}", f"{whole / beside:.2f}"])
        lines.append(["share", *(f"{part / sum(parts):.0%}" for part in parts), "", "", ""])
    ends = "Python's own start and end | whole command | peak memory in MiB | times PyTorch's import"
    table(f"run | {' | '.join(_PART_NAMES)} | {ends}", lines)
