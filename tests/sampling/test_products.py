"""Products with a matrix of weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from biaxial.sampling.half_products import HalfMatrix
from biaxial.sampling.kernels.tables import NARROW, WIDE, Floats
from biaxial.sampling.packed_weights import has_unit, panel_width
from biaxial.sampling.products import LibraryMatrix, Matrix, TiledHalves, matrix, one_thread


def some(inputs: int, outputs: int, pieces: int = 3, rows: int = 9) -> tuple[Floats, Floats, Floats]:
    """Weights, pieces, and what their product is added to."""
    rng = np.random.default_rng(0)
    sizes = (inputs, outputs), (pieces, rows, inputs), (pieces, rows, outputs)
    weights, x, out = (rng.normal(size=size).astype(np.float32) for size in sizes)
    return weights, x, out


def added(one: Matrix, x: Floats, out: Floats) -> Floats:
    found = out.copy()
    one.add(x, found)
    return found


KINDS: dict[str, Callable[[Floats, int], Matrix]] = {
    "float32": lambda weights, rows: matrix(weights, rows, "float32"),
    "bfloat16": lambda weights, rows: matrix(weights, rows, "bfloat16"),
    "by numpy": lambda weights, rows: LibraryMatrix(weights),
    "halves by PyTorch": HalfMatrix,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("inputs", "outputs"), [(24, 40), (5, 3), (33, 2 * WIDE), (24, 2 * WIDE + 1)])
def test_a_product_is_that_of_the_weights(kind: str, inputs: int, outputs: int) -> None:
    weights, x, out = some(inputs, outputs)
    found = added(KINDS[kind](weights, 9), x, out)
    assert found.dtype == np.float32
    exact = kind in ("float32", "by numpy")
    assert np.allclose(found, out + x @ weights, rtol=0, atol=1e-5 if exact else 0.2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 9, 49])
def test_a_piece_has_the_same_bits_alone_and_among_others(kind: str, rows: int) -> None:
    weights, x, out = some(64, 100, 8, rows)
    one = KINDS[kind](weights, rows)
    together = added(one, x, out)
    for piece in range(8):
        assert np.array_equal(added(one, x[piece:][:1], out[piece:][:1])[0], together[piece])
    assert np.array_equal(added(one, x[::-1].copy(), out[::-1].copy()), together[::-1])


@pytest.mark.parametrize("has_wide", [True, False], ids=["wide", "narrow"])
def test_a_row_has_the_same_bits_in_tiles_of_all_sizes(monkeypatch: pytest.MonkeyPatch, has_wide: bool) -> None:
    monkeypatch.setattr("biaxial.sampling.packed_weights.has_unit", lambda _: has_wide)
    weights, x, out = some(33, 100, 1, 15)
    one = matrix(weights, 9, "float32")
    alone = np.concatenate([added(one, x[:, row : row + 1], out[:, row : row + 1]) for row in range(15)], axis=1)
    for rows in range(1, 16):
        assert np.array_equal(added(one, x[:, :rows], out[:, :rows]), alone[:, :rows])


def test_wide_and_narrow_tiles_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, x, out = some(33, 100)
    found = list[Floats]()
    for has_wide, width in ((True, WIDE), (False, NARROW)):
        monkeypatch.setattr("biaxial.sampling.packed_weights.has_unit", lambda _, wide=has_wide: wide)
        assert panel_width() == width
        found.append(added(matrix(weights, 9, "float32"), x, out))
    wide, narrow = found
    assert np.array_equal(wide, narrow)


@pytest.mark.skipif(not has_unit("avx512bf16"), reason="no units for halves in tiles")
def test_halves_in_tiles_are_rounded_to_the_nearest() -> None:
    weights, x, out = some(33, 50)
    rounded = (torch.from_numpy(each).bfloat16().double().numpy() for each in (x, weights))
    assert np.allclose(added(TiledHalves(weights), x, out), out + np.matmul(*rounded), rtol=0, atol=1e-5)


def test_rounded_products_are_those_of_torch_with_and_without_laid_out_weights() -> None:
    weights, x, out = some(24, 40)
    product, out = HalfMatrix(weights, 9), np.zeros_like(out)
    plain = (torch.from_numpy(x).bfloat16() @ torch.from_numpy(weights).bfloat16()).float().numpy()
    assert np.allclose(added(product, x, out), plain, rtol=0, atol=0.1)
    product.laid_out = None
    assert np.array_equal(added(product, x, out), plain)


def test_where_bits_differ_among_others_pieces_are_multiplied_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HalfMatrix, "_agrees", lambda *_: False)
    weights, x, out = some(24, 40)
    product = HalfMatrix(weights, 9)
    assert product.at_once == 1
    assert np.allclose(added(product, x, out), out + x @ weights, rtol=0, atol=0.2)


def test_where_the_operator_is_missing_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise NotImplementedError("Could not run 'mkldnn::_reorder_linear_weight'")

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", missing)
    product = HalfMatrix(np.eye(8, dtype=np.float32), 3)
    assert product.laid_out is None
    assert np.array_equal(
        added(product, np.ones((1, 3, 8), np.float32), np.zeros((1, 3, 8), np.float32)), np.ones((1, 3, 8))
    )


def test_products_take_one_thread_for_a_while() -> None:
    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = threads()
    with one_thread():
        assert set(threads()) <= {1}
    assert threads() == before
