"""Which stepper draws: the fastest that there is for a network, a device and a precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.compiled import CompiledStepper
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Proposal
from biaxial.sampling.weight_tables import can_compile

Precision = Literal["float64", "float32", "bfloat16"]

_TYPES: Final = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16}


def fast_stepper(
    model: BiaxialLSTM,
    proposal: Proposal | None = None,
    precision: Precision = "float32",
    threads: int = 1,
    device: str | torch.device = "cpu",
) -> Stepper:
    """A stepper for a network.

    Parameters
    ----------
    model
        The network.
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
    if torch.device(device).type != "cpu":
        return ParallelStepper(model, proposal, _TYPES[precision], device)
    if precision != "float64" and can_compile(model.config):
        return CompiledStepper(model, proposal, precision, threads)
    return ParallelStepper(model, proposal, torch.float32 if precision == "bfloat16" else _TYPES[precision])


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread for a while: a frame is too small for two, which wait for each other at every product."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
