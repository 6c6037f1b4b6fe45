"""What a running trial of a search tells Optuna, and how it is stopped."""

from __future__ import annotations

import math
from typing import Any

import lightning
import optuna
from lightning.pytorch.callbacks import Callback
from optuna.trial import Trial


class Watch(Callback):
    """Tells Optuna the loss of every epoch, and stops a trial that is not worth going on with.

    Parameters
    ----------
    study, trial
        The trial and its study.
    epochs
        How long it is meant to be.

    Attributes
    ----------
    pruned
        Whether it was stopped.
    num_weights
        Size of the network, once there is one.
    """

    def __init__(self, study: optuna.Study, trial: Trial, epochs: int) -> None:
        self.study, self.trial, self.epochs = study, trial, epochs
        self.done = 0
        self.pruned = False
        self.num_weights: int | None = None

    def state_dict(self) -> dict[str, Any]:
        """What a resumed trial goes on from."""
        return {"done": self.done}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.done = state_dict["done"]

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop at once what had been stopped when the process was killed."""
        self.num_weights = sum(parameter.numel() for parameter in pl_module.parameters())
        self._decide(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report; an epoch that is repeated after a kill was reported before."""
        loss, self.done = float(trainer.callback_metrics["valid_loss"]), trainer.current_epoch + 1
        if math.isfinite(loss) and self.done not in self._reported():
            self.trial.report(loss, self.done)
        self._decide(trainer)

    def _decide(self, trainer: lightning.Trainer) -> None:
        if self.done == max(self._reported(), default=0) and 0 < self.done < self.epochs and self.trial.should_prune():
            self.pruned = trainer.should_stop = True

    def _reported(self) -> dict[int, float]:
        return self.study.get_trials(deepcopy=False)[self.trial.number].intermediate_values
