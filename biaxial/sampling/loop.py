"""Drawing pieces: the one generation loop, ancestral or with particles.

Without particles every frame is drawn once. From a chosen step on, a piece can be followed by several particles
instead: each draws its own continuation, is weighted by how well it meets the constraints (the stepper's log-weights),
and particles are resampled when their weights have become too unequal: sequential Monte Carlo (Doucet and Johansen
2009). At the end one particle is taken, with a probability proportional to its weight; the mean weight estimates,
without bias, the probability that the constraints are met.

Where phrases are given, every particle pays for the faults of a phrase when it is over
(:mod:`biaxial.sampling.charges`), and they are resampled there. A phrase that returns is known from then on: all
particles go on from one, and it has the notes that this one has in the phrase that comes back.

Pieces can be drawn in parts, a call for each: then one particle is taken at the end of every part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biaxial.features.known_arrays import KnownArrays
from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.sampling.charges import Charges, Phrase, Piece, count_faults, misses_dominant, voice_pitches
from biaxial.sampling.constraints import Biases, Rule, StepBias
from biaxial.sampling.history import History
from biaxial.sampling.randomness import resampling_uniforms, uniforms
from biaxial.sampling.resampling import ancestors, log_sum, resampled, shares
from biaxial.sampling.stepping import Change, FrameStepper, as_array

Frames = NDArray[np.uint8]
Doubles = NDArray[np.float64]

ADVANCE = 0.6
"""Share of the price of a missing cadence that is asked for in advance, where nothing leads to one."""
PARTICLES = 2**16
"""More particles of one piece would share random numbers with those of the next slot."""


@dataclass(frozen=True)
class Particles:
    """How the end of a piece is followed by particles.

    Parameters
    ----------
    first_step
        Step from which there are several.
    number
        How many.
    """

    first_step: int
    number: int


@dataclass(frozen=True)
class Phrases:
    """The phrases of pieces, at whose ends particles pay.

    Parameters
    ----------
    of_pieces
        The phrases of each piece, in order.
    pieces
        Key and beats of each piece.
    charges
        What a fault costs.
    """

    of_pieces: Sequence[Sequence[Phrase]]
    pieces: Sequence[Piece]
    charges: Charges

    def ending_at(self, step: int) -> list[tuple[int, Phrase]]:
        """Pieces of which a phrase is over at a step, with the phrase."""
        return [(row, phrase) for row, own in enumerate(self.of_pieces) for phrase in own if phrase.end == step]

    def closing_at(self, step: int) -> list[tuple[int, Phrase]]:
        """Pieces of which the last note of a phrase begins at a step, with the phrase."""
        return [(row, phrase) for row, own in enumerate(self.of_pieces) for phrase in own if phrase.fermata == step]

    def returning_at(self, step: int) -> list[tuple[int, Phrase]]:
        """Pieces of which an earlier phrase returns from a step on, with the phrase."""
        return [
            (row, phrase)
            for row, own in enumerate(self.of_pieces)
            for phrase in own
            if phrase.first == step and phrase.source is not None
        ]

    def aims(self, window: Frames, start: int, piece: int, phrase: Phrase, config: ModelConfig) -> Doubles:
        """What a phrase has to pay in advance, as its last note begins, where nothing leads to a cadence.

        It is given back when the phrase is over: particles that can still close well are more in the meantime, and
        nothing else changes. Arguments and result are those of :meth:`costs`.
        """
        here, of = phrase.moved(-start), self.pieces[piece]
        pitches = voice_pitches(window, config.alphabet, config.low_pitch)
        price = ADVANCE * self.charges.no_cadence
        return np.array([price * misses_dominant(own, here, of) for own in pitches])

    def costs(self, window: Frames, start: int, piece: int, phrase: Phrase, config: ModelConfig) -> Doubles:
        """What a phrase costs each particle of a piece, in nats, shape ``(p,)``.

        Parameters
        ----------
        window
            The rolls of the particles from a step on that is early enough (:meth:`.Phrase.heard_from`) to the end of
            the phrase, shape ``(p, t, n)``.
        start
            That step.
        piece, phrase, config
            Which phrase of which piece, and the network.
        """
        pitches = voice_pitches(window, config.alphabet, config.low_pitch)
        prices = np.array(list(self.charges.prices().values()))
        here, of = phrase.moved(-start), self.pieces[piece]
        of = of._replace(beats=of.beats[start:])
        paid = 0.0 if phrase.fermata is None else self.aims(window, start, piece, phrase, config)
        return np.array([count_faults(own, here, of) @ prices for own in pitches]) - paid


@dataclass(frozen=True)
class Begun:
    """The beginning of pieces, from which drawing goes on.

    Attributes
    ----------
    outcomes
        The rolls so far, shape ``(b, t, n)``.
    state
        Where drawing stands after them, as the stepper has it.
    """

    outcomes: Frames
    state: Any


@dataclass(frozen=True)
class Drawn:
    """Pieces that were drawn.

    Attributes
    ----------
    outcomes
        The rolls, shape ``(b, t, n)``.
    log_evidence
        Estimated log of the normaliser of what the weights aim at, shape ``(b,)``: with hard constraints alone and
        no lookahead the log-probability that they are met. Without particles the log-weight. Minus infinity if at some
        step nobody could meet them.
    log_likelihood
        Log-probability of each roll under the model, given what is known, shape ``(b,)``.
    known
        What was known of the pieces in the end, phrases that returned included; ``None`` for nothing.
    state
        Where drawing stands after the last step.
    """

    outcomes: Frames
    log_evidence: Doubles
    log_likelihood: Doubles
    known: KnownArrays | None
    state: Any

    @property
    def begun(self) -> Begun:
        """The pieces as a beginning."""
        return Begun(self.outcomes, self.state)


def draw_pieces(
    stepper: FrameStepper,
    conditions: NDArray[np.int16],
    seeds: Sequence[int],
    *,
    slots: Sequence[int] | None = None,
    known: KnownArrays | None = None,
    bias: Biases | None = None,
    own_biases: Sequence[StepBias] | None = None,
    ending: Biases | None = None,
    rules: Sequence[Rule] = (),
    ending_rules: Sequence[Rule] = (),
    particles: Particles | None = None,
    phrases: Phrases | None = None,
    begun: Begun | None = None,
    until: int | None = None,
    after_step: Callable[[], None] | None = None,
) -> Drawn:
    """Draw a batch of pieces from their beginning to their end, or a part of them.

    Parameters
    ----------
    stepper
        Draws each frame.
    conditions
        Conditions, shape ``(b, t, c)``.
    seeds
        Seed of each piece.
    slots
        Tells pieces of the same seed apart, 0 by default.
    known
        What is known of the pieces, shape ``(b, t, n)``.
    bias
        Static bias of every step, shape ``(n, k)`` or ``(t, n, k)``.
    own_biases
        Static bias of each piece by the step besides, for each of the ``b`` pieces.
    ending
        Static bias of the last steps besides, shape ``(b, e, n, k)``.
    rules, ending_rules
        Constraints that read the frame so far: of every step, and of the last ``e`` steps besides.
    particles
        Where and how many; none by default.
    phrases
        At whose ends particles pay; none by default.
    begun
        Their beginning, where that is drawn already.
    until
        The step at which a part ends; by default the end of the pieces.
    after_step
        Called after every step.
    """
    b, t, _ = conditions.shape
    first, end = 0 if begun is None else begun.outcomes.shape[1], t if until is None else until
    branch, number = (max(first, particles.first_step), particles.number) if particles else (end, 1)
    config = stepper.config
    returns = phrases is not None and any(phrase.source is not None for own in phrases.of_pieces for phrase in own)
    if returns:
        nothing = KnownArrays.nothing(b, t, config.num_notes)
        known = nothing if known is None else KnownArrays(*(part.copy() for part in known))
    elif known is not None and not known.voices.any():
        known = None
    encoded = stepper.encode(known, conditions)
    # where all is known, particles would be one and the same
    opens, closes = (0, t) if known is None or returns or until is not None else _open_steps(known, config)
    branch = max(branch, opens)
    state = stepper.start(b) if begun is None else begun.state
    history = History(min(branch, end) if number > 1 else end, b, config.num_notes)
    for frame in () if begun is None else begun.outcomes.swapaxes(0, 1):
        history.add(frame)
    slots = slots or [0] * b
    log_weight, log_evidence = np.zeros((b, 1)), np.zeros(b)
    unmet = np.zeros(b, np.bool_)
    pieces, now = np.arange(b), 1  # of each row; particles of a piece follow one another
    row_seeds, row_slots = list(seeds), [PARTICLES * slot for slot in slots]
    for step in range(first, end):
        if returns and phrases is not None and known is not None and (coming := phrases.returning_at(step)):
            kept, log_weight, gained = resampled(log_weight, seeds, t + step, [piece for piece, _ in coming], True)
            log_evidence = log_evidence + gained
            state = state.take(kept)
            history.take(kept)
            changes = []
            for piece, phrase in coming:
                assert phrase.source is not None
                roll = history.of(np.array([piece * now]), phrase.source)[0]
                changes.append(Change(piece, _come_back(known, roll, piece, phrase, config)))
            encoded = stepper.encode_again(encoded, known, conditions, changes)
        if step == branch and number > 1:
            now, every = number, np.arange(b).repeat(number)
            pieces, state = every, state.take(every)
            history = history.branched(end - step, every)
            log_weight = log_weight.repeat(now, axis=1)
            row_seeds = [seeds[piece] for piece in pieces.tolist()]
            row_slots = [p + PARTICLES * slot for slot in slots for p in range(now)]
        static, active = _at(bias, own_biases, step, pieces), rules
        if ending is not None and step >= t - ending.shape[1]:
            extra = ending[pieces, step - t]
            static, active = extra if static is None else static + extra, (*rules, *ending_rules)
        if known is not None and step >= closes:  # nothing is left to draw, and nothing that could be unlikely
            frame, weight = known.outcomes[pieces, step], np.zeros(len(pieces))
        else:
            drawn, weights, state = stepper.step(
                state,
                conditions[pieces, step],
                uniforms(row_seeds, step, config.num_notes, row_slots),
                None if known is None else known.at((pieces, step)),
                static,
                active,
                encoded.at(step),
            )
            frame, weight = as_array(drawn), as_array(weights)
        history.add(frame)
        log_weight = log_weight + weight.reshape(b, now)
        if log_weight.min() == -np.inf:
            lost = (log_weight == -np.inf).all(1)  # nobody meets the constraints here: all go on, equal
            unmet, log_weight = unmet | lost, np.where(lost[:, None], 0.0, log_weight)
        closing = [] if phrases is None else phrases.closing_at(step + 1)
        for piece, phrase in closing:
            assert phrases is not None
            start = phrase.heard_from(phrases.pieces[piece])
            window = history.of(np.arange(piece * now, (piece + 1) * now), start)
            log_weight[piece] -= phrases.aims(window, start, piece, phrase, config)
        over = [] if phrases is None else phrases.ending_at(step + 1)
        for piece, phrase in over:
            assert phrases is not None
            start = phrase.heard_from(phrases.pieces[piece])
            window = history.of(np.arange(piece * now, (piece + 1) * now), start)
            log_weight[piece] -= phrases.costs(window, start, piece, phrase, config)
        if now > 1 and step < end - 1:
            kept, log_weight, gained = resampled(log_weight, seeds, step, [piece for piece, _ in (*closing, *over)])
            log_evidence = log_evidence + gained
            state = state.take(kept)
            history.take(kept)
        if after_step is not None:
            after_step()
    total = log_sum(log_weight) - math.log(log_weight.shape[1])
    chosen = ancestors(shares(log_weight), resampling_uniforms(seeds, t + end % t), 1)[:, 0]
    rows = np.arange(b) * log_weight.shape[1] + chosen
    evidence = np.where(unmet, -np.inf, log_evidence + total)
    state = state.take(rows)
    return Drawn(history.of(rows), evidence, as_array(state.log_likelihood), known, state)


def _open_steps(known: KnownArrays, config: ModelConfig) -> tuple[int, int]:
    """The first step at which anything of the pieces is not known, and the one after the last; none are the end."""
    is_open = np.flatnonzero((known.voices != config.alphabet.everything).any(axis=(0, 2))).tolist()
    return (is_open[0], is_open[-1] + 1) if is_open else (known.voices.shape[1],) * 2


def _at(bias: Biases | None, own: Sequence[StepBias] | None, step: int, pieces: NDArray[np.int64]) -> Biases | None:
    """The static bias of a step, shape ``(n, k)``, or of each row ``(b, n, k)`` where pieces have their own."""
    shared: Biases | None = bias if bias is None or bias.ndim == 2 else bias[step]
    if own is None or not any(each.is_felt(step) for each in own):
        return shared
    extra: Biases = np.stack([each.at(step) for each in own])[pieces]
    return extra if shared is None else shared + extra


def _come_back(known: KnownArrays, roll: Frames, piece: int, phrase: Phrase, config: ModelConfig) -> range:
    """Note what a phrase that returns has, given the roll of its piece from its source on, shape ``(t, n)``.

    Returns the steps of which more is known by now. The last phrase of a piece has no rest and no upbeat to another one
    after its last note: this is held to the end.
    """
    assert phrase.source is not None
    alphabet, length = config.alphabet, min(phrase.end - phrase.first, phrase.first - phrase.source)
    place, earlier = slice(phrase.first, phrase.first + length), roll[:length]
    voices, outcomes = known.voices[piece].copy(), known.outcomes[piece].copy()
    sets = (phrase.returning & ~voices[place]).astype(np.uint8)
    states, members = alphabet.decode(alphabet.restricted(earlier, sets))
    states[0] = np.where(states[0] == HOLD, STRIKE, states[0])  # it begins, whatever was held there
    if phrase.fermata is not None and phrase.end == len(voices):
        heard, singing = alphabet.decode(earlier)
        sung = ((heard == HOLD) & (singing & 1 > 0)).any(axis=1)
        last = phrase.fermata - phrase.first
        over = next((step for step in range(last + 1, length) if not sung[step]), length)
        states[over:] = np.where(states[over - 1] == SILENT, SILENT, HOLD)
        members[over:] = members[over - 1]
    given_states, given_members = alphabet.decode(outcomes[place])
    outcomes[place] = alphabet.encode(np.maximum(states, given_states), members | given_members)
    voices[place] |= sets
    for part, new in zip(known, KnownArrays.of(outcomes, voices, alphabet), strict=True):
        part[piece] = new
    return range(phrase.first, phrase.first + length)
