"""The stepper of the CPU: the decisions of the reference in float32, by compiled loops and plain matrix products.

A step computes the gates of the time axis (:mod:`biaxial.sampling.kernels.time_step`: inputs are sums of rows of
weights, hidden states matrix products), in one more product the time axis's whole share in the note axis, and then
walks over the notes (:mod:`biaxial.sampling.kernels.walk`). Every piece has products of its own, always of the same
shape, so that to the last bit it does not depend on its batch; threads take pieces, not parts of a product.

Particles of a piece that have drawn the same frames so far share one state, and the time axis runs once for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.features.known_arrays import KnownArrays
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays
from biaxial.music.constants import SILENT, STRIKE
from biaxial.sampling.constraints import Biases, Polyphony, Rule
from biaxial.sampling.heard import NO_ECHO, Echoes, Heard
from biaxial.sampling.input_shares import keys_of, of_all_steps
from biaxial.sampling.kernel_calls import add_echo, inputs_share, lstm_cells, walk
from biaxial.sampling.kernels.tables import Choosing, Floats
from biaxial.sampling.products import Products, one_thread_here
from biaxial.sampling.stepping import Change, Proposal
from biaxial.sampling.told_context import ContextWeights, ToldContext
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.weight_tables import Weights, can_compile

_PASTS, _FRAMES = 4, 14
"""Pasts and frames that are worked out together at most: few enough to stay in a processor's cache."""


def _together(rows: list[int]) -> slice | list[int]:
    """Rows as a slice, of which nothing is copied, if they follow one another."""
    return slice(rows[0], rows[-1] + 1) if rows == list(range(rows[0], rows[0] + len(rows))) else rows


class Pasts(NamedTuple):
    """State of the time axis after different pasts.

    Attributes
    ----------
    hidden, cells
        Of every layer, shape ``(u, n, h)``, for ``u`` different pasts.
    rows
        Which of them each row of the batch has, shape ``(b,)``.
    heard
        Their frames, for a config with the echo input; ``None`` before the first step.
    """

    hidden: tuple[Floats, ...]
    cells: tuple[Floats, ...]
    rows: NDArray[np.int64]
    heard: Heard | None = None


@dataclass(frozen=True)
class CompiledState:
    """Where drawing stands.

    Attributes
    ----------
    previous
        The last frame, outcomes, shape ``(b, n)`` with notes from low to high.
    log_likelihood
        Log-probability under the model of all cells so far, given what is known of them, in nats, shape ``(b,)``.
    pasts
        The state of the time axis.
    """

    previous: NDArray[np.uint8]
    log_likelihood: NDArray[np.float64]
    pasts: Pasts

    def take(self, rows: NDArray[np.int64]) -> CompiledState:
        """The state of some pieces of the batch, in any order and any number of times."""
        pasts = self.pasts._replace(rows=self.pasts.rows[rows])
        return CompiledState(self.previous[rows], self.log_likelihood[rows], pasts)


class CompiledInputs(NamedTuple):
    """What is worked out of whole pieces before they are drawn, a row for each piece.

    Attributes
    ----------
    told
        What the context encoder tells each cell; ``None`` where nothing is known.
    keys
        The keys of each step, :func:`~.input_shares.keys_of` its conditions.
    inputs
        Inputs of the time axis that all notes of a step share, shape ``(b, t, f)``.
    """

    told: ToldContext | None
    keys: list[list[list[int]]]
    inputs: Floats

    def at(self, step: int) -> StepInputs:
        """Those of one step; steps are asked for in their order."""
        told = None if self.told is None else self.told.at(step)
        return StepInputs(told, [own[step] for own in self.keys], self.inputs[:, step])


class StepInputs(NamedTuple):
    """Those of one step: what is told, shape ``(b, n, h)``, keys of each piece, and inputs, shape ``(b, f)``."""

    told: Floats | None
    keys: list[list[int]]
    inputs: Floats


class CompiledStepper:
    """Draws the frames of :class:`~biaxial.sampling.reference_stepper.Stepper`, many times as fast, and in arrays.

    Parameters
    ----------
    network
        The network; one for which :func:`~biaxial.sampling.weight_tables.can_compile` is true.
    proposal
        Temperature and min-p.
    products
        Precision of the matrix products of the time axis; all else is float32, and float64 after the logits.
    threads
        Threads that share the pieces of a batch.

    Raises
    ------
    ValueError
        If the network is not of the kind that is compiled.
    """

    def __init__(
        self,
        network: NetworkArrays[ModelConfig],
        proposal: Proposal | None = None,
        products: Products = "float32",
        threads: int = 1,
    ) -> None:
        self.config, self.proposal = network.config, proposal or Proposal()
        if not can_compile(self.config):
            raise ValueError("networks with two walks, or with ranks, are not compiled")
        self.weights = Weights(network, products)
        self.context = None
        if self.config.context_hidden:
            self.context = ContextWeights(self.config, self.weights.inputs, network.weights)
        self.pool = ThreadPoolExecutor(threads, initializer=one_thread_here) if threads > 1 else None
        self.threads = threads
        self._choosing: dict[tuple[Rule, ...], Choosing] = {}
        self._bias = self._as_kernels_read_it(None)  # the latest, for most steps have the same
        self._nothing = KnownArrays.nothing(0, self.config.num_notes)

    @property
    def device_type(self) -> str:
        """It draws on the CPU."""
        return "cpu"

    def start(self, batch: int) -> CompiledState:
        """The state before the first step: silence."""
        pasts = Pasts(self._layers(batch), self._layers(batch), np.arange(batch))
        return CompiledState(np.zeros((batch, self.config.num_notes), np.uint8), np.zeros(batch), pasts)

    def encode(self, known: KnownArrays | None, conditions: NDArray[np.int16]) -> CompiledInputs:
        """Work out what only depends on what is given; arguments as in :meth:`.Stepper.encode`."""
        keys, inputs = keys_of(conditions), of_all_steps(self.weights.inputs, conditions)
        return CompiledInputs(self._context(known, keys, inputs), keys, inputs)

    def encode_again(
        self, encoded: CompiledInputs, known: KnownArrays, conditions: NDArray[np.int16], changes: Sequence[Change]
    ) -> CompiledInputs:
        """Work out anew what changes; arguments as in :meth:`.Stepper.encode_again`."""
        if encoded.told is None:
            return encoded._replace(told=self._context(known, encoded.keys, encoded.inputs))
        encoded.told.again(known, changes)
        return encoded

    def step(
        self,
        state: CompiledState,
        conditions: NDArray[np.int16],
        randoms: NDArray[np.float64],
        known: KnownArrays | None = None,
        bias: Biases | None = None,
        rules: Sequence[Rule] = (),
        encoded: StepInputs | None = None,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], CompiledState]:
        """Draw one frame; arguments and results as in :meth:`.Stepper.step`.

        Raises
        ------
        ValueError
            If a rule is of a kind that is not compiled.
        """
        if encoded is None:
            encoded = self.encode(None, conditions[:, None]).at(0)
        if (choosing := self._choosing.get(tuple(rules))) is None:
            choosing = self._choosing[tuple(rules)] = self._choosing_by(rules)
        share, echoes, pasts = self._over_time(state, encoded)
        b, n = state.previous.shape
        if bias is not self._bias[0]:
            self._bias = self._as_kernels_read_it(bias)
        _, biases, may_stop = self._bias
        given = self._nothing if known is None else KnownArrays(*map(np.ascontiguousarray, known))
        echoed = echoes.frames, echoes.classes != NO_ECHO
        frame, weight, nats = np.zeros((b, n), np.uint8), np.zeros(b), np.zeros(b)

        def draw(rows: slice) -> None:
            whole: list[NDArray[Any]] = [pasts.rows, state.previous, randoms, *given, biases]
            some = [x[rows] if len(x) == b else x for x in whole]
            results = frame[rows], weight[rows], nats[rows]
            walk(self.weights.walk_tables, choosing, share, *echoed, may_stop, *some, *results)

        self._spread(draw, b, _FRAMES)
        return frame, weight, CompiledState(frame, state.log_likelihood + nats, pasts)

    def _as_kernels_read_it(self, bias: Biases | None) -> tuple[Biases | None, Biases, bool]:
        """A static bias, the same in the shape of all, and whether silence is certain once all voices are placed."""
        n, k = self.config.num_notes, len(self.config.alphabet)
        biases: Biases = np.zeros((0, n, k))
        if bias is not None:
            biases = np.array(np.broadcast_to(bias, (len(bias) if bias.ndim == 3 else 1, n, k)))
        return bias, biases, not biases[..., SILENT].any()

    def _context(self, known: KnownArrays | None, keys: list[list[list[int]]], inputs: Floats) -> ToldContext | None:
        if self.context is None or known is None or not known.voices.any():
            return None
        return ToldContext(self.context, known, keys, inputs)

    def _layers(self, rows: int) -> tuple[Floats, ...]:
        """Zeros for every unit of the layers over time, shape ``(rows, n, h)`` each."""
        return tuple(np.zeros((rows, self.config.num_notes, size), np.float32) for size in self.config.time_hidden)

    def _room(self, rows: int) -> tuple[Floats, ...]:
        """As :meth:`_layers`, to be written to."""
        return tuple(np.empty((rows, self.config.num_notes, size), np.float32) for size in self.config.time_hidden)

    def _spread(self, work: Callable[[slice], None], count: int, at_once: int) -> None:
        """Do the work for so many rows, a part at a time, by all threads."""
        size = min(at_once, -(-count // self.threads))
        parts = [slice(first, min(count, first + size)) for first in range(0, count, size)]
        list(map(work, parts) if self.pool is None or len(parts) == 1 else self.pool.map(work, parts))

    def _over_time(self, state: CompiledState, encoded: StepInputs) -> tuple[Floats, Echoes, Pasts]:
        """Run the time axis once for every past; returns its share in the note axis, shape ``(u, n, w)``, and echoes.

        Without the echo input there are no echoes.
        """
        old, previous, of_steps = state.pasts, state.previous, encoded.inputs
        number: dict[tuple[int, bytes], int] = {}
        first, rows = list[int](), list[int]()  # a row of the batch for each past, the past of each row
        for row, past in enumerate(zip(old.rows.tolist(), map(bytes, previous), strict=True)):
            rows.append(number.setdefault(past, len(number)))
            if rows[-1] == len(first):
                first.append(row)
        n, u, per_piece = self.config.num_notes, len(first), len(rows) // len(of_steps)
        hidden, cells = self._room(u), self._room(u)
        share = np.empty((u, n, len(self.weights.share_biases)), np.float32)
        told = None if encoded.told is None else [self._told(part) for part in encoded.told]
        heard, echoes = self._heard(old, [int(old.rows[row]) for row in first], previous[first])
        weights = self.weights

        def run(pasts: slice) -> None:
            block = range(u)[pasts]
            sources = _together([int(old.rows[first[index]]) for index in block])
            gates = np.empty((len(block), n, len(weights.biases[0])), np.float32)
            for own, index in zip(gates, block, strict=True):
                row, piece = first[index], first[index] // per_piece
                keys = weights.first.of_keys(encoded.keys[piece])
                inputs_share(weights.time_tables, *keys, of_steps[piece], previous[row], own)
                if (echo := echoes.of(index)) is not None:
                    add_echo(weights.echo_to_gates, *echo, own)
                if told is not None:
                    own += told[piece][0]
            for layer, own_state in enumerate(weights.recurrent):  # its weights stay at hand for all pasts
                if layer > 0:
                    gates = np.empty((len(block), n, len(weights.biases[layer])), np.float32)
                    gates[:] = weights.biases[layer]
                    weights.below[layer - 1].add(hidden[layer - 1][pasts], gates)
                own_state.add(old.hidden[layer][sources], gates)
                lstm_cells(gates, old.cells[layer][sources], cells[layer][pasts], hidden[layer][pasts])
            x = hidden[-1][pasts]
            if told is not None:
                x = x + np.stack([told[first[index] // per_piece][1] for index in block])
            share[pasts] = weights.share_biases
            for index in block:
                if (echo := echoes.of(index)) is not None:
                    add_echo(weights.echo_to_share, *echo, share[index])
            weights.share.add(x, share[pasts])

        self._spread(run, u, _PASTS)
        return share, echoes, Pasts(hidden, cells, np.array(rows), heard)

    def _heard(self, old: Pasts, pasts: Sequence[int], frames: NDArray[np.uint8]) -> tuple[Heard | None, Echoes]:
        """What each past has heard after one more frame, ``(u, n)``, with the echoes of the next step."""
        if not self.config.echo:
            return None, Echoes.none(0, self.config.num_notes)
        heard = Heard.nothing(len(pasts)) if old.heard is None else old.heard.then(pasts, frames)
        return heard, heard.echoes(self.config.num_notes)

    def _told(self, context: Floats) -> tuple[Floats, Floats]:
        """What the context encoder tells the gates of the first layer and the output of the last, ``(n, h)`` each."""
        weights, n = self.weights, self.config.num_notes
        gates = np.zeros((1, n, len(weights.biases[0])), np.float32)
        output = np.zeros((1, n, self.config.time_hidden[-1]), np.float32)
        weights.context_to_gates.add(context[None], gates)
        weights.context_to_output.add(context[None], output)
        return gates[0], output[0]

    def _choosing_by(self, rules: Sequence[Rule]) -> Choosing:
        """The proposal and the rules as the kernels read them."""
        leading = [rule for rule in rules if isinstance(rule, VoiceLeadingRule)]
        bounds = [(rule.least, rule.most) for rule in rules if isinstance(rule, Polyphony)]
        if len(leading) > 1 or len(leading) + len(bounds) < len(rules):
            raise ValueError("what is compiled is polyphony, and one rule of voice leading")
        voices, proposal = self.config.num_voices, self.proposal
        weights, widest = np.zeros(5), np.zeros((voices, voices), np.int64)
        outside = np.zeros((voices, self.config.num_notes), np.bool_)
        states = self.config.alphabet.states
        shift = proposal.sounding_bias * (states != SILENT) + proposal.striking_bias * (states == STRIKE)
        for rule in leading:
            costs = rule.weights
            weights[:] = costs.parallels, costs.crossing, costs.spacing, costs.leaps, costs.range
            outside, widest = rule.outside, rule.widest
        return Choosing(
            float(proposal.temperature),
            float(proposal.min_p),
            ("model", "draw", "piece").index(proposal.target),
            shift.astype(np.float64),
            np.array(bounds, dtype=np.int64).reshape(-1, 2),
            weights,
            outside,
            widest,
        )
