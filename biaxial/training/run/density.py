"""Density biases: what keeps the number of notes when a temperature changes the draw.

A cell sounds with a probability far below one half, so dividing its logits by T < 1 thins the music out and T > 1
litters it with notes. For each temperature two biases, one for sounding outcomes and one for struck ones, are fitted on
held-out pieces so that the expected numbers of sounding and of struck cells stay those of T = 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from biaxial.corpora.corpus import CorpusPiece
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import SILENT, STRIKE
from biaxial.training.data.crops import collate, whole_pieces

TEMPERATURES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0)


MAX_STEPS = 20_000
"""Steps that are looked at, about: more would take memory and hardly move the biases."""


@torch.inference_mode()
def density_biases(network: BiaxialLSTM, pieces: tuple[CorpusPiece, ...]) -> list[list[float]]:
    """Fit the biases.

    Parameters
    ----------
    network
        The network, in evaluation mode on the CPU.
    pieces
        Held-out pieces; of many, every second, third and so on is looked at.

    Returns
    -------
    Rows of temperature, sounding bias, striking bias.
    """
    log_probs = []
    every = max(1, -(-sum(piece.num_steps for piece in pieces) // MAX_STEPS))
    for crops in whole_pieces(pieces[::every], 4):
        batch = collate(crops, network.config)
        walks = network(batch.outcomes, batch.previous, batch.conditions, echo=batch.echo)
        log_probs.append(walks[0][batch.mask].flatten(0, 1))
    cells = torch.cat(log_probs).double()
    cells = cells[cells[:, 0] < -1e-6]  # the rest is silent whatever the temperature
    states = torch.from_numpy(network.config.alphabet.states)
    groups = torch.stack([states != SILENT, states == STRIKE], dim=1).double()  # k 2
    return [[t, *fit_biases(cells, groups, t).tolist()] for t in TEMPERATURES]


def fit_biases(log_probs: Tensor, groups: Tensor, temperature: float, iterations: int = 10) -> Tensor:
    """Newton's method, its steps bounded, for the biases of groups of outcomes.

    The expected counts are the gradient of a convex function of the biases, so there is one solution.

    Parameters
    ----------
    log_probs
        Log-probabilities at T = 1, shape ``(cells, k)``.
    groups
        1 where an outcome belongs to a group, shape ``(k, g)``; an empty group keeps a bias of 0.
    temperature
        The temperature.

    Returns
    -------
    Biases ``(g,)`` with which the expected count of every group is that of T = 1.
    """
    used = groups.any(0).nonzero().squeeze(1)
    columns = groups[:, used]
    if len(used) == 2 and torch.equal(columns[:, 0], columns[:, 1]):
        used, columns = used[:1], columns[:, :1]
    wanted = (log_probs.exp() @ columns).sum(0)
    biases = torch.zeros(len(used), dtype=log_probs.dtype)
    for _ in range(iterations):
        q = (log_probs / temperature + columns @ biases).softmax(-1)
        expected = q @ columns  # cells g
        both = torch.einsum("ck,kg,kh->gh", q, columns, columns) - expected.T @ expected
        both = both + 1e-6 * torch.eye(len(used), dtype=both.dtype)
        biases = biases - torch.linalg.solve(both, expected.sum(0) - wanted).clamp(-1, 1)
    result = torch.zeros(groups.shape[1], dtype=log_probs.dtype)
    result[used] = biases
    return result
