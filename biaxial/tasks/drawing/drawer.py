"""From plans to pieces, for every verb that writes: what draws, and which candidate is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from biaxial.files.machine import available_threads
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.score import Score
from biaxial.sampling.choose import Precision, fast_stepper
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Proposal
from biaxial.tasks.drawing.fill import fill
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
from biaxial.tasks.piece import Candidate, Piece
from biaxial.tasks.plans.plan import Plan
from biaxial.tasks.plans.planner import Planner

GPU_ROWS = 64
"""Pieces and particles from which on a GPU draws, where there is one."""


class Drawer(Planner):
    """What the verbs of a model that write music share.

    Parameters
    ----------
    network
        The network.
    made
        How its weights came to be.
    name
        Name of the weights.
    threads
        Threads that share pieces, or particles of a piece; by default as many as there are processors.
    """

    def __init__(self, network: BiaxialLSTM, made: dict[str, Any], name: str, threads: int | None = None) -> None:
        super().__init__(network, made)
        self.name = name
        self.threads = threads or available_threads()
        self._kept: tuple[tuple[Proposal, Precision, bool], Stepper] | None = None

    def draw(self, plan: Plan, progress: Progress | None = None) -> Iterator[Piece]:
        """Draw what was planned, a batch at a time; pieces come as they are finished.

        Parameters
        ----------
        plan
            What one of the planning verbs gave.
        progress
            Called with the number of frames drawn since its last call; what it raises ends the drawing.
        """
        stepper = self._stepper(plan.options, len(plan.requests))
        rank = self._rank if plan.options.best_of > 1 else None
        return fill(stepper, plan, self.name, made=self.made, rank=rank, progress=progress)

    def _rank(self, scores: Sequence[Score], nats: Sequence[float], met: Sequence[bool]) -> list[Candidate]:
        """Rank what was drawn for one piece, as :mod:`biaxial.tasks.drawing.best_of` does."""
        from biaxial.tasks.drawing.best_of import ranked

        return ranked(scores, nats, met, self._judge())

    def _stepper(self, drawing: SamplingOptions, num_outputs: int) -> Stepper:
        """What draws; kept for the next time that pieces are drawn in the same way."""
        together = num_outputs * drawing.num_particles(self.made) * drawing.best_of
        on_gpu = self.network.device.type == "cuda" and together >= GPU_ROWS
        way = drawing.proposal(self.made), drawing.precision, on_gpu
        if self._kept is None or self._kept[0] != way:
            device = self.network.device if on_gpu else "cpu"
            self._kept = way, fast_stepper(self.network, *way[:2], self.threads, device)
        return self._kept[1]
