"""Products of what all notes have with a matrix of weights, always of the same shape, on one thread.

In float32 they are numpy's. ``"bfloat16"`` rounds both sides for processors that have units for that; these products
are PyTorch's, which is loaded for them alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float32]
Products = Literal["float32", "bfloat16"]


class Matrix(Protocol):
    """A matrix of weights."""

    def __call__(self, x: Floats, out: Floats | None = None) -> Floats:
        """``x @ weights``, float32, shape ``(n, o)`` for ``x`` of shape ``(n, i)``; in ``out`` if it is given."""
        ...


def matrix(weights: Floats, num_rows: int, products: Products) -> Matrix:
    """A matrix of weights.

    Parameters
    ----------
    weights
        Shape ``(i, o)``.
    num_rows
        Rows of what it will be multiplied with.
    products
        Precision of the product.
    """
    if products == "bfloat16":
        from biaxial.sampling.half_products import HalfMatrix

        return HalfMatrix(weights, num_rows)
    rows = np.ascontiguousarray(weights)
    return lambda x, out=None: np.matmul(x, rows, out=out)


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
