"""The biaxial LSTM: one LSTM stack over time, shared by all notes, then one over the notes of each frame.

Together they are an exact chain rule (Johnson 2017):
``log p(roll) = sum over t, n of log p(cell t, n | earlier frames, cells of this frame already chosen)``.
The parallel pass of training and the step-by-step walk of drawing are two readings of the same two functions,
:meth:`BiaxialLSTM.over_time` and :meth:`BiaxialLSTM.over_notes`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.batch import Batch, Frames
from biaxial.models.config import ModelConfig
from biaxial.models.dynamics_head import DynamicsHead, Heard
from biaxial.models.layers import ContextEncoder, LSTMStack, NoteWalk, State
from biaxial.models.network_arrays import orders_of
from biaxial.models.whole_context import WholeContext

_CELLS = 2**15
"""Cells that are scored at once where nothing is to be learnt, so that memory does not grow with the piece."""


class BiaxialLSTM(nn.Module):
    """The network.

    Parameters
    ----------
    config
        Inputs and sizes.

    Attributes
    ----------
    walks
        The walks of the note axis: one, or first one down and then one up.
    styles
        What stands for each style, a column for each; ``None`` without styles.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.time_features = TimeFeatures(config)
        style_hidden = config.style_hidden if config.styles else 0
        self.time_axis = LSTMStack(self.time_features.width, config.time_hidden, config.dropout, style_hidden)
        self.walks = nn.ModuleList(NoteWalk(replace(config, order=order)) for order in orders_of(config))
        self.context = ContextEncoder(config, self.time_features) if config.context_hidden else None
        self.styles = nn.Linear(len(config.styles), style_hidden, bias=False) if config.styles else None
        if self.styles is not None:
            nn.init.normal_(self.styles.weight)
        self.dynamics = DynamicsHead(config) if config.dynamics else None

    @property
    def note_features(self) -> NoteFeatures:
        """Inputs of the first walk."""
        return self.walk(0).features

    @property
    def voice_sets(self) -> Tensor:
        """Voice set of each outcome, shape ``(k,)``."""
        return self.walk(0).voice_sets

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.walk(0).head.weight.device

    def walk(self, index: int) -> NoteWalk:
        """One of the walks."""
        walk = self.walks[index]
        assert isinstance(walk, NoteWalk)
        return walk

    def narrowed(self, first: int, num_notes: int) -> BiaxialLSTM:
        """The network over a part of its note range; the weights, which all notes share, are the same tensors.

        Parameters
        ----------
        first, num_notes
            Index of the lowest note, and how many.
        """
        config = replace(self.config, low_pitch=self.config.low_pitch + first, num_notes=num_notes)
        narrow = copy.copy(self)
        narrow._modules, narrow.config = dict(self._modules), config
        narrow.time_features = TimeFeatures(config).to(self.device)
        narrow.time_features.pitch = self.time_features.pitch[first : first + num_notes]
        walks = (self.walk(index) for index in range(len(self.walks)))
        narrow.walks = nn.ModuleList(walk.narrowed(replace(config, order=walk.config.order)) for walk in walks)
        return narrow

    def by_first_walk(self) -> BiaxialLSTM:
        """The network with its first walk alone, the one that draws; the weights are the same tensors."""
        first = copy.copy(self)
        first._modules, first.config = dict(self._modules), self.walk(0).config
        first.walks = nn.ModuleList([self.walk(0)])
        return first

    def in_style(self, shares: Sequence[float]) -> BiaxialLSTM:
        """A network without styles that says what this one says in one style.

        Whatever draws, scores or explains can therefore do so in a style, and nothing of it has to know.

        Parameters
        ----------
        shares
            The share of each style, such as :func:`biaxial.music.style.shares_of` gives; all zero for none.
        """
        plain = copy.deepcopy(self)
        told = None
        if any(shares) and self.styles is not None:
            told = self.styles.weight.detach().cpu().double() @ torch.tensor(shares).double()
        for stack in (plain.time_axis, *(plain.walk(index).axis for index in range(len(plain.walks)))):
            stack.settle(told)
        plain.styles, plain.config = None, replace(self.config, styles=())
        for index in range(len(plain.walks)):
            plain.walk(index).config = replace(plain.walk(index).config, styles=())
        return plain

    def encode(self, known: Known | None, conditions: Tensor, lengths: Tensor | None = None) -> Tensor | None:
        """What the context encoder tells each cell of all that is known of whole pieces.

        Parameters
        ----------
        known
            What is known, shape ``(b, t, n)``.
        conditions
            Conditions of each step, shape ``(b, t, c)``.
        lengths
            Steps of each piece, shape ``(b,)``, where shorter ones are padded; all by default.

        Returns
        -------
        Shape ``(b, t, n, h)``, zero for pieces of which nothing is known; ``None`` where this holds for all of them,
        and from a network without an encoder.
        """
        if self.context is None or known is None or not known.pieces.any():
            return None
        context: Tensor = self.context(known, conditions, self.time_features, lengths)
        return context

    def whole_context(self, known: Known | None, conditions: Tensor) -> WholeContext | None:
        """What :meth:`encode` finds of whole pieces of equal length, step after step and in bounded memory."""
        if self.context is None or known is None or not known.pieces.any():
            return None
        return WholeContext(self.context, known, conditions, self.time_features)

    def over_time(
        self,
        previous: Tensor,
        conditions: Tensor,
        state: State | None = None,
        echo: Echo | None = None,
        context: Tensor | None = None,
        style: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run the time axis.

        Parameters
        ----------
        previous
            Outcomes of the frame before each step, shape ``(b, t, n)``.
        conditions
            Conditions of each step, shape ``(b, t, c)``.
        state
            State to go on from, zero (the beginning of a piece) by default.
        echo
            The echo of each step, for a config that has it.
        context
            What the context encoder tells each cell, shape ``(b, t, n, h)``; nothing by default.
        style
            The share of each style in each piece, shape ``(b, s)``; no style by default.

        Returns
        -------
        Its output, shape ``(b, t, n, h)`` with notes from low to high, and the new state.
        """
        b, _, n = previous.shape
        features = self.time_features(previous, conditions, echo)
        if self.context is not None and context is not None:
            features = features + self.context.into_inputs(context)
        told = self.style_vector(style)
        told = None if told is None else repeat(told, "b e -> (b n) e", n=n)
        output, state = self.time_axis(rearrange(features, "b t n f -> (b n) t f"), state, told)
        output = rearrange(output, "(b n) t h -> b t n h", b=b, n=n)
        if self.context is not None and context is not None:
            output = output + self.context.into_output(context)
        return output, state

    def over_notes(
        self,
        time_output: Tensor,
        frame: Tensor,
        previous: Tensor,
        state: State | None = None,
        places: slice = slice(None),
        echo: Echo | None = None,
        walk: int = 0,
        known: Known | None = None,
        style: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Run a walk of the note axis over frames, or over some places of it.

        Parameters
        ----------
        time_output
            Output of the time axis at these places, shape ``(rows, places, h)``, in the order of the walk.
        frame, previous
            Outcomes of the frames and of those before, shape ``(rows, n)``, in the order of the walk.
        state
            State of the walk, zero (its beginning) by default.
        places
            Places of the walk that are run, all by default.
        echo
            The echo of these frames for a config that has it, in the order of the walk.
        walk
            Index of the walk.
        known
            What is known of these frames, shape ``(rows, n)``, in the order of the walk.
        style
            The share of each style in them, shape ``(rows, s)``; no style by default.

        Returns
        -------
        Log-probabilities of every outcome, shape ``(rows, places, k)``, and the new state. Impossible outcomes (a HOLD
        of what did not sound, a voice that is already placed, what does not agree with what is known) have probability
        zero.
        """
        told = self.style_vector(style)
        found: tuple[Tensor, State] = self.walk(walk)(time_output, frame, previous, state, places, echo, known, told)
        return found

    def style_vector(self, style: Tensor | None) -> Tensor | None:
        """What stands for the style of each row: the weighted mean of the styles' own, shape ``(rows, e)``.

        Parameters
        ----------
        style
            The share of each style, shape ``(rows, s)``; all zero for no style, which is told exactly nothing.
        """
        if style is None:
            return None
        if self.styles is None:
            raise ValueError("a network without styles is asked for one")
        found: Tensor = self.styles(style.to(self.device, self.styles.weight.dtype))
        return found

    def frames(self, batch: Batch, most_cells: int | None = None) -> Iterator[Frames]:
        """Run the time axis over a batch, and hand on what the walks read, some steps at a time.

        Parameters
        ----------
        batch
            The pieces.
        most_cells
            Cells that are handed on at once, at least those of one step; all by default.

        Yields
        ------
        The frames of the next steps, rows ``(b t)``, notes from low to high.
        """
        (b, t, n), before, state = batch.outcomes.shape, batch.before, None
        seen = before if batch.seen is None else batch.seen
        echo = echoes(batch.outcomes) if self.config.echo and batch.echo is None else batch.echo
        context = self.encode(batch.known, batch.conditions, batch.lengths)
        length = t if most_cells is None else max(1, most_cells // (b * n))
        for first in range(0, t, length):
            steps = (slice(None), slice(first, first + length))
            heard = None if echo is None else echo.at(steps)
            told = None if context is None else context[steps]
            output, state = self.over_time(seen[steps], batch.conditions[steps], state, heard, told, batch.style)
            yield Frames(
                output.flatten(0, 1),
                batch.outcomes[steps].flatten(0, 1),
                before[steps].flatten(0, 1),
                None if heard is None else Echo(*(x.flatten(0, 1) for x in heard)),
                None if batch.known is None else Known(*(x[steps].flatten(0, 1) for x in batch.known)),
                None if batch.style is None else repeat(batch.style, "b s -> (b t) s", t=len(output[0])),
            )

    def forward(self, batch: Batch) -> Tensor:
        """Log-probabilities of all outcomes of every cell under each walk, given all cells that come before it there.

        Returns
        -------
        Shape ``(w, b, t, n, k)``, notes from low to high.
        """
        most = None if torch.is_grad_enabled() else _CELLS
        found = [
            torch.stack([self._over_walk(index, frames) for index in range(len(self.walks))])
            for frames in self.frames(batch, most)
        ]
        b = len(batch.outcomes)
        return torch.cat([rearrange(rows, "w (b t) n k -> w b t n k", b=b) for rows in found], dim=2)

    def _over_walk(self, index: int, frames: Frames) -> Tensor:
        """Log-probabilities under one walk, shape ``(rows, n, k)``."""
        turn = self.walk(index).features.walk
        output, outcomes, before, echo, known, style = frames.turned(turn)
        log_probs, _ = self.over_notes(output, outcomes, before, echo=echo, walk=index, known=known, style=style)
        return turn(log_probs.transpose(1, 2)).transpose(1, 2)

    def walk_log_likelihood(self, batch: Batch) -> Tensor:
        """Log-probability of every cell under each walk: nats, shape ``(w, b, t, n)``."""
        log_probs: Tensor = self(batch)
        index = batch.outcomes.long().unsqueeze(-1).expand(*log_probs.shape[:-1], 1)
        return log_probs.gather(-1, index).squeeze(-1)

    def level_log_likelihood(self, batch: Batch) -> Tensor:
        """Log-probability of every level that is known, given all notes and the levels before it: nats, ``(b, t, n)``.

        What time axis and context encoder know is read and not changed: no gradient goes into them.
        """
        assert self.dynamics is not None
        if batch.levels is None:
            return torch.zeros(batch.outcomes.shape, device=self.device)
        voices = self.voice_sets[batch.outcomes.long()]
        heard = Heard.of(batch.levels, voices, self.config.num_voices)
        with torch.no_grad():
            b = len(batch.outcomes)
            outputs = [rearrange(rows.time_output, "(b t) n h -> b t n h", b=b) for rows in self.frames(batch, _CELLS)]
        known = batch.levels > 0
        here = Heard(*(level[known] for level in heard))
        log_probs: Tensor = self.dynamics(torch.cat(outputs, dim=1)[known], voices[known], here)
        found = log_probs.new_zeros(batch.levels.shape)
        found[known] = log_probs.gather(-1, batch.levels[known].long().unsqueeze(-1) - 1).squeeze(-1)
        return found
