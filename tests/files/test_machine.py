"""Whether there may be a GPU is known without PyTorch."""

from __future__ import annotations

import ctypes

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
