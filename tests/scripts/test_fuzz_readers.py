"""The fuzzer notices every way in which a reader can fail, and makes the same inputs again."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


def script(name: str) -> ModuleType:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"scripts.drills.{name}")


def hang(path: Path, _: int) -> None:
    while True:
        pass


def fill(path: Path, _: int) -> None:
    bytearray(100 << 20)


def fill_to_the_ceiling(path: Path, _: int) -> None:
    try:
        bytearray(10 << 40)
    except MemoryError as error:
        raise ValueError(f"{path}: too large") from error


def load_a_pickle(path: Path, _: int) -> None:
    pickle.loads(pickle.dumps(os.getcwd))


def fail(error: Exception) -> Any:
    def read(path: Path, _: int) -> None:
        raise error

    return read


def refuse(path: Path, _: int) -> None:
    raise ValueError(f"{path}: it is damaged")


@pytest.mark.parametrize(
    ("read", "end"),
    [
        (lambda path, _: None, "read"),
        (refuse, "refused"),
        (hang, "hang"),
        (fill, "memory: read"),
        (fill_to_the_ceiling, "memory: "),
        (load_a_pickle, "pickle loaded: read"),
        (lambda path, _: os._exit(3), "crash: exit code 3"),
        (fail(KeyError("x")), "KeyError: "),
        (fail(ValueError("no name")), "no file name: "),
        (fail(ValueError("input.abc:\ntwo lines")), "not one line: "),
        (fail(ValueError("input.abc" * 100)), "not one line: "),
    ],
)
def test_every_end_is_told_apart(monkeypatch: pytest.MonkeyPatch, read: Any, end: str) -> None:
    inputs, workers = script("fuzz_inputs"), script("fuzz_workers")
    monkeypatch.setattr(workers, "SECONDS", 0.3)
    monkeypatch.setattr(workers, "MEMORY", 50 << 20)
    monkeypatch.setitem(inputs.KINDS, "ABC", replace(inputs.KINDS["ABC"], read=read))
    outcomes = workers.run({"ABC": [b"X:1"]}, 0, 3, 1)
    assert sorted(outcomes) == [0, 1, 2]
    assert all(outcome.end.startswith(end) for outcome in outcomes.values()), outcomes


def test_an_input_is_made_again_by_its_number() -> None:
    seeds = {"ABC": [b"X:1\nK:C\nABc|"], "frames": [b"[[[60, 64], [60]]]"], "kern": [b"**kern\n4c\n*-\n"]}
    make_input = script("fuzz_inputs").make_input
    made = [make_input(seeds, 1, index) for index in range(60)]
    assert made == [make_input(seeds, 1, index) for index in range(60)]
    assert made != [make_input(seeds, 2, index) for index in range(60)]
