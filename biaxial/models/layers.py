"""The parts of the network: a stack of LSTM layers, and a walk over the notes of a frame."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from biaxial.features.echo import Echo
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.models.config import ModelConfig

State = tuple[tuple[Tensor, Tensor], ...]
"""Hidden and cell state of every layer of a stack, each of shape ``(1, rows, h)``."""

IMPOSSIBLE = -1e9
"""Logit of an outcome that cannot be; its probability is exactly zero."""


class LSTMStack(nn.Module):
    """LSTM layers with dropout on the output of each, one mask for a whole sequence (Gal and Ghahramani 2016)."""

    def __init__(self, width: int, hidden: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        widths = (width, *hidden[:-1])
        self.layers = nn.ModuleList(nn.LSTM(i, o, batch_first=True) for i, o in zip(widths, hidden, strict=True))
        self.dropout = dropout

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run the stack over sequences.

        Parameters
        ----------
        x
            Shape ``(rows, length, width)``.
        state
            State to go on from, zero by default.

        Returns
        -------
        Output of the last layer, shape ``(rows, length, h)``, and the new state.
        """
        new_state = []
        for index, layer in enumerate(self.layers):
            x, layer_state = layer(x, None if state is None else state[index])
            new_state.append(layer_state)
            if self.training and self.dropout > 0:
                keep = torch.empty(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
                x = x * keep.bernoulli_(1 - self.dropout) / (1 - self.dropout)
        return x, tuple(new_state)


class NoteWalk(nn.Module):
    """A walk over the notes of a frame: its inputs, its LSTM stack, and the last layer.

    Parameters
    ----------
    config
        Inputs and sizes; the order is that of this walk.
    """

    may_follow: Tensor
    fits: Tensor
    agrees: Tensor
    held_voices: Tensor
    voice_sets: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.features = NoteFeatures(config)
        width = config.time_hidden[-1] + self.features.width
        self.axis = LSTMStack(width, config.note_hidden, config.dropout)
        alphabet = config.alphabet
        self.head = nn.Linear(config.note_hidden[-1] + (width if config.head_sees_inputs else 0), len(alphabet))
        self.register_buffer("may_follow", torch.from_numpy(alphabet.may_follow), persistent=False)  # k k
        self.register_buffer("fits", torch.from_numpy(alphabet.fits), persistent=False)  # 2**v k
        self.register_buffer("agrees", torch.from_numpy(alphabet.agrees), persistent=False)  # 2**v k k
        self.register_buffer("held_voices", torch.from_numpy(alphabet.held_voices), persistent=False)  # k
        self.register_buffer("voice_sets", torch.from_numpy(alphabet.voices).long(), persistent=False)  # k

    def narrowed(self, config: ModelConfig) -> NoteWalk:
        """The walk over another note range; the weights are the same tensors."""
        narrow = copy.copy(self)
        narrow._modules, narrow.config = dict(self._modules), config
        narrow.features = NoteFeatures(config).to(self.head.weight.device)
        return narrow

    def forward(
        self,
        time_output: Tensor,
        frame: Tensor,
        previous: Tensor,
        state: State | None = None,
        places: slice = slice(None),
        echo: Echo | None = None,
        known: Known | None = None,
    ) -> tuple[Tensor, State]:
        """Run over frames, or over some places of the walk; arguments as in :meth:`BiaxialLSTM.over_notes`."""
        features = self.features(frame, previous, places, echo, known)
        inputs = torch.cat([time_output, features.to(time_output.dtype)], dim=-1)
        hidden, state = self.axis(inputs, state)
        logits = self.head(torch.cat([hidden, inputs.to(hidden.dtype)], -1) if self.config.head_sees_inputs else hidden)
        sets = self.voice_sets[frame.long()]
        # The sets of a frame are disjoint; in a guess that is yet to be verified they may not be.
        free = (2**self.config.num_voices - 1 - (sets.cumsum(1) - sets)[:, places]).clamp(min=0)
        possible = self.may_follow[previous.long()[:, places]] & self.fits[free]
        if known is not None:
            here = known.at((slice(None), places))
            possible &= self.agrees[here.voices.long(), here.outcomes.long()]
            possible &= (self.held_voices & here.ended.unsqueeze(-1)) == 0
        logits = torch.where(possible, logits.to(torch.promote_types(logits.dtype, torch.float32)), IMPOSSIBLE)
        return logits.log_softmax(-1), state
