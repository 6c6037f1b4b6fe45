"""Where a run takes place: kind and number of devices, nodes, precision.

Lightning starts the processes and finds out which of them this one is, also under torchrun and SLURM. Devices share the
crops of each batch (:mod:`biaxial.training.batches`), so each holds the whole network: ``ddp`` is the one
strategy.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from biaxial.music.errors import InputError

Precision = Literal["auto", "bf16-mixed", "32-true"]
_PLACES = ("RANK", "SLURM_PROCID", "NODE_RANK", "GROUP_RANK", "LOCAL_RANK")


@dataclass(frozen=True)
class Machine:
    """Where a run takes place.

    Parameters
    ----------
    accelerator
        ``"auto"``, ``"cpu"`` or ``"gpu"``.
    devices
        How many of them on each node, 0 for all.
    precision
        Arithmetic of the matrix products: ``"auto"`` takes bfloat16 where the machine has units for it.
    num_nodes
        How many machines.
    strategy
        ``"auto"`` or ``"ddp"``: with several devices both are Lightning's distributed data parallel.
    """

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = 1
    precision: Precision = "auto"
    num_nodes: int = 1
    strategy: Literal["auto", "ddp"] = "auto"

    def __post_init__(self) -> None:
        if self.devices < 0:
            raise ValueError(f"the number of devices is at least 0, not {self.devices}")
        if self.num_nodes < 1:
            raise ValueError(f"the number of nodes is at least 1, not {self.num_nodes}")

    def resolved_precision(self) -> Literal["bf16-mixed", "32-true"]:
        """The precision that is used: bfloat16 on GPUs and processors with units for its dot products, else float32."""
        if self.precision != "auto":
            return self.precision
        if self.accelerator != "cpu" and torch.cuda.is_available():
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
        has_units = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return "bf16-mixed" if has_units else "32-true"

    def resolved_strategy(self) -> str:
        """Lightning's name of the strategy.

        A batch of which nothing is known leaves the context encoder without a gradient, on some devices or on all, and
        the weights are then updated as on one device.
        """
        alone = self.devices == 1 and self.num_nodes == 1 and self.strategy == "auto"
        return "auto" if alone else "ddp_find_unused_parameters_true"

    def trainer(self, **settings: Any) -> lightning.Trainer:
        """Lightning's trainer on this machine.

        Raises
        ------
        InputError
            If there are no such devices.
        """
        try:
            return lightning.Trainer(
                accelerator=self.accelerator,
                devices=self.devices or "auto",
                num_nodes=self.num_nodes,
                strategy=self.resolved_strategy(),
                precision=self.resolved_precision(),
                use_distributed_sampler=False,
                **settings,
            )
        except (MisconfigurationException, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{self.devices} devices of kind {self.accelerator!r}: {reason}; try cpu") from error


def is_first_process() -> bool:
    """Whether this process is the one of a run that writes and prints, as far as its environment says."""
    return all(os.environ.get(name, "0") == "0" for name in _PLACES)
