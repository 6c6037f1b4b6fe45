"""Nats of frames and their figures; and two floors for them, which know next to nothing.

A roll is given as outcomes of a :class:`~biaxial.music.cells.CellAlphabet`, shape ``(t, n)``; before its first frame
there is silence. Every system gives each frame, from the first on, a log-probability given the frames before it. Each
is normalised over the frames that can follow (a HOLD only of what sounded, every voice at most once), so that their
nats can be compared.

- *Independent notes*: every note draws its outcome from its own marginal distribution, without a look at the past or at
  the other notes. A product of marginals alone would waste mass on frames that cannot be; therefore each draw is among
  the outcomes still possible, from the top note down, and the marginals are scaled to these.
- *Repeat the frame before, smoothed*: either the frame that changes nothing (what sounded is held, nothing is struck),
  with the share that such frames have, or independent notes, their marginals counted over the other frames.

Marginals are relative frequencies in the training pieces, one half added to every count (Krichevsky and Trofimov 1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biaxial.likelihood.scored_cells import Rolls
from biaxial.metrics.figures.report import Figure
from biaxial.music.cells import CellAlphabet


def frames_before(outcomes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame before each frame, silence before the first, shape ``(t, n)``."""
    return np.concatenate([np.zeros_like(outcomes[:1]), outcomes[:-1]])


def still_frames(outcomes: NDArray[np.uint8], alphabet: CellAlphabet) -> NDArray[np.bool_]:
    """Whether a frame changes nothing: what sounded before is held, and nothing else happens; shape ``(t,)``."""
    return np.asarray((outcomes == alphabet.held[frames_before(outcomes)]).all(axis=1))


@dataclass(frozen=True, eq=False)
class IndependentNotes:
    """Each note drawn from its own marginal, among the outcomes still possible.

    Parameters
    ----------
    alphabet
        The outcomes of a cell.
    marginals
        Probability of each outcome of each note, shape ``(n, k)``.
    """

    alphabet: CellAlphabet
    marginals: NDArray[np.float64]

    @classmethod
    def fit(cls, frames: NDArray[np.uint8], alphabet: CellAlphabet) -> IndependentNotes:
        """Count marginals, one half added to every count.

        Parameters
        ----------
        frames
            Outcomes, shape ``(t, n)``.
        alphabet
            The outcomes of a cell.
        """
        counts = np.stack([(frames == outcome).sum(axis=0) for outcome in range(len(alphabet))], axis=1) + 0.5  # n k
        return cls(alphabet, counts / counts.sum(axis=1, keepdims=True))

    def log_probs(self, outcomes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Log-probability of every frame of a piece given the frame before it, shape ``(t,)``."""
        sets = self.alphabet.voices[outcomes].astype(np.int64)
        above = np.cumsum(sets[:, ::-1], axis=1)[:, ::-1] - sets  # t n: voices placed in the notes above
        free = np.maximum(2**self.alphabet.num_voices - 1 - above, 0)
        possible = self.alphabet.may_follow[frames_before(outcomes)] & self.alphabet.fits[free]  # t n k
        weights = self.marginals * possible
        drawn = np.take_along_axis(weights, outcomes[..., None].astype(np.int64), axis=-1)[..., 0]
        with np.errstate(divide="ignore"):  # a frame that cannot be has probability zero
            return np.asarray(np.log(drawn / weights.sum(axis=-1)).sum(axis=1))


@dataclass(frozen=True, eq=False)
class RepeatFrame:
    """The frame before once more, or else independent notes.

    Parameters
    ----------
    share
        Probability that the frame before is repeated.
    otherwise
        What is drawn from if it is not; it may come to the same frame.
    """

    share: float
    otherwise: IndependentNotes

    @classmethod
    def fit(cls, rolls: Rolls, alphabet: CellAlphabet) -> RepeatFrame:
        """Count how often nothing changes, and the marginals of the frames in which something does.

        Parameters
        ----------
        rolls
            Training pieces.
        alphabet
            The outcomes of a cell.
        """
        still = np.concatenate([still_frames(outcomes, alphabet) for outcomes in rolls])
        share = (still.sum() + 0.5) / (len(still) + 1)
        return cls(float(share), IndependentNotes.fit(np.concatenate(rolls)[~still], alphabet))

    def log_probs(self, outcomes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Log-probability of every frame of a piece given the frame before it, shape ``(t,)``."""
        still = still_frames(outcomes, self.otherwise.alphabet)
        anew = np.log1p(-self.share) + self.otherwise.log_probs(outcomes)
        return np.asarray(np.where(still, np.logaddexp(np.log(self.share), anew), anew))


Nats = dict[str, tuple[float, float]]
"""The nats of a piece by what they are for (a frame, a note), each with how many of these the piece has."""


def frame_nats(outcomes: NDArray[np.uint8], log_probs: NDArray[np.float64], alphabet: CellAlphabet) -> Nats:
    """The nats of the frames of a piece.

    Parameters
    ----------
    outcomes
        The piece.
    log_probs
        Log-probability of every frame, shape ``(t,)``.
    alphabet
        The outcomes of a cell.

    Returns
    -------
    Those of a ``frame``; of a ``note``, which is a struck cell, with two cell states a sounding one, a unison being
    one; of a ``still`` frame, which changes nothing, and of a ``moving`` one. Together these two are all frames.
    """
    still = still_frames(outcomes, alphabet)
    nats, num_struck = -float(log_probs.sum()), (alphabet.states[outcomes] == alphabet.num_states - 1).sum()
    return {
        "frame": (nats, len(still)),
        "note": (nats, int(num_struck)),
        "still": (-float(log_probs[still].sum()), int(still.sum())),
        "moving": (-float(log_probs[~still].sum()), int((~still).sum())),
    }


def figures_of(pieces: Sequence[Nats]) -> dict[str, Figure]:
    """The figures of some pieces by what they are for, each a ratio of sums over the pieces; of none none."""
    found = {}
    for name in pieces[0] if pieces else ():
        nats, counts = zip(*(piece[name] for piece in pieces), strict=True)
        found[name] = ratio(name, f"nats per {name}", nats, counts)
    return found


def ratio(label: str, unit: str, numerators: Sequence[float], denominators: Sequence[float]) -> Figure:
    """Ratio of two sums over pieces, its standard error as in :mod:`biaxial.metrics.figures.report`."""
    y, x = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    value = error = float("nan")
    if x.sum():
        value = float(y.sum() / x.sum())
    if x.sum() and len(x) > 1:
        error = float(np.sqrt(len(x) / (len(x) - 1) * ((y - value * x) ** 2).sum()) / x.sum())
    return Figure(label, unit, value, error, float(y.sum()), float(x.sum()))
