"""Explain a piece: what surprised a network, what it expected, and what each input of a cell weighed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from biaxial.files.atomic import atomic_write
from biaxial.likelihood.expectation import Expected, expectations
from biaxial.likelihood.input_words import InputWeight, InputWords, in_words
from biaxial.likelihood.surprise import HAPPENINGS, Happening, Moment, Surprise, surprises, voices_in
from biaxial.models.network_arrays import NetworkArrays
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.music.spelling import pitch_name
from biaxial.render.heat_map import heat_map
from biaxial.render.rows import picture_kind
from biaxial.sampling.piece_scorer import PieceScorer
from biaxial.tasks.plans.outline import bar_span

if TYPE_CHECKING:
    from biaxial.judge.reference import Teller


@dataclass(frozen=True)
class CellExplanation:
    """One cell of a piece and all that the network was told when it came to it.

    Parameters
    ----------
    moment
        The cell; its nats are those of the cell alone.
    sounds, strikes
        Probability that it sounds, and that it is struck.
    inputs
        Every input: what it weighs, what it is and what it says here.
    """

    moment: Moment
    sounds: float
    strikes: float
    inputs: tuple[tuple[InputWeight, InputWords], ...]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a network makes of a piece, or of some bars of it after all that came before.

    Parameters
    ----------
    network
        The network.
    surprise
        Nats and probabilities of all cells and notes of the whole piece.
    steps
        The steps that were asked about.
    moments
        The most surprising moments there, the most surprising first.
    expected
        For each of them, what was expected in its place.
    """

    network: Teller = field(repr=False)
    surprise: Surprise
    steps: slice
    moments: tuple[Moment, ...]
    expected: tuple[tuple[Expected, ...], ...]

    @property
    def nats(self) -> float:
        """Negative log-likelihood of these steps, given all before them."""
        return float(self.surprise.per_step[self.steps].sum())

    @property
    def num_steps(self) -> int:
        """How many steps they are."""
        return len(range(self.surprise.roll.num_steps)[self.steps])

    def cell(self, bar: int, beat: float, pitch: int) -> CellExplanation:
        """Explain one cell, for which PyTorch is loaded.

        Parameters
        ----------
        bar, beat
            Where: the bar counted from 1 (0 is the pickup), the quarter note of the bar counted from 1.
        pitch
            MIDI number.

        Raises
        ------
        InputError
            If the piece or the network has no such cell.
        """
        roll, config = self.surprise.roll, self.network.config
        step, key = self.surprise.step_at(bar, beat), roll.outline.key
        if not config.low_pitch <= pitch <= config.high_pitch:
            low, high = (pitch_name(bound, key) for bound in (config.low_pitch, config.high_pitch))
            raise InputError(f"{pitch_name(pitch, key)} is outside the note range of this network, {low} to {high}")
        n = pitch - config.low_pitch
        from biaxial.likelihood.attribution import weigh_inputs
        from biaxial.weights import network_of

        network = network_of(self.network) if isinstance(self.network, NetworkArrays) else self.network
        found = weigh_inputs(network, roll, step, n)
        voices = () if roll.voices is None else voices_in(int(roll.voices[step, n]))
        happening: Happening = HAPPENINGS[roll.states[step, n]]
        moment = Moment(step, *self.surprise.place(step), pitch, voices, happening, -found.log_prob)
        inputs = tuple((weighed, in_words(config, weighed, pitch, key)) for weighed in found.inputs)
        return CellExplanation(moment, found.sounds, found.strikes, inputs)

    def save(self, path: str | Path, cell: CellExplanation | None = None) -> None:
        """Draw the steps as a heat map.

        Parameters
        ----------
        path
            A name that ends in ``.png`` or ``.svg``.
        cell
            A cell that gets a frame.

        Raises
        ------
        InputError
            If the suffix is another one, or the picture would be too large.
        OSError
            If the file cannot be written.
        """
        kind = picture_kind(Path(path))
        framed = None if cell is None or cell.moment.pitch is None else (cell.moment.step, cell.moment.pitch)
        atomic_write(path, heat_map(self.surprise, self.moments, steps=self.steps, cell=framed, kind=kind))


def explain(
    network: Teller, score: Score, *, bars: tuple[int, int] | None = None, top: int = 10, most: int = 3
) -> Explanation:
    """Explain a piece.

    Parameters
    ----------
    network
        The network: arrays, which the kernels and the walk that draw go by, or one of PyTorch in evaluation mode.
    score
        The piece; for a network with voices every note needs one.
    bars
        First and last bar to explain, counted from 1, 0 is the pickup; all by default.
    top
        How many moments are told.
    most
        How many alternatives are told of each.

    Raises
    ------
    InputError
        If the network cannot express the piece, or there are no such bars.
    """
    teller = PieceScorer(network) if isinstance(network, NetworkArrays) else network
    (surprise,) = surprises(teller, [score])
    steps = slice(0, surprise.roll.num_steps)
    if bars is not None:
        first, last = bar_span(surprise.roll.outline, *bars)
        steps = slice(first // surprise.unit, -(-last // surprise.unit))
    moments = surprise.most_surprising(top, steps)
    expected = expectations(teller, surprise.roll, moments, most)
    return Explanation(network, surprise, steps, moments, tuple(expected))
