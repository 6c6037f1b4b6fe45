"""What a number of right answers says: intervals for the share of right answers, tests against guessing, power.

Answers stand in a table ``right`` of shape ``(l, p)``, listeners by pairs, with a mask ``counts`` of the same shape for
the answers that are looked at. Intervals are for 95%, tests are two-sided, against one half.

Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
Statistical Association 22 (1927); A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007);
H. H. Clark, "The language-as-fixed-effect fallacy", Journal of Verbal Learning and Verbal Behavior 12 (1973), on why
listeners and pieces must both be thought of as drawn.
"""

from __future__ import annotations

from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Standard deviations on each side of a normal mean that hold 95%."""
NUM_RESAMPLES = 10_000


class Interval(NamedTuple):
    """From, to."""

    low: float
    high: float


def wilson(num_right: int, num_answers: int) -> Interval:
    """Wilson's score interval for a share, answers independent."""
    share = num_right / num_answers
    shrink = 1 + Z**2 / num_answers
    centre = (share + Z**2 / (2 * num_answers)) / shrink
    half = Z / shrink * sqrt(share * (1 - share) / num_answers + Z**2 / (4 * num_answers**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def pigeonhole(
    right: NDArray[np.bool_], counts: NDArray[np.bool_], random: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Interval:
    """Owen's bootstrap: listeners and pairs are drawn anew, each with replacement and independently; percentiles.

    It covers what other listeners would say of other pairs, and is on the wide side where one of the two varies little.
    A draw in which nothing is left to look at is left out.
    """
    num_listeners, num_pairs = right.shape
    listeners = random.multinomial(num_listeners, np.full(num_listeners, 1 / num_listeners), num_resamples)
    pairs = random.multinomial(num_pairs, np.full(num_pairs, 1 / num_pairs), num_resamples)
    hits = np.einsum("rl,lp,rp->r", listeners, (right & counts).astype(np.int64), pairs, optimize=True)
    totals = np.einsum("rl,lp,rp->r", listeners, counts.astype(np.int64), pairs, optimize=True)
    low, high = np.quantile(hits[totals > 0] / totals[totals > 0], [0.025, 0.975])
    return Interval(float(low), float(high))


def interval(
    right: NDArray[np.bool_], counts: NDArray[np.bool_], random: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Interval:
    """Where the share of right answers lies: Wilson's interval for one listener, the bootstrap's for several.

    A bootstrap of few listeners who agree is too narrow, down to no width at all where all are right. So it is never
    taken to be narrower than Wilson's for independent answers: the wider end of the two is given on each side.
    """
    plain = wilson(int((right & counts).sum()), int(counts.sum()))
    if len(right) == 1:
        return plain
    drawn = pigeonhole(right, counts, random, num_resamples)
    return Interval(min(plain.low, drawn.low), max(plain.high, drawn.high))


def binomial_p(num_right: int, num_answers: int) -> float:
    """Exact binomial test: how often independent guesses are at least as far from one half, on either side."""
    far = max(num_right, num_answers - num_right)
    ways = 2 * sum(comb(num_answers, k) for k in range(far, num_answers + 1))
    return float(min(1.0, ways / 2**num_answers))


def pairs_p(right: NDArray[np.bool_], counts: NDArray[np.bool_]) -> float:
    """Exact test of guessing that lets listeners agree.

    If nothing tells the sides of a pair apart but which of them is liked, the toss of the coin that put the composer on
    one side could have fallen otherwise, and all answers to that pair turn round together. The p-value is the share of
    all ways in which the coins may fall whose number of right answers is at least as far from one half. For one
    listener this is the binomial test; for several it asks for more, as pairs are what was drawn.
    """
    surplus = (2 * right.astype(np.int64) - 1) * counts  # l p
    sums = surplus.sum(axis=0)
    ways = {0: 1}
    for value in np.abs(sums[sums != 0]).tolist():
        turned: dict[int, int] = {}
        for total, number in ways.items():
            for other in (total - value, total + value):
                turned[other] = turned.get(other, 0) + number
        ways = turned
    seen = abs(int(sums.sum()))
    return sum(number for total, number in ways.items() if abs(total) >= seen) / sum(ways.values())


def power(share: float, num_answers: int, level: float = 0.05) -> float:
    """Chance that the binomial test, at a level, tells a true share from one half; answers independent."""
    tail = np.cumsum(_binomial(0.5, num_answers)[::-1])[::-1]  # P(right >= k)
    enough = np.flatnonzero(2 * tail <= level)
    if not len(enough):
        return 0.0
    chances, far = _binomial(share, num_answers), int(enough[0])
    return float(chances[far:].sum() + chances[: num_answers - far + 1].sum())


def _binomial(share: float, num_answers: int) -> NDArray[np.float64]:
    """Probability of each number of right answers, 0 to all, shape ``(n + 1,)``."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, num_answers + 1)))])
    numbers = np.arange(num_answers + 1)
    chosen = logs[-1] - logs - logs[::-1]
    return np.asarray(np.exp(chosen + numbers * np.log(share) + numbers[::-1] * np.log1p(-share)), dtype=np.float64)


def answers_needed(share: float, wanted: float) -> int:
    """The number of independent answers from which on the power does not fall below what is wanted.

    Power goes up in a saw, as the number that must be right is whole; the last tooth below counts. It is looked for up
    to a half more than a normal approximation says, and at least 60.
    """
    distance = abs(share - 0.5)
    most = 60 + round(1.5 * ((Z + 3) / (2 * distance)) ** 2)
    return 1 + max(number for number in range(1, most) if power(share, number) < wanted)
