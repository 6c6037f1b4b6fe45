"""The parts of the network: a stack of LSTM layers, a walk over the notes of a frame, and the context encoder.

The encoder tells every cell what is known of the piece, in its past and in its future. For each cell it reads the known
voices of the same frame around its note, the chord that they make, metre, key and form, with an LSTM that runs over
time in both directions, its weights shared by all notes as those of the time axis are. Two projections, which start at
zero, add what it found to the inputs of the time axis and to its output: a network that is given an encoder draws as it
did before until it has learnt to listen. Where nothing is known of a piece, the encoder's output is exactly zero.

A style is added to the input of every layer of a stack, each time through a projection of its own and a tanh, as in
DeepJ (Mao, Shin and Cottrell 2018). The projections start at zero and have no biases, so that a network that is given
styles draws as it did before, and a piece without a style is told exactly nothing.
"""

from __future__ import annotations

import copy

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.echo import Echo
from biaxial.features.input_layout import CONTEXT_REACH, context_layout, width_of_conditions
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import IMPOSSIBLE
from biaxial.music.constants import STRIKE

State = tuple[tuple[Tensor, Tensor], ...]
"""Hidden and cell state of every layer of a stack, each of shape ``(1, rows, h)``."""


class LSTMStack(nn.Module):
    """LSTM layers with dropout on the output of each, one mask for a whole sequence (Gal and Ghahramani 2016).

    Parameters
    ----------
    width
        Inputs of the first layer.
    hidden
        Units of each layer.
    dropout
        Share of units dropped.
    style_hidden
        Numbers that stand for a style, 0 for a stack without styles.
    """

    def __init__(self, width: int, hidden: tuple[int, ...], dropout: float, style_hidden: int = 0) -> None:
        super().__init__()
        widths = (width, *hidden[:-1])
        self.layers = nn.ModuleList(nn.LSTM(i, o, batch_first=True) for i, o in zip(widths, hidden, strict=True))
        self.dropout = dropout
        self.of_style = nn.ModuleList(nn.Linear(style_hidden, i, bias=False) for i in widths if style_hidden)
        for projection in self.of_style:
            nn.init.zeros_(projection.get_parameter("weight"))

    def forward(self, x: Tensor, state: State | None = None, style: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the stack over sequences.

        Parameters
        ----------
        x
            Shape ``(rows, length, width)``.
        state
            State to go on from, zero by default.
        style
            What stands for the style of each row, shape ``(rows, e)``; no style by default.

        Returns
        -------
        Output of the last layer, shape ``(rows, length, h)``, and the new state.
        """
        new_state = []
        for index, layer in enumerate(self.layers):
            if style is not None:
                x = x + self.of_style[index](style).tanh().unsqueeze(1)
            x, layer_state = layer(x, None if state is None else state[index])
            new_state.append(layer_state)
            if self.training and self.dropout > 0:
                keep = torch.empty(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
                x = x * keep.bernoulli_(1 - self.dropout) / (1 - self.dropout)
        return x, tuple(new_state)

    @torch.no_grad()
    def settle(self, style: Tensor | None) -> None:
        """Become a stack without styles that says what this one says in one: what is added is the same in every row.

        Parameters
        ----------
        style
            What stands for it, in float64 on the CPU, shape ``(e,)``; ``None`` for no style.
        """
        for layer, projection in zip(self.layers, self.of_style, strict=True):
            if style is not None:
                weights, biases = (layer.get_parameter(name) for name in ("weight_ih_l0", "bias_ih_l0"))
                told = (_exact(projection.get_parameter("weight")) @ style).tanh()
                biases.copy_(_exact(biases) + _exact(weights) @ told)
        self.of_style = nn.ModuleList()


def _exact(parameter: Tensor) -> Tensor:
    """In float64 on the CPU, so that a sum in another order is the same once it is rounded."""
    return parameter.cpu().double()


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
        self.axis = LSTMStack(width, config.note_hidden, config.dropout, config.style_hidden if config.styles else 0)
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
        style: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run over frames, or over some places of the walk; arguments as in :meth:`BiaxialLSTM.over_notes`.

        Here ``style`` is what stands for it, shape ``(rows, e)``.
        """
        features = self.features(frame, previous, places, echo, known)
        inputs = torch.cat([time_output, features.to(time_output.dtype)], dim=-1)
        hidden, state = self.axis(inputs, state, style)
        logits = self.head(torch.cat([hidden, inputs.to(hidden.dtype)], -1) if self.config.head_sees_inputs else hidden)
        possible = self.possible(frame, previous, places, known)
        logits = torch.where(possible, logits.to(torch.promote_types(logits.dtype, torch.float32)), IMPOSSIBLE)
        return logits.log_softmax(-1), state

    def possible(
        self, frame: Tensor, previous: Tensor, places: slice = slice(None), known: Known | None = None
    ) -> Tensor:
        """Which outcomes a cell may have when the walk comes to it, shape ``(rows, places, k)``; arguments as above."""
        sets = self.voice_sets[frame.long()]
        # The sets of a frame are disjoint; in a guess that is yet to be verified they may not be.
        free = (2**self.config.num_voices - 1 - (sets.cumsum(1) - sets)[:, places]).clamp(min=0)
        possible = self.may_follow[previous.long()[:, places]] & self.fits[free]
        if known is not None:
            here = known.at((slice(None), places))
            possible &= self.agrees[here.voices.long(), here.outcomes.long()]
            possible &= (self.held_voices & here.ended.unsqueeze(-1)) == 0
        return possible


class ContextFeatures(nn.Module):
    """Known cells and conditions -> inputs of the encoder.

    Attributes
    ----------
    slices
        Name of every group of inputs and where it stands on the last axis.
    width
        Number of inputs of a cell.
    """

    planes: Tensor
    struck: Tensor
    bits: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        alphabet = config.alphabet
        sounding = torch.from_numpy(alphabet.states) != 0
        planes = torch.from_numpy(alphabet.voice_matrix) if config.num_voices else sounding.unsqueeze(1)
        self.register_buffer("planes", planes.float(), persistent=False)  # k v
        self.register_buffer("struck", torch.from_numpy(alphabet.states) == STRIKE, persistent=False)  # k
        self.register_buffer("bits", torch.arange(planes.shape[1]), persistent=False)  # v
        self.slices, self.width = context_layout(config)

    def forward(self, known: Known, time_features: TimeFeatures) -> Tensor:
        """Compute the inputs, shape ``(b, t, n, f)``; those shared with the time axis are left to it."""
        outcomes = known.outcomes.long()
        planes = self.planes[outcomes]  # b t n v
        padded = functional.pad(planes, (0, 0, CONTEXT_REACH, CONTEXT_REACH))
        around = rearrange(padded.unfold(2, 2 * CONTEXT_REACH + 1, 1), "b t n v w -> b t n (v w)")
        struck = (planes * self.struck[outcomes].unsqueeze(-1)).amax(2, keepdim=True)  # b t 1 v
        counts = planes.amax(-1) @ time_features.pitch_class.to(planes.dtype)  # b t 12
        parts = {
            "known": around,
            "struck": struck.expand_as(planes),
            "is_known": (known.voices.unsqueeze(-1) >> self.bits & 1).to(planes.dtype),
            "chord": counts[..., time_features.rotation],
        }
        return torch.cat([parts[name] for name in self.slices], dim=-1)


class ContextEncoder(nn.Module):
    """The encoder with its two projections.

    Parameters
    ----------
    config
        Inputs and sizes; ``context_hidden`` units read in each direction.
    time_features
        Inputs of the time axis, of which the encoder shares those of pitch, key, metre and form.
    """

    def __init__(self, config: ModelConfig, time_features: TimeFeatures) -> None:
        super().__init__()
        hidden = config.context_hidden
        self.features = ContextFeatures(config)
        self.dropout = config.dropout
        width = self.features.width + width_of_conditions(config)
        self.forwards = nn.LSTM(width, hidden, batch_first=True)
        self.backwards = nn.LSTM(width, hidden, batch_first=True)
        self.into_inputs = nn.Linear(2 * hidden, time_features.width, bias=False)
        self.into_output = nn.Linear(2 * hidden, config.time_hidden[-1], bias=False)
        for projection in (self.into_inputs, self.into_output):
            nn.init.zeros_(projection.weight)

    def inputs(self, known: Known, conditions: Tensor, time_features: TimeFeatures) -> Tensor:
        """What the two LSTMs read, shape ``((b n), t, f)``; arguments as in :meth:`forward`."""
        of_known = self.features(known, time_features)
        shared = [part.to(of_known.dtype) for part in time_features.of_conditions(conditions).values()]
        return rearrange(torch.cat([of_known, *shared], dim=-1), "b t n f -> (b n) t f")

    def forward(
        self, known: Known, conditions: Tensor, time_features: TimeFeatures, lengths: Tensor | None = None
    ) -> Tensor:
        """Read all that is known.

        Parameters
        ----------
        known
            What is known, shape ``(b, t, n)``.
        conditions
            Conditions of each step, shape ``(b, t, c)``.
        time_features
            Inputs of the time axis.
        lengths
            Steps of each piece, shape ``(b,)``, where shorter ones are padded; all by default.

        Returns
        -------
        What is told to each cell, shape ``(b, t, n, h)``; zero for a piece of which nothing is known.
        """
        b, t, n = known.outcomes.shape
        rows = self.inputs(known, conditions, time_features)
        steps = torch.arange(t, device=rows.device)
        ends = torch.full((b,), t, device=rows.device) if lengths is None else lengths
        mirror = torch.where(steps < ends.unsqueeze(1), ends.unsqueeze(1) - 1 - steps, steps)  # b t
        mirror = repeat(mirror, "b t -> (b n) t 1", n=n)
        past, _ = self.forwards(rows)
        future, _ = self.backwards(rows.gather(1, mirror.expand_as(rows)))
        found = torch.cat([past, future.gather(1, mirror.expand_as(future))], dim=-1)
        if self.training and self.dropout > 0:
            found = found * found.new_empty(b * n, 1, found.shape[-1]).bernoulli_(1 - self.dropout)
            found = found / (1 - self.dropout)
        return rearrange(found, "(b n) t h -> b t n h", b=b) * known.pieces[:, None, None, None]
