"""What a step of the steppers in PyTorch takes and gives: where drawing stands, and the frame to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.echo import Echo, EchoMemory
from biaxial.features.known import Known
from biaxial.features.note_axis import NoteFeatures
from biaxial.models.layers import State
from biaxial.models.whole_context import WholeContext
from biaxial.music.constants import SILENT
from biaxial.sampling.constraints import Rule


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
        Log-probability under the model of all cells so far, given what is known of them, in nats, shape ``(b,)``.
    memory
        All frames so far, for a config with the echo input.
    """

    previous: Tensor
    layers: State | None
    log_likelihood: Tensor
    memory: EchoMemory | None = None

    def take(self, rows: Tensor | NDArray[Any]) -> StepState:
        """The state of some pieces of the batch, in any order and any number of times."""
        b, n = self.previous.shape
        rows, layers = torch.as_tensor(rows, device=self.previous.device), self.layers

        def taken(x: Tensor) -> Tensor:
            return rearrange(rearrange(x, "1 (b n) h -> b n h", b=b)[rows], "b n h -> 1 (b n) h", n=n)

        if layers is not None:
            layers = tuple((taken(hidden), taken(cell)) for hidden, cell in layers)
        memory = None if self.memory is None else self.memory.take(rows)
        return StepState(self.previous[rows], layers, self.log_likelihood[rows], memory)


@dataclass(frozen=True)
class Encoded:
    """What is worked out of whole pieces before they are drawn, a row for each piece.

    Attributes
    ----------
    context
        What the context encoder tells each cell, in the order of the steps, or ``(b, n, h)`` of one step; ``None``
        where nothing is known.
    inputs
        Inputs of the time axis that all notes of a step share, shape ``(b, t, f)``, or ``(b, f)`` of one step; from
        steppers that want them.
    """

    context: WholeContext | Tensor | None = None
    inputs: Tensor | None = None

    def at(self, step: int) -> Encoded:
        """That of one step; steps are asked for in their order."""
        context = self.context.at(step) if isinstance(self.context, WholeContext) else self.context
        return Encoded(context, None if self.inputs is None else self.inputs[:, step])

    def to(self, device: torch.device) -> Encoded:
        """That of one step on a device."""
        assert not isinstance(self.context, WholeContext)
        return Encoded(*(None if part is None else part.to(device) for part in (self.context, self.inputs)))


@dataclass(frozen=True)
class Task:
    """One frame that is to be drawn, notes from low to high or in the order of a walk: all that a step needs."""

    walk: int
    time_output: Tensor
    previous: Tensor
    randoms: Tensor
    known: Known | None
    bias: Tensor | None
    rules: Sequence[Rule]
    echo: Echo | None = None
    static: Tensor | None = None
    """The bias for rules: what does not agree with what is known is forbidden too."""

    def turned(self, walk: int, features: NoteFeatures) -> Task:
        """The task for a walk, its notes from low to high before and in the order of the walk after."""
        turn, down = features.walk, features.config.walks_down
        return Task(
            walk,
            self.time_output.flip(1) if down else self.time_output,
            turn(self.previous),
            turn(self.randoms),
            None if self.known is None else Known(*map(turn, self.known)),
            self.bias.flip(1) if down and self.bias is not None else self.bias,
            tuple(rule.turned(down) for rule in self.rules),
            None if self.echo is None else self.echo._replace(frame=turn(self.echo.frame)),
        )

    def each(self, change: Callable[[Tensor], Tensor]) -> Task:
        """The task with a function applied to all of its tensors, always in the same order."""
        return replace(
            self,
            time_output=change(self.time_output),
            previous=change(self.previous),
            randoms=change(self.randoms),
            known=None if self.known is None else Known(*map(change, self.known)),
            bias=None if self.bias is None else change(self.bias),
            static=None if self.static is None else change(self.static),
            echo=None if self.echo is None else Echo(*map(change, self.echo)),
        )

    def tensors(self) -> list[Tensor]:
        """All of its tensors."""
        found = list[Tensor]()

        def noted(x: Tensor) -> Tensor:
            found.append(x)
            return x

        self.each(noted)
        return found

    def filled(self, tensors: Iterable[Tensor]) -> Task:
        """The task with other tensors in place of its own, in the order of :meth:`tensors`."""
        left = iter(tensors)
        return self.each(lambda _: next(left))

    def take(self, rows: Tensor) -> Task:
        """The task of some pieces of the batch."""
        return self.each(lambda x: x[rows])

    @cached_property
    def may_stop(self) -> bool:
        """Whether silence is certain once all voices are placed, so that the walk may end there."""
        return self.bias is None or bool((self.bias[..., SILENT] == 0).all())
