"""The one way from requests to pieces: everything that is not known is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile

import torch

from biaxial.features.known import Known
from biaxial.music.constants import STRIKE
from biaxial.music.score import Score
from biaxial.sampling.choose import one_thread
from biaxial.sampling.loop import Particles, draw_pieces
from biaxial.sampling.reference_stepper import Stepper
from biaxial.tasks.drawing.sampling_options import Progress
from biaxial.tasks.piece import Candidate, LogLikelihood, Piece
from biaxial.tasks.plans.plan import Ending, Plan
from biaxial.tasks.plans.request import assembled, prepare

_BATCHES = {"cpu": (32, 2**13), "cuda": (1024, 2**18)}
"""By device, how many pieces are drawn together at most, and how many frames in all unless one piece has more."""

Rank = Callable[[Sequence[Score], Sequence[float], Sequence[bool]], Sequence[Candidate]]
"""Ranks candidates, the best first, given their music, nats per step, and whether they meet their constraints."""

UNMET = "not all constraints could be met; try another seed or more particles"


def fill(
    stepper: Stepper,
    plan: Plan,
    model_name: str,
    *,
    rank: Rank | None = None,
    progress: Progress | None = None,
) -> Iterator[Piece]:
    """Draw pieces of equal length with the same constraints, a batch at a time.

    Parameters
    ----------
    stepper
        Draws the frames.
    plan
        The pieces, their seeds, constraints, particles, and how many are drawn for each one that is kept.
    model_name
        Name of the weights, kept with each piece.
    rank
        Says which of several pieces drawn for one is kept.
    progress
        Called after every frame with the number of pieces in the batch.

    Yields
    ------
    The pieces, in order.

    Raises
    ------
    InputError
        If a request cannot be laid on the grid.
    """
    requests, seeds, drawing = plan.requests, plan.seeds, plan.options
    config, many = stepper.config, drawing.best_of
    bias, rules = drawing.constraints(config)
    most, most_frames = _BATCHES[stepper.device.type]
    first = 0
    while first < len(seeds):
        steps = len(prepare(requests[first], config).conditions)
        size = max(1, min(most, most_frames // (steps * drawing.particles)) // many)
        ending = plan.endings[first]
        endings = list(takewhile(partial(_alike, ending), plan.endings[first : first + size]))
        batch = requests[first : first + len(endings)]
        prepared = [prepare(request, config) for request in batch]
        every = torch.arange(len(batch)).repeat_interleave(many)
        own = batch[0].bias
        particles = Particles(0, drawing.particles) if drawing.particles > 1 else None
        with one_thread():
            drawn = draw_pieces(
                stepper,
                torch.stack([piece.conditions for piece in prepared])[every],
                [seeds[first + int(row)] for row in every],
                slots=[slot for _ in batch for slot in range(many)],
                known=Known(*(torch.stack(parts)[every] for parts in zip(*(p.known for p in prepared), strict=True))),
                bias=bias if own is None else own if bias is None else bias + own,
                rules=rules,
                ending=None if ending is None else torch.stack([each.bias for each in endings if each])[every],
                ending_rules=() if ending is None else ending.rules,
                particles=particles if ending is None or particles is not None else ending.particles,
                after_step=None if progress is None else partial(progress, len(batch)),
            )
        met = drawn.log_evidence > -torch.inf
        for row, (request, piece) in enumerate(zip(batch, prepared, strict=True)):
            is_drawn = (piece.known.voices.numpy() != config.alphabet.everything).any(axis=1)
            found = []
            for place in range(row * many, (row + 1) * many):
                outcomes = drawn.outcomes[place].numpy()
                struck = (config.alphabet.articulated(outcomes)[0] == STRIKE)[is_drawn].sum()
                nats = LogLikelihood(float(drawn.log_likelihood[place]), int(is_drawn.sum()), int(struck))
                score = assembled(request, piece, outcomes, config)
                remarks = request.remarks if met[place] else (*request.remarks, UNMET)
                evidence = float(drawn.log_evidence[place])
                found.append(
                    Piece(score, seeds[first + row], model_name, nats, evidence, remarks, plan=request.phrase_plan)
                )
            yield found[0] if rank is None or many == 1 else _best(found, rank)
        first += len(batch)


def _alike(one: Ending | None, other: Ending | None) -> bool:
    return other is None if one is None else one.is_drawn_as(other)


def _best(candidates: Sequence[Piece], rank: Rank) -> Piece:
    """The candidate that ranks first, with the ranking."""
    ranking = rank(
        [piece.score for piece in candidates],
        [piece.nats_per_step for piece in candidates],
        [UNMET not in piece.remarks for piece in candidates],
    )
    return replace(candidates[ranking[0].number - 1], ranking=tuple(ranking))
