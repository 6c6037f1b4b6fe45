"""Which stepper draws: the fastest that there is for a network, a device and a precision."""

from __future__ import annotations

import os
from typing import Literal

import torch

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.compiled import CompiledStepper
from biaxial.sampling.parallel import ParallelStepper
from biaxial.sampling.stepper import Proposal, Stepper

Precision = Literal["float64", "float32", "bfloat16"]


def fast_stepper(
    model: BiaxialLSTM, proposal: Proposal | None = None, precision: Precision = "float32", threads: int = 1
) -> Stepper:
    """A stepper.

    Parameters
    ----------
    model
        The network.
    proposal
        Temperature and min-p.
    precision
        Of the network. ``"float32"`` decides as ``"float64"`` does but for a decision in a million; ``"bfloat16"``
        rounds the matrix products of the time axis, where the processor has units for that.
    threads
        Threads that share the pieces of a batch.
    """
    if precision != "float64" and CompiledStepper.runs(model.config):
        return CompiledStepper(model, proposal, precision, threads)
    return ParallelStepper(model, proposal, torch.float64 if precision == "float64" else torch.float32)


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
