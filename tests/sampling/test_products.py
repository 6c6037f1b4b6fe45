"""Products with a matrix of weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from biaxial.sampling.half_products import HalfMatrix
from biaxial.sampling.products import Products, matrix, one_thread


@pytest.mark.parametrize("products", ["float32", "bfloat16"])
def test_a_product_is_that_of_the_weights(products: Products) -> None:
    rng = np.random.default_rng(0)
    weights, x = rng.normal(size=(24, 40)).astype(np.float32), rng.normal(size=(6, 24)).astype(np.float32)
    found = matrix(weights, 6, products)(x)
    assert found.dtype == np.float32
    out = np.empty_like(found)
    assert matrix(weights, 6, products)(x, out) is out
    assert np.array_equal(out, found)
    assert np.allclose(found, x @ weights, rtol=0, atol=1e-5 if products == "float32" else 0.2)


def test_rounded_products_are_those_of_torch_with_and_without_laid_out_weights() -> None:
    rng = np.random.default_rng(0)
    weights, x = rng.normal(size=(24, 40)).astype(np.float32), rng.normal(size=(6, 24)).astype(np.float32)
    product = HalfMatrix(weights, 6)
    plain = (torch.from_numpy(x).bfloat16() @ torch.from_numpy(weights).bfloat16()).float().numpy()
    assert np.allclose(product(x), plain, rtol=0, atol=0.1)
    product.laid_out = None
    assert np.array_equal(product(x), plain)


def test_where_the_operator_is_missing_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise NotImplementedError("Could not run 'mkldnn::_reorder_linear_weight'")

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", missing)
    product = HalfMatrix(np.eye(8, dtype=np.float32), 3)
    assert product.laid_out is None
    assert np.array_equal(product(np.ones((3, 8), np.float32)), np.ones((3, 8)))


def test_products_take_one_thread_for_a_while() -> None:
    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = threads()
    with one_thread():
        assert set(threads()) <= {1}
    assert threads() == before
