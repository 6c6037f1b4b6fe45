"""The reference stepper: one frame at a time, one cell after another, written to be read.

Everything that draws or scores goes through :meth:`Stepper.step`. It works in float64 on the CPU, so that a seed gives
the same piece whatever the batch size or the processor; fast steppers stand beside it and must agree with it.

With model probabilities p, biases b and a proposal q, a cell x adds ``log p(x) + b(x) - log q(x)`` to the log-weight.
Without temperature and min-p, q is p exp(b) normalised and this is ``log sum_s p(s) exp(b(s))``: zero where nothing
constrains, the log-likelihood where the frame is forced by biases, and else the incremental importance weight.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from einops import rearrange
from torch import Tensor

from biaxial.constants import SILENT, STRIKE
from biaxial.features.echo import Echo, EchoMemory
from biaxial.features.note_axis import NoteFeatures
from biaxial.models.biaxial import IMPOSSIBLE, BiaxialLSTM, State
from biaxial.sampling.constraints import Rule


@dataclass(frozen=True)
class Proposal:
    """How the draw differs from the model.

    Parameters
    ----------
    temperature
        Divides the logits.
    sounding_bias, striking_bias
        Added to the logits of sounding and of struck outcomes after that, so that the temperature keeps the density.
    min_p
        An outcome to which the tempered distribution gives less than this is not drawn, unless it is the most likely
        one.
    is_target
        Whether weights are those of the tempered distribution, for drawing from it under constraints, rather than the
        model's.
    """

    temperature: float = 1.0
    sounding_bias: float = 0.0
    striking_bias: float = 0.0
    min_p: float = 0.0
    is_target: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"a temperature is above 0, not {self.temperature}")
        if not 0 <= self.min_p < 1:
            raise ValueError(f"min-p is a probability from 0 up to but not including 1, not {self.min_p}")


@dataclass(frozen=True)
class StepState:
    """Where drawing stands.

    Attributes
    ----------
    previous
        The last frame, outcomes, shape ``(b, n)`` with notes from low to high.
    layers
        State of the time axis; ``None`` before the first step.
    log_likelihood
        Log-probability of all cells so far under the model, in nats, shape ``(b,)``.
    memory
        All frames so far, for a config with the echo input.
    """

    previous: Tensor
    layers: State | None
    log_likelihood: Tensor
    memory: EchoMemory | None = None

    def take(self, rows: Tensor) -> StepState:
        """The state of some pieces of the batch, in any order and any number of times."""
        b, n = self.previous.shape
        layers = self.layers

        def taken(x: Tensor) -> Tensor:
            return rearrange(rearrange(x, "1 (b n) h -> b n h", b=b)[rows], "b n h -> 1 (b n) h", n=n)

        if layers is not None:
            layers = tuple((taken(hidden), taken(cell)) for hidden, cell in layers)
        memory = None if self.memory is None else self.memory.take(rows)
        return StepState(self.previous[rows], layers, self.log_likelihood[rows], memory)


@dataclass(frozen=True)
class Task:
    """One frame that is to be drawn, notes from low to high or in the order of a walk: all that a step needs."""

    walk: int
    time_output: Tensor
    previous: Tensor
    randoms: Tensor
    known: Tensor | None
    bias: Tensor | None
    rules: Sequence[Rule]
    echo: Echo | None = None

    def turned(self, walk: int, features: NoteFeatures) -> Task:
        """The task for a walk, its notes from low to high before and in the order of the walk after."""
        turn, down = features.walk, features.config.walks_down
        return Task(
            walk,
            self.time_output.flip(1) if down else self.time_output,
            turn(self.previous),
            turn(self.randoms),
            None if self.known is None else turn(self.known),
            self.bias.flip(1) if down and self.bias is not None else self.bias,
            self.rules,
            None if self.echo is None else self.echo._replace(frame=turn(self.echo.frame)),
        )

    @cached_property
    def may_stop(self) -> bool:
        """Whether silence is certain once all voices are placed, so that the walk may end there."""
        return self.known is None and (self.bias is None or bool((self.bias[..., SILENT] == 0).all()))


class Stepper:
    """Draws frames from a model.

    From a model with two walks each frame is drawn by one of them, chosen by chance, and the log-weight is that of the
    walk that drew it.

    Parameters
    ----------
    model
        The network; a float64 copy of it is kept.
    proposal
        Temperature and min-p.
    """

    def __init__(self, model: BiaxialLSTM, proposal: Proposal | None = None) -> None:
        self.model = copy.deepcopy(model).to("cpu", torch.float64).eval()
        self.config = model.config
        self.proposal = proposal or Proposal()
        states = torch.from_numpy(self.config.alphabet.states)
        self.shift = self.proposal.sounding_bias * (states != SILENT) + self.proposal.striking_bias * (states == STRIKE)

    def start(self, batch: int) -> StepState:
        """The state before the first step: silence."""
        previous = torch.zeros(batch, self.config.num_notes, dtype=torch.uint8)
        memory = EchoMemory.empty(batch, self.config.num_notes) if self.config.echo else None
        return StepState(previous, None, torch.zeros(batch, dtype=torch.float64), memory)

    @torch.inference_mode()
    def step(
        self,
        state: StepState,
        conditions: Tensor,
        randoms: Tensor,
        known: Tensor | None = None,
        bias: Tensor | None = None,
        rules: Sequence[Rule] = (),
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
            Outcomes of cells that are given, -1 where a cell is to be drawn, shape ``(b, n)``. They carry no weight.
        bias
            Static biases of this step, broadcastable to ``(b, n, k)``.
        rules
            Constraints that read the frame so far.

        Returns
        -------
        The frame as outcomes, shape ``(b, n)`` with notes from low to high, the log-weight of the step, shape ``(b,)``,
        and the new state. A log-weight of minus infinity says that the constraints cannot be met.
        """
        b, n = state.previous.shape
        echo = None if state.memory is None else state.memory.echo()
        output, layers = self.model.over_time(state.previous.unsqueeze(1), conditions.unsqueeze(1), state.layers, echo)
        if bias is not None:
            bias = torch.broadcast_to(bias, (b, n, len(self.config.alphabet)))
        if echo is not None:
            echo = Echo(*(part[:, 0] for part in echo))
        task = Task(0, output[:, 0], state.previous, randoms, known, bias, rules, echo)
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
        rows = torch.arange(len(which))
        frame, log_weight = (torch.stack(part)[which, rows] for part in list(zip(*drawn, strict=True))[:2])
        # all of the frame is known now: what either walk gives it
        forced = replace(task, known=frame, bias=None, rules=())
        scored = [self._drawn_by(walk, forced)[2] for walk in range(2)]
        return frame, log_weight, torch.stack(scored).logsumexp(0) - math.log(2)

    def _drawn_by(self, walk: int, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame by one walk; notes of task and frame from low to high."""
        features = self.model.walk(walk).features
        frame, log_weight, log_p = self._walk(task.turned(walk, features))
        return features.walk(frame), log_weight, log_p

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame cell by cell; returns it with its log-weight and log-likelihood, shape ``(b,)`` each."""
        frame = torch.zeros_like(task.previous)
        log_weight, log_likelihood = torch.zeros(2, len(frame), dtype=torch.float64)
        note_state = None
        for place in range(frame.shape[1]):
            here = slice(place, place + 1)
            output = task.time_output[:, here]
            log_probs, note_state = self.model.over_notes(
                output, frame, task.previous, note_state, here, task.echo, task.walk
            )
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
            bias = bias + rule.bias(frame, task.previous, task.bias, places)
        biased = log_probs + bias
        stuck = biased.amax(-1, keepdim=True) < IMPOSSIBLE / 2  # nothing is allowed: silence, with weight zero
        log_q = self._proposed(torch.where(stuck, log_probs, biased))
        cumulative = log_q.exp().cumsum(-1)
        point = task.randoms[:, places].unsqueeze(-1) * cumulative[..., -1:]
        choice = torch.searchsorted(cumulative, point, right=True).clamp(max=log_q.shape[-1] - 1)
        choice = torch.where(stuck, SILENT, choice)
        target = self._proposed(log_probs) + bias if self.proposal.is_target else biased
        weight = (target.gather(-1, choice) - log_q.gather(-1, choice)).masked_fill(stuck, -torch.inf)
        if task.known is not None:
            known = task.known[:, places].unsqueeze(-1)
            choice, weight = torch.where(known >= 0, known, choice), torch.where(known >= 0, 0.0, weight)
        log_p = log_probs.gather(-1, choice)
        return choice.squeeze(-1).to(frame.dtype), weight.squeeze(-1), log_p.squeeze(-1)

    def _proposed(self, biased: Tensor) -> Tensor:
        """Log-probabilities of the proposal."""
        proposal = self.proposal
        log_q = (biased / proposal.temperature + self.shift).log_softmax(-1)
        if proposal.min_p:
            unlikely = (log_q < math.log(proposal.min_p)) & (log_q < log_q.amax(-1, keepdim=True))
            log_q = log_q.masked_fill(unlikely, -torch.inf).log_softmax(-1)
        return log_q
