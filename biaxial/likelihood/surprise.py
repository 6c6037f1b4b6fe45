"""How surprising every note of a piece is to a network, and where the most surprising moments are.

The nats of a note are of two kinds, and a walk over the notes of a frame, from the top down say, tells them apart.
Where a soprano was expected on G and sings the E below, the surprise is not in the E: once the G is known to be silent,
little else is left. It is in the silence of the G. So every silent cell is put down to the sounding cell that the walk
comes to next, and a note has the nats of the cell in which it begins *and* of the silent cells passed on the way there.
What is left at the end of a walk, after its last sounding cell, is the surprise that nothing more sounds. In this way
every frame's nats are shared out, none twice and none left over. What :mod:`biaxial.likelihood.cell_nats` says of two
walks holds here too.

Notes are those that the roll holds. The notes of a unison share one cell, and each of them has its nats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import outline_conditions
from biaxial.features.config import FeatureConfig
from biaxial.likelihood.kernel_nats import kernel_nats
from biaxial.likelihood.scored_cells import CellNats, Precision
from biaxial.metrics.writing.slices import Places
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.sampling.piece_scorer import PieceScorer

if TYPE_CHECKING:
    from biaxial.models.biaxial import BiaxialLSTM

Happening = Literal["silent", "held", "struck"]
HAPPENINGS: tuple[Happening, ...] = ("silent", "held", "struck")
"""What a cell state is called in a report: of SILENT, HOLD, STRIKE."""


@dataclass(frozen=True, slots=True)
class NoteSurprise:
    """One note, all in nats.

    Parameters
    ----------
    note
        The note, on the grid.
    step
        The step at which it is struck.
    strike
        Of the cell in which it is struck: that it is, and in these voices.
    silence
        Of the silent cells passed on the way to it in that frame: that the network's other candidates are silent.
    hold
        Of all later cells in which it is held, with the silent ones passed on the way to these.
    """

    note: Note
    step: int
    strike: float
    silence: float
    hold: float

    @property
    def nats(self) -> float:
        """How surprising it is that this note begins here: ``strike`` and ``silence``."""
        return self.strike + self.silence


@dataclass(frozen=True, slots=True)
class Moment:
    """A sounding cell, or the end of a walk, with all nats that were put down to it.

    Parameters
    ----------
    step, bar, beat
        Where: the step, the bar counted from 1 (0 is the pickup), the quarter note of the bar counted from 1. In a
        pickup beats are counted as if the bar were whole.
    pitch
        Which note; ``None`` at the end of a walk, where the surprise is that nothing more sounds.
    voices
        The voices that sound in the cell; at the end of a walk those that do not sound at all. Empty in music without.
    happening
        Whether the note is struck or held there, or nothing sounds.
    nats
        Its surprise.
    """

    step: int
    bar: int
    beat: float
    pitch: int | None
    voices: tuple[int, ...]
    happening: Happening
    nats: float


@dataclass(frozen=True, eq=False)
class Surprise:
    """What a network makes of a piece.

    Parameters
    ----------
    roll
        The piece on the network's grid and note range.
    cells
        Nats and probabilities of all cells.
    """

    roll: Roll
    cells: CellNats

    @cached_property
    def notes(self) -> tuple[NoteSurprise, ...]:
        """Every note, in the order of a score."""
        return _notes(self.roll, self.cells)

    @property
    def nats(self) -> float:
        """Negative log-likelihood of the piece."""
        return float(self.cells.nats.sum())

    @property
    def per_step(self) -> NDArray[np.float64]:
        """Nats of every frame, shape ``(t,)``."""
        return np.asarray(self.cells.nats.sum(axis=1))

    @cached_property
    def _places(self) -> Places:
        return Places(self.roll.outline)

    @property
    def unit(self) -> int:
        """Ticks of a step."""
        return self.roll.grid.step_ticks(self.roll.outline.ticks_per_quarter)

    def place(self, step: int) -> tuple[int, float]:
        """Bar and beat of a step, as in :class:`Moment`."""
        return self._places.at(step * self.unit)

    def step_at(self, bar: int, beat: float) -> int:
        """The step at a beat of a bar; the inverse of :meth:`place`.

        Raises
        ------
        InputError
            If the piece has no such bar or beat, or the beat lies between two steps.
        """
        end, per_quarter = self.roll.num_steps * self.unit, self.roll.grid.steps_per_quarter
        return self._places.tick_at(bar, beat, per_quarter, end) // self.unit

    def moments(self) -> tuple[Moment, ...]:
        """All sounding cells and all ends of walks, in order; together they have all nats of the piece."""
        nats = self._of_moments
        return tuple(self._moment(step, column, nats[step, column]) for step, column in np.argwhere(~np.isnan(nats)))

    def most_surprising(self, count: int = 10, steps: slice = slice(None)) -> tuple[Moment, ...]:
        """The moments with the most nats, the most surprising one first.

        Parameters
        ----------
        count
            How many at most.
        steps
            Where to look, everywhere by default.
        """
        wanted = np.arange(self.roll.num_steps)[steps]
        nats = np.nan_to_num(self._of_moments[wanted])
        found = [divmod(place, nats.shape[1]) for place in np.argsort(-nats, axis=None, kind="stable")[:count].tolist()]
        return tuple(self._moment(wanted[row], column, nats[row, column]) for row, column in found if nats[row, column])

    @cached_property
    def _of_moments(self) -> NDArray[np.float64]:
        """Nats of moments, shape ``(t, n + 1)``: notes from the top down, the end of the walk; NaN where none is."""
        sounding = self.roll.states != SILENT
        both = np.where(sounding, self.cells.nats + self.cells.passed, 0.0)
        left = np.maximum(self.per_step - both.sum(axis=1), 0.0)
        return np.column_stack([np.where(sounding, both, np.nan)[:, ::-1], left])

    @cached_property
    def _every_voice(self) -> int:
        return 0 if self.roll.voices is None else int(np.bitwise_or.reduce(self.roll.voices, axis=None))

    def _moment(self, step: int, column: int, nats: float) -> Moment:
        """A moment by its place in :attr:`_of_moments`."""
        step, n, sets = int(step), self.roll.num_notes - 1 - int(column), self.roll.voices
        bar, beat = self.place(step)
        if n < 0:
            here = 0 if sets is None else int(np.bitwise_or.reduce(sets[step]))
            return Moment(step, bar, beat, None, voices_in(self._every_voice & ~here), "silent", float(nats))
        voices = 0 if sets is None else int(sets[step, n])
        happening = HAPPENINGS[self.roll.states[step, n]]
        return Moment(step, bar, beat, self.roll.low_pitch + n, voices_in(voices), happening, float(nats))


def voices_in(voices: int) -> tuple[int, ...]:
    """The voices of a bit mask."""
    return tuple(v for v in range(voices.bit_length()) if voices >> v & 1)


def laid_out(score: Score, config: FeatureConfig) -> Roll:
    """A score on a network's grid and note range.

    Raises
    ------
    InputError
        If the network cannot express it: a pitch out of range, no voices where it wants them, or nothing at all.
    """
    name = score.title or "the score"
    if not score.notes:
        raise InputError(f"{name} has no notes; give music that has some")
    if config.num_voices and not 0 < score.num_voices <= config.num_voices:
        raise InputError(
            f"{name} has {score.num_voices or 'no'} voices, and this network wants every note in one of up to "
            f"{config.num_voices}; biaxial.music.parts.assign_voices finds them"
        )
    try:
        return Roll.from_score(score, Grid(config.steps_per_quarter), config.low_pitch, config.num_notes)
    except ValueError as error:
        raise InputError(f"{name} cannot be expressed by this network: {error}; give other music or weights") from error


def surprises(
    networks: BiaxialLSTM | Sequence[BiaxialLSTM] | PieceScorer,
    scores: Sequence[Score],
    *,
    precision: Precision = "float32",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Surprise]:
    """How surprising every note of every score is.

    A score's conditions are what it says of itself: what it does not say, key or phrase ends, is unknown.

    Parameters
    ----------
    networks
        The network, in evaluation mode, or several that are averaged; with voices or without. Or what scores by the
        kernels that draw, in its own precision and by the walk that draws.
    scores
        Music within the network's note range. For a network with voices every note needs one.
    precision, threads, progress
        As for :func:`biaxial.likelihood.cell_nats.cell_nats`; ``precision`` is that of networks.

    Returns
    -------
    A :class:`Surprise` for each score, in order.

    Raises
    ------
    InputError
        If the network cannot express a score, before any is scored.
    """
    config = (networks[0] if isinstance(networks, Sequence) else networks).config
    rolls = [laid_out(score, config) for score in scores]
    outcomes = [config.alphabet.encode(roll.states, roll.voices) for roll in rolls]
    conditions = [outline_conditions(roll.outline, roll.grid) for roll in rolls]
    if isinstance(networks, PieceScorer):
        found = kernel_nats(networks, outcomes, conditions, threads=threads, progress=progress)
    else:
        from biaxial.likelihood.cell_nats import cell_nats  # loads PyTorch

        found = cell_nats(networks, outcomes, conditions, precision=precision, threads=threads, progress=progress)
    return [Surprise(roll, cells) for roll, cells in zip(rolls, found, strict=True)]


def _notes(roll: Roll, cells: CellNats) -> tuple[NoteSurprise, ...]:
    """The surprise of every note of a roll."""
    unit = roll.grid.step_ticks(roll.outline.ticks_per_quarter)
    held = np.where(roll.states == HOLD, cells.nats + cells.passed, 0.0)
    until = np.vstack([np.zeros((1, roll.num_notes)), held.cumsum(axis=0)])  # t+1 n
    found = []
    for note in roll.to_score().notes:
        step, end, n = note.onset_ticks // unit, note.end_ticks // unit, note.pitch - roll.low_pitch
        assert roll.states[step, n] == STRIKE
        hold = float(until[end, n] - until[step + 1, n])
        found.append(NoteSurprise(note, step, float(cells.nats[step, n]), float(cells.passed[step, n]), hold))
    return tuple(found)
