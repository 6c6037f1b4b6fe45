"""A stepper that guesses a whole frame and keeps what its own draws confirm: the frames of the walk, in fewer calls.

From one step to the next usually nothing changes, so the first guess is that every note is held. The note axis runs
over the guess in one call and every place draws with its own random number. Up to and including the first place that
disagrees with the guess the draws are those of the walk; they are kept and the rest is guessed again, until a guess
agrees with itself. This is Jacobi's iteration on the equations of the walk (Song, Meng, Liao and Ermon 2021,
"Accelerating feedforward computation via parallel nonlinear equation solving").
"""

from __future__ import annotations

import torch
from torch import Tensor

from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.stepper import Proposal, Stepper, Task


class ParallelStepper(Stepper):
    """Draws the same frames as :class:`~biaxial.sampling.stepper.Stepper`."""

    def __init__(self, model: BiaxialLSTM, proposal: Proposal | None = None) -> None:
        super().__init__(model, proposal)
        self.held = torch.from_numpy(self.config.alphabet.held)  # k
        self.without = torch.from_numpy(self.config.alphabet.without)  # 2**v k

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        held = self.held[task.previous.long()]
        if task.known is not None:
            held = torch.where(task.known >= 0, task.known.to(held.dtype), held)
        guess = held
        while True:
            end = self._end(guess) if task.may_stop else guess.shape[1]
            here = slice(end)
            output = task.time_output[:, here]
            log_probs, _ = self.model.over_notes(output, guess, task.previous, None, here, task.echo, task.walk)
            choice, weight, log_p = self._decide(task, log_probs, guess, here)
            wrong = choice != guess[:, here]
            if not wrong.any():
                return guess, weight.sum(1), log_p.sum(1)
            settled = wrong.cumsum(1) - wrong.long() == 0  # up to and including the first place that disagrees
            kept = torch.where(settled, choice, 0)
            placed = self.model.voice_sets[kept.long()].sum(1)
            guess = self.without[placed.unsqueeze(1), held.long()]
            guess[:, here] = torch.where(settled, choice, guess[:, here])

    def _end(self, guess: Tensor) -> int:
        """Number of places to run: up to the last sounding one if every voice is placed, else all."""
        if not self._all_placed(guess):
            return guess.shape[1]
        return int(guess.any(0).nonzero().max()) + 1
