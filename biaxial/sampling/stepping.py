"""What the loop of drawing sees of a stepper: how the draw differs from the model, and a frame at a time in arrays.

The compiled stepper works in numpy, the others in PyTorch; the loop gives arrays to either and reads them from either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from biaxial.models.config import ModelConfig
from biaxial.sampling.constraints import Rule

Target = Literal["model", "draw", "piece"]


@dataclass(frozen=True)
class Proposal:
    """How the draw differs from the model.

    Parameters
    ----------
    temperature
        Divides the logits.
    sounding_bias, striking_bias
        Added to the logits of sounding and of struck outcomes after that, so that the temperature keeps the density.
    min_p
        An outcome to which the tempered distribution gives less than this is not drawn, unless it is the most likely
        one.
    target
        What weights put right: ``"model"``, the model's own distribution; ``"draw"``, the product of the tempered
        distributions of all cells, so that only constraints weigh; ``"piece"``, the distribution of whole pieces
        tempered at once, ``p(piece) ** (1 / temperature)``, which also favours what leads to likely frames later on.
    """

    temperature: float = 1.0
    sounding_bias: float = 0.0
    striking_bias: float = 0.0
    min_p: float = 0.0
    target: Target = "model"

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"a temperature is above 0, not {self.temperature}")
        if not 0 <= self.min_p < 1:
            raise ValueError(f"min-p is a probability from 0 up to but not including 1, not {self.min_p}")


class Change(NamedTuple):
    """Of a piece more is known than before, in some of its steps."""

    piece: int
    steps: range


class FrameStepper(Protocol):
    """A stepper: :class:`biaxial.sampling.reference_stepper.Stepper` says what each of its methods does.

    States and what is encoded are the stepper's own business. A state has ``log_likelihood``, shape ``(b,)``, and
    ``take(rows)``; what is encoded has ``at(step)``.
    """

    config: ModelConfig

    @property
    def device_type(self) -> str:
        """Kind of the device that it draws on: ``"cpu"``, ``"cuda"`` ..."""
        ...

    def start(self, batch: int) -> Any:
        """The state before the first step."""
        ...

    def encode(self, known: Any, conditions: Any) -> Any:
        """Work out what only depends on what is given, arrays as for :meth:`step` with an axis of steps."""
        ...

    def encode_again(self, encoded: Any, known: Any, conditions: Any, changes: Sequence[Change]) -> Any:
        """Work it out anew where more is known, in steps to come, than when it was encoded."""
        ...

    def step(
        self,
        state: Any,
        conditions: Any,
        randoms: Any,
        known: Any = None,
        bias: Any = None,
        rules: Sequence[Rule] = (),
        encoded: Any = None,
    ) -> tuple[Any, Any, Any]:
        """Draw one frame: outcomes ``(b, n)`` and log-weights ``(b,)`` as arrays or tensors, and the new state."""
        ...


def as_array(x: Any) -> NDArray[Any]:
    """What a stepper returned, as an array; a tensor on any device."""
    return x if isinstance(x, np.ndarray) else np.asarray(x.cpu().numpy())
