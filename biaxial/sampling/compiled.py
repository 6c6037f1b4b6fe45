"""The stepper of the CPU: the decisions of the reference in float32, by compiled loops and plain matrix products.

A step computes the gates of the time axis (:mod:`biaxial.sampling.kernels.time_step`: inputs are sums of rows of
weights, hidden states matrix products), in one more product the time axis's whole share in the note axis, and then
walks over the notes (:mod:`biaxial.sampling.kernels.walk`). Every piece has products of its own, always of the same
shape, so that to the last bit it does not depend on its batch; threads take pieces, not parts of a product.

Particles of a piece that have drawn the same frames so far share one state, and the time axis runs once for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.conditions import Condition
from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import SILENT
from biaxial.sampling.constraints import Polyphony, Rule
from biaxial.sampling.heard import NO_ECHO, Echoes, Heard
from biaxial.sampling.kernels.shared import Choosing
from biaxial.sampling.kernels.time_step import add_echo, inputs_share, lstm_cells
from biaxial.sampling.kernels.walk import walk
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Encoded, Proposal, StepState
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.weight_tables import Weights, can_compile, contiguous

Products = Literal["float32", "bfloat16"]

_KEYS = [Condition.TONIC, Condition.MODE, Condition.PHRASE_TONIC, Condition.PHRASE_MODE]

_PART = 4
"""Rows that are done together at most: few enough to stay in a processor's cache, and for threads to end alike."""


def is_compiled() -> bool:
    """Whether this machine has compiled the kernels before; it takes about ten seconds, once."""
    folder = walk.stats.cache_path
    return bool(walk.signatures) or (folder is not None and any(Path(folder).glob("walk.walk-*.nbi")))


def keeps_kernels() -> bool:
    """Whether what is compiled here is kept for the next time: some folder for it can be written to."""
    folder = walk.stats.cache_path
    return folder is not None and os.access(folder if os.path.exists(folder) else os.path.dirname(folder), os.W_OK)


@dataclass(frozen=True)
class Pasts:
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

    hidden: tuple[Tensor, ...]
    cells: tuple[NDArray[np.float32], ...]
    rows: NDArray[np.int64]
    heard: Heard | None = None


@dataclass(frozen=True)
class CompiledState(StepState):
    """Where drawing stands; the state of the time axis is in ``pasts``, not in ``layers``."""

    pasts: Pasts | None = None

    def take(self, rows: Tensor) -> CompiledState:
        """The state of some pieces of the batch, in any order and any number of times."""
        assert self.pasts is not None
        pasts = replace(self.pasts, rows=self.pasts.rows[rows.numpy()])
        return CompiledState(self.previous[rows], None, self.log_likelihood[rows], None, pasts)


class CompiledStepper(Stepper):
    """Draws the frames of :class:`~biaxial.sampling.reference_stepper.Stepper`, many times as fast.

    Parameters
    ----------
    model
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
        model: BiaxialLSTM,
        proposal: Proposal | None = None,
        products: Products = "float32",
        threads: int = 1,
    ) -> None:
        super().__init__(model, proposal, torch.float32)
        if not can_compile(self.config):
            raise ValueError("networks with two walks, or with ranks, are not compiled")
        self.weights = Weights(self.model, torch.bfloat16 if products == "bfloat16" else torch.float32)
        self.pool = None
        if threads > 1:
            self.pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        self.threads = threads
        self._choosing: dict[tuple[Rule, ...], Choosing] = {}

    def start(self, batch: int) -> CompiledState:
        """The state before the first step: silence."""
        plain, n = super().start(batch), self.config.num_notes
        hidden = tuple(torch.zeros(batch, n, size) for size in self.config.time_hidden)
        cells = tuple(torch.zeros_like(layer).numpy() for layer in hidden)
        return CompiledState(plain.previous, None, plain.log_likelihood, None, Pasts(hidden, cells, np.arange(batch)))

    @torch.inference_mode()
    def encode(self, known: Known | None, conditions: Tensor) -> Encoded:
        """Work out what only depends on what is given; arguments as in :meth:`.Stepper.encode`."""
        parts = self.model.time_features.of_steps(conditions).values()
        inputs = torch.cat([conditions.new_zeros(*conditions.shape[:2], 0), *parts], -1)
        return Encoded(self.model.whole_context(known, conditions), inputs.float())

    def step(
        self,
        state: StepState,
        conditions: Tensor,
        randoms: Tensor,
        known: Known | None = None,
        bias: Tensor | None = None,
        rules: Sequence[Rule] = (),
        encoded: Encoded | None = None,
    ) -> tuple[Tensor, Tensor, StepState]:
        """Draw one frame; arguments and results as in :meth:`.Stepper.step`.

        Raises
        ------
        ValueError
            If a rule is of a kind that is not compiled.
        """
        assert isinstance(state, CompiledState)
        if encoded is None or encoded.inputs is None:
            encoded = self.encode(None, conditions.unsqueeze(1)).at(0)
        if (choosing := self._choosing.get(tuple(rules))) is None:
            choosing = self._choosing[tuple(rules)] = self._choosing_by(rules)
        share, echoes, pasts = self._over_time(state, conditions, encoded)
        b, n, k = *state.previous.shape, len(self.config.alphabet)
        biases: NDArray[np.float64] = np.zeros((0, n, k))
        if bias is not None:
            biases = contiguous(bias.double().expand(len(bias) if bias.ndim == 3 else 1, n, k))
        may_stop = not biases[..., SILENT].any()
        given = (np.zeros((0, n), np.uint8),) * 3 if known is None else tuple(map(contiguous, known))
        echoed = echoes.frames, echoes.classes != NO_ECHO
        previous, uniform = state.previous.numpy(), contiguous(randoms)
        frame, weight, nats = np.zeros((b, n), np.uint8), np.zeros(b), np.zeros(b)

        def draw(rows: slice) -> None:
            some = [x[rows] if len(x) == b else x for x in (pasts.rows, previous, uniform, *given, biases)]
            results = frame[rows], weight[rows], nats[rows]
            walk(self.weights.walk_tables, choosing, share, *echoed, may_stop, *some, *results)

        self._spread(draw, b)
        drawn, total = torch.from_numpy(frame), state.log_likelihood + torch.from_numpy(nats)
        return drawn, torch.from_numpy(weight), CompiledState(drawn, None, total, None, pasts)

    def _spread(self, work: Callable[[slice], None], count: int) -> None:
        """Do the work for so many rows, a part at a time, by all threads."""
        size = min(_PART, -(-count // self.threads))
        parts = [slice(first, min(count, first + size)) for first in range(0, count, size)]
        list(map(work, parts) if self.pool is None or len(parts) == 1 else self.pool.map(work, parts))

    def _over_time(
        self, state: CompiledState, conditions: Tensor, encoded: Encoded
    ) -> tuple[NDArray[np.float32], Echoes, Pasts]:
        """Run the time axis once for every past; returns its share in the note axis, shape ``(u, n, w)``, and echoes.

        Without the echo input there are no echoes.
        """
        old, previous, inputs = state.pasts, state.previous.numpy(), encoded.inputs
        assert old is not None
        assert inputs is not None
        number: dict[tuple[int, bytes], int] = {}
        first, rows = list[int](), list[int]()  # a row of the batch for each past, the past of each row
        for row, past in enumerate(zip(old.rows.tolist(), map(bytes, previous), strict=True)):
            rows.append(number.setdefault(past, len(number)))
            if rows[-1] == len(first):
                first.append(row)
        n, u, per_piece = self.config.num_notes, len(first), len(rows) // len(inputs)
        hidden = tuple(torch.empty(u, n, size) for size in self.config.time_hidden)
        cells = tuple(torch.empty_like(layer).numpy() for layer in hidden)
        share = torch.empty(u, n, len(self.weights.share_biases))
        assert encoded.context is None or isinstance(encoded.context, Tensor)  # of one step
        told = None if encoded.context is None else [self._told(part) for part in encoded.context]
        heard, echoes = self._heard(old, [int(old.rows[row]) for row in first], previous[first])
        weights, of_steps, of_rows = self.weights, inputs.numpy(), conditions.numpy()

        def run(pasts: slice) -> None:
            block = range(u)[pasts]
            sources = [int(old.rows[first[index]]) for index in block]
            gates = np.empty((len(block), n, weights.biases[0].shape[1]), np.float32)
            for own, index in zip(gates, block, strict=True):
                row, piece = first[index], first[index] // per_piece
                tonic, mode, phrase_tonic, phrase_mode = map(int, of_rows[row, _KEYS])
                keys = weights.of_notes(tonic, mode), weights.of_phrase(phrase_tonic, phrase_mode)
                inputs_share(weights.time_tables, *keys, of_steps[piece], previous[row], own)
                if (echo := echoes.of(index)) is not None:
                    add_echo(weights.echo_to_gates, *echo, own)
                if told is not None:
                    own += told[piece][0].numpy()
            for layer, matrix in enumerate(weights.recurrent):  # one after another, so that its weights stay at hand
                for own, index, source in zip(gates, block, sources, strict=True):
                    x = old.hidden[layer][source]
                    if layer > 0:
                        x, own = torch.cat([hidden[layer - 1][index], x], 1), weights.biases[layer]
                    new = cells[layer][index], hidden[layer][index].numpy()
                    lstm_cells(own, matrix(x).numpy(), old.cells[layer][source], *new)
            for index in block:
                x = hidden[-1][index] if told is None else hidden[-1][index] + told[first[index] // per_piece][1]
                torch.add(weights.share(x), weights.share_biases, out=share[index])
                if (echo := echoes.of(index)) is not None:
                    add_echo(weights.echo_to_share, *echo, share[index].numpy())

        self._spread(run, u)
        return share.numpy(), echoes, Pasts(hidden, cells, np.array(rows), heard)

    def _heard(self, old: Pasts, pasts: Sequence[int], frames: NDArray[np.uint8]) -> tuple[Heard | None, Echoes]:
        """What each past has heard after one more frame, ``(u, n)``, with the echoes of the next step."""
        if not self.config.echo:
            return None, Echoes.none(0, self.config.num_notes)
        heard = Heard.nothing(len(pasts)) if old.heard is None else old.heard.then(pasts, frames)
        return heard, heard.echoes(self.config.num_notes)

    def _told(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """What the context encoder tells the gates of the first layer and the output of the last, ``(n, h)`` each."""
        return self.weights.context_to_gates(context), self.weights.context_to_output(context)

    def _choosing_by(self, rules: Sequence[Rule]) -> Choosing:
        """The proposal and the rules as the kernels read them."""
        leading = [rule.turned(False) for rule in rules if isinstance(rule, VoiceLeadingRule)]
        bounds = [(rule.least, rule.most) for rule in rules if isinstance(rule, Polyphony)]
        if len(leading) > 1 or len(leading) + len(bounds) < len(rules):
            raise ValueError("what is compiled is polyphony, and one rule of voice leading")
        voices, proposal = self.config.num_voices, self.proposal
        weights, widest = np.zeros(5), contiguous(torch.zeros(voices, voices, dtype=torch.int64))
        outside = contiguous(torch.zeros(voices, self.config.num_notes, dtype=torch.bool))
        for rule in leading:
            costs = rule.weights
            weights[:] = costs.parallels, costs.crossing, costs.spacing, costs.leaps, costs.range
            outside, widest = contiguous(rule.outside > 0), contiguous(rule.widest[..., 0].long())
        return Choosing(
            float(proposal.temperature),
            float(proposal.min_p),
            ("model", "draw", "piece").index(proposal.target),
            contiguous(self.shift.double()),
            np.array(bounds, dtype=np.int64).reshape(-1, 2),
            weights,
            outside,
            widest,
        )
