"""Nats of how loud the notes of a piece are, under a network with dynamics: of the levels that somebody says."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM


def level_nats(
    network: BiaxialLSTM, outcomes: NDArray[np.uint8], conditions: NDArray[np.int16], levels: NDArray[np.uint8]
) -> float:
    """Negative log-probability of the levels of a piece, given its notes.

    Parameters
    ----------
    network
        With dynamics, in evaluation mode.
    outcomes, levels
        The piece over the network's note range, and its levels, 0 where nobody knows them, shape ``(t, n)``.
    conditions
        Its conditions, shape ``(t, c)``.
    """
    whole, rows, known = (torch.from_numpy(array)[None].to(network.device) for array in (outcomes, conditions, levels))
    with torch.inference_mode():
        found = network.level_log_likelihood(Batch.whole(whole, rows)._replace(levels=known))
    return -float(found.double().sum())
