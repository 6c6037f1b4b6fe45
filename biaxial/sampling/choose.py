"""Which stepper draws: the fastest that there is for a network, a device and a precision."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays, arrays_of
from biaxial.sampling import products
from biaxial.sampling.compiled import CompiledStepper
from biaxial.sampling.stepping import FrameStepper, Proposal
from biaxial.sampling.weight_tables import can_compile

if TYPE_CHECKING:
    import torch

    from biaxial.models.biaxial import BiaxialLSTM

Precision = Literal["float64", "float32", "bfloat16"]


def draws_compiled(config: ModelConfig, precision: Precision) -> bool:
    """Whether the compiled stepper draws on the CPU, which needs arrays and no PyTorch."""
    return precision != "float64" and can_compile(config)


def fast_stepper(
    network: BiaxialLSTM | NetworkArrays[ModelConfig],
    proposal: Proposal | None = None,
    precision: Precision = "float32",
    threads: int = 1,
    device: str | torch.device = "cpu",
) -> FrameStepper:
    """A stepper for a network.

    Parameters
    ----------
    network
        The network; arrays where :func:`draws_compiled` says that they do.
    proposal
        Temperature and min-p.
    precision
        Of the network. On the CPU ``"float32"`` decides as ``"float64"`` does but for a decision in a million, and
        ``"bfloat16"`` rounds the matrix products of the time axis alone.
    threads
        Threads of the CPU that share the pieces of a batch.
    device
        Where it draws.
    """
    if isinstance(network, NetworkArrays):
        assert precision != "float64"
        return CompiledStepper(network, proposal, precision, threads)
    import torch

    from biaxial.sampling.guess_and_verify import ParallelStepper

    types = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}
    if torch.device(device).type != "cpu":
        return ParallelStepper(network, proposal, types[precision], device)
    if precision != "float64" and can_compile(network.config):
        return CompiledStepper(arrays_of(network), proposal, precision, threads)
    return ParallelStepper(network, proposal, torch.float32 if precision == "bfloat16" else types[precision])


@contextmanager
def one_thread() -> Iterator[None]:
    """Products on one thread for a while: a frame is too small for two, which wait for each other at every product."""
    torch = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    if torch is not None:
        torch.set_num_threads(1)
    try:
        with products.one_thread():
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
