"""Products of rows with weights, in tiles that stay in a processor's registers; of float32, and of halves.

A tile is a few rows by a few vectors of columns; rows that are left over have tiles of fewer. Every sum is one chain
over the inputs in their order, whichever tile it is in, so that a row has the same bits alone and in any company: what
a piece is does not depend on its batch.

Weights are those of :mod:`biaxial.sampling.packed_weights`. A wide tile fills the registers of a processor with
AVX-512, a narrow one those of others. Halves are for x86 processors that multiply and add both of a pair at once
(AVX-512 BF16).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from biaxial.sampling.kernels.shared import NOTHING, fast_part, kernel
from biaxial.sampling.kernels.tables import WIDE

_VECTORS: Final = 3
_WIDE_ROWS, _NARROW_ROWS = 7, 4
_float, _int, _long = ir.FloatType(), ir.IntType(32), ir.IntType(64)


def _number(value: int) -> Any:
    return ir.Constant(_long, value)


class _Tile:
    """The code of a tile.

    Parameters
    ----------
    rows, lanes
        Its rows, and the numbers in each of its vectors.
    halves
        Whether what is multiplied is halves.
    """

    def __init__(self, rows: int, lanes: int, halves: bool) -> None:
        self.rows, self.lanes, self.halves = rows, lanes, halves
        self.element = _int if halves else _float
        self.sums, self.inputs = ir.VectorType(_float, lanes), ir.VectorType(self.element, lanes)

    def write(self, builder: Any, x: Any, x_step: Any, weights: Any, depth: Any, out: Any, out_step: Any) -> None:
        """Write it, given where its arrays begin and how far apart their rows are; it adds to what is in ``out``."""
        cells = [(row, column) for row in range(self.rows) for column in range(_VECTORS)]
        x_rows, out_rows = (
            [builder.gep(start, [builder.mul(step, _number(row))]) for row in range(self.rows)]
            for start, step in ((x, x_step), (out, out_step))
        )
        ends = {(row, column): self._vector(builder, self.sums, out_rows[row], column) for row, column in cells}
        old = {cell: builder.load(end, align=4) for cell, end in ends.items()}
        before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(loop)
        builder.position_at_end(loop)
        index, totals = builder.phi(_long), {cell: builder.phi(self.sums) for cell in cells}
        panel = builder.gep(weights, [builder.mul(index, _number(_VECTORS * self.lanes))])
        columns = [
            builder.load(self._vector(builder, self.inputs, panel, column), align=4) for column in range(_VECTORS)
        ]
        values = [self._everywhere(builder, builder.load(builder.gep(start, [index]))) for start in x_rows]
        new = {
            (row, column): self._plus(builder, values[row], columns[column], totals[row, column])
            for row, column in cells
        }
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

    def _vector(self, builder: Any, kind: Any, start: Any, column: int) -> Any:
        """Where a vector lies in a row."""
        return builder.bitcast(builder.gep(start, [_number(column * self.lanes)]), kind.as_pointer())

    def _everywhere(self, builder: Any, value: Any) -> Any:
        """A vector of one value."""
        nothing, first = ir.Constant(self.inputs, ir.Undefined), ir.Constant(ir.VectorType(_int, self.lanes), None)
        return builder.shuffle_vector(builder.insert_element(nothing, value, ir.Constant(_int, 0)), nothing, first)

    def _plus(self, builder: Any, value: Any, weights: Any, total: Any) -> Any:
        """A total and a product."""
        if not self.halves:
            return builder.fadd(total, builder.fmul(value, weights, flags=["contract"]), flags=["contract"])
        name, kind = f"llvm.x86.avx512bf16.dpbf16ps.{32 * self.lanes}", [self.sums, self.inputs, self.inputs]
        dot = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(self.sums, kind), name)
        return builder.call(dot, [total, value, weights])


def _tile(rows: int, lanes: int) -> Any:
    """A tile as kernels call it; places and steps count numbers of 32 bits."""

    @intrinsic
    def tile(_context, x, x_at, x_step, weights, weights_at, depth, out, out_at, out_step):  # type: ignore[no-untyped-def]
        place, code = types.intp, _Tile(rows, lanes, weights.dtype == types.uint32)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def start(argument: int) -> Any:
                array = context.make_array(signature.args[argument])(context, builder, arguments[argument])
                return builder.gep(array.data, [arguments[argument + 1]])

            code.write(builder, start(0), arguments[2], start(3), arguments[5], start(6), arguments[8])
            return context.get_dummy_value()

        return types.void(x, place, place, weights, place, place, out, place, place), generate

    return tile


_wide_row, _wide_pair, _wide_four, _wide_rows = (_tile(rows, 16) for rows in (1, 2, 4, _WIDE_ROWS))
_narrow_row, _narrow_pair, _narrow_rows = (_tile(rows, 8) for rows in (1, 2, _NARROW_ROWS))


@fast_part
def _add_panel(x, rows, weights, start, width, depth, out, column):  # type: ignore[no-untyped-def]
    x_step, out_step, row = x.shape[1], out.shape[1], 0
    if width == WIDE:
        while row + _WIDE_ROWS <= rows:
            _wide_rows(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
            row += _WIDE_ROWS
        if row + 4 <= rows:
            _wide_four(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
            row += 4
        if row + 2 <= rows:
            _wide_pair(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
            row += 2
        if row < rows:
            _wide_row(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
    else:
        while row + _NARROW_ROWS <= rows:
            _narrow_rows(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
            row += _NARROW_ROWS
        if row + 2 <= rows:
            _narrow_pair(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)
            row += 2
        if row < rows:
            _narrow_row(x, row * x_step, x_step, weights, start, depth, out, row * out_step + column, out_step)


@fast_part
def add_product(x, rows, weights, start, panel_width, depth, out, width):  # type: ignore[no-untyped-def]
    """Add ``x @ weights``: so many rows of ``x (r, i)``, and so many columns of ``out (r, o)``.

    The weights begin at a place of their array, in panels of so many columns with ``depth`` inputs. Columns of ``out``
    beyond the width, as far as the last panel goes, change by nothing if they are there.
    """
    panels = -(-width // panel_width)
    last = (panels - 1) * panel_width
    edge = np.zeros((rows if panels * panel_width > out.shape[1] else 0, panel_width), np.float32)
    for row in range(len(edge)):
        for column in range(last, width):
            edge[row, column - last] = out[row, column]
    for panel in range(panels):
        into, column = (edge, 0) if len(edge) and panel == panels - 1 else (out, panel * panel_width)
        _add_panel(x, rows, weights, start + panel * depth * panel_width, panel_width, depth, into, column)
    for row in range(len(edge)):
        for column in range(last, width):
            out[row, column] = edge[row, column - last]


@kernel
def multiply(x, panels, out):  # type: ignore[no-untyped-def]
    """Add ``x @ weights`` to ``out``: shapes ``(r, i)``, :class:`Panels`, ``(r, o)``."""
    add_product(x, len(x), panels.weights, NOTHING, panels.width, x.shape[1], out, out.shape[1])


@fast_part
def _half(bits):  # type: ignore[no-untyped-def]
    """The half that is nearest to float32, ties to even, in the higher of its bits."""
    return bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)) & np.uint32(0xFFFF0000)


@fast_part
def round_rows(x, out):  # type: ignore[no-untyped-def]
    """Round float32, its bits in shape ``(r, i)``, to pairs of halves, ``(r, (i + 1) // 2)``."""
    inputs = x.shape[1]
    for row in range(len(x)):
        for pair in range(inputs // 2):
            out[row, pair] = _half(x[row, 2 * pair]) >> np.uint32(16) | _half(x[row, 2 * pair + 1])
        if inputs % 2:
            out[row, inputs // 2] = _half(x[row, inputs - 1]) >> np.uint32(16)


@kernel
def round_to_halves(x, out):  # type: ignore[no-untyped-def]
    """As :func:`round_rows`."""
    round_rows(x, out)
