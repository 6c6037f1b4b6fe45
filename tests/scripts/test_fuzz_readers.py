"""The fuzzer notices every way in which a reader can fail, and makes the same inputs again."""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "drills" / "fuzz_readers.py"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_readers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_readers"] = module
    spec.loader.exec_module(module)
    return module


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
def test_every_end_is_told_apart(fuzzer: ModuleType, monkeypatch: pytest.MonkeyPatch, read: Any, end: str) -> None:
    monkeypatch.setattr(fuzzer, "SECONDS", 0.3)
    monkeypatch.setattr(fuzzer, "MEMORY", 50 << 20)
    monkeypatch.setitem(fuzzer.KINDS, "ABC", replace(fuzzer.KINDS["ABC"], read=read))
    outcomes = fuzzer.run({"ABC": [b"X:1"]}, 0, 3, 1)
    assert sorted(outcomes) == [0, 1, 2]
    assert all(outcome.end.startswith(end) for outcome in outcomes.values()), outcomes


def test_an_input_is_made_again_by_its_number(fuzzer: ModuleType) -> None:
    seeds = {"ABC": [b"X:1\nK:C\nABc|"], "frames": [b"[[[60, 64], [60]]]"], "kern": [b"**kern\n4c\n*-\n"]}
    made = [fuzzer.make_input(seeds, 1, index) for index in range(60)]
    assert made == [fuzzer.make_input(seeds, 1, index) for index in range(60)]
    assert made != [fuzzer.make_input(seeds, 2, index) for index in range(60)]
