"""A kernel as Python calls it does what its source does, whatever the kinds of its arguments; others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from biaxial.sampling.kernel_calls import Kernel, add_echo, lstm_cells
from biaxial.sampling.kernels import time_step
from biaxial.sampling.kernels.tables import EchoTables


def test_machine_code_does_what_the_source_does() -> None:
    random = np.random.default_rng(0)
    gates, old = (random.normal(size=(2, 5, width)).astype(np.float32) for width in (48, 12))
    ours, its = np.zeros((2, 2, 5, 12), np.float32), np.zeros((2, 2, 5, 12), np.float32)
    lstm_cells(gates, old, *ours)
    time_step.lstm_cells.py_func(gates, old, *its)
    assert np.allclose(ours, its, rtol=1e-5, atol=1e-6)
    assert np.abs(ours).min() > 0


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_tables_numbers_and_truth_values_arrive(kind: Any) -> None:
    cells, classes = (np.arange(6, dtype=kind).reshape(2, 3) + first for first in (1, 10))
    tables = EchoTables(cells, classes, np.full(3, 100, kind))
    frame = np.array([1, 0], np.uint8)
    for length_class, from_start in ((0, False), (1, True), (np.int64(1), np.True_)):
        ours = np.ones((2, 3), kind)
        add_echo(tables, frame, length_class, from_start, ours)
        expected = 1 + tables.cells[frame] + tables.classes[length_class] + (tables.from_start if from_start else 0)
        assert np.array_equal(ours, expected)


def test_tables_that_are_no_longer_remembered_are_laid_out_again() -> None:
    frame, nothing = np.zeros(2, np.uint8), np.zeros(3, np.float32)
    rows = [np.full((1, 3), number, np.float32) for number in range(50)]
    every = [EchoTables(row, row, nothing) for row in rows]
    for tables in (*every, *every[::-1]):
        ours = np.zeros((2, 3), np.float32)
        add_echo(tables, frame, 0, False, ours)
        assert (ours == 2 * tables.cells[0, 0]).all()


def test_arrays_that_cannot_be_written_to_are_read() -> None:
    cells = np.full((1, 3), 5, np.float32)
    frame, ours = np.zeros(2, np.uint8), np.zeros((2, 3), np.float32)
    for array in (cells, frame):
        array.flags.writeable = False
    add_echo(EchoTables(cells, cells, cells[0]), frame, 0, True, ours)
    assert (ours == 15).all()


def test_what_kernels_do_not_take_is_refused() -> None:
    arrays = [np.zeros((1, 2, size), np.float32) for size in (4, 1, 1, 1)]
    with pytest.raises(TypeError, match="contiguous"):
        lstm_cells(np.zeros((1, 4, 2), np.float32).swapaxes(1, 2), *arrays[1:])
    with pytest.raises(TypeError, match="not str"):
        lstm_cells("given", *arrays[1:])
    with pytest.raises(TypeError, match="not str"):
        add_echo((("given",), 2), *arrays)


def test_code_is_found_by_the_kinds_of_arguments() -> None:
    kernel = Kernel("time_step", "lstm_cells")
    names = {kernel._symbol(arguments) for arguments in [
        (np.zeros(2),), (np.zeros((2, 2)),), (np.zeros(2, np.float32),), (1,), (1.0,), (True,), (np.zeros(3),),
    ]}  # fmt: skip
    assert len(names) == 6  # lengths are no kind
