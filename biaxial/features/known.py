"""What is known of a piece before it is drawn: some voices at some steps, in the past and in the future.

Knowledge is of voices, not of bare cells: where a soprano is known, its own cell is known to hold it, all other cells
are known to be without it, and an alto may still join it in a unison or cross above it. In an unvoiced corpus a cell is
known or it is not.

A known note ends where it ends: in the step after it, its voice may rest or strike anew, but not hold on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.known_arrays import KnownArrays
from biaxial.music.cells import CellAlphabet


class Known(NamedTuple):
    """What is known of the cells of some frames; all tensors are integers of shape ``(..., n)``.

    Attributes
    ----------
    outcomes
        Outcomes with only the known voices in them; 0 where nothing is known.
    voices
        Set of the voices that are known at the cell (1 for a known cell of an unvoiced corpus).
    ended
        Voices that are not known here, but were in the frame before.
    """

    outcomes: Tensor
    voices: Tensor
    ended: Tensor

    @classmethod
    def of(cls, outcomes: NDArray[np.uint8], voices: NDArray[np.uint8], alphabet: CellAlphabet) -> Known:
        """What is known of one piece; arguments as of :meth:`.KnownArrays.of`."""
        return KnownArrays.of(outcomes, voices, alphabet).to("cpu")

    @classmethod
    def nothing(cls, *shape: int) -> Known:
        """Nothing at all, for frames of a shape ``(..., n)``."""
        return cls(*(torch.zeros(shape, dtype=torch.uint8) for _ in cls._fields))

    def at(self, index: object) -> Known:
        """Index all three tensors alike."""
        return Known(*(x[index] for x in self))  # type: ignore[index]

    def to(self, device: torch.device) -> Known:
        """The same on a device."""
        return Known(*(x.to(device) for x in self))

    def decided(self, num_voices: int) -> Tensor:
        """Which voices are known in a whole frame, also those known to rest, shape ``(..., v)``."""
        bits = torch.arange(num_voices, device=self.voices.device)
        return (self.voices.unsqueeze(-1) >> bits & 1).bool().all(-2)

    @property
    def pieces(self) -> Tensor:
        """Whether anything is known of each piece, shape ``(b,)``, for tensors of shape ``(b, t, n)``."""
        return self.voices.flatten(1).any(1)
