"""Nats of cells by the kernels and the walk that draw, without PyTorch; what they are :mod:`.cell_nats` explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from biaxial.files.machine import available_threads, in_threads
from biaxial.likelihood.scored_cells import CellNats, Rolls
from biaxial.music.constants import SILENT
from biaxial.sampling.piece_scorer import PieceScorer


def kernel_nats(
    scorer: PieceScorer,
    rolls: Rolls,
    conditions: Sequence[NDArray[np.int16]],
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[CellNats]:
    """Score every cell of every piece; arguments and result as of :func:`biaxial.likelihood.cell_nats.cell_nats`."""
    longest_first = sorted(range(len(rolls)), key=lambda i: -len(rolls[i]))

    def score(index: int) -> CellNats:
        return _of_piece(scorer, rolls[index], conditions[index])

    def advance(done: CellNats) -> None:
        if progress is not None:
            progress(len(done.nats))

    found = in_threads(score, longest_first, threads or available_threads(), advance)
    in_order = dict(zip(longest_first, found, strict=True))
    return [in_order[index] for index in range(len(rolls))]


def _of_piece(scorer: PieceScorer, outcomes: NDArray[np.uint8], conditions: NDArray[np.int16]) -> CellNats:
    scores, config = scorer.score(outcomes, conditions), scorer.config
    nats, sounding = 0.0 - scores.log_p.astype(np.float64), config.alphabet.states[outcomes] != SILENT
    turn = slice(None, None, -1 if config.walks_down else 1)
    passed = _passed(nats[:, turn], sounding[:, turn])[:, turn]
    roll = 0.0 - scores.log_state.sum(axis=1, dtype=np.float64)
    return CellNats(nats, passed, scores.sounds, scores.strikes, roll)


def _passed(nats: NDArray[np.float64], sounding: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The nats of the silent cells before each sounding cell on the way of a walk; 0 elsewhere."""
    silence = np.where(sounding, 0.0, nats).cumsum(axis=1)
    until_last = np.roll(np.maximum.accumulate(np.where(sounding, silence, 0.0), axis=1), 1, axis=1)
    until_last[:, 0] = 0.0
    return np.where(sounding, silence - until_last, 0.0)
