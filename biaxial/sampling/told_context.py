"""What the context encoder tells each cell of whole pieces: :mod:`biaxial.models.whole_context` without PyTorch.

The way backwards is read once, of which only the state at the end of each stretch is kept; a stretch is then worked out
from it when drawing has come there, and forgotten when drawing has gone on. What is known of a step is sparse, so that
its share in the gates is a sum of rows of weights, by the kernels of the time axis. Every piece is read by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.features.input_layout import CONTEXT_REACH, OF_NOTES, context_layout
from biaxial.features.known_arrays import KnownArrays
from biaxial.features.of_conditions import ConditionInputs
from biaxial.features.stretches import InStretches
from biaxial.models.config import ModelConfig
from biaxial.music.constants import SILENT, STRIKE
from biaxial.sampling.input_shares import KEYS, InputShares, of_all_steps
from biaxial.sampling.kernel_calls import inputs_share, lstm_cells
from biaxial.sampling.kernels.tables import Floats, TimeTables
from biaxial.sampling.products import Matrix, matrix
from biaxial.sampling.weight_tables import lstm_layer


class _Way(NamedTuple):
    """The layer that reads in one direction."""

    tables: TimeTables
    shares: InputShares
    is_known: Floats
    recurrent: Matrix


class _State(NamedTuple):
    """Hidden and cell state of a piece, shape ``(n, h)``."""

    hidden: Floats
    cells: Floats


class ContextWeights:
    """The weights of the context encoder.

    Parameters
    ----------
    config
        The config of the network, which has an encoder.
    inputs
        The inputs that conditions make.
    weights
        The parameters of the network by their names.
    """

    def __init__(self, config: ModelConfig, inputs: ConditionInputs, weights: Mapping[str, Floats]) -> None:
        self.config, self.inputs = config, inputs
        alphabet = config.alphabet
        members = alphabet.voice_matrix if config.num_voices else (alphabet.states != SILENT)[:, None]
        self.planes = members.astype(np.float32)  # k v
        self.struck = members & (alphabet.states == STRIKE)[:, None]  # k v
        self.forwards, self.backwards = (self._way(weights, f"context.{name}") for name in ("forwards", "backwards"))

    def _way(self, weights: Mapping[str, Floats], name: str) -> _Way:
        config = self.config
        into, recurrent, biases = lstm_layer(weights, name)
        slices, width = context_layout(config)
        names = [group for group in (*OF_NOTES, *self.inputs.of_steps_names) if group in self.inputs.slices]
        sizes = [self.inputs.slices[group].stop - self.inputs.slices[group].start for group in names]
        ends = list(accumulate(sizes, initial=width))
        slices |= {group: slice(start, end) for group, start, end in zip(names, ends[:-1], ends[1:], strict=True)}
        shares = InputShares(self.inputs, slices, into, biases)
        tables = TimeTables(
            planes=self.planes,
            neighbourhood=into[slices["known"]].reshape(-1, 2 * CONTEXT_REACH + 1, into.shape[1]),
            chord=into[slices["chord"]],
            steps=np.concatenate([into[slices["struck"]], shares.steps]),
            low_pitch=config.low_pitch,
        )
        return _Way(tables, shares, into[slices["is_known"]], matrix(recurrent, config.num_notes, "float32"))


class ToldContext(InStretches[Floats]):
    """What is told, to be asked for step after step.

    Parameters
    ----------
    weights
        The encoder.
    known
        What is known of whole pieces of equal length, shape ``(b, t, n)``.
    conditions
        Conditions of each step, shape ``(b, t, c)``.
    stretch
        Steps that are worked out at once; by default the whole of a piece that is not too long for it.
    """

    def __init__(
        self,
        weights: ContextWeights,
        known: KnownArrays,
        conditions: NDArray[np.int16],
        stretch: int | None = None,
    ) -> None:
        b, steps, n = known.outcomes.shape
        super().__init__(steps, stretch)
        hidden = weights.config.context_hidden
        self._weights, self._known, self._conditions = weights, known, conditions
        self._pieces = np.flatnonzero(known.pieces).tolist()
        start = _State(*np.zeros((2, n, hidden), np.float32))
        self._forwards = dict.fromkeys(self._pieces, start)
        self._ends = [dict.fromkeys(self._pieces, start) for _ in range(self._count)]  # where the way back comes in
        self._shape = b, n, 2 * hidden
        self._of_steps = of_all_steps(weights.inputs, conditions)
        for index in range(self._count - 1, 0, -1):
            for piece in self._pieces:
                state = self._ends[index][piece]
                for step in reversed(self._steps(index)):
                    state = self._read(weights.backwards, piece, step, state)
                self._ends[index - 1][piece] = state

    def _work_out(self, index: int) -> Floats:
        b, n, width = self._shape
        steps, hidden = self._steps(index), width // 2
        told = np.zeros((b, len(steps), n, width), np.float32)
        for piece in self._pieces:
            past, future = self._forwards[piece], self._ends[index][piece]
            for place, step in enumerate(steps):
                past = self._read(self._weights.forwards, piece, step, past)
                told[piece, place, :, :hidden] = past.hidden
            for place, step in reversed(list(enumerate(steps))):
                future = self._read(self._weights.backwards, piece, step, future)
                told[piece, place, :, hidden:] = future.hidden
            self._forwards[piece] = past
        return told

    def _read(self, way: _Way, piece: int, step: int, state: _State) -> _State:
        """One step of the layer of a direction."""
        outcomes, voices = self._known.outcomes[piece, step], self._known.voices[piece, step]
        tonic, mode, phrase_tonic, phrase_mode = map(int, self._conditions[piece, step, KEYS])
        keys = way.shares.of_notes(tonic, mode), way.shares.of_phrase(phrase_tonic, phrase_mode)
        struck = self._weights.struck[outcomes].any(0).astype(np.float32)
        gates = np.empty_like(keys[0])
        inputs_share(way.tables, *keys, np.concatenate([struck, self._of_steps[piece, step]]), outcomes, gates)
        bits = (voices[:, None] >> np.arange(len(way.is_known)) & 1).astype(np.float32)
        gates += bits @ way.is_known
        new = _State(np.empty_like(state.hidden), np.empty_like(state.cells))
        way.recurrent.add(state.hidden[None], gates[None])
        lstm_cells(gates[None], state.cells[None], new.cells[None], new.hidden[None])
        return new
