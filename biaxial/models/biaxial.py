"""The biaxial LSTM: one LSTM stack over time, shared by all notes, then one over the notes of each frame.

Together they are an exact chain rule (Johnson 2017):
``log p(roll) = sum over t, n of log p(cell t, n | earlier frames, cells of this frame already chosen)``.
The parallel pass of training and the step-by-step walk of drawing are two readings of the same two functions,
:meth:`BiaxialLSTM.over_time` and :meth:`BiaxialLSTM.over_notes`.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor, nn

from biaxial.features.config import Order
from biaxial.features.echo import Echo, echoes
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.features.time_axis import TimeFeatures
from biaxial.models.config import ModelConfig
from biaxial.models.context import ContextEncoder
from biaxial.models.layers import LSTMStack, NoteWalk, State

_CELLS = 2**15
"""Cells that are scored at once where nothing is to be learnt, so that memory does not grow with the piece."""


def frames_before(outcomes: Tensor, previous: Tensor) -> Tensor:
    """The frame before each step: a roll ``(b, t, n)`` moved on by one, ``previous`` ``(b, n)`` before it."""
    return torch.cat([previous.unsqueeze(1), outcomes[:, :-1]], dim=1)


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
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.time_features = TimeFeatures(config)
        self.time_axis = LSTMStack(self.time_features.width, config.time_hidden, config.dropout)
        self.walks = nn.ModuleList(NoteWalk(replace(config, order=order)) for order in orders_of(config))
        self.context = ContextEncoder(config, self.time_features) if config.context_hidden else None

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

    def over_time(
        self,
        previous: Tensor,
        conditions: Tensor,
        state: State | None = None,
        echo: Echo | None = None,
        context: Tensor | None = None,
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

        Returns
        -------
        Its output, shape ``(b, t, n, h)`` with notes from low to high, and the new state.
        """
        b, _, n = previous.shape
        features = self.time_features(previous, conditions, echo)
        if self.context is not None and context is not None:
            features = features + self.context.into_inputs(context)
        output, state = self.time_axis(rearrange(features, "b t n f -> (b n) t f"), state)
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

        Returns
        -------
        Log-probabilities of every outcome, shape ``(rows, places, k)``, and the new state. Impossible outcomes (a HOLD
        of what did not sound, a voice that is already placed, what does not agree with what is known) have probability
        zero.
        """
        found: tuple[Tensor, State] = self.walk(walk)(time_output, frame, previous, state, places, echo, known)
        return found

    def forward(
        self,
        outcomes: Tensor,
        previous: Tensor,
        conditions: Tensor,
        seen: Tensor | None = None,
        echo: Echo | None = None,
        known: Known | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Log-probabilities of all outcomes of every cell under each walk, given all cells that come before it there.

        Parameters
        ----------
        outcomes
            The roll as outcomes of the config's alphabet, shape ``(b, t, n)``.
        previous
            The frame before the first step (zero at the beginning of a piece), shape ``(b, n)``.
        conditions
            Conditions of each step, shape ``(b, t, c)``.
        seen
            What the time axis is shown in place of the frame before each step, shape ``(b, t, n)``; training hides
            voices so.
        echo
            The echo of each step, for a config that has it; that of whole pieces by default.
        known
            What is known of these pieces, which ``outcomes`` agree with; nothing by default. It has probability one.
        lengths
            Steps of each piece, shape ``(b,)``, where shorter ones are padded; all by default.

        Returns
        -------
        Shape ``(w, b, t, n, k)``, notes from low to high.
        """
        shifted = frames_before(outcomes, previous)
        if self.config.echo and echo is None:
            echo = echoes(outcomes)
        context = self.encode(known, conditions, lengths)
        seen = shifted if seen is None else seen
        (b, t, n), state, found = outcomes.shape, None, []
        length = t if torch.is_grad_enabled() else max(1, _CELLS // (b * n))
        for first in range(0, t, length):
            steps = (slice(None), slice(first, first + length))
            output, state = self.over_time(
                seen[steps],
                conditions[steps],
                state,
                None if echo is None else Echo(*(x[steps] for x in echo)),
                None if context is None else context[steps],
            )
            found.append(
                self._over_walks(
                    output,
                    outcomes[steps],
                    shifted[steps],
                    None if echo is None else Echo(*(x[steps] for x in echo)),
                    None if known is None else known.at(steps),
                )
            )
        return torch.cat(found, dim=2)

    def _over_walks(
        self, time_output: Tensor, outcomes: Tensor, before: Tensor, echo: Echo | None, known: Known | None
    ) -> Tensor:
        """Log-probabilities under each walk, shape ``(w, b, t, n, k)``, given the output of the time axis."""
        b = outcomes.shape[0]
        time_output = rearrange(time_output, "b t n h -> (b t) n h")
        frames, before = (rearrange(x, "b t n -> (b t) n") for x in (outcomes, before))
        rows = None if echo is None else Echo(*(x.flatten(0, 1) for x in echo))
        given = None if known is None else Known(*(x.flatten(0, 1) for x in known))
        found = []
        for index in range(len(self.walks)):
            turn = self.walk(index).features.walk
            output = turn(time_output.transpose(1, 2)).transpose(1, 2)
            heard = None if rows is None else rows._replace(frame=turn(rows.frame))
            told = None if given is None else Known(*map(turn, given))
            log_probs, _ = self.over_notes(output, turn(frames), turn(before), echo=heard, walk=index, known=told)
            found.append(turn(log_probs.transpose(1, 2)).transpose(1, 2))
        return rearrange(found, "w (b t) n k -> w b t n k", b=b)

    def walk_log_likelihood(
        self,
        outcomes: Tensor,
        previous: Tensor,
        conditions: Tensor,
        seen: Tensor | None = None,
        echo: Echo | None = None,
        known: Known | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Log-probability of every cell under each walk.

        Arguments are those of :meth:`forward`.

        Returns
        -------
        Nats, shape ``(w, b, t, n)``.
        """
        log_probs: Tensor = self(outcomes, previous, conditions, seen, echo, known, lengths)
        index = outcomes.long().unsqueeze(-1).expand(len(self.walks), *outcomes.shape, 1)
        return log_probs.gather(-1, index).squeeze(-1)

    def frame_log_likelihood(
        self,
        outcomes: Tensor,
        previous: Tensor,
        conditions: Tensor,
        seen: Tensor | None = None,
        echo: Echo | None = None,
        known: Known | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Log-probability of every frame: of the mean of its probabilities under all walks.

        Arguments are those of :meth:`forward`.

        Returns
        -------
        Nats, shape ``(b, t)``.
        """
        frames = self.walk_log_likelihood(outcomes, previous, conditions, seen, echo, known, lengths).sum(-1)
        return frames.logsumexp(0) - math.log(len(self.walks))


def orders_of(config: ModelConfig) -> tuple[Order, ...]:
    """Directions of the walks."""
    return ("high-to-low", "low-to-high") if config.order == "both" else (config.order,)
