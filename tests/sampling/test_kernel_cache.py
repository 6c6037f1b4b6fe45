"""Compiled kernels are kept beside the package, else in the user's cache folder; where no folder is, they run too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import biaxial
from biaxial.sampling.kernels.shared import kernel

PROGRAM = """
import numpy as np
from biaxial.sampling.compiled import keeps_kernels
from biaxial.sampling.kernels.time_step import lstm_cells
arrays = [np.zeros((1, 1, size), np.float32) for size in (4, 1, 1, 1)]
lstm_cells(*arrays)
print(lstm_cells.stats.cache_path)
print(keeps_kernels(), *lstm_cells.stats.cache_hits.values())
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package in which nothing was compiled."""
    leave_out = shutil.ignore_patterns("__pycache__", "assets", "page")
    shutil.copytree(Path(biaxial.__file__).parent, tmp_path / "site" / "biaxial", ignore=leave_out)
    return tmp_path / "site"


def compiled(site: Path, home: Path) -> tuple[Path, list[str]]:
    """Compile a small kernel in a new process; where it is kept, and whether kernels are kept and one was found."""
    away = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    variables = {name: value for name, value in os.environ.items() if name not in away}
    variables |= {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=home, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    where, said = done.stdout.splitlines()
    return Path(where), said.split()


@pytest.mark.parametrize("writable", [True, False], ids=["beside the package", "in the user's folder"])
def test_where_kernels_are_kept(copied: Path, tmp_path: Path, writable: bool) -> None:
    home, beside = tmp_path / "home", copied / "biaxial" / "sampling" / "kernels" / "__pycache__"
    home.mkdir()
    if not writable:
        beside.touch()  # no folder can be made there, not even by the superuser
    where, said = compiled(copied, home)
    assert said == ["True"]  # and nothing was found
    assert where == beside if writable else where.is_relative_to(home)
    assert [path for path in where.iterdir() if path.suffix == ".nbc"]
    assert compiled(copied, home) == (where, ["True", "1"])


def test_a_kernel_runs_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit

    def refuses(*functions: Any, **options: Any) -> Any:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function 'add': no locator available")
        return njit(*functions, **options)

    def add(x, out):  # type: ignore[no-untyped-def]
        for j in range(len(x)):
            out[j] += x[j]

    monkeypatch.setattr(numba, "njit", refuses)
    out = np.ones(3, np.float32)
    kernel(add)(np.ones(3, np.float32), out)
    assert out.tolist() == [2, 2, 2]
