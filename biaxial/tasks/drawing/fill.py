"""The one way from requests to pieces: everything that is not known is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from biaxial.features.known import Known
from biaxial.models.config import ModelConfig
from biaxial.music.constants import STRIKE
from biaxial.music.score import Score
from biaxial.sampling.charges import Charges
from biaxial.sampling.choose import one_thread
from biaxial.sampling.loop import Particles, Phrases, draw_pieces
from biaxial.sampling.reference_stepper import Stepper
from biaxial.tasks.drawing.sampling_options import Progress
from biaxial.tasks.piece import Candidate, LogLikelihood, Piece
from biaxial.tasks.plans.phrase_spans import phrase_spans, piece_of
from biaxial.tasks.plans.plan import Plan
from biaxial.tasks.plans.request import Prepared, assembled, prepare

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
    made: Mapping[str, Any],
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
    made
        How the weights came to be: what they say of charges.
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
    requests, seeds, drawing, ending = plan.requests, plan.seeds, plan.options, plan.ending
    config, many = stepper.config, drawing.best_of
    bias, rules = drawing.constraints(config)
    charges, number = drawing.charged(made) if config.num_voices > 1 else None, drawing.num_particles(made)
    most, most_frames = _BATCHES[stepper.device.type]
    first = 0
    while first < len(seeds):
        steps = len(prepare(requests[first], config).conditions)
        size = max(1, min(most, most_frames // (steps * number)) // many)
        batch = requests[first : first + size]
        prepared = [prepare(request, config) for request in batch]
        every = torch.arange(len(batch)).repeat_interleave(many)
        own = batch[0].bias
        particles = Particles(0, number) if number > 1 else None
        phrases = None if charges is None else _phrases(prepared, many, charges, config)
        with one_thread():
            drawn = draw_pieces(
                stepper,
                torch.stack([piece.conditions for piece in prepared])[every],
                [seeds[first + int(row)] for row in every],
                slots=[slot for _ in batch for slot in range(many)],
                known=Known(*(torch.stack(parts)[every] for parts in zip(*(p.known for p in prepared), strict=True))),
                bias=bias if own is None else own if bias is None else bias + own,
                rules=rules,
                ending=None if ending is None else ending.bias[first : first + size][every],
                ending_rules=() if ending is None else ending.rules,
                particles=particles if ending is None or particles is not None else ending.particles,
                phrases=phrases,
                after_step=None if progress is None else partial(progress, len(batch)),
            )
        met = drawn.log_evidence > -torch.inf
        for row, (request, piece) in enumerate(zip(batch, prepared, strict=True)):
            found = []
            for place in range(row * many, (row + 1) * many):
                known = piece.known.voices if drawn.known is None else drawn.known.voices[place]
                is_drawn = (known.numpy() != config.alphabet.everything).any(axis=1)
                outcomes = drawn.outcomes[place].numpy()
                struck = (config.alphabet.articulated(outcomes)[0] == STRIKE)[is_drawn].sum()
                nats = LogLikelihood(float(drawn.log_likelihood[place]), int(is_drawn.sum()), int(struck))
                score = assembled(request, piece, outcomes, config)
                remarks = request.remarks if met[place] else (*request.remarks, UNMET)
                evidence = float(drawn.log_evidence[place])
                found.append(Piece(score, seeds[first + row], model_name, nats, evidence, remarks))
            yield found[0] if rank is None or many == 1 else _best(found, rank)
        first += size


def _phrases(prepared: Sequence[Prepared], many: int, charges: Charges, config: ModelConfig) -> Phrases:
    """The phrases of pieces, each piece as often as it is drawn."""
    quarter = config.steps_per_quarter
    rows = [piece for piece in prepared for _ in range(many)]
    return Phrases(
        [phrase_spans(piece, quarter) for piece in rows], [piece_of(piece, quarter) for piece in rows], charges
    )


def _best(candidates: Sequence[Piece], rank: Rank) -> Piece:
    """The candidate that ranks first, with the ranking."""
    ranking = rank(
        [piece.score for piece in candidates],
        [piece.nats_per_step for piece in candidates],
        [UNMET not in piece.remarks for piece in candidates],
    )
    return replace(candidates[ranking[0].number - 1], ranking=tuple(ranking))
