"""A piece that was written, and what made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.formats.json_score import score_from_dict, score_to_dict
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import read_instruments
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import Score
from biaxial.music.style import mixture_of
from biaxial.render.files import Rendering, check_writable, write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pretty_midi import PrettyMIDI


@dataclass(frozen=True)
class LogLikelihood:
    """How probable a piece is under a model.

    Parameters
    ----------
    nats
        Log-probability of the roll, at most 0; minus infinity if the model cannot express it. For a piece of which
        something was known, that of what was drawn, given what was known.
    num_steps
        Frames of the roll; of a drawn piece those in which anything was drawn.
    num_struck
        Cells of these frames that strike a note.
    level_nats
        Log-probability of how loud the notes are, given the notes: of the levels that are known, or were drawn; 0 for a
        model without dynamics. It is not a part of ``nats``; the piece with its levels has the sum of both.
    """

    nats: float
    num_steps: int
    num_struck: int
    level_nats: float = 0.0

    @property
    def nats_per_step(self) -> float:
        """Negative log-likelihood of a step; the lower, the more likely."""
        return -self.nats / max(1, self.num_steps)

    @property
    def nats_per_note(self) -> float:
        """Negative log-likelihood for each struck note."""
        return -self.nats / max(1, self.num_struck)


@dataclass(frozen=True)
class Candidate:
    """One of several pieces that were drawn together, as it was ranked.

    Parameters
    ----------
    number
        Counted from 1 in the order of drawing.
    score
        How far it is from Bach's chorales, :mod:`biaxial.tasks.drawing.fill`; the lower, the better. NaN where it
        cannot be said.
    nats_per_step
        Negative log-likelihood of a drawn step.
    met
        Whether it meets the constraints.
    parts
        What the score is the mean of, by name.
    """

    number: int
    score: float
    nats_per_step: float
    met: bool
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Piece:
    """A piece and what made it.

    Parameters
    ----------
    score
        The music.
    seed
        Seed of the random numbers that it was drawn with.
    model
        Name of the weights.
    likelihood
        How probable the model finds it, given its outline and what was known of it.
    log_evidence
        Estimated log of the normaliser of what was drawn from, in nats; minus infinity if the constraints could not be
        met. It is a log-probability with hard constraints alone and no lookahead.
    remarks
        What was decided on the way and is worth telling, one line each.
    ranking
        The candidates that it was chosen from, itself the first; empty where only one was drawn. Not in
        :meth:`to_json`.
    plan
        What its phrases were to be, if that was planned.
    style
        The style that it was drawn in, or the mixture, in which its likelihood is; ``None`` for weights without styles.
    instruments
        What its files are played on unless they are asked to be otherwise, as the weights say.
    """

    score: Score
    seed: int
    model: str
    likelihood: LogLikelihood
    log_evidence: float = 0.0
    remarks: tuple[str, ...] = ()
    ranking: tuple[Candidate, ...] = field(default=(), compare=False)
    plan: PhrasePlan | None = None
    style: str | None = None
    instruments: tuple[str, ...] = ()

    @property
    def nats_per_step(self) -> float:
        """Negative log-likelihood of a step."""
        return self.likelihood.nats_per_step

    def save(self, *paths: str | Path, **rendering: Any) -> list[Path]:
        """Write its score as the kinds of files that the endings ask for.

        A ``.json`` file keeps which notes are locked, and the plan.

        Parameters
        ----------
        paths
            Files such as ``chorale.mid``, ``chorale.musicxml``, ``chorale.svg``, ``chorale.flac``: any ending in
            :data:`biaxial.render.files.WRITERS`.
        rendering
            How they look and sound: fields of :class:`biaxial.render.files.Rendering`.

        Returns
        -------
        The files that were written; pictures of several pages are several.

        Raises
        ------
        InputError
            If no path is given, an ending is unknown, or a part for it is not installed; then nothing is written.
        OSError
            If a file cannot be written.
        """
        if not paths:
            raise InputError("no file to save to; give its name, such as chorale.mid")
        names, looks = [Path(path) for path in paths], Rendering(**rendering).played_on(self.instruments)
        for name in names:
            check_writable(name, looks)
        return [path for name in names for path in write_file(self.score, name, looks, self.plan)]

    def to_pretty_midi(self) -> PrettyMIDI:
        """Its score as an object of pretty_midi, an instrument for each voice."""
        return self.score.to_pretty_midi()

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw its piano roll, as :func:`~biaxial.render.piano_roll.draw_piano_roll` does; returns the axes."""
        from biaxial.render.piano_roll import draw_piano_roll

        return draw_piano_roll(self.score, axes)

    def _repr_html_(self) -> str:
        """Its score and a player, which notebooks show."""
        from biaxial.render.notebook import score_html

        return score_html(self.score)

    def to_json(self) -> str:
        """The piece as one JSON document, from which :meth:`from_json` makes an equal one."""
        likelihood = self.likelihood
        document = {
            "score": score_to_dict(self.score),
            "seed": self.seed,
            "model": self.model,
            "nats": likelihood.nats,
            "num_steps": likelihood.num_steps,
            "num_struck": likelihood.num_struck,
            "level_nats": likelihood.level_nats,
            "log_evidence": self.log_evidence,
            "remarks": list(self.remarks),
            "plan": None if self.plan is None else self.plan.to_dict(),
            "style": self.style,
            "instruments": list(self.instruments),
        }
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str) -> Piece:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            document: dict[str, Any] = json.loads(text)
            score = score_from_dict(document["score"], "score")
            numbers = float(document["nats"]), int(document["num_steps"]), int(document["num_struck"])
            seed, model, remarks = int(document["seed"]), document["model"], document["remarks"]
            style = document.get("style")
            if not isinstance(remarks, list) or not all(isinstance(text, str) for text in (model, *remarks)):
                raise ValueError("model must be text, and remarks a list of texts")
            if not isinstance(style, str | None):
                raise ValueError("style must be text")
            mixture_of(style)
            instruments = read_instruments(",".join(names)) if (names := document.get("instruments")) else ()
            found = LogLikelihood(*numbers, float(document.get("level_nats", 0.0)))
            plan = None if document.get("plan") is None else PhrasePlan.from_dict(document["plan"])
            evidence = float(document["log_evidence"])
            made = score, seed, model, found, evidence, tuple(remarks)
            return cls(*made, plan=plan, style=style, instruments=instruments)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            reason = f"there is no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
            raise InputError(f"not the JSON document of a piece ({reason}); Piece.to_json writes one") from error
