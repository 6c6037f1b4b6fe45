"""From wishes to plans where there is music already: bars and regions written anew, bridges, and what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from biaxial.music.errors import InputError
from biaxial.tasks.critic import Critic, PieceLike, score_of
from biaxial.tasks.drawing.sampling_options import HARMONISING, SamplingOptions, with_changes
from biaxial.tasks.plans.composition import cadence
from biaxial.tasks.plans.given import voice_number
from biaxial.tasks.plans.harmonisation import Forbidden
from biaxial.tasks.plans.outline import (
    MAX_BARS,
    bar_span,
    read_bars,
)
from biaxial.tasks.plans.plan import Ending, Plan, Request, seeds_of
from biaxial.tasks.plans.regions import Region, bridge, continuation, infilling, rewriting


class RegionPlanner(Critic):
    """The verbs of a model that plan parts of pieces, and what all plans are put together with."""

    def plan_infilling(
        self,
        piece: PieceLike,
        bars: int | str | tuple[int, int],
        *,
        voices: Sequence[str | int] | None = None,
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan some bars of a piece anew, in all voices or in some.

        All other notes stay as they are: those of other bars, those that sound into other bars, and those that are
        ``locked``.

        Parameters
        ----------
        piece
            A piece, a score or a file; without voices it gets them by least movement.
        bars
            ``"5-8"``, ``"5"``, 5, or first and last bar as numbers, counted from 1; 0 is the pickup.
        voices
            The voices that are written anew; all by default.
        n, seed, drawing, changes
            As for :meth:`plan_harmonisation`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        score = score_of(piece)
        if isinstance(bars, int):
            bars = bars, bars
        span = bar_span(score, *(read_bars(bars) if isinstance(bars, str) else bars))
        numbers = None if voices is None else [voice_number(name) for name in voices]
        request = infilling(score, self.config, span, numbers)
        return self._alternatives([request] * n, seeds_of(seed, n), with_changes(drawing or HARMONISING, changes))

    def plan_rewriting(
        self,
        piece: PieceLike,
        regions: Sequence[Region],
        *,
        forbid: Sequence[Forbidden] = (),
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan some regions of a piece anew, each of one voice.

        All other notes stay: those outside, those that reach out of their region, and those that are ``locked``.

        Parameters
        ----------
        piece, regions
            A piece, a score or a file, without voices given them by least movement; and where.
        forbid
            Pitches forbidden at a place; given notes are not asked.
        n, seed, drawing, changes
            As for :meth:`plan_harmonisation`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        drawing = with_changes(drawing or HARMONISING, changes)
        request = rewriting(score_of(piece), self.config, regions, forbid)
        return self._alternatives([request] * n, seeds_of(seed, n), drawing)

    def plan_bridge(
        self,
        first: PieceLike,
        second: PieceLike,
        bars: int,
        *,
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan a bridge of so many bars between two fragments, in the key and tempo of the first.

        Parameters
        ----------
        first, second
            Pieces, scores or files.
        bars
            Full bars between them, 1 to 1000.
        n, seed, drawing, changes
            As for :meth:`plan_harmonisation`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        _check_bars(bars)
        request = bridge(score_of(first), score_of(second), self.config, bars)
        return self._alternatives([request] * n, seeds_of(seed, n), with_changes(drawing or HARMONISING, changes))

    def plan_continuation(
        self,
        piece: PieceLike,
        bars: int,
        *,
        n: int = 1,
        seed: int = 0,
        drawing: SamplingOptions | None = None,
        **changes: Any,
    ) -> Plan:
        """Plan how a piece goes on for so many bars, after its last bar has been completed; the last one is an ending.

        Parameters
        ----------
        piece
            A piece, a score or a file; without voices it gets them by least movement.
        bars
            How many bars follow, 1 to 1000.
        n, seed, drawing, changes
            As for :meth:`plan_composition`.

        Raises
        ------
        InputError, ValueError
            If a value cannot be used.
        """
        _check_bars(bars)
        request = continuation(score_of(piece), self.config, bars)
        drawing = with_changes(drawing or SamplingOptions(), changes)
        seeds = seeds_of(seed, n)
        requests = [request] * n
        return self._plan(requests, seeds, drawing, self._closes(requests, drawing))

    def _alternatives(
        self, requests: Sequence[Request], seeds: range, drawing: SamplingOptions, close: Ending | None = None
    ) -> Plan:
        """Settings of the same notes, one for each seed."""
        if requests[0].score.chords and drawing.min_voices is None:  # a rest would agree with any chord
            many = self.config.num_voices
            least = many if drawing.max_voices is None else min(many, drawing.max_voices)
            drawing = replace(drawing, min_voices=least)
        return self._plan(requests, seeds, drawing, [close] * len(seeds))

    def _plan(
        self, requests: Sequence[Request], seeds: range, drawing: SamplingOptions, closes: Sequence[Ending | None]
    ) -> Plan:
        self.mixture(drawing.style)
        return Plan(tuple(requests), tuple(seeds), drawing, tuple(closes), self.config.steps_per_quarter)

    def _closes(self, requests: Sequence[Request], drawing: SamplingOptions) -> list[Ending | None]:
        """Endings on the tonic, if they are wanted."""
        if not drawing.cadence:
            return [None] * len(requests)
        first_free = int(np.flatnonzero(requests[0].known.any(axis=1)).max(initial=-1)) + 1
        return [cadence(request.score, self.config, drawing, first_free) for request in requests]


def _check_bars(bars: int) -> None:
    if not 1 <= bars <= MAX_BARS:
        raise InputError(f"{bars} bars cannot be written; give 1 to {MAX_BARS}")
