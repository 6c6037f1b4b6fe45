"""From requests to pieces, for every verb that writes: what draws, how a piece ends, which candidate is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from biaxial.files.machine import available_threads
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.sampling.choose import Precision, fast_stepper
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Proposal
from biaxial.tasks.critic import Critic
from biaxial.tasks.drawing.fill import Ending, fill
from biaxial.tasks.drawing.sampling_options import HARMONISING, Drawing, Progress
from biaxial.tasks.piece import Candidate, Piece
from biaxial.tasks.plans.composition import cadence
from biaxial.tasks.plans.request import Request

GPU_ROWS = 64
"""Pieces and particles from which on a GPU draws, where there is one."""


class Drawer(Critic):
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
        super().__init__(network)
        self.made = made
        self.name = name
        self.threads = threads or available_threads()
        self._kept: tuple[tuple[Proposal, Precision, bool], Stepper] | None = None

    def _alternatives(
        self,
        num_outputs: int,
        request: Request,
        seed: int,
        drawing: Drawing | None,
        progress: Progress | None,
        close: Ending | None = None,
    ) -> Iterator[Piece]:
        seeds, drawing = range(seed, seed + num_outputs), drawing or HARMONISING
        if request.score.chords and drawing.min_voices is None:  # a rest would be the easiest way to agree with a chord
            many = self.network.config.num_voices
            least = many if drawing.max_voices is None else min(many, drawing.max_voices)
            drawing = replace(drawing, min_voices=least)
        return self._filled([request] * num_outputs, seeds, drawing, progress, close)

    def _filled(
        self,
        requests: Sequence[Request],
        seeds: Sequence[int],
        drawing: Drawing,
        progress: Progress | None,
        close: Ending | None,
    ) -> Iterator[Piece]:
        if not requests:
            raise InputError("no pieces were asked for; give a number of at least 1")
        stepper = self._stepper(drawing, len(requests))
        rank = self._rank if drawing.best_of > 1 else None
        return fill(stepper, requests, seeds, drawing, self.name, ending=close, rank=rank, progress=progress)

    def _rank(self, scores: Sequence[Score], nats: Sequence[float], met: Sequence[bool]) -> list[Candidate]:
        """Rank what was drawn for one piece, as :mod:`biaxial.tasks.drawing.best_of` does."""
        from biaxial.tasks.drawing.best_of import ranked

        return ranked(scores, nats, met, self._judge())

    def _stepper(self, drawing: Drawing, num_outputs: int) -> Stepper:
        """What draws; kept for the next time that pieces are drawn in the same way."""
        together = num_outputs * drawing.particles * drawing.best_of
        on_gpu = self.network.device.type == "cuda" and together >= GPU_ROWS
        way = drawing.proposal(self.made), drawing.precision, on_gpu
        if self._kept is None or self._kept[0] != way:
            device = self.network.device if on_gpu else "cpu"
            self._kept = way, fast_stepper(self.network, *way[:2], self.threads, device)
        return self._kept[1]

    def _close(self, requests: Sequence[Request], drawing: Drawing) -> Ending | None:
        """An ending on the tonic, if one is wanted."""
        config = self.network.config
        if not requests:
            return None
        first_free = int(np.flatnonzero(requests[0].known.any(axis=1)).max(initial=-1)) + 1
        scores = [request.score for request in requests]
        return cadence(scores, config, drawing, first_free) if drawing.cadence else None
