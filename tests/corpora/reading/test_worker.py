"""Worker processes: one that dies or hangs costs one file."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from biaxial.corpora.reading.worker import answers, num_workers

FAKE = """
import json, os, sys, time
print("{}", flush=True)
for line in sys.stdin:
    name = json.loads(line)
    if name == "dies":
        os.kill(os.getpid(), 9)
    if name == "leaves":
        sys.exit()
    if name == "hangs":
        time.sleep(60)
    print(json.dumps({"key": name + "!"}), flush=True)
"""
COMMAND = [sys.executable, "-c", FAKE]


def test_a_lost_process_costs_one_file() -> None:
    names = ["a", "dies", "b", "hangs", "c", "leaves", "odd\n\udcff\u266d", "d"]
    start = time.monotonic()
    found = dict(answers([Path(name) for name in names], COMMAND, 2, 1.0))
    assert time.monotonic() - start < 20
    lost = {1: "crashed", 3: "too slow", 5: "crashed"}
    assert found == {i: {"lost": lost[i]} if i in lost else {"key": f"{name}!"} for i, name in enumerate(names)}


def test_who_stops_asking_leaves_no_process_behind() -> None:
    before = threading.active_count()
    asked = answers([Path("a"), *[Path("hangs")] * 50], COMMAND, 2, 60.0)
    assert next(asked) == (0, {"key": "a!"})
    asked.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() == before


def test_a_worker_that_cannot_start_says_so() -> None:
    with pytest.raises(OSError, match="cannot be started"):
        list(answers([Path("a")], [sys.executable, "-c", "pass"], 1, 1.0))


def test_no_more_processes_than_files() -> None:
    assert num_workers(0, 1) == 1
    assert num_workers(5, 100) == 5
    assert num_workers(5, 3) == 3
    assert 1 <= num_workers(0, 1000) <= 8
