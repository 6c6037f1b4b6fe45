"""Scores pieces that are there, on the CPU and without PyTorch, by the kernels that draw.

It goes by the first walk of a network, the one that draws. All but the products of the time axis is in float32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays
from biaxial.sampling.heard import Echoes, echoes_of_piece
from biaxial.sampling.input_shares import KEYS, of_all_steps
from biaxial.sampling.kernel_calls import score_piece
from biaxial.sampling.kernels.tables import AxisTables, EchoTables, Floats, Given
from biaxial.sampling.packed_weights import has_unit, packed, packed_halves, panel_width
from biaxial.sampling.products import Products
from biaxial.sampling.weight_tables import Weights, can_compile

Outcomes = NDArray[np.uint8]

_STEPS = 16
"""Steps whose frames are worked out together: few enough for a processor's cache."""


def scores_compiled(config: ModelConfig, products: Products) -> bool:
    """Whether pieces are scored here: there are kernels for the network, and for such products on this processor."""
    return can_compile(config) and (products == "float32" or has_unit("avx512bf16"))


class Frames(NamedTuple):
    """Frames in the place of some of a piece.

    Attributes
    ----------
    outcomes
        Shape ``(w, n)``.
    steps
        In whose place, shape ``(w,)``.
    """

    outcomes: Outcomes
    steps: NDArray[np.int64]


class Scores(NamedTuple):
    """What was found in frames, notes from low to high.

    Attributes
    ----------
    log_p, log_state
        Log-probability of each cell's outcome and of its state, given all earlier frames and what its walk visits
        before it, shape ``(w, n)``. Once all voices are placed silence is certain.
    sounds, strikes
        Probability that it sounds, and that it is struck, shape ``(w, n)``.
    every
        Log-probabilities of all outcomes at the places that were walked, shape ``(w, n, k)``; ``None`` unless asked
        for.
    """

    log_p: Floats
    log_state: Floats
    sounds: Floats
    strikes: Floats
    every: Floats | None


class PieceScorer:
    """Scores pieces.

    Parameters
    ----------
    network
        The network; one for which :func:`scores_compiled` is true.
    products
        Precision of the matrix products of the time axis.

    Raises
    ------
    ValueError
        If the network is not of the kind that is compiled.
    """

    def __init__(self, network: NetworkArrays[ModelConfig], products: Products = "float32") -> None:
        self.config = network.config
        if not scores_compiled(self.config, products):
            raise ValueError(f"there are no kernels that score by this network in {products}")
        weights = Weights(network, "float32")
        self._inputs, self._first, self._tables = weights.inputs, weights.first, weights.walk_tables
        self._time = weights.time_tables
        parts = [packed(rows) if products == "float32" else packed_halves(rows) for rows in weights.plain]
        width = parts[-1].shape[0] * panel_width()
        echoes = weights.echo_to_gates, weights.echo_to_share
        self._echoes = tuple(_widened(tables, columns) for tables, columns in zip(echoes, (0, width), strict=True))
        biases = np.zeros((len(weights.biases), max(map(len, weights.biases))), np.float32)
        for row, own in zip(biases, weights.biases, strict=True):
            row[: len(own)] = own
        self._axis = AxisTables(
            np.concatenate([part.ravel() for part in parts]),
            np.cumsum([0, *(part.size for part in parts[:-1])]),
            np.array(self.config.time_hidden),
            biases,
            np.pad(weights.share_biases, (0, width - len(weights.share_biases))),
            panel_width(),
        )

    def score(
        self, piece: Outcomes, conditions: NDArray[np.int16], frames: Frames | None = None, *, every: bool = False
    ) -> Scores:
        """Score the frames of a piece, or others in their place.

        Parameters
        ----------
        piece
            Outcomes, shape ``(t, n)``.
        conditions
            Conditions of its steps, shape ``(t, c)``.
        frames
            What is scored in place of frames of the piece; each of its own frames by default.
        every
            Whether all places of all walks are wanted, with all outcomes.
        """
        walked, steps = (piece, np.arange(len(piece))) if frames is None else frames
        n, outcomes = piece.shape[1], len(self.config.alphabet)
        ends = np.full(len(walked), n) if every else self._open_places(walked)
        order = np.lexsort((-ends, steps // _STEPS))
        found = np.zeros((4, len(walked), n), np.float32)
        everything = np.zeros((len(walked) if every else 0, n, outcomes), np.float32)
        keys, key_of = self._keys(conditions)
        echoes = echoes_of_piece(piece) if self.config.echo else Echoes.none(0, n)
        given = Given(
            np.ascontiguousarray(piece),
            keys,
            key_of,
            of_all_steps(self._inputs, conditions[None])[0],
            *echoes,
            np.ascontiguousarray(walked[order]),
            steps[order],
            ends[order],
        )
        struck = self.config.alphabet.struck_after
        score_piece(self._time, self._echoes, self._axis, self._tables, struck, given, _STEPS, found, everything)
        score_piece.forget(given)
        back = np.argsort(order)
        log_p, log_state, sounds, strikes = found[:, back]
        return Scores(log_p, log_state, sounds, strikes, everything[back] if every else None)

    def _open_places(self, frames: Outcomes) -> NDArray[np.int64]:
        """How many places of each walk are visited until all voices are placed, shape ``(w,)``; all without voices."""
        config, n = self.config, frames.shape[1]
        if not config.num_voices:
            return np.full(len(frames), n)
        sets = config.alphabet.voices[frames][:, :: -1 if config.walks_down else 1]
        placed = np.bitwise_or.accumulate(sets, axis=1) == 2**config.num_voices - 1
        return np.asarray(np.where(placed.any(axis=1), placed.argmax(axis=1) + 1, n))

    def _keys(self, conditions: NDArray[np.int16]) -> tuple[Floats, NDArray[np.int64]]:
        """The share of notes and keys for each different key, shape ``(u, n, g)``, and which one each step has."""
        different, key_of = np.unique(conditions[:, KEYS], axis=0, return_inverse=True)
        shares = []
        for tonic, mode, phrase_tonic, phrase_mode in different.tolist():
            share, of_phrase = self._first.of_notes(tonic, mode), self._first.of_phrase(phrase_tonic, phrase_mode)
            shares.append(share + of_phrase if len(of_phrase) else share)
        return np.stack(shares), key_of.ravel()


def _widened(tables: EchoTables | None, columns: int) -> EchoTables:
    """Tables of the echo with at least so many columns; empty ones where there are none."""
    if tables is None:
        return EchoTables(*(np.zeros((0,) * axes, np.float32) for axes in (2, 2, 1)))
    missing = max(0, columns - tables.cells.shape[1])
    return EchoTables(*(np.pad(part, [*[(0, 0)] * (part.ndim - 1), (0, missing)]) for part in tables))
