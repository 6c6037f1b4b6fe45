"""What came of the trials of a search: the best one, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Part = Literal["coarse", "fine"]
State = Literal["finished", "pruned", "failed"]


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Parameters
    ----------
    number
        Its number in the search, from 0 on, which is the name of its folder below ``trials/``.
    part
        Whether it belongs to the wide and short trials or to the narrow and long ones.
    state
        Whether it was finished, stopped since it was worse than half of the others, or failed.
    epochs
        Epochs that were validated.
    settings
        The values that were tried, by the names of their fields.
    loss
        What trials are compared by: the lowest loss on the held-out pieces, in nats (for a network with a context
        encoder nats per step where nothing is known and where the melody is, added); none where there is no number.
    valid_nats
        Nats per step on the held-out pieces at that moment.
    num_weights, seconds
        Size of the network, and time of its training.
    failure
        Why it failed.
    """

    number: int
    part: Part
    state: State
    epochs: int
    settings: dict[str, Any]
    loss: float | None
    valid_nats: float | None = None
    num_weights: int | None = None
    seconds: float | None = None
    failure: str = ""


def best_trial(trials: Sequence[TrialResult]) -> TrialResult | None:
    """The best of the long trials, or while none is finished, of the short ones; they cannot be compared."""
    for part in ("fine", "coarse"):
        found = [trial for trial in trials if trial.part == part and trial.state == "finished"]
        if found:
            return min(found, key=lambda trial: (trial.loss is None, trial.loss, trial.number))
    return None


def trial_table(trials: Sequence[TrialResult]) -> list[str]:
    """The lines of a table, a trial each, the long ones first and the best at their top."""

    def rank(trial: TrialResult) -> tuple[Any, ...]:
        state = ("finished", "pruned", "failed").index(trial.state)
        return trial.part == "coarse", state, trial.loss or 0.0, trial.number

    names = list(trials[0].settings) if trials else []
    rows = [["trial", "part", "epochs", *(name.replace("_", " ") for name in names)]]
    rows[0] += ["weights", "seconds", "nats/step", "loss", ""]
    for trial in sorted(trials, key=rank):
        numbers = (trial.num_weights, trial.seconds, trial.valid_nats, trial.loss)
        shown = [
            "-" if number is None else form.format(number)
            for number, form in zip(numbers, ("{:,}", "{:.0f}", "{:.4f}", "{:.4f}"), strict=True)
        ]
        note = "" if trial.state == "finished" else trial.failure or trial.state
        values = [trial.settings[name] for name in names]
        settings = [",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}" for value in values]
        rows.append([f"{trial.number:03d}", trial.part, str(trial.epochs), *settings, *shown, note])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=False)) for row in rows]
    return [f"{line}  {row[-1]}".rstrip() for line, row in zip(lines, rows, strict=True)]
