"""Whether there may be a GPU is known without PyTorch; work is done by threads, in order and to its end or not."""

from __future__ import annotations

import ctypes
import time

import pytest

from biaxial.files import machine


@pytest.mark.parametrize("installed", [(), ("libcuda.so.1",), ("nvcuda.dll",)])
def test_a_driver_that_loads_may_be_that_of_a_gpu(monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...]) -> None:
    def load(name: str) -> object:
        if name not in installed:
            raise OSError(f"{name}: cannot open shared object file")
        return object()

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr("biaxial.files.machine.Path.exists", lambda path: False)
    assert machine.may_have_gpu.__wrapped__() == bool(installed)


def test_results_come_in_the_order_of_the_items() -> None:
    done = list[int]()
    assert machine.in_threads(lambda item: item * item, range(50), 3, done.append) == [item**2 for item in range(50)]
    assert sorted(done) == [item**2 for item in range(50)]
    assert machine.in_threads(str, [], 1) == []


@pytest.mark.parametrize("who", ["work", "done"])
def test_an_error_ends_the_work(who: str) -> None:
    begun = list[int]()

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.002)
        if who == "work":
            raise ValueError("no")
        return item

    def done(_: int) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        machine.in_threads(work, range(5000), 1, done)
    assert len(begun) < 5000, "what had not begun was left"
