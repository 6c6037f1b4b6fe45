"""The exact likelihood of strings under a token LSTM."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.strings import PieceString


@torch.inference_mode()
def string_log_likelihoods(
    network: SequenceLSTM, strings: Sequence[PieceString], progress: Callable[[int], None] | None = None
) -> list[float]:
    """Log-probability of whole strings, by the parallel pass.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    strings
        The strings.
    progress
        Called with 1 after every string.

    Returns
    -------
    Nats, at most 0, in the order of the strings.
    """
    found = []
    for source in strings:
        tokens = torch.from_numpy(source.string.tokens).unsqueeze(0)
        before = torch.cat([torch.tensor([[network.codec.start]], dtype=tokens.dtype), tokens[:, :-1]], dim=1)
        given, rows = (
            torch.from_numpy(np.ascontiguousarray(x)).unsqueeze(0) for x in (source.given, source.string.rows)
        )
        places = (x.to(network.device) for x in (tokens, before, given, rows))
        found.append(float(network.token_log_likelihood(*places).double().sum()))
        if progress is not None:
            progress(1)
    return found
