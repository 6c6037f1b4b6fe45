"""Exact nats of every cell of many pieces, and how probable it was that the cell sounds, by a network of PyTorch.

The nats of frames, pieces and corpora are sums over it. It is the parallel pass of the network, made for many pieces:
threads take batches of pieces, products may be in bfloat16, and of each frame only that part of a walk is run in which
anything is open. Once all voices of a frame are placed, silence is certain in the rest of it and costs nothing.

A cell's probabilities are those that the network had when it came to the cell: given all earlier frames and the cells
of this frame that its walk visits first. With one walk, -log p(piece) is the sum of -log p(cell) over all cells. With
two walks a frame is drawn by either with probability 1/2, and its cells share its nats as follows. Each walk w made the
frame with probability p(w | frame); a cell has the mean of its nats under the walks, weighted by that. The sum of these
is smaller than the nats of the frame by how much the frame tells about which walk made it (a relative entropy, at most
ln 2), and so all cells of the frame are scaled up alike. Probabilities of sounding are means with the same weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.conditions import UNKNOWN
from biaxial.features.config import Order
from biaxial.files.machine import available_threads
from biaxial.likelihood.scored_cells import CellNats, Precision, Rolls
from biaxial.models.batch import Batch, Frames
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.network_arrays import orders_of
from biaxial.music.constants import SILENT

_BATCH_STEPS = 2048
_CELLS = 2**13
"""Cells that one thread scores at once: few enough for a cache and for little memory, enough for quick products."""
_PARTS = 4
"""Parts into which frames are sorted by the length of their walk."""


class _Cells(NamedTuple):
    """What one walk found, each of shape ``(b, t, n)``.

    Log-probabilities of the outcomes and of their cell states, and probabilities of sounding, striking.
    """

    log_p: Tensor
    log_state: Tensor
    sounds: Tensor
    strikes: Tensor


def cell_nats(
    networks: BiaxialLSTM | Sequence[BiaxialLSTM],
    rolls: Rolls,
    conditions: Sequence[NDArray[np.int16]],
    *,
    precision: Precision = "float32",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[CellNats]:
    """Score every cell of every piece.

    Parameters
    ----------
    networks
        The network, in evaluation mode; or several. Walks in the same direction are averaged cell by cell, the two
        directions frame by frame; each is the probability of a frame under a mixture.
    rolls
        Pieces over the network's note range, each as outcomes of its alphabet.
    conditions
        Conditions of each piece, shape ``(t, c)``.
    precision
        ``"float32"``, or ``"bfloat16"``: about twice as fast where the processor has AVX-512 BF16 or AMX, at the cost
        of some thousandths of a nat per step; much slower where it has neither.
    threads
        Threads of the CPU; by default as many as there are processors.
    progress
        Called with the number of frames scored since its last call. What it raises ends the scoring.

    Returns
    -------
    What was found in each piece, in the order of ``rolls``.
    """
    networks = [networks] if isinstance(networks, BiaxialLSTM) else list(networks)
    if precision == "bfloat16":
        networks = [copy.deepcopy(network).to(torch.bfloat16) for network in networks]
    batches = length_batches([len(roll) for roll in rolls], _BATCH_STEPS)
    found: dict[int, CellNats] = {}

    def score(batch: list[int]) -> list[CellNats]:
        return _score(networks, [rolls[i] for i in batch], [conditions[i] for i in batch])

    workers = (threads or available_threads()) if networks[0].device.type == "cpu" else 1
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for batch, pieces in zip(batches, pool.map(score, batches), strict=True):
            found.update(zip(batch, pieces, strict=True))
            if progress is not None:
                progress(sum(len(rolls[i]) for i in batch))
    finally:
        pool.shutdown(cancel_futures=True)
    return [found[i] for i in range(len(rolls))]


@torch.inference_mode()
def _score(networks: Sequence[BiaxialLSTM], rolls: Rolls, conditions: Sequence[NDArray[np.int16]]) -> list[CellNats]:
    """Score one batch of pieces."""
    length, device = max(map(len, rolls)), networks[0].device
    outcomes = torch.from_numpy(np.stack([padded(roll, length, 0) for roll in rolls])).to(device)  # b t n
    rows = torch.from_numpy(np.stack([padded(rows, length, UNKNOWN) for rows in conditions])).to(device)  # b t c
    batch = Batch.whole(outcomes, rows)
    by_order: dict[Order, list[_Cells]] = {}
    with torch.backends.cudnn.flags(allow_tf32=False):  # exact to float32 on a GPU too
        for network in networks:
            for order, cells in zip(orders_of(network.config), _walks(network, batch), strict=True):
                by_order.setdefault(order, []).append(cells)
    sounding = torch.from_numpy(networks[0].config.alphabet.states).to(device)[outcomes.long()] != SILENT
    found = _mixed(by_order, sounding)
    arrays = [part.cpu().numpy() for part in found]
    return [
        CellNats(
            nats[:end], passed[:end], sounds[:end].astype(np.float32), strikes[:end].astype(np.float32), roll[:end]
        )
        for end, nats, passed, sounds, strikes, roll in zip(map(len, rolls), *arrays, strict=True)
    ]


def _walks(network: BiaxialLSTM, batch: Batch) -> list[_Cells]:
    """What each walk of a network finds."""
    found: list[list[Tensor]] = [[] for _ in network.walks]
    for frames in network.frames(batch, _CELLS):
        for index, parts in enumerate(found):
            cells = _walk(network, index, frames.turned(network.walk(index).features.walk))
            parts.append(rearrange(cells, "x (b t) n -> x b t n", b=len(batch.outcomes)))
    return [_Cells(*torch.cat(parts, dim=2)) for parts in found]


def _walk(network: BiaxialLSTM, index: int, frames: Frames) -> Tensor:
    """Run one walk over some frames in its order, each as far as anything is open.

    Returns
    -------
    Shape ``(4, rows, n)``, as in :class:`_Cells`, notes from low to high.
    """
    alphabet, (time_output, outcomes, before, echo, *_) = network.config.alphabet, frames
    states = torch.from_numpy(alphabet.states).to(outcomes.device)
    struck = torch.from_numpy(alphabet.struck_after).to(outcomes.device)
    outcomes, before = outcomes.long(), before.long()
    ends = _open_places(network, outcomes)
    found = time_output.new_zeros(4, *outcomes.shape, dtype=torch.float32)  # log 1, where nothing is open
    for rows in ends.argsort().tensor_split(_PARTS):
        if len(rows) == 0:
            continue
        end = int(ends[rows[-1]])
        log_probs, _ = network.over_notes(
            time_output[rows, :end],
            outcomes[rows],
            before[rows],
            places=slice(0, end),
            echo=None if echo is None else echo.at(rows),
            walk=index,
        )
        here, p = outcomes[rows, :end].unsqueeze(-1), log_probs.exp()
        found[0, rows, :end] = log_probs.gather(-1, here).squeeze(-1)
        found[1, rows, :end] = log_probs.masked_fill(states != states[here], -torch.inf).logsumexp(-1)
        found[2, rows, :end] = p[..., states != SILENT].sum(-1)
        found[3, rows, :end] = (p * struck[before[rows, :end]]).sum(-1)
    return network.walk(index).features.walk(found)


def _open_places(network: BiaxialLSTM, frames: Tensor) -> Tensor:
    """How many places of a walk are visited until all voices are placed, shape ``(rows,)``; all without voices."""
    n, num_voices = frames.shape[1], network.config.num_voices
    placed = network.voice_sets[frames].cumsum(1) == 2**num_voices - 1
    if not num_voices:
        placed = torch.zeros_like(placed)
    return torch.where(placed.any(1), placed.int().argmax(1) + 1, n)


def _mixed(by_order: dict[Order, list[_Cells]], sounding: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The fields of :class:`CellNats` under the mixture of all walks."""
    total = sum(map(len, by_order.values()))
    nats, passed, probabilities, log_weights, rolls = [], [], [], [], []
    for order, walks in by_order.items():
        log_p = log_mean([cells.log_p.double() for cells in walks])
        nats.append(-log_p)
        passed.append(_passed(-log_p, sounding, order != "low-to-high"))
        probabilities.append(torch.stack([torch.stack([cells.sounds, cells.strikes]) for cells in walks]).mean(0))
        log_states = log_mean([cells.log_state.double() for cells in walks])
        log_weights.append(log_p.sum(-1) + math.log(len(walks) / total))
        rolls.append(log_states.sum(-1) + math.log(len(walks) / total))
    roll = -torch.stack(rolls).logsumexp(0)
    if len(nats) == 1:
        return nats[0], passed[0], *probabilities[0], roll
    weights = torch.stack(log_weights).softmax(0)  # d b t: how probably each direction made the frame
    frames = -torch.stack(log_weights).logsumexp(0)
    mean = torch.einsum("dbt,dbtn->btn", weights, torch.stack(nats))
    scale = torch.where(mean.sum(-1) > 0, frames / mean.sum(-1), 1.0).unsqueeze(-1)
    mean_passed = torch.einsum("dbt,dbtn->btn", weights, torch.stack(passed))
    sounds, strikes = torch.einsum("dbt,dxbtn->xbtn", weights, torch.stack(probabilities).double())
    return mean * scale, mean_passed * scale, sounds, strikes, roll


def _passed(nats: Tensor, sounding: Tensor, down: bool) -> Tensor:
    """The nats of the silent cells before each sounding cell on the way of a walk; 0 elsewhere."""
    if down:
        return _passed(nats.flip(-1), sounding.flip(-1), False).flip(-1)
    silence = torch.where(sounding, 0.0, nats).cumsum(-1)
    until_last = torch.where(sounding, silence, 0.0).cummax(-1).values.roll(1, -1)
    until_last[..., 0] = 0.0
    return torch.where(sounding, silence - until_last, 0.0)


def log_mean(log_probs: Sequence[Tensor] | Tensor) -> Tensor:
    """Logarithm of the mean of probabilities, along the first axis of one tensor or over several."""
    stacked = log_probs if isinstance(log_probs, Tensor) else torch.stack(list(log_probs))
    return stacked.logsumexp(0) - math.log(len(log_probs))


def length_batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Indices of pieces of similar length, together at most so many frames with their padding."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batches and (len(batches[-1]) + 1) * lengths[index] <= most:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def padded(rows: NDArray[Any], length: int, value: int) -> NDArray[Any]:
    """Rows with further ones of one value, up to a length."""
    return np.pad(rows, ((0, length - len(rows)), (0, 0)), constant_values=value)
