"""A stepper that guesses a whole frame and keeps what its own draws confirm: the frames of the walk, in fewer calls.

From one step to the next usually nothing changes, so the first guess is that every note is held. The note axis runs
over the guess in one call and every place draws with its own random number. Up to and including the first place that
disagrees with the guess the draws are those of the walk; they are kept and the rest is guessed again, until a guess
agrees with itself. Of a batch only those frames are guessed again that disagree. This is Jacobi's iteration on the
equations of the walk (Song, Meng, Liao and Ermon 2021, "Accelerating feedforward computation via parallel nonlinear
equation solving").
"""

from __future__ import annotations

import torch
from torch import Tensor

from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.sampling.stepper import Proposal, Stepper, Task


class ParallelStepper(Stepper):
    """Draws the same frames as :class:`~biaxial.sampling.stepper.Stepper`."""

    def __init__(
        self, model: BiaxialLSTM, proposal: Proposal | None = None, precision: torch.dtype = torch.float64
    ) -> None:
        super().__init__(model, proposal, precision)
        self.held = torch.from_numpy(self.config.alphabet.held)  # k

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        held = self.held[task.previous.long()]
        if task.known is not None:
            held = self._with_known(held, task.known)
        frame, (log_weight, log_likelihood) = held.clone(), torch.zeros(2, len(held), dtype=torch.float64)
        open_rows, guess = torch.arange(len(held)), held
        while len(open_rows):
            end = self._end(guess) if task.may_stop else guess.shape[1]
            here = slice(end)
            log_probs, _ = self._log_probs(task, guess, None, here)
            choice, weight, log_p = self._decide(task, log_probs, guess, here)
            wrong = choice != guess[:, here]
            settled = wrong.cumsum(1) - wrong.long() == 0  # up to and including the first place that disagrees
            kept = torch.where(settled, choice, 0)
            placed = self.model.voice_sets[kept.long()].sum(1)
            again = self.without[placed.unsqueeze(1), held.long()]
            again[:, here] = torch.where(settled, choice, again[:, here])
            done = ~wrong.any(1)
            rows = open_rows[done]
            frame[rows], log_weight[rows], log_likelihood[rows] = guess[done], weight[done].sum(1), log_p[done].sum(1)
            open_rows, guess, held, task = open_rows[~done], again[~done], held[~done], task.take(~done)
        return frame, log_weight, log_likelihood

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
