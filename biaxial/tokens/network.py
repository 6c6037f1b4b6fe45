"""A token LSTM (an embedding, a stack of LSTM layers, a softmax over the vocabulary) and the likelihood of strings.

``log p(string) = sum over i of log p(token i | the tokens before it)``, with the step within the bar, the length of the
bar and the mode as further inputs where they are known. What the grammar of the string forbids has probability zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import LSTMStack, State
from biaxial.models.network_arrays import IMPOSSIBLE
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.strings import NO_PITCH, PLACES, Given, PieceString, codec_of

FORGET_BIAS: Final = 2.0
"""Bias with which the forget gates of a ``melody`` model start."""


class SequenceLSTM(nn.Module):
    """The network of the note-by-note models.

    Parameters
    ----------
    config
        Kind of string, vocabulary and sizes.

    Attributes
    ----------
    codec
        What its tokens mean.
    """

    allowed: Tensor

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        self.config = config
        self.codec = codec_of(config)
        self.embedding = nn.Embedding(self.codec.size, config.embedding)
        self.step_in_bar = nn.Embedding(PLACES, config.embedding)
        self.bar_steps = nn.Embedding(PLACES, config.embedding)
        self.mode = nn.Embedding(3, config.embedding)
        if config.last_pitch:
            self.pitch = nn.Embedding(NO_PITCH + 1, config.embedding)
        self.stack = LSTMStack(config.embedding, config.hidden, config.dropout)
        if config.kind == "melody":
            self._remember()
        self.head = nn.Linear(config.hidden[-1], self.codec.size)
        self.register_buffer("allowed", torch.from_numpy(self.codec.allowed), persistent=False)  # r k

    def _remember(self) -> None:
        """Let the forget gates start open (Jozefowicz et al. 2015): a note lies a HOLD for every step behind."""
        for layer, size in zip(self.stack.layers, self.config.hidden, strict=True):
            nn.init.constant_(layer.get_parameter("bias_hh_l0")[size : 2 * size], FORGET_BIAS)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.head.weight.device

    def inputs(self, before: Tensor, given: Tensor) -> Tensor:
        """Inputs of the stack: the token before each place ``(b, l)`` and what is given there ``(b, l, 4)``."""
        x: Tensor = self.embedding(before.long()) + self.mode(given[..., Given.MODE].long())
        if self.config.metre:
            x = x + self.step_in_bar(given[..., Given.STEP_IN_BAR].long())
            x = x + self.bar_steps(given[..., Given.BAR_STEPS].long())
        if self.config.last_pitch:
            x = x + self.pitch(given[..., Given.PITCH].long())
        if self.training and self.config.dropout > 0:
            keep = torch.empty(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
            x = x * keep.bernoulli_(1 - self.config.dropout) / (1 - self.config.dropout)
        return x

    def forward(self, before: Tensor, given: Tensor, rows: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Log-probabilities of all tokens at every place.

        Parameters
        ----------
        before
            The token before each place (START at the beginning of a string), shape ``(b, l)``.
        given
            Columns as in :class:`~biaxial.tokens.strings.Given`, shape ``(b, l, 4)``.
        rows
            Row of the grammar at each place, shape ``(b, l)``.
        state
            State to go on from, zero by default.

        Returns
        -------
        Nats, shape ``(b, l, k)``, and the new state.
        """
        hidden, state = self.stack(self.inputs(before, given), state)
        logits = self.head(hidden).float()
        return torch.where(self.allowed[rows.long()], logits, IMPOSSIBLE).log_softmax(-1), state

    def token_log_likelihood(self, tokens: Tensor, before: Tensor, given: Tensor, rows: Tensor) -> Tensor:
        """Log-probability of every token of strings, each of shape ``(b, l)``; nats, shape ``(b, l)``."""
        log_probs, _ = self(before, given, rows)
        found: Tensor = log_probs.gather(-1, tokens.long().unsqueeze(-1)).squeeze(-1)
        return found


Network = BiaxialLSTM | SequenceLSTM
"""What a weights file holds."""


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
