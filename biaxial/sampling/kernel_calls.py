"""The kernels as Python calls them: their arguments, laid out for machine code.

A kernel is given one block of 64-bit words: of every array where its data lies and then its shape, of every number its
value, of a tuple where a block of its own lies, which is laid out once. What each word is follows from the kinds of the
arguments, which are part of the name that the machine code has (:mod:`biaxial.sampling.portable_code`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ctypes import addressof, c_char, create_string_buffer
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from biaxial.sampling.machine_code import ENTRY, Entry, entry

_REMEMBERED = 16
_TYPES = {letter: np.dtype(letter).str for letter in np.typecodes["All"]}
"""The letter of a type here, which the system decides; and its name, the same everywhere."""


class _Table(NamedTuple):
    """A tuple that is laid out.

    Attributes
    ----------
    given, block, inner
        What is kept alive: the tuple, its block, and the tuples in it, laid out.
    address
        Where the block lies.
    kinds
        Those of its parts.
    """

    given: tuple[Any, ...]
    block: Any
    inner: list[_Table]
    address: int
    kinds: tuple[str, ...]


class Kernel:
    """A kernel, whose machine code is found when it is called first.

    Parameters
    ----------
    module
        Name of the file in :mod:`biaxial.sampling.kernels` that has it.
    name
        Name of the function.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name
        self._entries: dict[tuple[object, ...], tuple[Entry, struct.Struct]] = {}
        self._tables: dict[int, _Table] = {}

    def __call__(self, *arguments: Any) -> None:
        """Run it, without the lock of the interpreter.

        Parameters
        ----------
        *arguments
            Arrays, contiguous and with types that are known here, numbers, and tuples of these.

        Raises
        ------
        TypeError
            If an array is not contiguous, or an argument of another kind.
        MemoryError
            If the kernel ran out of memory.
        """
        words, key, held = list[int | float](), list[object](), list[_Table]()
        for argument in arguments:
            kind = type(argument)
            if kind is np.ndarray:
                try:
                    words.append(addressof(c_char.from_buffer(argument)))
                except (TypeError, ValueError):
                    words.append(self._address(argument))
                words += argument.shape
                key += argument.dtype.num, argument.ndim
            elif kind is int or kind is bool or kind is float:
                words.append(argument)
                key.append(kind)
            elif isinstance(argument, np.generic):
                words.append(value := argument.item())
                key.append(type(value))
            else:
                table = self._tables.get(id(argument)) or self._laid_out(argument)
                held.append(table)  # others may take its place among those that are remembered
                words.append(table.address)
                key.append(table.kinds)
        if (known := self._entries.get(tuple(key))) is None:
            known = self._entries[tuple(key)] = self._found(arguments)
        run, layout = known
        if run(layout.pack(*words)):
            raise MemoryError(f"{self.name} was given arrays that do not fit together, or ran out of memory")

    def forget(self, table: tuple[Any, ...]) -> None:
        """Let go of a tuple that does not come again, and of its arrays; the latest tuples are remembered."""
        self._tables.pop(id(table), None)

    def _found(self, arguments: tuple[Any, ...]) -> tuple[Entry, struct.Struct]:
        """Its machine code for arguments of some kinds, and how they are packed."""
        code = entry(self.module, self.name, self._symbol(arguments), arguments)
        return code, struct.Struct("".join(map(_letters, arguments)))

    def _symbol(self, arguments: tuple[Any, ...]) -> str:
        """The name of its machine code for arguments of some kinds."""
        text = " ".join(self._kinds(arguments))
        return f"{ENTRY}{self.name}_{sha256(text.encode()).hexdigest()[:16]}"

    def _kinds(self, arguments: tuple[Any, ...]) -> Iterator[str]:
        """Of each array the name of its type and the number of its axes, of a number its type, of a tuple both."""
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                yield from (_TYPES[argument.dtype.char], str(argument.ndim))
            elif isinstance(argument, tuple):
                yield type(argument).__name__
                yield from self._kinds(argument)
            else:
                yield type(_number(argument)).__name__

    def _address(self, array: Any) -> int:
        """Where the data of an array lies that perhaps cannot be written to, has no numbers or is not contiguous."""
        if not array.flags.c_contiguous:
            raise TypeError(f"{self.name} takes arrays that are contiguous")
        return int(array.__array_interface__["data"][0])

    def _laid_out(self, given: Any) -> _Table:
        """A tuple laid out; the latest are remembered, for they come with every frame and do not change."""
        if not isinstance(given, tuple):
            raise TypeError(f"{self.name} takes arrays and numbers, not {type(given).__name__}")
        words, inner = list[int | float](), list[_Table]()
        for part in given:
            if isinstance(part, np.ndarray):
                words += self._address(part), *part.shape
            elif isinstance(part, tuple):
                inner.append(self._tables.get(id(part)) or self._laid_out(part))
                words.append(inner[-1].address)
            else:
                words.append(_number(part))
        block = create_string_buffer(struct.pack("".join(map(_letters, given)), *words))
        if len(self._tables) == _REMEMBERED:
            self._tables.clear()
        kinds = type(given).__name__, *self._kinds(given)
        table = self._tables[id(given)] = _Table(given, block, inner, addressof(block), kinds)
        return table


def _letters(argument: Any) -> str:
    """How the words of an argument are packed."""
    if isinstance(argument, np.ndarray):
        return "q" * (1 + argument.ndim)
    return "d" if isinstance(argument, float) else "q"


def _number(argument: Any) -> int | float:
    """A number as Python has it."""
    value = argument.item() if isinstance(argument, np.generic) else argument
    if not isinstance(value, int | float):
        raise TypeError(f"a kernel takes arrays and numbers, not {type(argument).__name__}")
    return value


inputs_share = Kernel("time_step", "inputs_share")
add_echo = Kernel("time_step", "add_echo")
lstm_cells = Kernel("time_step", "lstm_cells")
walk = Kernel("walk", "walk")
multiply = Kernel("tiles", "multiply")
round_to_halves = Kernel("tiles", "round_to_halves")
cells_forward = Kernel("learning_cells", "cells_forward")
cells_backward = Kernel("learning_cells", "cells_backward")
score_piece = Kernel("score_piece", "score_piece")
