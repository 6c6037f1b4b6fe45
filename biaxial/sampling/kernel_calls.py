"""The kernels as Python calls them: their arguments, laid out for machine code.

A kernel is given one block of 64-bit words: of every array where its data lies and then its shape, of every number its
value, of a tuple its parts. What each word is follows from the kinds of the arguments, which are part of the name that
the machine code has (:mod:`biaxial.sampling.portable_code`).
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from biaxial.sampling.machine_code import ENTRY, Entry, entry

_REMEMBERED = 16
_TYPES = {letter: np.dtype(letter).str for letter in np.typecodes["All"]}
"""The letter of a type here, which the system decides; and its name, the same everywhere."""

_Kind = str | int | type
"""What an argument is: the name of an array's type, then the number of its axes; else the type of a number."""


class _Laid(NamedTuple):
    """Arguments laid out: their words, and their kinds."""

    words: list[int | float]
    kinds: list[_Kind]


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
        self._entries: dict[tuple[_Kind, ...], tuple[Entry, struct.Struct]] = {}
        self._tables: dict[int, tuple[tuple[Any, ...], _Laid]] = {}

    def __call__(self, *arguments: Any) -> None:
        """Run it, without the lock of the interpreter.

        Parameters
        ----------
        *arguments
            Arrays, contiguous and with types that are known here, numbers, and named tuples of both.

        Raises
        ------
        TypeError
            If an array is not contiguous, or an argument of another kind.
        MemoryError
            If the kernel ran out of memory.
        """
        words, kinds = self._laid_out(arguments)
        if (known := self._entries.get(tuple(kinds))) is None:
            layout = struct.Struct("".join("d" if isinstance(word, float) else "q" for word in words))
            known = entry(self.module, self.name, self._symbol(kinds), arguments), layout
            self._entries[tuple(kinds)] = known
        run, layout = known
        if run(layout.pack(*words)):
            raise MemoryError(f"{self.name} was given arrays that do not fit together, or ran out of memory")

    def _symbol(self, kinds: list[_Kind]) -> str:
        """The name of its machine code for arguments of some kinds."""
        text = " ".join(kind.__name__ if isinstance(kind, type) else str(kind) for kind in kinds)
        return f"{ENTRY}{self.name}_{sha256(text.encode()).hexdigest()[:16]}"

    def _laid_out(self, arguments: tuple[Any, ...]) -> _Laid:
        words, kinds = list[int | float](), list[_Kind]()
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                if not argument.flags.c_contiguous:
                    raise TypeError(f"{self.name} takes arrays that are contiguous")
                kinds += _TYPES[argument.dtype.char], argument.ndim
                words.append(argument.__array_interface__["data"][0])
                words += argument.shape
            elif isinstance(argument, tuple):
                inner = self._of_table(argument)
                words += inner.words
                kinds += type(argument).__name__, *inner.kinds
            elif isinstance(argument, float):
                kinds.append(float)
                words.append(argument)
            elif isinstance(argument, bool | np.bool_):
                kinds.append(bool)
                words.append(bool(argument))
            elif isinstance(argument, int | np.integer):
                kinds.append(int)
                words.append(int(argument))
            else:
                raise TypeError(f"{self.name} takes arrays and numbers, not {type(argument).__name__}")
        return _Laid(words, kinds)

    def _of_table(self, table: tuple[Any, ...]) -> _Laid:
        """A tuple laid out; the latest are remembered, for they come with every frame and do not change."""
        known = self._tables.get(id(table))
        if known is None:
            if len(self._tables) == _REMEMBERED:
                self._tables.clear()
            known = self._tables[id(table)] = table, self._laid_out(table)
        return known[1]


inputs_share = Kernel("time_step", "inputs_share")
add_echo = Kernel("time_step", "add_echo")
lstm_cells = Kernel("time_step", "lstm_cells")
walk = Kernel("walk", "walk")
multiply = Kernel("tiles", "multiply")
round_to_halves = Kernel("tiles", "round_to_halves")
score_piece = Kernel("score_piece", "score_piece")
