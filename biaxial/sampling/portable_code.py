"""Kernels as LLVM's intermediate code, which is the same for all processors of 64 bits: made by numba.

Of a kernel numba makes a function of many arguments that counts references to its arrays. Two things are written
around it here. An *entry* takes the one block of words that :mod:`biaxial.sampling.kernel_calls` lays out, and passes
on what numba's function wants. A *memory* allocates and frees the arrays that a kernel makes for itself: numba's own is
a part of Python, and this one, seen by the compiler, is left out where it is not needed.

numba is imported here and by the kernels alone. Its work takes ten seconds; what it makes of the shipped networks'
kernels is part of the package (``scripts/make/kernels.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numba
import numpy as np

_MEMORY = """
declare ptr @malloc(i64)
declare void @free(ptr)
%memory = type { i64, ptr, ptr, ptr, i64, ptr }
define internal ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {
  %wide = zext i32 %align to i64
  %more = add i64 %wide, 48
  %whole = add i64 %size, %more
  %memory = call ptr @malloc(i64 %whole)
  %none = icmp eq ptr %memory, null
  br i1 %none, label %done, label %fill
fill:
  %behind = getelementptr i8, ptr %memory, i64 47
  %last = getelementptr i8, ptr %behind, i64 %wide
  %number = ptrtoint ptr %last to i64
  %mask = sub i64 0, %wide
  %aligned = and i64 %number, %mask
  %data = inttoptr i64 %aligned to ptr
  store i64 1, ptr %memory
  %place = getelementptr %memory, ptr %memory, i32 0, i32 3
  store ptr %data, ptr %place
  %length = getelementptr %memory, ptr %memory, i32 0, i32 4
  store i64 %size, ptr %length
  br label %done
done:
  ret ptr %memory
}
define internal void @NRT_incref(ptr %memory) alwaysinline {
  %none = icmp eq ptr %memory, null
  br i1 %none, label %done, label %count
count:
  %old = load i64, ptr %memory
  %new = add i64 %old, 1
  store i64 %new, ptr %memory
  br label %done
done:
  ret void
}
define internal void @NRT_decref(ptr %memory) alwaysinline {
  %none = icmp eq ptr %memory, null
  br i1 %none, label %done, label %count
count:
  %old = load i64, ptr %memory
  %new = sub i64 %old, 1
  store i64 %new, ptr %memory
  %last = icmp eq i64 %new, 0
  br i1 %last, label %end, label %done
end:
  call void @free(ptr %memory)
  br label %done
done:
  ret void
}
define internal i32 @numba_attempt_nocopy_reshape(
    i64 %old_axes, ptr %old, ptr %old_strides, i64 %axes, ptr %shape, ptr %strides, i64 %size, i32 %order) {
  br label %next
next:
  %left = phi i64 [ %axes, %0 ], [ %axis, %fill ]
  %stride = phi i64 [ %size, %0 ], [ %wider, %fill ]
  %done = icmp eq i64 %left, 0
  br i1 %done, label %end, label %fill
fill:
  %axis = sub i64 %left, 1
  %place = getelementptr i64, ptr %strides, i64 %axis
  store i64 %stride, ptr %place
  %from = getelementptr i64, ptr %shape, i64 %axis
  %extent = load i64, ptr %from
  %wider = mul i64 %stride, %extent
  br label %next
end:
  ret i32 1
}
"""
"""Allocation; counting by one thread, for a kernel keeps its arrays for itself; and the strides of a new shape, as all
arrays are contiguous. Names, arguments and the layout of the head are numba's."""

_types: Any = numba.types
_COUNTING = re.compile(r"^define [^\n]*@NRT_(?:incref|decref)\(.*?^}$", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"^(?:target|declare [^\n]*@(?:NRT_|numba_attempt_nocopy_reshape\()).*\n", re.MULTILINE)


def portable_code(module: str, name: str, symbol: str, arguments: tuple[Any, ...]) -> str:
    """The intermediate code of a kernel.

    Parameters
    ----------
    module, name
        The file that has it, and its name.
    symbol
        What its entry is called.
    arguments
        Arguments of the kinds that it is made for.
    """
    kernel = getattr(import_module(f"biaxial.sampling.kernels.{module}"), name)
    types = tuple(map(_type, arguments))
    kernel.compile(types)
    made = kernel.overloads[types]
    function = made.library.get_function(made.fndesc.llvm_func_name)
    wanted = [str(argument.type) for argument in function.arguments][2:]  # after where its result and an error go
    text = _OURS.sub("", _COUNTING.sub("", made.library.get_llvm_str()))
    return "\n".join([text, _MEMORY, *_entry(symbol, function.name, wanted, types)])


def _type(argument: Any) -> Any:
    """An argument's type as numba has it."""
    if isinstance(argument, np.ndarray):
        return _types.Array(numba.from_dtype(argument.dtype), argument.ndim, "C")
    if isinstance(argument, tuple):
        return _types.BaseTuple.from_types(tuple(map(_type, argument)), type(argument))
    if isinstance(argument, bool | np.bool_):
        return _types.boolean
    return _types.float64 if isinstance(argument, float) else _types.int64


def _entry(symbol: str, function: str, wanted: list[str], types: tuple[Any, ...]) -> Iterator[str]:
    """The lines of an entry: from the words of the block to the arguments that a function wants."""
    yield f"define i32 @{symbol}(ptr %block) {{"
    yield "  %result = alloca ptr"
    yield "  %error = alloca ptr"
    count, values = 0, list[str]()

    def word(block: str, place: int) -> Iterator[str]:
        nonlocal count
        count += 1
        yield f"  %at{count} = getelementptr i64, ptr {block}, i64 {place}"
        yield f"  %word{count} = load i64, ptr %at{count}"

    def part(block: str, kinds: tuple[Any, ...]) -> Iterator[str]:
        """The arguments in a block."""
        place = 0
        for kind in kinds:
            yield from word(block, place)
            first, place = count, place + 1
            if isinstance(kind, _types.BaseTuple):
                yield f"  %data{first} = inttoptr i64 %word{first} to ptr"
                yield from part(f"%data{first}", tuple(kind))
            elif isinstance(kind, _types.Array):
                yield f"  %data{first} = inttoptr i64 %word{first} to ptr"
                for _ in range(kind.ndim):
                    yield from word(block, place)
                    place += 1
                size = kind.dtype.bitwidth // 8 if kind.dtype != _types.boolean else 1
                strides = [str(size)]
                for axis in range(count, first, -1):
                    yield f"  %stride{axis} = mul i64 {strides[-1]}, %word{axis}"
                    strides.append(f"%stride{axis}")
                yield f"  %count{first} = udiv exact i64 {strides[-1]}, {size}"
                values.extend(["null", "null", f"%count{first}", str(size), f"%data{first}"])
                values.extend([f"%word{axis}" for axis in range(first + 1, count + 1)] + strides[-2::-1])
            else:
                want = wanted[len(values)]
                change = {"i64": None, "double": "bitcast"}.get(want, "trunc")
                if change is not None:
                    yield f"  %value{first} = {change} i64 %word{first} to {want}"
                values.append(f"%word{first}" if change is None else f"%value{first}")

    yield from part("%block", types)
    given = ", ".join(f"{kind} {value}" for kind, value in zip(wanted, values, strict=True))
    yield f'  %status = call i32 @"{function}"(ptr %result, ptr %error, {given})'
    yield "  ret i32 %status"
    yield "}"
