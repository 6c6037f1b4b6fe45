"""The one way from requests to pieces: everything that is not known is drawn, and the best of several is kept.

Several pieces that were drawn for one are ranked by a score that says how far each is from Bach's chorales: the mean of
how far it is in likelihood, in voice leading, in harmony and in novelty, as :mod:`biaxial.judge.judge` measures these.
The lowest is the best. Of the likelihood only too little counts: below a temperature of 1 every candidate is likelier
than a chorale, and the others say which is not dull. What does not apply (voice leading of music without voices, the
likelihood under other weights than the shipped ones) is left out. Pieces that did not meet their constraints come last;
equal scores are decided by the likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np

from biaxial.features.known_arrays import KnownArrays
from biaxial.models.config import ModelConfig
from biaxial.music.constants import STRIKE
from biaxial.music.score import Score
from biaxial.sampling.charges import Charges
from biaxial.sampling.choose import one_thread
from biaxial.sampling.constraints import StepBias
from biaxial.sampling.loop import Drawn, Particles, Phrases, draw_pieces
from biaxial.sampling.stepping import FrameStepper
from biaxial.tasks.drawing.sampling_options import Progress
from biaxial.tasks.piece import Candidate, LogLikelihood, Piece
from biaxial.tasks.plans.phrase_spans import phrase_spans, piece_of
from biaxial.tasks.plans.plan import Ending, Plan, Prepared, Request, assembled, prepare

if TYPE_CHECKING:
    from biaxial.judge.judge import Judge
    from biaxial.judge.measures import Group
    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.sampling.level_drawing import Levels

_BATCHES = {"cpu": (8, 2**13), "cuda": (1024, 2**18)}
"""By device, how many pieces are drawn together at most, and how many frames in all unless one piece has more."""

RANKED_BY: Final[tuple[Group, ...]] = ("likelihood", "voice leading", "harmony", "novelty")
"""The groups of measures whose mean is the score of a candidate."""
UNMET = "not all constraints could be met; try another seed or more particles"


def fill(
    stepper: FrameStepper,
    plan: Plan,
    model_name: str,
    *,
    charges: Charges | None = None,
    style: str | None = None,
    instruments: tuple[str, ...] = (),
    dynamics: BiaxialLSTM | None = None,
    judge: Judge | None = None,
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
    charges
        What the faults of a phrase cost; nothing by default.
    style
        The style that the stepper draws in, kept with each piece.
    instruments
        What the weights write for, kept with each piece.
    dynamics
        The network of the stepper, if it says how loud notes are.
    judge
        Judges them beside Bach's chorales, where several are drawn for each one that is kept.
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
    number = drawing.num_particles(charges)
    most, most_frames = _BATCHES[stepper.device_type]
    first = 0
    while first < len(seeds):
        steps = len(prepare(requests[first], config).conditions)
        size = max(1, min(most, most_frames // (steps * number)) // many)
        ending = plan.endings[first]
        endings = list(takewhile(partial(_alike, ending), plan.endings[first : first + size]))
        batch = requests[first : first + len(endings)]
        prepared = [prepare(request, config) for request in batch]
        every = np.arange(len(batch)).repeat(many)
        own = [request.bias or StepBias.nothing(config, steps) for request in batch]
        particles = Particles(0, number) if number > 1 else None
        phrases = None if charges is None else _phrases(batch, prepared, many, charges, config)
        with one_thread():
            drawn = draw_pieces(
                stepper,
                np.stack([piece.conditions for piece in prepared])[every],
                [seeds[first + int(row)] for row in every],
                slots=[slot for _ in batch for slot in range(many)],
                known=KnownArrays.stacked([piece.known for piece in prepared]).at(every),
                bias=bias,
                own_biases=[own[int(row)] for row in every],
                rules=rules,
                ending=None if ending is None else np.stack([each.bias for each in endings if each])[every],
                ending_rules=() if ending is None else ending.rules,
                particles=particles if ending is None or particles is not None else ending.particles,
                phrases=phrases,
                after_step=None if progress is None else partial(progress, len(batch)),
            )
        met = drawn.log_evidence > -np.inf
        loud = None if dynamics is None else _loud(dynamics, prepared, many, seeds[first : first + len(batch)], drawn)
        for row, (request, piece) in enumerate(zip(batch, prepared, strict=True)):
            found = []
            for place in range(row * many, (row + 1) * many):
                known = piece.known.voices if drawn.known is None else drawn.known.voices[place]
                is_drawn = (known != config.alphabet.everything).any(axis=1)
                outcomes = drawn.outcomes[place]
                struck = (config.alphabet.articulated(outcomes)[0] == STRIKE)[is_drawn].sum()
                level_nats = 0.0 if loud is None else float(loud.log_likelihood[place])
                nats = LogLikelihood(float(drawn.log_likelihood[place]), int(is_drawn.sum()), int(struck), level_nats)
                levels = None if loud is None else loud.levels[place].numpy()
                score = assembled(request, piece, outcomes, config, levels)
                remarks = request.remarks if met[place] else (*request.remarks, UNMET)
                evidence = float(drawn.log_evidence[place])
                made = (seeds[first + row], model_name, nats, evidence, remarks)
                found.append(Piece(score, *made, plan=request.phrase_plan, style=style, instruments=instruments))
            yield found[0] if judge is None else _best(found, judge)
        first += len(batch)


def _loud(network: BiaxialLSTM, prepared: Sequence[Prepared], many: int, seeds: Sequence[int], drawn: Drawn) -> Levels:
    """How loud the notes of pieces are, each piece as often as it is drawn."""
    import torch

    from biaxial.models.batch import Batch
    from biaxial.sampling.level_drawing import draw_levels

    every, device = [piece for piece in prepared for _ in range(many)], network.device
    batch = Batch.whole(
        torch.from_numpy(drawn.outcomes).to(device),
        torch.from_numpy(np.stack([piece.conditions for piece in every])).to(device),
        None if drawn.known is None else drawn.known.to(device),
    )
    batch = batch._replace(levels=torch.from_numpy(np.stack([piece.levels for piece in every])).to(device))
    slots = [slot for _ in prepared for slot in range(many)]
    return draw_levels(network, batch, [seed for seed in seeds for _ in range(many)], slots)


def _alike(one: Ending | None, other: Ending | None) -> bool:
    return other is None if one is None else one.is_drawn_as(other)


def _phrases(
    batch: Sequence[Request], prepared: Sequence[Prepared], many: int, charges: Charges, config: ModelConfig
) -> Phrases:
    """The phrases of pieces, each piece as often as it is drawn."""
    quarter = config.steps_per_quarter
    spans = [phrase_spans(piece, quarter, request.phrase_plan) for request, piece in zip(batch, prepared, strict=True)]
    pieces = [piece_of(piece, quarter) for piece in prepared]
    return Phrases(
        [each for each in spans for _ in range(many)], [each for each in pieces for _ in range(many)], charges
    )


def _best(pieces: Sequence[Piece], judge: Judge) -> Piece:
    """The piece that ranks first, with the ranking."""
    ranking = ranked(
        [piece.score for piece in pieces],
        [piece.nats_per_step for piece in pieces],
        [UNMET not in piece.remarks for piece in pieces],
        judge,
    )
    return replace(pieces[ranking[0].number - 1], ranking=tuple(ranking))


def ranked(
    scores: Sequence[Score], nats_per_step: Sequence[float], met: Sequence[bool], judge: Judge
) -> list[Candidate]:
    """Rank candidates, the best first.

    Parameters
    ----------
    scores
        The music of each.
    nats_per_step
        Negative log-likelihood of a drawn step of each.
    met
        Whether each meets its constraints.
    judge
        Judges them beside Bach's chorales.
    """
    from biaxial.judge.judge import mean_of  # what drawing one piece does not need

    judged = judge.judge([(str(number), score) for number, score in enumerate(scores)])
    found = []
    for number, (each, nats, kept) in enumerate(zip(judged, nats_per_step, met, strict=True), start=1):
        parts: dict[str, float] = {group: value for group, value in each.groups.items() if group in RANKED_BY}
        if "likelihood" in parts:  # on one side: what is drawn below a temperature of 1 is likelier than Bach anyway
            parts["likelihood"] = max(0.0, each.standard["nats_per_step"])
        found.append(Candidate(number, mean_of(parts.values()), nats, kept, parts))
    return sorted(found, key=lambda c: (not c.met, math.isnan(c.score), c.score, c.nats_per_step, c.number))
