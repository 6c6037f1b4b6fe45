"""Products of a few rows, and kernels where nothing can be kept on disk."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
import torch

from biaxial.sampling.kernels.shared import kernel
from biaxial.sampling.weight_tables import Matrix


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_product_is_that_of_torch_with_and_without_laid_out_weights(precision: torch.dtype) -> None:
    torch.manual_seed(0)
    weights, x = torch.randn(24, 40), torch.randn(6, 24)
    matrix = Matrix(weights, 6, precision)
    plain = (x.to(precision) @ weights.to(precision)).float()
    tolerance = 1e-5 if precision == torch.float32 else 0.1
    assert matrix(x).dtype == torch.float32
    assert torch.allclose(matrix(x), plain, rtol=0, atol=tolerance)
    matrix.laid_out = None
    assert torch.equal(matrix(x), plain)


def test_where_the_operator_is_missing_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise NotImplementedError("Could not run 'mkldnn::_reorder_linear_weight'")

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", missing)
    weights = torch.randn(8, 8)
    matrix = Matrix(weights, 3, torch.float32)
    assert matrix.laid_out is None
    assert torch.equal(matrix(torch.ones(3, 8)), torch.ones(3, 8) @ weights)


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
