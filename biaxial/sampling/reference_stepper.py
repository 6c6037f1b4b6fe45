"""The reference stepper: one frame at a time, one cell after another, written to be read.

Everything that draws or scores goes through :meth:`Stepper.step`. It works by default on the CPU and in float64, so
that a seed gives the same piece whatever the batch size or the processor. Fast steppers stand beside it and must agree
with it.

With model probabilities p, biases b and a proposal q, a cell x adds ``log p(x) + b(x) - log q(x)`` to the log-weight.
Without temperature and min-p, q is p exp(b) normalised and this is ``log sum_s p(s) exp(b(s))``: zero where nothing
constrains, the log-likelihood where the frame is forced by biases, and else the incremental importance weight.

What is known (:mod:`biaxial.features.known`) is not drawn: the model's probabilities are those given what is known, a
known cell has probability one, and constraints hold for what is drawn alone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.echo import Echo, EchoMemory
from biaxial.features.known import Known
from biaxial.features.known_arrays import KnownArrays
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import State
from biaxial.models.network_arrays import IMPOSSIBLE
from biaxial.models.whole_context import WholeContext
from biaxial.music.constants import SILENT, STRIKE
from biaxial.sampling.constraints import Rule
from biaxial.sampling.step_types import Encoded, StepState, Task
from biaxial.sampling.stepping import Change, Proposal

Given = Tensor | NDArray[Any]
"""What a step is given may be arrays."""


class Stepper:
    """Draws frames from a model.

    From a model with two walks each frame is drawn by one of them, chosen by chance, and the log-weight is that of the
    walk that drew it.

    Parameters
    ----------
    model
        The network; a copy of it is kept.
    proposal
        Temperature and min-p.
    precision
        Of the network; everything after its log-probabilities is float64. In float32 batches are faster, and one
        decision in a million may fall otherwise on another processor.
    device
        Where the network and the state are, and what a step returns. What a step is given may be elsewhere.
    """

    def __init__(
        self,
        model: BiaxialLSTM,
        proposal: Proposal | None = None,
        precision: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
    ) -> None:
        self.model = copy.deepcopy(model).to(device, precision).eval()
        self.device = self.model.device  # with its index
        self.config = model.config
        self.proposal = proposal or Proposal()
        states = torch.from_numpy(self.config.alphabet.states).to(self.device)
        self.without = torch.from_numpy(self.config.alphabet.without).to(self.device)  # 2**v k
        self.sounds = states != SILENT  # k
        self.shift = self.proposal.sounding_bias * (states != SILENT) + self.proposal.striking_bias * (states == STRIKE)

    @property
    def device_type(self) -> str:
        """Kind of the device that it draws on."""
        return self.device.type

    def start(self, batch: int) -> StepState:
        """The state before the first step: silence."""
        previous = torch.zeros(batch, self.config.num_notes, dtype=torch.uint8, device=self.device)
        memory = EchoMemory.empty(batch, self.config.num_notes, self.device) if self.config.echo else None
        return StepState(previous, None, torch.zeros(batch, dtype=torch.float64, device=self.device), memory)

    @torch.inference_mode()
    def encode(self, known: Known | KnownArrays | None, conditions: Given) -> Encoded:
        """Work out what only depends on what is given.

        Parameters
        ----------
        known
            What is known of whole pieces, shape ``(b, t, n)``.
        conditions
            Their conditions, shape ``(b, t, c)``.
        """
        there = None if known is None else known.to(self.device)
        return Encoded(self.model.whole_context(there, torch.as_tensor(conditions, device=self.device)))

    def encode_again(
        self, encoded: Encoded, known: Known | KnownArrays, conditions: Given, changes: Sequence[Change]
    ) -> Encoded:
        """Work out anew what more that is known changes in what has been encoded.

        Parameters
        ----------
        encoded
            Of which no step has been asked for that changes; not to be used any more.
        known, conditions
            As for :meth:`encode`.
        changes
            Where more is known.
        """
        if not isinstance(encoded.context, WholeContext):
            return self.encode(known, conditions)
        encoded.context.again(known.to(self.device), max(steps.stop for _, steps in changes) - 1)
        return encoded

    @torch.inference_mode()
    def step(
        self,
        state: StepState,
        conditions: Given,
        randoms: Given,
        known: Known | KnownArrays | None = None,
        bias: Given | None = None,
        rules: Sequence[Rule] = (),
        encoded: Encoded | None = None,
    ) -> tuple[Tensor, Tensor, StepState]:
        """Draw one frame.

        Parameters
        ----------
        state
            Where drawing stands.
        conditions
            Conditions of this step, shape ``(b, c)``.
        randoms
            Uniform numbers, shape ``(b, n)``; not looked at where a cell is known.
        known
            What is known of the frame, shape ``(b, n)``. It carries no weight and no constraint.
        bias
            Static biases of this step, broadcastable to ``(b, n, k)``.
        rules
            Constraints that read the frame so far.
        encoded
            What :meth:`encode` has found for this step. Where it has fewer rows than the state, the rows of a piece
            follow one another.

        Returns
        -------
        The frame as outcomes, shape ``(b, n)`` with notes from low to high, the log-weight of the step, shape ``(b,)``,
        and the new state. A log-weight of minus infinity says that the constraints cannot be met.
        """
        b, n = state.previous.shape
        now, uniform = (torch.as_tensor(x, device=self.device) for x in (conditions, randoms))
        there = None if known is None else known.to(self.device)
        static = None if bias is None else torch.as_tensor(bias, device=self.device)
        encoded = None if encoded is None else encoded.to(self.device)
        echo = None if state.memory is None else state.memory.echo()
        context = None if encoded is None else encoded.context
        assert context is None or isinstance(context, Tensor)  # of one step
        if context is not None:
            context = context.repeat_interleave(b // len(context), 0).unsqueeze(1)
        output, layers = self.model.over_time(
            state.previous.unsqueeze(1),
            now.unsqueeze(1),
            state.layers,
            echo,
            context,
        )
        if static is not None:
            static = self._of_unknown(torch.broadcast_to(static, (b, n, len(self.config.alphabet))), there)
        if echo is not None:
            echo = Echo(*(part[:, 0] for part in echo))
        task = Task(0, output[:, 0], state.previous, uniform, there, static, rules, echo)
        frame, log_weight, log_p = (
            self._drawn_by(0, task) if len(self.model.walks) == 1 else self._drawn_by_either(task)
        )
        memory = None if state.memory is None else state.memory.heard(frame)
        return frame, log_weight, StepState(frame, layers, state.log_likelihood + log_p, memory)

    def _drawn_by_either(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame by one of two walks: the first bit of the lowest note's random number says which."""
        which = (task.randoms[:, 0] >= 0.5).long()
        rest = (2 * task.randoms[:, 0] - which).unsqueeze(1)
        task = replace(task, randoms=torch.cat([rest, task.randoms[:, 1:]], dim=1))
        drawn = [self._drawn_by(walk, task) for walk in range(2)]
        rows = torch.arange(len(which), device=which.device)
        frame, log_weight = (torch.stack(part)[which, rows] for part in list(zip(*drawn, strict=True))[:2])
        scored = [self._scored_by(walk, task, frame) for walk in range(2)]
        return frame, log_weight, torch.stack(scored).logsumexp(0) - math.log(2)

    def _scored_by(self, walk: int, task: Task, frame: Tensor) -> Tensor:
        """Log-likelihood of a frame under one walk, shape ``(b,)``; notes of task and frame from low to high."""
        features = self.model.walk(walk).features
        task, frame = task.turned(walk, features), features.walk(frame)
        log_probs, _ = self._log_probs(task, frame, None, slice(None))
        return log_probs.gather(-1, frame.long().unsqueeze(-1)).sum((-1, -2))

    def _log_probs(self, task: Task, frame: Tensor, state: State | None, places: slice) -> tuple[Tensor, State]:
        """Log-probabilities at some places of the walk, shape ``(b, places, k)``, given the frame so far."""
        output = task.time_output[:, places]
        log_probs, state = self.model.over_notes(
            output, frame, task.previous, state, places, task.echo, task.walk, task.known
        )
        return log_probs.double(), state

    def _of_unknown(self, bias: Tensor, known: Known | None) -> Tensor:
        """A static bias with what is known taken out of every outcome before it is looked at, shape ``(b, n, k)``."""
        if known is None:
            return bias
        if not self.config.num_voices:
            return bias.masked_fill((known.voices > 0).unsqueeze(-1), 0.0)
        rest = self.without[known.voices.long()].long()  # b n k; silence where no other voice is left
        return bias.gather(-1, rest).masked_fill(self.sounds & (rest == SILENT), 0.0)

    def _drawn_by(self, walk: int, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame by one walk; notes of task and frame from low to high."""
        features = self.model.walk(walk).features
        task = task.turned(walk, features)
        if task.rules:
            task = replace(task, static=self._static(task))  # once a frame, however often it is guessed
        frame, log_weight, log_p = self._walk(task)
        return features.walk(frame), log_weight, log_p

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame cell by cell; returns it with its log-weight and log-likelihood, shape ``(b,)`` each."""
        frame = torch.zeros_like(task.previous)
        log_weight, log_likelihood = torch.zeros(2, len(frame), dtype=torch.float64, device=self.device)
        note_state = None
        for place in range(frame.shape[1]):
            here = slice(place, place + 1)
            log_probs, note_state = self._log_probs(task, frame, note_state, here)
            choice, weight, log_p = self._decide(task, log_probs, frame, here)
            frame[:, here] = choice
            log_weight, log_likelihood = log_weight + weight.sum(1), log_likelihood + log_p.sum(1)
            if task.may_stop and self._all_placed(frame):
                break  # silence is certain for the rest of the walk
        return frame, log_weight, log_likelihood

    def _all_placed(self, frame: Tensor) -> bool:
        """Whether every piece of the batch has all its voices in the frame."""
        placed = self.model.voice_sets[frame.long()].sum(1)
        return bool(self.config.num_voices > 0 and (placed == 2**self.config.num_voices - 1).all())

    def _decide(self, task: Task, log_probs: Tensor, frame: Tensor, places: slice) -> tuple[Tensor, Tensor, Tensor]:
        """Draw or take the outcomes of some places; returns them with their log-weights and log-probabilities."""
        bias = torch.zeros_like(log_probs) if task.bias is None else task.bias[:, places]
        for rule in task.rules:
            bias = bias + rule.bias(frame, task.previous, task.static, places, task.known)
        biased = log_probs + bias
        stuck = biased.amax(-1, keepdim=True) < IMPOSSIBLE / 2  # nothing is allowed: silence, with weight zero
        tempered = self._tempered(torch.where(stuck, log_probs, biased))
        cut = self._unlikely(tempered)
        log_q = tempered.masked_fill(cut, -torch.inf).log_softmax(-1)
        cumulative = log_q.exp().cumsum(-1)
        point = task.randoms[:, places].unsqueeze(-1) * cumulative[..., -1:]
        choice = torch.searchsorted(cumulative, point, right=True).clamp(max=log_q.shape[-1] - 1)
        silent = log_probs[..., SILENT:1] > IMPOSSIBLE / 2
        choice = torch.where(stuck, torch.where(silent, SILENT, log_probs.argmax(-1, keepdim=True)), choice)
        if self.proposal.target == "piece":
            target = biased / self.proposal.temperature + self.shift
        else:
            unbiased = self._tempered(log_probs).masked_fill(cut, -torch.inf).log_softmax(-1)
            target = unbiased + bias if self.proposal.target == "draw" else biased
        weight = (target.gather(-1, choice) - log_q.gather(-1, choice)).masked_fill(stuck, -torch.inf)
        if task.known is not None:
            decided = (task.known.voices[:, places] == self.config.alphabet.everything).unsqueeze(-1)
            outcomes = task.known.outcomes[:, places].unsqueeze(-1).long()
            choice, weight = torch.where(decided, outcomes, choice), torch.where(decided, 0.0, weight)
        log_p = log_probs.gather(-1, choice)
        return choice.squeeze(-1).to(frame.dtype), weight.squeeze(-1), log_p.squeeze(-1)

    def _static(self, task: Task) -> Tensor | None:
        """The static bias for rules: what does not agree with what is known is forbidden too."""
        if task.known is None:
            return task.bias
        walk = self.model.walk(task.walk)
        agrees = walk.agrees[task.known.voices.long(), task.known.outcomes.long()]
        bias = torch.zeros_like(agrees, dtype=torch.float64) if task.bias is None else task.bias
        return bias.masked_fill(~agrees, -torch.inf)

    def _tempered(self, biased: Tensor) -> Tensor:
        """Log-probabilities after temperature and density."""
        return (biased / self.proposal.temperature + self.shift).log_softmax(-1)

    def _unlikely(self, tempered: Tensor) -> Tensor:
        """What min-p leaves out."""
        if not self.proposal.min_p:
            return torch.zeros_like(tempered, dtype=torch.bool)
        return (tempered < math.log(self.proposal.min_p)) & (tempered < tempered.amax(-1, keepdim=True))
