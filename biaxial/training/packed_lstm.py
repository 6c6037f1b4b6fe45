"""LSTM layers of training on the CPU, for sequences of unequal length that lie step by step.

All inputs of all steps are one product, then each step adds that of its hidden state, and a compiled kernel does the
rest of it. Nothing is computed that nobody asks for: no step beyond the end of a sequence, and no gradient of an input
that needs none, which PyTorch's own layer has on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.sampling.kernel_calls import cells_backward, cells_forward
from biaxial.sampling.kernels.tables import LearningLayer, LearntLayer


class Packing(NamedTuple):
    """How sequences lie, the longest first: all first steps, then all second ones of those that have one, and so on.

    Attributes
    ----------
    rows
        Which sequence each is, shape ``(r,)``; those without steps are left out.
    counts
        How many sequences have each step, and a zero.
    starts
        Where each step begins, and where all end.
    row, step
        Place among ``rows`` and step of each cell, shape ``(c,)``.
    """

    rows: Tensor
    counts: list[int]
    starts: list[int]
    row: Tensor
    step: Tensor

    @classmethod
    def of(cls, lengths: Tensor) -> Packing:
        """Pack sequences of some lengths, shape ``(rows,)``."""
        by_length, rows = lengths.sort(descending=True, stable=True)
        rows, steps = rows[by_length > 0], torch.arange(int(by_length.max()) if len(lengths) else 0)
        present = steps.unsqueeze(1) < by_length[: len(rows)]  # s r
        step, row = present.nonzero(as_tuple=True)
        counts = present.sum(1)
        starts = [0, *counts.cumsum(0).tolist()]
        return cls(rows, [*counts.tolist(), 0], starts, row, step)

    def cells(self, index: int, first: int, last: int) -> tuple[int, int]:
        """Where the cells of a step begin, of those of some rows that have it, and how many these are."""
        return self.starts[index] + first, max(0, min(last, self.counts[index]) - first)

    @property
    def before(self) -> Tensor:
        """Where the step before each cell lies, for all cells but those of the first step."""
        starts = torch.tensor(self.starts)
        later = slice(self.counts[0], None)
        return starts[self.step[later] - 1] + self.row[later]


class Shared(NamedTuple):
    """What enters the gates of many cells: the bias, and what else cells have in common.

    Attributes
    ----------
    gates
        Shape ``(s, g)``, float32.
    of
        Which row of it enters those of each cell, shape ``(c,)``.
    """

    gates: Tensor
    of: Tensor


def lstm_layer(
    packing: Packing, inputs: list[tuple[Tensor, Tensor]], recurrent: Tensor, shared: Shared, mask: Tensor
) -> Tensor:
    """Run a layer over packed sequences from its zero state.

    Parameters
    ----------
    packing
        How the sequences lie.
    inputs
        Inputs and their weights, shapes ``(c, i)`` and ``(g, i)``, all in one precision: float32 or bfloat16.
    recurrent
        Weights of the hidden state, shape ``(g, h)``, in the same precision.
    shared
        What enters the gates of many cells.
    mask
        What the output of each sequence is multiplied by, shape ``(r, h)``, float32.

    Returns
    -------
    Output, shape ``(c, h)``.
    """
    pairs = (part for pair in inputs for part in pair)
    found: Tensor = _Layer.apply(packing, mask, recurrent, *shared, *pairs)  # type: ignore[no-untyped-call]
    return found


class _Layer(torch.autograd.Function):
    """A layer and its gradient. What the gates let through is replaced by their gradient, so there is one way back."""

    @staticmethod
    def forward(
        ctx: Any, packing: Packing, mask: Tensor, recurrent: Tensor, shared: Tensor, of: Tensor, *inputs: Tensor
    ) -> Tensor:
        gates = inputs[0] @ inputs[1].t()
        for x, weights in zip(inputs[2::2], inputs[3::2], strict=True):
            gates.addmm_(x, weights.t())
        cells, hidden = torch.empty(len(gates), recurrent.shape[1]), gates.new_empty(len(gates), recurrent.shape[1])
        out, turned = torch.empty_like(hidden), recurrent.t().contiguous()
        arrays = map(_array, (gates, shared.contiguous(), of, cells, mask, hidden, out))
        layer = LearningLayer(*arrays)

        def run(first: int, last: int) -> None:
            before = -1
            for index in range(len(packing.counts) - 1):
                start, count = packing.cells(index, first, last)
                if not count:
                    break
                if before >= 0:
                    gates[start : start + count].addmm_(hidden[before : before + count], turned)
                cells_forward(layer, first, start, before, count)
                before = start

        _in_parts(len(packing.rows), run)
        cells_forward.forget(layer)
        ctx.save_for_backward(mask, recurrent, of, cells, hidden, *inputs)
        ctx.packing, ctx.gates, ctx.shape = packing, gates, shared.shape
        return out

    @staticmethod
    def backward(ctx: Any, *of_outs: Tensor) -> tuple[Tensor | None, ...]:
        (of_out,), packing, gates = of_outs, ctx.packing, ctx.gates
        mask, recurrent, of, cells, hidden, *inputs = ctx.saved_tensors
        ctx.gates = None
        if gates is None:
            raise RuntimeError("an LSTM layer is gone back through a second time")
        of_cells, of_hidden = torch.zeros_like(mask), torch.zeros_like(mask, dtype=gates.dtype)
        of_out = of_out.contiguous()

        def run(first: int, last: int) -> Tensor:
            of_shared = torch.zeros(ctx.shape)
            arrays = map(_array, (gates, of, cells, mask, of_out, of_hidden, of_cells, of_shared))
            layer = LearntLayer(*arrays)
            later, remaining = 0, 0
            for index in reversed(range(len(packing.counts) - 1)):
                start, count = packing.cells(index, first, last)
                if remaining:
                    torch.mm(gates[later : later + remaining], recurrent, out=of_hidden[first : first + remaining])
                if count:
                    before = packing.starts[index - 1] + first if index else -1
                    cells_backward(layer, first, start, before, count)
                later, remaining = start, count
            cells_backward.forget(layer)
            return of_shared

        of_shared = torch.stack(_in_parts(len(packing.rows), run)).sum(0)
        _, _, for_recurrent, for_shared, _, *wanted = ctx.needs_input_grad
        of_recurrent = gates[packing.counts[0] :].t() @ hidden[packing.before] if for_recurrent else None
        found = list[Tensor | None]()
        for place in range(0, len(inputs), 2):
            x, weights = inputs[place : place + 2]
            found += [gates @ weights if wanted[place] else None, gates.t() @ x if wanted[place + 1] else None]
        return None, None, of_recurrent, of_shared if for_shared else None, None, *found


def _in_parts(num_rows: int, run: Callable[[int, int], Any]) -> list[Any]:
    """Run over all rows, a part of them in each thread of the CPU that PyTorch may take; what each part gave."""
    threads = torch.get_num_threads()
    if threads == 1:
        return [run(0, num_rows)]
    edges = [num_rows * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads, initializer=_alone) as pool:
        return list(pool.map(run, edges[:-1], edges[1:]))


def _alone() -> None:
    """Make a thread one that works by itself, for a part of a step whose gradient is written by hand."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)


def _array(x: Tensor) -> NDArray[Any]:
    """The numbers of a tensor, halves as the bits that they are."""
    x = x.detach()
    return x.view(torch.int16).numpy().view(np.uint16) if x.dtype == torch.bfloat16 else x.numpy()
