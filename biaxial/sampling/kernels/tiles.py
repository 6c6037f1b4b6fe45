"""Products of rows with weights, in tiles that stay in a processor's registers; in float32, and of halves.

A tile is a few rows by a few vectors of columns. Every sum is one chain over the inputs in their order, whichever tile
it is in, so that a row has the same bits alone and in any company: what a piece is does not depend on its batch.
Weights are *packed*: panels as wide as a tile, each with all inputs, ``(panels, inputs, width)``.

Halves are pairs of bfloat16 in 32 bits, for x86 processors that multiply and add both at once (AVX-512 BF16).
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from biaxial.sampling.kernels.shared import Floats, fast_part, kernel

Pairs = NDArray[np.uint32]

_FEATURES: Final = frozenset((numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten()).split(","))


def has_unit(name: str) -> bool:
    """Whether the processor has a unit, by LLVM's name of it."""
    return f"+{name}" in _FEATURES


def _size() -> tuple[int, int, int]:
    """Rows, vectors and numbers in a vector of a tile: it fills the registers that there are."""
    if has_unit("avx512f"):
        return 7, 3, 16
    if has_unit("avx2"):
        return 4, 3, 8
    return (7 if has_unit("neon") else 4), 3, 4


ROWS, _VECTORS, _LANES = _size()
WIDTH: Final = _VECTORS * _LANES
"""Columns of a tile and of a panel."""

_float, _int, _long = ir.FloatType(), ir.IntType(32), ir.IntType(64)


def packed(weights: Floats) -> Floats:
    """Weights of shape ``(i, o)`` as tiles read them, with zeros to the right: shape ``(p, i, WIDTH)``."""
    wide = np.pad(weights, ((0, 0), (0, -weights.shape[1] % WIDTH)))
    return np.ascontiguousarray(wide.reshape(len(weights), -1, WIDTH).swapaxes(0, 1))


def packed_halves(weights: Floats) -> Pairs:
    """Weights of shape ``(i, o)`` rounded to halves, as tiles read them: shape ``(p, i / 2, WIDTH)``."""
    bits = packed(np.pad(weights, ((0, len(weights) % 2), (0, 0)))).view(np.uint32)
    halves = bits + np.uint32(0x7FFF) + (bits >> 16 & 1) >> 16  # to the nearest, ties to even
    pairs: Pairs = halves[:, ::2] | halves[:, 1::2] << 16
    return pairs


def _number(value: int) -> Any:
    return ir.Constant(_long, value)


def _code(
    rows: int, halves: bool, builder: Any, x: Any, x_step: Any, weights: Any, depth: Any, out: Any, out_step: Any
) -> None:
    """Write the code of a tile, given where its arrays begin and how far apart their rows are."""
    element = _int if halves else _float
    sums, inputs = ir.VectorType(_float, _LANES), ir.VectorType(element, _LANES)
    cells = [(row, column) for row in range(rows) for column in range(_VECTORS)]

    def at(start: Any, place: Any) -> Any:
        return builder.gep(start, [place])

    def vector(kind: Any, start: Any, column: int) -> Any:
        return builder.bitcast(at(start, _number(column * _LANES)), kind.as_pointer())

    def plus(value: Any, weight: Any, total: Any) -> Any:
        if not halves:
            return builder.fadd(total, builder.fmul(value, weight, flags=["contract"]), flags=["contract"])
        name, kind = "llvm.x86.avx512bf16.dpbf16ps.512", ir.FunctionType(sums, [sums, inputs, inputs])
        return builder.call(
            builder.module.globals.get(name) or ir.Function(builder.module, kind, name), [total, value, weight]
        )

    x_rows, out_rows = (
        [at(start, builder.mul(by, _number(row))) for row in range(rows)]
        for start, by in ((x, x_step), (out, out_step))
    )
    ends = {(row, column): vector(sums, out_rows[row], column) for row, column in cells}
    old = {cell: builder.load(end, align=4) for cell, end in ends.items()}
    before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    index, totals = builder.phi(_long), {cell: builder.phi(sums) for cell in cells}
    panel = at(weights, builder.mul(index, _number(WIDTH)))
    columns = [builder.load(vector(inputs, panel, column), align=4) for column in range(_VECTORS)]
    nothing, everywhere = ir.Constant(inputs, ir.Undefined), ir.Constant(ir.VectorType(_int, _LANES), None)
    new = {}
    for row in range(rows):
        value = builder.insert_element(nothing, builder.load(at(x_rows[row], index)), ir.Constant(_int, 0))
        value = builder.shuffle_vector(value, nothing, everywhere)
        for column in range(_VECTORS):
            new[row, column] = plus(value, columns[column], totals[row, column])
    following = builder.add(index, _number(1))
    for phi, first, later in [
        (index, _number(0), following),
        *((totals[cell], old[cell], new[cell]) for cell in cells),
    ]:
        phi.add_incoming(first, before)
        phi.add_incoming(later, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
    builder.position_at_end(after)
    for cell, end in ends.items():
        builder.store(new[cell], end, align=4)


def _tile(rows: int) -> Any:
    """A tile of so many rows, added to what is in ``out``; places and steps count numbers of 32 bits."""

    @intrinsic  # type: ignore[untyped-decorator]
    def tile(_context, x, x_at, x_step, weights, weights_at, depth, out, out_at, out_step):  # type: ignore[no-untyped-def]
        place, halves = types.intp, weights.dtype == types.uint32

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def start(argument: int) -> Any:
                array = context.make_array(signature.args[argument])(context, builder, arguments[argument])
                return builder.gep(array.data, [arguments[argument + 1]])

            _code(rows, halves, builder, start(0), arguments[2], start(3), arguments[5], start(6), arguments[8])
            return context.get_dummy_value()

        return types.void(x, place, place, weights, place, place, out, place, place), generate

    return tile


_one, _some = _tile(1), _tile(ROWS)


@fast_part
def add_product(x, rows, weights, start, depth, out, width):  # type: ignore[no-untyped-def]
    """Add ``x @ weights``: so many rows of ``x (r, i)``, and so many columns of ``out (r, o)``.

    The packed weights begin at a place of their array, and have ``depth`` inputs. Columns of ``out`` beyond these, as
    far as the last panel goes, change by nothing if they are there.
    """
    panels = -(-width // WIDTH)
    last = (panels - 1) * WIDTH
    edge = np.zeros((rows if panels * WIDTH > out.shape[1] else 0, WIDTH), np.float32)
    for row in range(len(edge)):
        for column in range(last, width):
            edge[row, column - last] = out[row, column]
    for panel in range(panels):
        into, column = (edge, 0) if len(edge) and panel == panels - 1 else (out, panel * WIDTH)
        at, row = start + panel * depth * WIDTH, 0
        while row + ROWS <= rows:
            _some(
                x, row * x.shape[1], x.shape[1], weights, at, depth, into, row * into.shape[1] + column, into.shape[1]
            )
            row += ROWS
        while row < rows:
            _one(x, row * x.shape[1], x.shape[1], weights, at, depth, into, row * into.shape[1] + column, into.shape[1])
            row += 1
    for row in range(len(edge)):
        for column in range(last, width):
            out[row, column] = edge[row, column - last]


@kernel
def multiply(x, weights, out):  # type: ignore[no-untyped-def]
    """Add ``x @ weights`` to ``out``: shapes ``(r, i)``, packed, ``(r, o)``."""
    add_product(x, len(x), weights, 0, weights.shape[1], out, out.shape[1])


@kernel
def round_to_halves(x, out):  # type: ignore[no-untyped-def]
    """Round float32, shape ``(r, i)``, to pairs of halves, ``(r, (i + 1) // 2)``: to the nearest, ties to even."""
    bits = x.view(np.uint32)
    for row in range(len(x)):
        for pair in range(x.shape[1] // 2):
            low, high = bits[row, 2 * pair], bits[row, 2 * pair + 1]
            low = low + np.uint32(0x7FFF) + (low >> np.uint32(16) & np.uint32(1)) >> np.uint32(16)
            high = high + np.uint32(0x7FFF) + (high >> np.uint32(16) & np.uint32(1)) & np.uint32(0xFFFF0000)
            out[row, pair] = low | high
        if x.shape[1] % 2:
            last = bits[row, x.shape[1] - 1]
            out[row, x.shape[1] // 2] = last + np.uint32(0x7FFF) + (last >> np.uint32(16) & np.uint32(1)) >> np.uint32(
                16
            )
