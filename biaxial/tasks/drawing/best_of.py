"""Which of several pieces that were drawn together is kept.

They are ranked by a score that says how far each is from Bach's chorales: the mean of how far it is in likelihood, in
voice leading and in novelty, as :mod:`biaxial.judge.judge` measures these. The lowest is the best. A piece that is much
more likely than a chorale is as far away as one that is much less likely, so that the smoothest candidate does not win.
What does not apply (voice leading of music without voices, the likelihood under other weights than the shipped ones)
is left out. Pieces that did not meet their constraints come last; equal scores are decided by the likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from biaxial.judge.judge import Judge, mean_of
from biaxial.tasks.piece import Candidate

if TYPE_CHECKING:
    from biaxial.judge.measures import Group
    from biaxial.music.score import Score

RANKED_BY: Final[tuple[Group, ...]] = ("likelihood", "voice leading", "novelty")
"""The groups of measures whose mean is the score."""


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
    judged = judge.judge([(str(number), score) for number, score in enumerate(scores)])
    found = []
    for number, (each, nats, kept) in enumerate(zip(judged, nats_per_step, met, strict=True), start=1):
        parts: dict[str, float] = {group: value for group, value in each.groups.items() if group in RANKED_BY}
        found.append(Candidate(number, mean_of(parts.values()), nats, kept, parts))
    return sorted(found, key=lambda c: (not c.met, math.isnan(c.score), c.score, c.nats_per_step, c.number))
