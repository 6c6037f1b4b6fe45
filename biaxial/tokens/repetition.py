"""The repetition guard: a constraint that breaks a cycle before it becomes a loop.

A token that begins a note or chord is forbidden where it would go on with a cycle of at most eight of them that has
come three times in a row by then, over at least twelve of them. What is longer than a cycle (a phrase that returns, a
verse) is never forbidden, nor is a repeated note or figure of usual length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 256
"""Longest cycle in tokens."""


@dataclass(frozen=True)
class RepetitionGuard:
    """What is forbidden.

    Parameters
    ----------
    longest_cycle
        Most events of a cycle.
    times
        How often it may come in a row.
    least_events
        Events that a stretch of repetitions has before anything of it is forbidden.
    """

    longest_cycle: int = 8
    times: int = 3
    least_events: int = 12

    def watch(self, onsets: NDArray[np.bool_], moments: NDArray[np.bool_]) -> Repetitions:
        """Begin a string; the arguments are those of :class:`Repetitions`."""
        return Repetitions(self, onsets, moments)


class Repetitions:
    """The repetitions of a string so far.

    Parameters
    ----------
    guard
        What is forbidden.
    onsets
        Whether a token begins a note or chord, and may be forbidden, shape ``(k,)``.
    moments
        Whether a token stands once in each event, by which events are counted, shape ``(k,)``.
    """

    def __init__(self, guard: RepetitionGuard, onsets: NDArray[np.bool_], moments: NDArray[np.bool_]) -> None:
        self._guard, self._onsets, self._moments = guard, onsets, moments
        self._periods = np.arange(MAX_TOKENS + 1)
        self._runs = np.zeros(MAX_TOKENS + 1, np.int64)  # tokens in a row that equal the one a period before
        self._tokens = np.full(1024, -1, np.int64)
        self._counts = np.zeros(1025, np.int64)  # events before each place
        self._size = 0

    def push(self, token: int) -> None:
        """Write a token."""
        n = self._size
        if n == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.full(n, -1, np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros(n, np.int64)])
        most = min(n, MAX_TOKENS)
        same = self._tokens[n - self._periods[1 : most + 1]] == token
        self._runs[1 : most + 1] = np.where(same, self._runs[1 : most + 1] + 1, 0)
        self._tokens[n] = token
        self._counts[n + 1] = self._counts[n] + self._moments[token]
        self._size = n + 1

    def forbidden(self) -> NDArray[np.int64]:
        """Tokens that must not come next."""
        n = self._size
        most = min(n, MAX_TOKENS)
        periods, runs = self._periods[1 : most + 1], self._runs[1 : most + 1]
        following = self._tokens[n - periods]
        in_cycle = self._counts[n] - self._counts[n - periods]
        stretch = np.minimum(runs + periods, n)
        events = self._counts[n] - self._counts[n - stretch]
        guard = self._guard
        loops = (runs >= (guard.times - 1) * periods) & (events >= guard.least_events)
        loops &= (in_cycle >= 1) & (in_cycle <= guard.longest_cycle) & self._onsets[following]
        return np.unique(following[loops])
