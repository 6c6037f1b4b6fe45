"""A function of tensors as a CUDA graph: its kernels are recorded once and then launched all together.

A pass over a frame is some hundred small kernels, and launching them one by one takes longer than they run. A recorded
graph always reads and writes the same memory, so that it has buffers of its own for inputs and results, all of fixed
shape, and nothing that it does may wait for the device or ask it for a number. The pattern (warm up on a side stream,
capture, replay) is that of the notes on CUDA graphs in PyTorch's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

_WARM_UPS = 3
"""Libraries set themselves up and choose their algorithms in the first calls, which cannot be recorded."""


class Captured:
    """A function that has been recorded.

    Parameters
    ----------
    function
        Takes the inputs one by one; all that it does, it does on their device.
    inputs
        Tensors of the shapes and types that it will be called with.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], inputs: Iterable[Tensor]) -> None:
        self.inputs = [x.clone(memory_format=torch.contiguous_format) for x in inputs]
        device = self.inputs[0].device
        with torch.cuda.device(device):
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(_WARM_UPS):
                    function(*self.inputs)
            torch.cuda.current_stream().wait_stream(side)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.results = function(*self.inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run it.

        Parameters
        ----------
        inputs
            New values of the first so many inputs; the others stay as they are.

        Returns
        -------
        The results, in buffers that the next call writes over.
        """
        for buffer, given in zip(self.inputs, inputs, strict=False):
            buffer.copy_(given)
        self.graph.replay()
        return self.results
