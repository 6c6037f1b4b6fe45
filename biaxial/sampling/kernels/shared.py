"""What kernels share: small functions of numbers, and what the walk reads besides arrays.

Functions of float32 are right to its precision, and a compiler can run many at once.

``n`` counts notes from low to high, a ``place`` counts them in the order of the walk; ``k`` is an outcome, ``v`` and
``u`` are voices; ``w`` is the axis of everything that an input is multiplied with: the gates of the first layer and,
where the last layer sees the inputs, its logits. Arrays are contiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
_FAST: dict[str, Any] = {**_OPTIONS, "fastmath": {"contract"}}
_INNER: dict[str, Any] = {"no_cpython_wrapper": True}


def exact_part(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call and Python does not: without a way in from Python it compiles sooner."""
    return numba.njit(**_OPTIONS, **_INNER)(function)


def fast_part(function: Callable[..., Any]) -> Any:
    """As :func:`exact_part`, of float32 whose products and sums may be contracted."""
    return numba.njit(**_FAST, **_INNER)(function)


def kernel(function: Callable[..., None]) -> Any:
    """Compile a function, and keep it on disk for the next time if there is a place for it."""
    try:
        compiled = numba.njit(cache=True, **_FAST)(function)
    except RuntimeError:  # no folder can be written
        return numba.njit(**_FAST)(function)
    keep = compiled._cache.save_overload

    def keep_if_possible(*parts: Any) -> None:
        with suppress(OSError):  # the disk is full, or has become read-only
            keep(*parts)

    compiled._cache.save_overload = keep_if_possible
    return compiled


_f = np.float32
_LOG2_E, _LN2_HIGH, _LN2_LOW = _f(1.4426950408889634), _f(0.693359375), _f(-2.1219444005469057e-4)
_ONE, _TWO, _HALF = _f(1), _f(2), _f(0.5)
_C2, _C3, _C4, _C5, _C6, _C7 = (_f(1 / np.prod(np.arange(1.0, order + 1))) for order in range(2, 8))
_LOWEST, _HIGHEST = _f(-87), _f(88)
_BIAS, _MANTISSA = np.int32(127), np.int32(23)


@numba.njit(inline="always")
def exp(x):  # type: ignore[no-untyped-def]
    """exp(x) = 2^k exp(r) with r at most ln(2) / 2 in size, where a Taylor polynomial is exact to float32."""
    x = min(max(x, _LOWEST), _HIGHEST)
    k = np.floor(x * _LOG2_E + _HALF)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    p = ((((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2) * r + _ONE) * r + _ONE
    return p * np.int32((np.int32(k) + _BIAS) << _MANTISSA).view(np.float32)


@numba.njit(inline="always")
def sigmoid(x):  # type: ignore[no-untyped-def]
    """The logistic function."""
    return _ONE / (_ONE + exp(-x))


@numba.njit(inline="always")
def tanh(x):  # type: ignore[no-untyped-def]
    """The hyperbolic tangent."""
    return _TWO * sigmoid(_TWO * x) - _ONE


@numba.njit(inline="always")
def sign(x):  # type: ignore[no-untyped-def]
    """-1, 0 or 1."""
    return (x > 0) - (x < 0)


@numba.njit(inline="always")
def kind(semitones):  # type: ignore[no-untyped-def]
    """Of an interval: 1 unison or octave, 2 fifth, else 0."""
    size = abs(semitones) % 12
    return (size == 0) + 2 * (size == 7)


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]

NOTHING: Any = np.int64(0)
"""A bare 0 is a type of its own to numba, which would compile what it is given to twice."""

MODEL, DRAW, PIECE = range(3)
"""Targets of a proposal."""

PARALLELS, CROSSING, SPACING, LEAPS, RANGE = range(5)
"""Weights of voice leading."""


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
        Columns of a panel.
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
