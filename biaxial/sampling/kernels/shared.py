"""What kernels share: how they are compiled, and small functions of numbers.

Functions of float32 are right to its precision, and a compiler can run many at once. ``n``, ``k`` and the other letters
are those of :mod:`biaxial.sampling.kernels.tables`; a ``place`` counts notes in the order of the walk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

_EXACT: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}
FAST: dict[str, Any] = {**_EXACT, "fastmath": {"contract"}}
"""How :func:`fast_part` compiles."""


def exact_part(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call; neither it nor they have a way in from Python."""
    return numba.njit(**_EXACT)(function)


def fast_part(function: Callable[..., Any]) -> Any:
    """As :func:`exact_part`, of float32 whose products and sums may be contracted."""
    return numba.njit(**FAST)(function)


kernel = fast_part
"""A function that Python runs, by :mod:`biaxial.sampling.kernel_calls`."""


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


NOTHING: Any = np.int64(0)
"""A bare 0 is a type of its own to numba, which would compile what it is given to twice."""
