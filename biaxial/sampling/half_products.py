"""Products in bfloat16 by PyTorch, for processors that have units for them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]


class HalfMatrix:
    """A matrix of weights in bfloat16.

    oneDNN, where PyTorch has it, lays the weights out once for so many rows; its products are then about a sixth faster
    than those of ``torch.mm``, which does it anew every time. The operators are those that PyTorch's own compiler uses;
    they are not part of its public face, so that ``torch.mm`` takes over where they are not as expected.

    Parameters
    ----------
    weights
        Shape ``(i, o)``.
    num_rows
        Rows of what it will be multiplied with.
    """

    def __init__(self, weights: Floats, num_rows: int) -> None:
        self.weights = torch.from_numpy(weights).bfloat16()
        self.laid_out: Tensor | None = None
        rows = np.ones((num_rows, len(weights)), np.float32)
        try:
            self._product = torch.ops.mkldnn._linear_pointwise.default
            self.laid_out = torch.ops.mkldnn._reorder_linear_weight(self.weights.T.contiguous(), num_rows)
            if not np.allclose(self(rows), rows @ self.weights.float().numpy(), rtol=0.1, atol=0.1):
                self.laid_out = None
        except (AttributeError, RuntimeError, TypeError):
            self.laid_out = None

    def __call__(self, x: Floats, out: Floats | None = None) -> Floats:
        """``x @ weights``, float32, shape ``(n, o)`` for ``x`` of shape ``(n, i)``; in ``out`` if it is given."""
        rows = torch.from_numpy(x).bfloat16()
        if self.laid_out is None:
            product = torch.mm(rows, self.weights)
        else:
            product = self._product(rows, self.laid_out, None, "none", [], "")
        if out is None:
            return product.float().numpy()
        torch.from_numpy(out).copy_(product)
        return out
