"""How pieces are drawn: temperature, density and constraints, for every verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

from biaxial.models.config import ModelConfig
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.style import NO_STYLE, mixture_of
from biaxial.sampling.charges import Charges
from biaxial.sampling.choose import Precision
from biaxial.sampling.constraints import Biases, Polyphony, Rule, range_bias
from biaxial.sampling.stepping import Proposal
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.voice_leading_weights import VoiceLeading
from biaxial.tasks.plans.outline import DEFAULT_TEMPERATURE
from biaxial.tokens.token_stepper import TokenOptions

Progress = Callable[[int], None]
"""Called with the number of frames drawn since the last call, over all pieces. What it raises ends the drawing between
two frames."""

PHRASE_PARTICLES = 7
"""Continuations of a phrase that are drawn side by side where it is charged for its faults."""
MAX_DRAWN = 64
"""Most particles, and most candidates, of one piece."""


@dataclass(frozen=True)
class SamplingOptions:
    """How pieces are drawn.

    ``SamplingOptions(temperature=1, density=0, cadence=False, voice_leading=None)`` draws from the network's own
    distribution, within the ranges.

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
    voice_leading
        Weights of soft constraints, ``None`` for none; not for music without voices.
    cadence
        Whether a piece that is composed, harmonised or continued has to end with a chord on its tonic, which particles
        look for; to a given melody only where its last note belongs to that chord.
    min_voices, max_voices
        How many voices sound at least and at most; as many as the model likes by default.
    particles
        Continuations that are drawn side by side, and chosen among by how well they meet the constraints and, at the
        end of every phrase, by its faults; 1 for none. By default :data:`PHRASE_PARTICLES` where phrases are charged.
    charges
        What the faults of a finished phrase cost; those that the weights carry by default.
    draft
        One plain draw, without charges: the fastest, and what a piece was before there were any.
    lookahead
        Whether particles are also chosen among by how likely the frames are that they lead to: the temperature is then
        that of the piece as a whole, not of each cell.
    style
        A style that the weights know, or a mixture, such as ``"bach:0.7,hymn:0.3"``; ``"none"`` for none. By default
        the one that the weights carry, if they carry one.
    best_of
        Pieces that are drawn for each one that is kept, the first in the ranking of
        :mod:`biaxial.tasks.drawing.fill`.
    precision
        ``"float32"``; ``"float64"``, several times slower, of the reference; or ``"bfloat16"``, faster on processors
        with units for it, which draws from nearly the same distribution, but other pieces.
    """

    temperature: float = DEFAULT_TEMPERATURE
    density: float | None = None
    min_p: float = 0.0
    ranges: tuple[tuple[int, int], ...] | None = None
    voice_leading: VoiceLeading | None = field(default_factory=VoiceLeading)
    cadence: bool = True
    min_voices: int | None = None
    max_voices: int | None = None
    particles: int | None = None
    lookahead: bool = False
    charges: Charges | None = None
    draft: bool = False
    style: str | None = None
    best_of: int = 1
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        for name in ("particles", "best_of"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MAX_DRAWN:
                raise ValueError(f"{name} is a number from 1 to {MAX_DRAWN}, not {value}")
        mixture_of(self.style)

    def charged(self, history: Mapping[str, Any]) -> Charges | None:
        """What the faults of a phrase cost with weights that carry their charges; ``None`` for nothing."""
        if self.draft:
            return None
        charges = self.charges or Charges(**history.get("charges", {}))
        return charges if any(charges.prices().values()) else None

    def num_particles(self, charges: Charges | None) -> int:
        """How many continuations are drawn side by side, given what faults cost."""
        return self.particles or (1 if charges is None else PHRASE_PARTICLES)

    def constraints(self, config: ModelConfig) -> tuple[Biases | None, tuple[Rule, ...]]:
        """Static bias and rules for a model.

        Raises
        ------
        ValueError
            If a range or the polyphony is impossible.
        """
        ranges, rules = self.ranges, list[Rule]()
        if ranges is None and config.num_voices == len(VOICE_RANGES):
            ranges = tuple((max(low, config.low_pitch), min(high, config.high_pitch)) for low, high in VOICE_RANGES)
        bias = None if ranges is None else range_bias(config, ranges)
        if self.min_voices is not None or self.max_voices is not None:
            top = config.num_voices or config.num_notes
            least = 0 if self.min_voices is None else self.min_voices
            rules.append(Polyphony(config, least, top if self.max_voices is None else self.max_voices))
        if self.voice_leading is not None and config.num_voices:
            rules.append(VoiceLeadingRule(config, self.voice_leading))
        return bias, tuple(rules)

    def proposal(self, history: dict[str, Any]) -> Proposal:
        """What temperature, density and min-p mean for weights that carry their density biases."""
        sounding, striking = density_biases(history.get("density_biases", []), self.temperature)
        if self.lookahead:  # fitted for cells that are tempered one by one; half of it keeps voices moving as Bach's do
            sounding, striking = sounding / 2, striking / 2
        sounding += self._own_density(history) if self.density is None else self.density
        return Proposal(self.temperature, sounding, striking, self.min_p, target="piece" if self.lookahead else "draw")

    def _own_density(self, history: dict[str, Any]) -> float:
        """The density that weights carry, for all music or for that of a style; of a mixture the weighted mean."""
        usual, of_styles = history.get("density", 0.0), history.get("style_density", {})
        mixture = mixture_of(history.get("style") if self.style is None else self.style) or {NO_STYLE: 1.0}
        return float(sum(share * of_styles.get(name, usual) for name, share in mixture.items()))


HARMONISING = SamplingOptions(temperature=0.5, particles=12, lookahead=True)
"""How the unknown voices of a piece are drawn by default."""


Options = TypeVar("Options", SamplingOptions, TokenOptions)


def with_changes(options: Options, changes: Mapping[str, Any]) -> Options:
    """Options with some fields changed by name.

    Raises
    ------
    InputError
        If there is no such field.
    """
    known = [field.name for field in fields(options)]
    if unknown := [name for name in changes if name not in known]:
        raise InputError(f"{unknown[0]!r} is not an option of drawing; there are {', '.join(known)}")
    return replace(options, **changes)


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
