"""What each device does when several train one network.

In training the devices share the crops of each batch, so that an epoch has the same batches and updates on any number
of devices: the batch size is that of the whole run. In validation they share the batches, which stay whole: the nats of
each are then the same numbers wherever they are computed.

All devices take the same number of batches, since every batch is a moment at which they meet. A device that has nothing
to do takes an empty batch, which :func:`~biaxial.training.crops.collate` turns into one masked step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import lightning

T = TypeVar("T")


class Share(NamedTuple):
    """The place of one device among all of them.

    Attributes
    ----------
    rank, world
        Number of the device, from 0, and the number of devices.
    """

    rank: int = 0
    world: int = 1

    @classmethod
    def of(cls, trainer: lightning.Trainer | None) -> Share:
        """That of this process; without a trainer there is one device."""
        return cls() if trainer is None else cls(trainer.global_rank, trainer.world_size)

    def of_each(self, batches: Iterable[list[T]]) -> list[list[T]]:
        """Its part of every batch."""
        return [batch[self.rank :: self.world] for batch in batches]

    def of_all(self, batches: list[list[T]]) -> list[list[T]]:
        """Its batches, followed by an empty one where other devices have one more."""
        rounds = -(-len(batches) // self.world)
        mine = batches[self.rank :: self.world]
        return mine + [[] for _ in range(rounds - len(mine))]
