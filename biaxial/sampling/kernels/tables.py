"""What kernels read besides arrays: tables of a network's weights, and how outcomes are chosen.

``n`` counts notes from low to high; ``k`` is an outcome, ``v`` and ``u`` are voices; ``g`` is the axis of gates, four
times the units of a layer; ``w`` is the axis of everything that an input of the note axis is multiplied with: the gates
of the first layer and, where the last layer sees the inputs, its logits. Arrays are contiguous; float32 unless another
type is given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Products = NDArray[np.float32] | NDArray[np.uint16]
"""What enters and leaves products: float32, or the bits of halves."""
Pairs = NDArray[np.uint32]
"""Pairs of halves."""

MODEL, DRAW, PIECE = range(3)
"""Targets of a proposal."""

PARALLELS, CROSSING, SPACING, LEAPS, RANGE = range(5)
"""Weights of voice leading."""

WIDE, NARROW = 48, 24
"""Columns of a panel of weights, for wide tiles and for narrow ones."""


class Panels(NamedTuple):
    """A matrix in panels that follow one another (:mod:`biaxial.sampling.packed_weights`).

    Attributes
    ----------
    weights
        All panels, in one dimension; float32, or ``uint32`` for pairs of halves.
    width
        Columns of a panel, :data:`WIDE` or :data:`NARROW`.
    """

    weights: Floats | NDArray[np.uint32]
    width: int


class TimeTables(NamedTuple):
    """Weights of the first layer, by what they are multiplied with.

    Attributes
    ----------
    planes
        What each outcome shows to the neighbourhood, shape ``(k, p)``.
    neighbourhood
        Weights of each plane ``p`` at each offset ``w``, shape ``(p, w, g)``.
    chord
        Weights of each pitch class counted from the note's own, shape ``(12, g)``.
    steps
        Weights of the inputs that all notes of a step share, shape ``(f, g)``.
    low_pitch
        Pitch of note index 0.
    """

    planes: Floats
    neighbourhood: Floats
    chord: Floats
    steps: Floats
    low_pitch: int


class EchoTables(NamedTuple):
    """Weights of the echo in the gates of the first layer or in the note axis; ``g`` is the axis of either.

    Attributes
    ----------
    cells
        Weights of each outcome of the echo's cell, shape ``(k, g)``.
    classes
        Weights of each class of its length, shape ``(c, g)``.
    from_start
        Weights of whether it goes back to the first frame, shape ``(g,)``.
    """

    cells: Floats
    classes: Floats
    from_start: Floats


class AxisTables(NamedTuple):
    """The matrices of the time axis, one after another, in panels (:mod:`biaxial.sampling.packed_weights`).

    Attributes
    ----------
    matrices
        Float32, or pairs of halves.
    starts
        Where they begin: own hidden state of the first layer; layer below, then own hidden state, of each further one;
        and the share in the note axis.
    units
        Of each layer.
    biases
        Of the gates of each layer, shape ``(l, g)``, of the widest.
    share_biases
        Of the share, shape ``(w,)``, as far as its last panel goes.
    panel_width
        Columns of a panel.
    """

    matrices: Floats | Pairs
    starts: NDArray[np.int64]
    units: NDArray[np.int64]
    biases: Floats
    share_biases: Floats
    panel_width: int


class WalkTables(NamedTuple):
    """A network's note axis and its alphabet.

    Attributes
    ----------
    inputs
        Weights of the inputs, shape ``(f, w)``; the attributes that follow say where a group begins, -1 for none.
    layers, sizes
        Weights of all layers one after another, and for each layer where they begin, how many rows they have, and how
        many gates. Each layer's are of shape ``(h, g)``, in panels (:mod:`biaxial.sampling.packed_weights`): for the
        output of the layer before (but in the first), then for its own hidden state; and last its biases (those of the
        first are not looked at, being in the time axis's share).
    head
        Weights of the last layer for the hidden state, shape ``(h, k)``, in panels that follow one another.
    panel_width
        Columns of a panel, :data:`WIDE` or :data:`NARROW`.
    states, voices
        State and voice set of each outcome, shape ``(k,)``.
    planes
        What each outcome shows to the next cell, shape ``(k, p)``.
    may_follow, fits, agrees, without, held_voices
        As in :class:`biaxial.music.cells.CellAlphabet`.
    """

    inputs: Floats
    chosen_before: int
    running_chord: int
    to_come: int
    voice_intervals: int
    parallels: int
    dissonance: int
    next_voice: int
    followed: int
    layers: Floats
    sizes: NDArray[np.int64]
    head: Floats
    panel_width: int
    states: NDArray[np.int8]
    voices: Bytes
    planes: Floats
    may_follow: NDArray[np.bool_]
    fits: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    without: Bytes
    held_voices: Bytes
    num_states: int
    num_voices: int
    low_pitch: int
    down: bool


class Given(NamedTuple):
    """A piece, and the frames that are walked.

    Attributes
    ----------
    frames
        The piece, outcomes, shape ``(t, n)``.
    keys, key_of
        The share of the notes, keys and biases in the gates of the first layer, for each different key, shape
        ``(u, n, g)``, and which of them each step has, shape ``(t,)``.
    of_steps
        Inputs that all notes of a step share, shape ``(t, f)``.
    echoed, classes, from_start
        The echo of each step: its frame, shape ``(t, n)``, or ``(0, n)`` for a network without it, the class of its
        length, -1 for none, and whether it goes back to the first frame, shape ``(t,)``.
    walked
        Frames that are walked, each in the place of one of the piece, shape ``(w, n)``: sorted by the chunk of steps
        that they belong to, then the longest walk first.
    at, ends
        The step of each of them, and how many places of it are walked, shape ``(w,)``.
    """

    frames: Bytes
    keys: Floats
    key_of: NDArray[np.int64]
    of_steps: Floats
    echoed: Bytes
    classes: NDArray[np.int64]
    from_start: NDArray[np.bool_]
    walked: Bytes
    at: NDArray[np.int64]
    ends: NDArray[np.int64]


class Choosing(NamedTuple):
    """How outcomes are chosen: the proposal and the constraints.

    Attributes
    ----------
    temperature, min_p, target
        Of the proposal; ``target`` is one of :data:`MODEL`, :data:`DRAW`, :data:`PIECE`.
    shift
        Density biases of each outcome, shape ``(k,)``.
    bounds
        Least and most voices of each rule of polyphony, shape ``(r, 2)``.
    leading
        Weights of voice leading, shape ``(5,)``; all zero for none.
    outside
        Whether a note is outside the usual range of a voice, shape ``(v, n)``.
    widest
        Widest distance of two voices, shape ``(v, v)``.
    """

    temperature: float
    min_p: float
    target: int
    shift: Doubles
    bounds: NDArray[np.int64]
    leading: Doubles
    outside: NDArray[np.bool_]
    widest: NDArray[np.int64]


class LearningLayer(NamedTuple):
    """An LSTM layer and its sequences, whose cells ``c`` lie step by step; gates are input, forget, cell, output.

    Attributes
    ----------
    gates
        What enters the gates of each cell alone, shape ``(c, g)``; replaced by what they let through.
    shared, of
        What enters those of many cells, shape ``(s, g)``, and which of its rows for each cell, shape ``(c,)``.
    cells
        Cell states, written to, shape ``(c, h)``.
    mask
        What the output of each sequence is multiplied by, shape ``(r, h)``.
    hidden, out
        The hidden state and the output, written to, shape ``(c, h)``.
    """

    gates: Products
    shared: Floats
    of: NDArray[np.int64]
    cells: Floats
    mask: Floats
    hidden: Products
    out: Products


class LearntLayer(NamedTuple):
    """A layer and the gradients of what it gave.

    Attributes
    ----------
    gates
        What the gates let through, shape ``(c, g)``; replaced by the gradient of what entered them.
    of, cells, mask
        As in :class:`LearningLayer`.
    of_out
        Gradient of the output, shape ``(c, h)``.
    of_hidden
        Gradient of the hidden state of each sequence as the next step has it, shape ``(r, h)``.
    of_cells
        Gradient of the cell state after a step; replaced by that of the one before, shape ``(r, h)``.
    of_shared
        Gradient of what enters the gates of many cells, added to, shape ``(s, g)``.
    """

    gates: Products
    of: NDArray[np.int64]
    cells: Floats
    mask: Floats
    of_out: Products
    of_hidden: Products
    of_cells: Floats
    of_shared: Floats
