"""A piece that was composed, and what made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from biaxial.io.save import save_score
from biaxial.score import Score


@dataclass(frozen=True)
class LogLikelihood:
    """How probable a piece is under a model.

    Parameters
    ----------
    nats
        Log-probability of the whole roll, at most 0; minus infinity if the model cannot express it.
    num_steps
        Frames of the roll.
    num_struck
        Cells that strike a note.
    """

    nats: float
    num_steps: int
    num_struck: int

    @property
    def nats_per_step(self) -> float:
        """Negative log-likelihood of a step; the lower, the more likely."""
        return -self.nats / self.num_steps

    @property
    def nats_per_note(self) -> float:
        """Negative log-likelihood for each struck note."""
        return -self.nats / max(1, self.num_struck)


@dataclass(frozen=True)
class Piece:
    """A piece and what made it.

    Parameters
    ----------
    score
        The music.
    seed
        The random number that it was drawn with.
    model
        Name of the weights.
    likelihood
        How probable the model finds it, given its outline.
    """

    score: Score
    seed: int
    model: str
    likelihood: LogLikelihood

    @property
    def nats_per_step(self) -> float:
        """Negative log-likelihood of a step."""
        return self.likelihood.nats_per_step

    def save(self, path: str | Path) -> None:
        """Write it as the kind of file that the suffix asks for.

        Raises
        ------
        InputError
            If the suffix is unknown.
        OSError
            If the file cannot be written.
        """
        save_score(self.score, Path(path))
