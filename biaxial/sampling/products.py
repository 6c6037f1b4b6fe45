"""Products of pieces with a matrix of weights, on one thread, in which a piece has the same bits as alone.

They are made of tiles (:mod:`biaxial.sampling.kernels.tiles`), but for what a library does by units that tiles do not
use: numpy's in float32 on Apple's processors, and in halves PyTorch's, which is loaded for them alone, where there are
units for whole matrices, or none for halves. ``"bfloat16"`` rounds both sides to halves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from biaxial.sampling.kernel_calls import multiply, round_to_halves
from biaxial.sampling.kernels.tables import Floats, Panels
from biaxial.sampling.packed_weights import has_unit, packed, packed_halves, panel_width

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Products = Literal["float32", "bfloat16"]


class Matrix(Protocol):
    """A matrix of weights."""

    def add(self, x: Floats, out: Floats) -> None:
        """Add ``x @ weights`` to ``out``, for pieces ``p``: shapes ``(p, n, i)`` and ``(p, n, o)``, contiguous."""
        ...


class TiledMatrix:
    """In float32, by tiles."""

    def __init__(self, weights: Floats) -> None:
        self._panels = Panels(packed(weights).ravel(), panel_width())

    def add(self, x: Floats, out: Floats) -> None:
        """Of :class:`Matrix`."""
        multiply(_rows(x), self._panels, _rows(out))


class TiledHalves:
    """In halves, by tiles."""

    def __init__(self, weights: Floats) -> None:
        self._panels = Panels(packed_halves(weights).ravel(), panel_width())

    def add(self, x: Floats, out: Floats) -> None:
        """Of :class:`Matrix`."""
        rows = _rows(x)
        pairs = np.empty((len(rows), (x.shape[-1] + 1) // 2), np.uint32)
        round_to_halves(rows.view(np.uint32), pairs)
        multiply(pairs, self._panels, _rows(out))


class LibraryMatrix:
    """In float32, by numpy's library, a piece at a time: rows of a larger product may have other bits."""

    def __init__(self, weights: Floats) -> None:
        self._weights = np.ascontiguousarray(weights)

    def add(self, x: Floats, out: Floats) -> None:
        """Of :class:`Matrix`."""
        out += np.matmul(x, self._weights)


def _rows(x: Floats) -> Floats:
    return x.reshape(-1, x.shape[-1])


def matrix(weights: Floats, num_rows: int, products: Products) -> Matrix:
    """A matrix of weights.

    Parameters
    ----------
    weights
        Shape ``(i, o)``.
    num_rows
        Rows of a piece, ``n``.
    products
        Precision of the product.
    """
    if products == "float32":
        return LibraryMatrix(weights) if sys.platform == "darwin" else TiledMatrix(weights)
    if has_unit("avx512bf16") and not has_unit("amx-bf16"):
        return TiledHalves(weights)
    from biaxial.sampling.half_products import HalfMatrix

    return HalfMatrix(weights, num_rows)


@cache
def _libraries() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Products of numpy on one thread for a while: a frame is too small for two, which wait for each other."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


def one_thread_here() -> None:
    """Let PyTorch, where it is loaded, work on one thread in this one: its number is that of each thread."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
