"""What the context encoder tells each cell of whole pieces: :mod:`biaxial.models.whole_context` without PyTorch.

A step is read forwards when drawing has come there. The way backwards is read once, and of long pieces a second time,
a stretch after the other, so that memory does not grow; where more is known of a piece than before, only what changes
is read again, and not before it is asked for. What is known of a step is sparse, so that its share in the gates is a
sum of rows of weights, by the kernels of the time axis. Every piece is read by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from biaxial.features.input_layout import CONTEXT_REACH, OF_NOTES, context_layout
from biaxial.features.known_arrays import KnownArrays
from biaxial.features.of_conditions import ConditionInputs
from biaxial.features.stretches import stretch_of
from biaxial.models.config import ModelConfig
from biaxial.music.constants import SILENT, STRIKE
from biaxial.sampling.input_shares import InputShares
from biaxial.sampling.kernel_calls import inputs_share, lstm_cells
from biaxial.sampling.kernels.tables import Floats, TimeTables
from biaxial.sampling.products import Matrix, matrix
from biaxial.sampling.stepping import Change
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


class ToldContext:
    """What is told, to be asked for step after step.

    Parameters
    ----------
    weights
        The encoder.
    known
        What is known of whole pieces of equal length, shape ``(b, t, n)``.
    keys
        The keys of each step, :func:`~.input_shares.keys_of` its conditions.
    of_steps
        The inputs that all notes of a step share, shape ``(b, t, f)``, :func:`~.input_shares.of_all_steps`.
    stretch
        Steps whose states are kept at once; by default the whole of a piece that is not too long for it.
    """

    def __init__(
        self,
        weights: ContextWeights,
        known: KnownArrays,
        keys: Sequence[Sequence[Sequence[int]]],
        of_steps: Floats,
        stretch: int | None = None,
    ) -> None:
        self._weights, self._keys, self._of_steps = weights, keys, of_steps
        self._stretch = stretch or stretch_of(of_steps.shape[1])
        self._readings = dict[int, _Reading]()
        for piece in np.flatnonzero(known.pieces).tolist():
            self._read_first(piece, known)

    def at(self, step: int) -> Floats:
        """What is told of one step, shape ``(b, n, h)``; zero for a piece of which nothing is known.

        Raises
        ------
        ValueError
            If the step is not after the last one that was asked for.
        """
        config = self._weights.config
        told = np.zeros((len(self._keys), config.num_notes, 2 * config.context_hidden), np.float32)
        for piece, reading in self._readings.items():
            told[piece] = reading.at(step)
        return told

    def again(self, known: KnownArrays, changes: Sequence[Change]) -> None:
        """Go on with what is known by now: more than before in some steps that have not been asked for."""
        for piece, steps in changes:
            if piece in self._readings:
                self._readings[piece].change(known.at(piece), steps)
            elif known.voices[piece].any():
                self._read_first(piece, known)

    def _read_first(self, piece: int, known: KnownArrays) -> None:
        given = known.at(piece), self._keys[piece], self._of_steps[piece]
        self._readings[piece] = _Reading(self._weights, *given, self._stretch)


class _Reading:
    """The reading of one piece, of which something is known: arguments as of :class:`ToldContext`, without ``b``.

    A step is read forwards when it is asked for. Backwards, the states at a step are kept until it has been asked for,
    those of the present stretch and of the first step of every later one; what is not kept is read from the nearest
    state behind it. So where what is known changes, the states from there on back are dropped, and nothing else.
    """

    def __init__(
        self,
        weights: ContextWeights,
        known: KnownArrays,
        keys: Sequence[Sequence[int]],
        of_steps: Floats,
        stretch: int,
    ) -> None:
        self._weights, self._known, self._keys, self._of_steps = weights, known, keys, of_steps
        self._stretch, self._next = stretch, 0  # the step that is to be read forwards
        n, hidden = weights.config.num_notes, weights.config.context_hidden
        self._past = _State(*np.zeros((2, n, hidden), np.float32))
        self._future = {len(keys): self._past}

    def at(self, step: int) -> Floats:
        """What is told of one step, shape ``(n, h)``; errors as of :meth:`ToldContext.at`."""
        if step < self._next:
            raise ValueError(f"step {step} has been left behind; what is told is asked for in the order of the piece")
        for place in range(self._next, step + 1):
            self._past = self._read(self._weights.forwards, place, self._past)
        self._next = step + 1
        if step not in self._future:
            self._read_back(step)
        return np.concatenate([self._past.hidden, self._future.pop(step).hidden], axis=1)

    def change(self, known: KnownArrays, steps: range) -> None:
        """What is known has changed in some steps that are still to come."""
        self._known = known
        self._future = {place: state for place, state in self._future.items() if place >= steps.stop}

    def _read_back(self, step: int) -> None:
        """Read from the nearest state that is kept back to a step."""
        behind = min(place for place in self._future if place > step)
        state, end = self._future[behind], step + self._stretch - step % self._stretch
        for place in range(behind - 1, step - 1, -1):
            state = self._read(self._weights.backwards, place, state)
            if place < end or place % self._stretch == 0:
                self._future[place] = state

    def _read(self, way: _Way, step: int, state: _State) -> _State:
        """One step of the layer of a direction."""
        outcomes, voices = self._known.outcomes[step], self._known.voices[step]
        keys = way.shares.of_keys(self._keys[step])
        struck = self._weights.struck[outcomes].any(0).astype(np.float32)
        gates = np.empty_like(keys[0])
        inputs_share(way.tables, *keys, np.concatenate([struck, self._of_steps[step]]), outcomes, gates)
        if voices.any():
            bits = (voices[:, None] >> np.arange(len(way.is_known)) & 1).astype(np.float32)
            gates += bits @ way.is_known
        new = _State(np.empty_like(state.hidden), np.empty_like(state.cells))
        way.recurrent.add(state.hidden[None], gates[None])
        lstm_cells(gates[None], state.cells[None], new.cells[None], new.hidden[None])
        return new
