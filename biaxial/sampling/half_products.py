"""Products in bfloat16 by PyTorch, for processors that multiply whole matrices, or none, by units for them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]

_PIECES = 4
"""Pieces that are multiplied together at most."""


class HalfMatrix:
    """A matrix of weights in bfloat16.

    oneDNN, where PyTorch has it, lays the weights out once for so many rows; its products are then about a sixth faster
    than those of ``torch.mm``, which does it anew every time. The operators are those that PyTorch's own compiler uses;
    they are not part of its public face, so that ``torch.mm`` takes over where they are not as expected.

    Whether a piece has the same bits among others as alone is tried out once; where it has not, pieces are multiplied
    one by one.

    Parameters
    ----------
    weights
        Shape ``(i, o)``.
    num_rows
        Rows of a piece.
    """

    def __init__(self, weights: Floats, num_rows: int) -> None:
        self.weights = torch.from_numpy(np.ascontiguousarray(weights)).bfloat16()
        self.laid_out: Tensor | None = None
        self.num_rows, self.at_once = num_rows, 1
        pieces = np.random.default_rng(0).normal(size=(_PIECES, num_rows, len(weights))).astype(np.float32)
        try:
            self._product = torch.ops.mkldnn._linear_pointwise.default
            self.laid_out = torch.ops.mkldnn._reorder_linear_weight(self.weights.T.contiguous(), num_rows)
            plain = pieces[0] @ self.weights.float().numpy()
            if not np.allclose(self._multiply(pieces[0]), plain, rtol=0.1, atol=0.1):
                self.laid_out = None
        except (AttributeError, RuntimeError, TypeError):
            self.laid_out = None
        alone = [self._multiply(piece) for piece in pieces]
        while self.at_once < _PIECES and self._agrees(pieces[: self.at_once + 1], alone):
            self.at_once += 1

    def add(self, x: Floats, out: Floats) -> None:
        """Add ``x @ weights`` to ``out``, for pieces ``p``: shapes ``(p, n, i)`` and ``(p, n, o)``, contiguous."""
        for first in range(0, len(x), self.at_once):
            some, own = x[first : first + self.at_once], out[first : first + self.at_once]
            product = self._multiply(some.reshape(-1, some.shape[-1]))
            torch.from_numpy(own).add_(torch.from_numpy(product).view(own.shape))

    def _multiply(self, x: Floats) -> Floats:
        rows = torch.from_numpy(x).bfloat16()
        if self.laid_out is None:
            product = torch.mm(rows, self.weights)
        else:
            product = self._product(rows, self.laid_out, None, "none", [], "")
        found: Floats = product.float().numpy()
        return found

    def _agrees(self, pieces: Floats, alone: list[Floats]) -> bool:
        """Whether pieces multiplied together have the bits that each has alone."""
        together = self._multiply(pieces.reshape(-1, pieces.shape[-1])).reshape(len(pieces), self.num_rows, -1)
        return all(np.array_equal(one, other) for one, other in zip(together, alone, strict=False))
