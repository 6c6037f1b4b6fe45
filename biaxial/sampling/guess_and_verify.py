"""A stepper that guesses a whole frame and keeps what its own draws confirm: the frames of the walk, in fewer calls.

From one step to the next usually nothing changes, so the first guess is that every note is held. The note axis runs
over the guess in one call and every place draws with its own random number. Up to and including the first place that
disagrees with the guess the draws are those of the walk; they are kept and the rest is guessed again, until a guess
agrees with itself. This is Jacobi's iteration on the equations of the walk (Song, Meng, Liao and Ermon 2021,
"Accelerating feedforward computation via parallel nonlinear equation solving").

On a processor, work is what counts: only those frames of a batch are guessed again that disagree, and places at the end
of the walk where silence is certain are left out. On a GPU, launches and waiting are what counts: every pass runs over
all places of all frames, so that it is always the same and can be recorded. A frame that agrees with itself draws
itself again, and once a pass the host asks whether all do.

A pass is some hundred small kernels, and launching them one by one takes longer than they run. As a CUDA graph they are
recorded once and then launched all together. A recorded graph always reads and writes the same memory, so that it has
buffers of its own for inputs and results, all of fixed shape, and nothing that it does may wait for the device or ask
it for a number. The pattern (warm up on a side stream, capture, replay) is that of the notes on CUDA graphs in
PyTorch's documentation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor

from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Task
from biaxial.sampling.stepping import Proposal

_WARM_UPS = 3
"""Libraries set themselves up and choose their algorithms in the first calls, which cannot be recorded."""


class Captured:
    """A function that has been recorded.

    Parameters
    ----------
    function
        Takes the inputs one by one; all that it does, it does on their device.
    inputs
        Tensors of the shapes and types that it will be called with.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], inputs: Iterable[Tensor]) -> None:
        self.inputs = [x.clone(memory_format=torch.contiguous_format) for x in inputs]
        device = self.inputs[0].device
        with torch.cuda.device(device):
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(_WARM_UPS):
                    function(*self.inputs)
            torch.cuda.current_stream().wait_stream(side)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.results = function(*self.inputs)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run it.

        Parameters
        ----------
        inputs
            New values of the first so many inputs; the others stay as they are.

        Returns
        -------
        The results, in buffers that the next call writes over.
        """
        for buffer, given in zip(self.inputs, inputs, strict=False):
            buffer.copy_(given)
        self.graph.replay()
        return self.results


Passes = Literal["shrinking", "whole", "captured"]

_GRAPHS = 8
"""Graphs that are kept, each with memory of its own; drawing one batch of pieces needs up to four."""


class ParallelStepper(Stepper):
    """Draws the same frames as :class:`~biaxial.sampling.reference_stepper.Stepper`.

    Parameters
    ----------
    model
        The network; a copy of it is kept.
    proposal
        Temperature and min-p.
    precision
        Of the network; on a GPU it may be bfloat16.
    device
        Where the network and the state are, and what a step returns.
    passes
        ``"shrinking"``: over the frames that disagree, as far as voices are missing; ``"whole"``: over everything;
        ``"captured"``: the same as a CUDA graph. By default captured on CUDA, else shrinking.
    """

    def __init__(
        self,
        model: BiaxialLSTM,
        proposal: Proposal | None = None,
        precision: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
        passes: Passes | None = None,
    ) -> None:
        super().__init__(model, proposal, precision, device)
        self.held = torch.from_numpy(self.config.alphabet.held).to(self.device)  # k
        self.passes = passes or ("captured" if self.device.type == "cuda" else "shrinking")
        self._graphs: dict[object, Captured] = {}

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        return self._shrinking(task) if self.passes == "shrinking" else self._whole(task)

    def _shrinking(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame by passes over what is not settled yet; results as of :meth:`_walk`."""
        guess = self._first_guess(task)
        frame, open_rows = guess.clone(), torch.arange(len(guess), device=self.device)
        log_weight, log_likelihood = torch.zeros(2, len(guess), dtype=torch.float64, device=self.device)
        while len(open_rows):
            end = self._end(guess) if task.may_stop else guess.shape[1]
            again, weight, log_p, done = self._pass(task, guess, slice(end))
            rows = open_rows[done]
            frame[rows], log_weight[rows], log_likelihood[rows] = guess[done], weight[done], log_p[done]
            open_rows, guess, task = open_rows[~done], again[~done], task.take(~done)
        return frame, log_weight, log_likelihood

    def _whole(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a frame by passes over all of it; results as of :meth:`_walk`."""
        given: tuple[Tensor, ...] = (self._first_guess(task), *task.tensors())
        graph = self._graph(task, given) if self.passes == "captured" else None
        while True:
            again, weight, log_p, done = self._pass(task, given[0]) if graph is None else graph(*given)
            if done.all():  # the one place where the host waits
                return again.clone(), weight.clone(), log_p.clone()  # they may be buffers of the graph
            given = (again,)  # the graph has the task

    def _pass(self, task: Task, guess: Tensor, here: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw all places given a guess of the frame, and guess again.

        Nothing in it waits for the device, and all shapes follow from those of its arguments.

        Parameters
        ----------
        task
            What is to be drawn.
        guess
            The frame, shape ``(b, n)``, in the order of the walk.
        here
            Places of the walk to run, from the first on; silence is certain at the others.

        Returns
        -------
        The next guess, shape ``(b, n)``, which is the same where the guess agrees with itself; log-weight and
        log-likelihood of the draws, and whether they agree with the guess, shape ``(b,)`` each.
        """
        log_probs, _ = self._log_probs(task, guess, None, here)
        choice, weight, log_p = self._decide(task, log_probs, guess, here)
        wrong = choice != guess[:, here]
        settled = wrong.cumsum(1) - wrong.long() == 0  # up to and including the first place that disagrees
        kept = torch.where(settled, choice, 0)
        placed = self.model.voice_sets[kept.long()].sum(1)
        again = self.without[placed.unsqueeze(1), self._first_guess(task).long()]
        again[:, here] = torch.where(settled, choice, again[:, here])
        return again, weight.sum(1), log_p.sum(1), ~wrong.any(1)

    def _graph(self, task: Task, given: tuple[Tensor, ...]) -> Captured | None:
        """The pass over tasks of this kind as a graph, which takes a guess and the tensors of a task.

        Where none can be made, passes go on without.
        """
        kind = (task.walk, task.rules, task.known is None, task.bias is None, *((x.shape, x.dtype) for x in given))
        graph = self._graphs.pop(kind, None)
        if graph is None:
            try:
                graph = Captured(lambda guess, *tensors: self._pass(task.filled(tensors), guess), given)
            except RuntimeError as error:
                warnings.warn(f"drawing is slower than it could be: no CUDA graph can be made ({error})", stacklevel=2)
                self.passes = "whole"
                return None
        self._graphs[kind] = graph  # the latest comes last
        if len(self._graphs) > _GRAPHS:
            del self._graphs[next(iter(self._graphs))]
        return graph

    def _first_guess(self, task: Task) -> Tensor:
        """That everything is held, and the known voices do what is known of them; shape ``(b, n)``."""
        held = self.held[task.previous.long()]
        return held if task.known is None else self._with_known(held, task.known)

    def _with_known(self, frame: Tensor, known: Known) -> Tensor:
        """A frame in which the known voices do what is known of them; who else is in their cells is left out."""
        if not self.config.num_voices:
            return torch.where(known.voices > 0, known.outcomes, frame)
        others = self.without[known.voices.long(), frame.long()]
        return torch.where(known.outcomes > 0, known.outcomes, others)

    def _end(self, guess: Tensor) -> int:
        """Number of places to run: up to the last sounding one if every voice is placed, else all."""
        if not self._all_placed(guess):
            return guess.shape[1]
        return int(guess.any(0).nonzero().max()) + 1
