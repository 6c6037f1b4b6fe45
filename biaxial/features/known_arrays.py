"""What is known of a piece before it is drawn, as arrays: :class:`biaxial.features.known.Known` without PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.music.cells import CellAlphabet

if TYPE_CHECKING:
    import torch

    from biaxial.features.known import Known


class KnownArrays(NamedTuple):
    """What is known of the cells of some frames; all arrays are ``uint8`` of shape ``(..., n)``.

    Attributes
    ----------
    outcomes, voices, ended
        As in :class:`~biaxial.features.known.Known`.
    """

    outcomes: NDArray[np.uint8]
    voices: NDArray[np.uint8]
    ended: NDArray[np.uint8]

    @classmethod
    def of(cls, outcomes: NDArray[np.uint8], voices: NDArray[np.uint8], alphabet: CellAlphabet) -> KnownArrays:
        """What is known of one piece.

        Parameters
        ----------
        outcomes
            Outcomes of all cells, shape ``(t, n)``; what they hold of unknown voices is not looked at.
        voices
            Sets of the known voices, shape ``(t, n)``.
        alphabet
            The outcomes of a cell.
        """
        before = np.concatenate([np.zeros_like(voices[:1]), voices[:-1]])
        arrays = alphabet.restricted(outcomes, voices), voices, before & ~voices
        return cls(*(np.ascontiguousarray(array, dtype=np.uint8) for array in arrays))

    @classmethod
    def nothing(cls, *shape: int) -> KnownArrays:
        """Nothing at all, for frames of a shape ``(..., n)``."""
        return cls(*(np.zeros(shape, np.uint8) for _ in cls._fields))

    @classmethod
    def stacked(cls, pieces: list[KnownArrays]) -> KnownArrays:
        """What is known of several pieces, of which each is of shape ``(t, n)``."""
        return cls(*map(np.stack, zip(*pieces, strict=True)))

    def at(self, index: Any) -> KnownArrays:
        """Index all three arrays alike."""
        return KnownArrays(*(x[index] for x in self))

    def to(self, device: torch.device | str) -> Known:
        """The same as tensors on a device."""
        import torch

        from biaxial.features.known import Known

        return Known(*(torch.as_tensor(x, device=device) for x in self))

    @property
    def pieces(self) -> NDArray[np.bool_]:
        """Whether anything is known of each piece, shape ``(b,)``, for arrays of shape ``(b, t, n)``."""
        return np.asarray(self.voices.any(axis=(1, 2)))
