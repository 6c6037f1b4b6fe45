"""Composing: outlines in, pieces out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from biaxial.constants import STRIKE, VOICE_RANGES
from biaxial.errors import InputError
from biaxial.features.conditions import outline_conditions
from biaxial.models.config import ModelConfig
from biaxial.roll import Roll
from biaxial.sampling.constraints import Polyphony, Rule, bass_bias, range_bias, triad_bias
from biaxial.sampling.smc import Particles, draw_pieces
from biaxial.sampling.stepper import Proposal, Stepper
from biaxial.score import Grid, Key, Score
from biaxial.tasks.outline import DEFAULT_TEMPERATURE
from biaxial.tasks.piece import LogLikelihood, Piece
from biaxial.voices import assign_voices

Progress = Callable[[int], None]
"""Called with the number of frames drawn since the last call, over all pieces."""

CADENCE_PARTICLES = 8
"""Continuations among which the end of a piece is chosen."""
BATCH = 32
"""Pieces drawn together, which bounds the memory."""
_KEY_STREAM = 2**32


@dataclass(frozen=True)
class Drawing:
    """How pieces are drawn.

    ``Drawing(temperature=1, density=0, cadence=False)`` draws from the network's own distribution, within the ranges.

    Parameters
    ----------
    temperature
        Below 1 the likely becomes more likely; the density of notes stays.
    density
        Added to the log-odds of a sounding cell. By default what the weights carry: left to itself a network loses a
        voice now and then, and this shift helps to keep them all.
    min_p
        Events less likely than this are not drawn.
    ranges
        Lowest and highest pitch of each voice; the usual ranges of four voices by default.
    cadence
        Whether the piece has to end with a chord on its tonic, which particles look for from the last phrase on.
    min_voices, max_voices
        How many voices sound at least and at most; as many as the model likes by default.
    """

    temperature: float = DEFAULT_TEMPERATURE
    density: float | None = None
    min_p: float = 0.0
    cadence: bool = True
    ranges: tuple[tuple[int, int], ...] | None = None
    min_voices: int | None = None
    max_voices: int | None = None

    def constraints(self, config: ModelConfig) -> tuple[Tensor | None, tuple[Rule, ...]]:
        """Static bias and rules for a model.

        Raises
        ------
        ValueError
            If a range or the polyphony is impossible.
        """
        ranges = self.ranges
        if ranges is None and config.num_voices == len(VOICE_RANGES):
            ranges = tuple((max(low, config.low_pitch), min(high, config.high_pitch)) for low, high in VOICE_RANGES)
        bias = None if ranges is None else range_bias(config, ranges)
        if self.min_voices is None and self.max_voices is None:
            return bias, ()
        top = config.num_voices or config.num_notes
        least = 0 if self.min_voices is None else self.min_voices
        most = top if self.max_voices is None else self.max_voices
        return bias, (Polyphony(config, least, most),)


def density_biases(table: Sequence[Sequence[float]], temperature: float) -> tuple[float, float]:
    """Biases for sounding and for struck cells that keep the density at a temperature.

    Parameters
    ----------
    table
        Rows of temperature, sounding bias and striking bias, by rising temperature, as fitted on held-out pieces.
    temperature
        The temperature; beyond the table its last row is used, and at 1 both are 0.
    """
    if not table or temperature == 1:
        return 0.0, 0.0
    columns = np.array(table, dtype=float).T
    return float(np.interp(temperature, columns[0], columns[1])), float(np.interp(temperature, columns[0], columns[2]))


def drawn_key(counts: dict[str, int], seed: int) -> Key | None:
    """A key as frequent as in the corpus; the same for the same seed."""
    if not counts:
        return None
    names = sorted(counts)
    rng = np.random.Generator(np.random.Philox(key=[seed % 2**64, _KEY_STREAM]))
    weights = np.array([counts[name] for name in names], dtype=float)
    return Key.from_name(names[int(rng.choice(len(names), p=weights / weights.sum()))])


def primer_outcomes(primer: Score, outline: Score, config: ModelConfig) -> Tensor:
    """The frames of a primer as outcomes, shape ``(t, n)``.

    A primer without voices gets them by least movement; a single line is the highest voice.

    Raises
    ------
    InputError
        If it is empty, in another metre than the outline, as long as it or longer, or leaves the note range.
    """
    if not primer.notes:
        raise InputError("the primer has no notes; give one with at least one note")
    if (metre := primer.time_signatures[0].name) != outline.time_signatures[0].name:
        raise InputError(f"the primer is in {metre}; add --time-signature {metre}")
    grid = Grid(config.steps_per_quarter)
    try:
        if config.num_voices and not 0 < primer.num_voices <= config.num_voices:
            primer = _with_voices(primer, config.num_voices)
        roll = Roll.from_score(primer, grid, config.low_pitch, config.num_notes)
    except ValueError as error:
        raise InputError(f"the primer cannot be used: {error}") from error
    steps = outline.length_ticks // grid.step_ticks(outline.ticks_per_quarter)
    if roll.num_steps >= steps:
        raise InputError(f"the primer has {roll.num_steps} steps, the piece {steps}; ask for more bars")
    return torch.from_numpy(config.alphabet.encode(roll.states, roll.voices)).long()


def _with_voices(score: Score, num_voices: int) -> Score:
    """A score whose notes get voices: the highest one for a single line, else those of the least movement."""
    notes = tuple(replace(note, voice=None) for note in score.notes)
    if all(one.end_ticks <= other.onset_ticks for one, other in pairwise(notes)):
        return replace(score, notes=tuple(replace(note, voice=0) for note in notes))
    return assign_voices(replace(score, notes=notes), num_voices)


def compose(
    stepper: Stepper,
    outlines: Sequence[Score],
    seeds: Sequence[int],
    drawing: Drawing,
    model_name: str,
    primer: Tensor | None = None,
    progress: Progress | None = None,
) -> Iterator[Piece]:
    """Draw pieces of equal length, a batch at a time.

    Parameters
    ----------
    stepper
        Draws the frames.
    outlines, seeds
        One of each for every piece.
    drawing
        Constraints.
    model_name
        Name of the weights, kept with each piece.
    primer
        Outcomes of the first frames, shape ``(t, n)``.
    progress
        Called after every frame.

    Yields
    ------
    The pieces, in order.
    """
    config = stepper.config
    grid = Grid(config.steps_per_quarter)
    bias, rules = drawing.constraints(config)
    for first in range(0, len(seeds), BATCH):
        batch = slice(first, first + BATCH)
        rows = [torch.from_numpy(outline_conditions(outline, grid)) for outline in outlines[batch]]
        known = None if primer is None else primer.expand(len(rows), *primer.shape)
        first_free = 0 if primer is None else len(primer)
        drawn = draw_pieces(
            stepper,
            torch.stack(rows),
            seeds[batch],
            known=known,
            bias=bias,
            rules=rules,
            after_step=None if progress is None else partial(progress, len(rows)),
            **(_cadence(outlines[batch], config, drawing, first_free) if drawing.cadence else {}),
        )
        for index, outcomes in enumerate(drawn.outcomes.numpy()):
            states, voices = config.alphabet.articulated(outcomes)
            outline = outlines[first + index]
            roll = Roll(states, voices if config.num_voices else None, config.low_pitch, outline, grid)
            nats = float(drawn.log_likelihood[index])
            likelihood = LogLikelihood(nats, len(outcomes), int((states == STRIKE).sum()))
            yield Piece(roll.to_score(), seeds[first + index], model_name, likelihood)


def _cadence(outlines: Sequence[Score], config: ModelConfig, drawing: Drawing, first_free: int) -> dict[str, Any]:
    """The end of pieces as a constraint, and the particles that meet it; nothing where a key is unknown.

    With the onset of the last phrase end the bass comes to the tonic and stays there while all voices sound. The last
    quarter note is nothing but the triad; before it suspensions may resolve. The particles branch when the phrase
    before is over.
    """
    per_quarter = config.steps_per_quarter
    unit = Grid(per_quarter).step_ticks(outlines[0].ticks_per_quarter)
    length = outlines[0].length_ticks // unit
    ends = [tick // unit for tick in outlines[0].fermatas or ()]
    last = ends[-1] if ends else max(0, length - 2 * per_quarter)
    before = ends[-2] + per_quarter if len(ends) > 1 else last - 8 * per_quarter
    last, branch = max(last, first_free), max(before, first_free, 0)
    if last >= length or any(outline.key is None for outline in outlines):
        return {}
    voices = config.num_voices if drawing.max_voices is None else min(config.num_voices, drawing.max_voices)
    before, rest = min(1, last - first_free), length - last - 1
    pure = min(per_quarter, rest)
    biases = []
    for outline in outlines:
        assert outline.key is not None
        chord, bass = triad_bias(config, outline.key), triad_bias(config, outline.key, bass_only=True)
        held = bass_bias(config, outline.key, held=True)
        steps = [bass_bias(config, outline.key, off_tonic=True)] * before
        steps += [bass if rest > pure else chord]
        steps += [bass + held] * (rest - pure) + [chord + held] * pure
        biases.append(torch.stack(steps))
    return {
        "ending": torch.stack(biases),
        "ending_rules": [Polyphony(config, voices, voices)] if config.num_voices else [],
        "particles": Particles(min(branch, last), CADENCE_PARTICLES),
    }


def proposal_of(drawing: Drawing, made: dict[str, Any]) -> Proposal:
    """The proposal that temperature, density and min-p mean for weights that carry their density biases."""
    sounding, striking = density_biases(made.get("density_biases", []), drawing.temperature)
    sounding += made.get("density", 0.0) if drawing.density is None else drawing.density
    return Proposal(drawing.temperature, sounding, striking, drawing.min_p, is_target=True)
