"""What a network says of music: how likely it is, what surprises it, and what it is worth beside Bach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.features.conditions import outline_conditions
from biaxial.formats.read import read_score
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays, arrays_of, settled
from biaxial.music.constants import STRIKE
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.performance.instruments import read_instruments
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from biaxial.music.style import Mixture, mixture_of, shares_of
from biaxial.sampling.piece_scorer import scores_compiled
from biaxial.tasks.held_network import HoldsNetwork
from biaxial.tasks.piece import LogLikelihood, Piece

if TYPE_CHECKING:
    from biaxial.judge.judge import Judge, Judgement
    from biaxial.judge.reference import Teller
    from biaxial.likelihood.scored_cells import Precision
    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.tasks.explanation import Explanation


PieceLike = Piece | Score | str | Path | Any
"""A piece, a score, a file, or an object of another library."""


class Critic(HoldsNetwork):
    """The verbs of a model that read music and write none.

    Parameters
    ----------
    network
        The network, or its arrays; these become a network when one is asked for, and PyTorch is loaded for it.
    history
        How its weights came to be.
    device
        Where such a network is to be, or ``"auto"``.
    """

    config: ModelConfig

    def __init__(
        self, network: BiaxialLSTM | NetworkArrays[ModelConfig], history: dict[str, Any], device: str = "auto"
    ) -> None:
        super().__init__(network, device)
        self.history = history
        self._in_style: tuple[Mixture, BiaxialLSTM] | None = None

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that the weights know."""
        return self.config.styles

    @property
    def instruments(self) -> tuple[str, ...]:
        """What the weights write for, as their history says: a name for each player; none where it says nothing."""
        return read_instruments(names) if (names := self.history.get("instruments")) else ()

    def mixture(self, style: str | None = None) -> Mixture:
        """A style, or a mixture of several, as shares; that of the weights by default.

        Parameters
        ----------
        style
            Such as ``"bach"`` or ``"bach:0.7,hymn:0.3"``; ``"none"`` for none.

        Raises
        ------
        InputError
            If it cannot be read, or the weights do not know it.
        """
        mixture = mixture_of(self.history.get("style") if style is None else style)
        shares_of(mixture, self.styles)
        return mixture

    def key_counts(self, style: str | None = None) -> Mapping[str, float]:
        """How often music in a style stands in each key, as the history of the weights says.

        Parameters and errors are those of :meth:`mixture`. A mixture has the keys of its styles, in their shares.
        """
        of_styles, mixed = self.history.get("style_keys", {}), dict[str, float]()
        for name, share in self.mixture(style).items():
            counts = of_styles.get(name, {})
            for key, count in counts.items():
                mixed[key] = mixed.get(key, 0.0) + share * count / sum(counts.values())
        return mixed or self.history.get("keys", {})

    def in_style(self, style: str | None = None) -> BiaxialLSTM:
        """The network in a style; kept for the next time. Parameters and errors are those of :meth:`mixture`."""
        mixture = self.mixture(style)
        network: BiaxialLSTM = self.network
        if not self.styles:
            return network
        if self._in_style is None or self._in_style[0] != mixture:
            self._in_style = mixture, network.in_style(shares_of(mixture, self.styles))
        return self._in_style[1]

    def teller(self, style: str | None = None, precision: Precision = "float32") -> Teller:
        """What says how likely music is where that is told by the walk that draws: of a judgement, or an explanation.

        Parameters
        ----------
        style
            In which style, as :meth:`mixture` takes it.
        precision
            The precision in which it will score.

        Returns
        -------
        Arrays where the kernels that draw are to score, which needs no PyTorch: on the CPU, by a network that they
        know. Elsewhere the network, with its first walk alone.
        """
        if not self._is_on_gpu() and scores_compiled(self.config, precision):
            return self._arrays_in_style(style)
        return self.in_style(style).by_first_walk()

    def _arrays_in_style(self, style: str | None) -> NetworkArrays[ModelConfig]:
        """The arrays of the network in a style."""
        arrays = self._given if isinstance(self._given, NetworkArrays) else arrays_of(self._given)
        return settled(arrays, shares_of(self.mixture(style), self.styles)) if self.styles else arrays

    def log_likelihood(self, piece: PieceLike, style: str | None = None) -> LogLikelihood:
        """The log-probability of a piece, given its outline, by the parallel pass.

        Parameters
        ----------
        piece
            A piece, a score, or a file. A score without a key or without phrase ends is scored with these unknown.
            For a model with voices every note needs a voice.
        style
            In which style, as :meth:`mixture` takes it.

        Raises
        ------
        InputError
            If the model has voices and the score none.
        """
        from biaxial.likelihood.cell_nats import cell_nats  # these load PyTorch, which drawing does not need
        from biaxial.likelihood.level_nats import level_nats

        network, score = self.in_style(style), score_of(piece)
        config = network.config
        grid = Grid(config.steps_per_quarter)
        if config.num_voices and not 0 < score.num_voices <= config.num_voices:
            raise InputError(
                f"this model scores music in up to {config.num_voices} voices, every note in one, and the score has "
                f"{score.num_voices or 'none'}; biaxial.music.parts.assign_voices finds them"
            )
        try:
            roll = Roll.from_score(score, grid, config.low_pitch, config.num_notes)
        except ValueError:  # a pitch that the model cannot express
            steps = Roll.from_score(score, grid, 0, 128)
            return LogLikelihood(-float("inf"), steps.num_steps, int((steps.states == STRIKE).sum()))
        outcomes = config.alphabet.encode(roll.states, roll.voices)
        conditions = outline_conditions(roll.outline, grid)
        (found,) = cell_nats(network, [outcomes], [conditions])
        loud = 0.0
        if network.dynamics is not None and roll.levels is not None:
            loud = -level_nats(network, outcomes, conditions, roll.levels)
        struck = int((roll.states == STRIKE).sum())
        return LogLikelihood(-float(found.nats.sum()), roll.num_steps, struck, loud)

    def explain(
        self, piece: PieceLike, *, bars: tuple[int, int] | None = None, top: int = 10, style: str | None = None
    ) -> Explanation:
        """What surprises the model in a piece, and what it expected instead.

        Parameters
        ----------
        piece
            A piece, a score, or a file. For a model with voices every note needs a voice.
        bars
            First and last bar that are asked about, counted from 1; 0 is the pickup. All by default.
        top
            How many moments.
        style
            In which style, as :meth:`mixture` takes it.

        Raises
        ------
        InputError
            If the model cannot express the piece, or there are no such bars.
        """
        from biaxial.tasks.explanation import explain  # what drawing does not need

        return explain(self.teller(style), score_of(piece), bars=bars, top=top)

    def judge(self, piece: PieceLike) -> Judgement:
        """What a piece is worth beside Bach's chorales: grade, measures, surprises, broken rules, copied passages.

        Parameters
        ----------
        piece
            A piece, a score, or a file; any music that has notes.
        """
        score = score_of(piece)
        return self._judge().judge([(score.title or "piece", score)])[0]

    def _judge(self) -> Judge:
        from biaxial.judge.judge import Judge
        from biaxial.judge.reference import shipped_reference

        return Judge(shipped_reference(), self.teller())


def score_of(piece: PieceLike) -> Score:
    """The score of a piece, of a file, or of an object of another library."""
    if isinstance(piece, Score):
        return piece
    return piece.score if isinstance(piece, Piece) else read_score(piece)
