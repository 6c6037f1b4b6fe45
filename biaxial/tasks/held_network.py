"""The network that a model holds: arrays until somebody asks for more, so that what needs no PyTorch never loads it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from biaxial.files.machine import may_have_gpu
from biaxial.models.network_arrays import NetworkArrays
from biaxial.music.errors import InputError


def best_device(device: str) -> str:
    """The device that ``"auto"`` means here, any other as it is; PyTorch is asked where there may be a GPU."""
    if device != "auto":
        return device
    if not may_have_gpu():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def on_device(network: Any, device: str) -> Any:
    """A network on a device, or on the best that there is.

    Raises
    ------
    InputError
        If the device cannot be used.
    """
    device = best_device(device)
    try:
        return network.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} cannot be used ({reason}); give cpu or auto") from error


class HoldsNetwork:
    """Holds a network.

    Parameters
    ----------
    network
        The network, in evaluation mode, or its arrays.
    device
        Where a network that is made of arrays is to be, or ``"auto"``.

    Attributes
    ----------
    config
        The config of the network.
    """

    def __init__(self, network: Any, device: str) -> None:
        self.config, self._given, self._device = network.config, network, device

    @cached_property
    def network(self) -> Any:
        """The network; where arrays are held it is made now, and PyTorch loaded for it.

        Raises
        ------
        InputError
            If its device cannot be used.
        """
        if not isinstance(self._given, NetworkArrays):
            return self._given
        from biaxial.weights import network_of

        return on_device(network_of(self._given), self._device)

    def _is_on_gpu(self) -> bool:
        """Whether the network is on a GPU, or will be."""
        if isinstance(self._given, NetworkArrays):
            return best_device(self._device).startswith("cuda")
        return bool(self._given.device.type == "cuda")
