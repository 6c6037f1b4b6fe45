"""A plan: everything that is decided about pieces before the first note is drawn.

Each verb of a model has a function that plans and that fails there, if anything is wrong; :meth:`Model.draw
<biaxial.tasks.model.Model.draw>` draws what was planned. A plan knows how long drawing will take, in frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from biaxial.music.grid import Grid
from biaxial.sampling.constraints import Rule
from biaxial.sampling.loop import Particles
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.plans.request import Request, num_steps


@dataclass(frozen=True)
class Ending:
    """Constraints of the last steps, and who looks for what meets them.

    Parameters
    ----------
    bias
        Static bias, shape ``(e, n, k)``.
    rules
        Constraints that read the frame so far.
    particles
        Where and how many.
    """

    bias: Tensor
    rules: Sequence[Rule]
    particles: Particles

    def is_drawn_as(self, other: Ending | None) -> bool:
        """Whether pieces that end so can be drawn together."""
        return other is not None and (len(self.bias), self.particles) == (len(other.bias), other.particles)


@dataclass(frozen=True, eq=False)
class Plan:
    """Pieces of equal length that are to be drawn with the same options.

    Parameters
    ----------
    requests
        What each piece is to be.
    seeds
        The seed of each piece, which is the piece that this seed gives alone.
    options
        Temperature, particles and constraints.
    endings
        The end of each piece as a constraint, if there is one.
    steps_per_quarter
        The time grid.
    """

    requests: tuple[Request, ...]
    seeds: tuple[int, ...]
    options: SamplingOptions
    endings: tuple[Ending | None, ...]
    steps_per_quarter: int

    @property
    def num_steps(self) -> int:
        """Frames that are drawn, over all pieces."""
        return len(self.requests) * num_steps(self.requests[0].score, Grid(self.steps_per_quarter))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was decided in planning and is worth telling, one line each."""
        return tuple(dict.fromkeys(remark for request in self.requests for remark in request.remarks))
