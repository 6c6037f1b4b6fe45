"""Held-out likelihood in exact nats: a network's, and that of two floors that know next to nothing.

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

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.conditions import UNKNOWN, hidden
from biaxial.features.config import Order
from biaxial.metrics.figures.report import Figure
from biaxial.models.biaxial import BiaxialLSTM, orders_of
from biaxial.music.cells import CellAlphabet

Rolls = Sequence[NDArray[np.uint8]]
"""Outcomes of every piece, each of shape ``(t, n)``."""


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


@dataclass(frozen=True, eq=False)
class FrameLogProbs:
    """What a network gives the frames of one piece.

    Parameters
    ----------
    frames
        Log-probability of each frame, shape ``(t,)``.
    states
        The part of it that is for the cell states, shape ``(t,)``; the rest is for the voices in them. Each cell's
        state is given the cells before it with their voices, so this is the roll's part in the chain rule (with two
        walks, in the mean of both).
    """

    frames: NDArray[np.float64]
    states: NDArray[np.float64]


@torch.inference_mode()
def network_log_probs(
    networks: BiaxialLSTM | Sequence[BiaxialLSTM],
    rolls: Rolls,
    conditions: Sequence[NDArray[np.int16]],
    *,
    hide: Sequence[str] = (),
    batch_steps: int = 2048,
    progress: Callable[[int], None] | None = None,
) -> list[FrameLogProbs]:
    """Log-probability of every frame of every piece under a network, by the parallel pass.

    Parameters
    ----------
    networks
        The network, in evaluation mode; or several. Walks in the same direction are averaged cell by cell, the two
        directions frame by frame; each is the probability of a frame under a mixture.
    rolls
        Pieces over the network's note range.
    conditions
        Conditions of each piece, shape ``(t, c)``.
    hide
        Groups of conditions that are made unknown, names in :data:`biaxial.features.conditions.GROUPS`.
    batch_steps
        Frames that are scored together, in whole pieces of similar length; a longer piece is a batch of its own.
    progress
        Called with the number of frames scored since its last call.

    Returns
    -------
    Log-probabilities of each piece, in the order of ``rolls``.
    """
    networks = [networks] if isinstance(networks, BiaxialLSTM) else list(networks)
    device, config = networks[0].device, networks[0].config
    states = torch.from_numpy(config.alphabet.states).to(device)  # k
    found: dict[int, FrameLogProbs] = {}
    for batch in length_batches([len(roll) for roll in rolls], batch_steps):
        length = max(len(rolls[i]) for i in batch)
        outcomes = torch.from_numpy(np.stack([padded(rolls[i], length, 0) for i in batch])).to(device)  # b t n
        known = np.stack([padded(hidden(conditions[i], *hide), length, UNKNOWN) for i in batch])  # b t c
        silence, rows = torch.zeros_like(outcomes[:, 0]), torch.from_numpy(known).to(device)
        index = outcomes.long().unsqueeze(-1)
        same_state = states == states[index]  # b t n k
        parts = []  # of each direction: log of its weight, plus frames and states, each of shape (b, t)
        with torch.backends.cudnn.flags(allow_tf32=False):  # exact to float32 on a GPU too
            by_order = _by_order(networks, outcomes, silence, rows)
        total = sum(map(len, by_order))
        for walks in by_order:
            log_probs = log_mean(walks).double()  # b t n k
            cells = log_probs.gather(-1, index).sum((-1, -2))
            rolled = log_probs.masked_fill(~same_state, -torch.inf).logsumexp(-1).sum(-1)
            parts.append(torch.stack([cells, rolled]) + math.log(len(walks) / total))
        frames, roll = torch.stack(parts).logsumexp(0).cpu().numpy()
        for row, i in enumerate(batch):
            end = len(rolls[i])
            found[i] = FrameLogProbs(frames[row, :end], roll[row, :end])
        if progress is not None:
            progress(sum(len(rolls[i]) for i in batch))
    return [found[i] for i in range(len(rolls))]


def _by_order(networks: Sequence[BiaxialLSTM], *arguments: Tensor) -> list[list[Tensor]]:
    """Log-probabilities of all outcomes under every walk of every network, those of one direction together."""
    found: dict[Order, list[Tensor]] = {}
    for network in networks:
        for order, log_probs in zip(orders_of(network.config), network(*arguments), strict=True):
            found.setdefault(order, []).append(log_probs)
    return list(found.values())


def log_mean(log_probs: Sequence[Tensor]) -> Tensor:
    """Logarithm of the mean of probabilities."""
    return torch.stack(list(log_probs)).logsumexp(0) - math.log(len(log_probs))


def length_batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Indices of pieces of similar length, together at most so many frames with their padding."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batches and (len(batches[-1]) + 1) * lengths[index] <= most:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


@dataclass(frozen=True, slots=True)
class HeldOutNats:
    """Negative log-likelihood of a set of pieces, each figure a ratio of sums over pieces.

    Parameters
    ----------
    per_step
        Nats of a frame, averaged over all frames.
    per_note
        Nats for each struck cell, with two cell states each sounding cell; a unison is one.
    still, moving
        Nats of a frame that changes nothing, and of one that does; together they are all frames.
    """

    per_step: Figure
    per_note: Figure
    still: Figure
    moving: Figure


def held_out_nats(rolls: Rolls, log_probs: Sequence[NDArray[np.float64]], alphabet: CellAlphabet) -> HeldOutNats:
    """Sum up log-probabilities of frames.

    Parameters
    ----------
    rolls
        The pieces.
    log_probs
        Log-probability of every frame of each, shape ``(t,)``.
    alphabet
        The outcomes of a cell.
    """
    still = [still_frames(outcomes, alphabet) for outcomes in rolls]
    struck = [(alphabet.states[outcomes] == alphabet.num_states - 1).sum() for outcomes in rolls]
    nats = [-row.sum() for row in log_probs]
    nats_still = [-row[mask].sum() for row, mask in zip(log_probs, still, strict=True)]
    nats_moving = [-row[~mask].sum() for row, mask in zip(log_probs, still, strict=True)]
    return HeldOutNats(
        ratio("all", "nats per step", nats, [len(mask) for mask in still]),
        ratio("all", "nats per struck note", nats, struck),
        ratio("still", "nats per step", nats_still, [mask.sum() for mask in still]),
        ratio("moving", "nats per step", nats_moving, [(~mask).sum() for mask in still]),
    )


def ratio(label: str, unit: str, numerators: Sequence[float], denominators: Sequence[float]) -> Figure:
    """Ratio of two sums over pieces, its standard error as in :mod:`biaxial.metrics.figures.report`."""
    y, x = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    value = error = float("nan")
    if x.sum():
        value = float(y.sum() / x.sum())
    if x.sum() and len(x) > 1:
        error = float(np.sqrt(len(x) / (len(x) - 1) * ((y - value * x) ** 2).sum()) / x.sum())
    return Figure(label, unit, value, error, float(y.sum()), float(x.sum()))


def padded(rows: NDArray[Any], length: int, value: int) -> NDArray[Any]:
    """Rows with further ones of one value, up to a length."""
    return np.pad(rows, ((0, length - len(rows)), (0, 0)), constant_values=value)
