"""Macros of ABC notation: ``m:~G3=G{A}G{F}G`` writes one thing for another wherever it stands in the music.

In a transposing macro, ``m:~n3=n{o}n{m}n``, ``n`` is any note, and the letters from ``h`` to ``z`` are notes as far
from it as they are from ``n`` in the alphabet: ``m`` a step below, ``o`` a step above.

Source: the ABC standard 2.1, section 9.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_STEPS: Final = "CDEFGABcdefgab"
_NOTE = re.compile(r"[A-Ga-g][,']*")
MAX_MACRO_LENGTH: Final = 200
"""Most letters on either side."""
MAX_LINE_LENGTH: Final = 20_000
"""Longest line that macros may make."""


class Macro(NamedTuple):
    """What is written, and what it stands for."""

    target: str
    meaning: str


def read_macro(text: str) -> Macro:
    """Read ``"~G3=G{A}G{F}G"``.

    Raises
    ------
    ValueError
        If it has no two sides, or one that is too long.
    """
    target, sign, meaning = text.partition("=")
    target, meaning = target.strip(), meaning.strip()
    if not sign or not target or max(len(target), len(meaning)) > MAX_MACRO_LENGTH:
        raise ValueError(f"m:{text.strip()[:40]} is not a macro such as ~G3=G{{A}}G{{F}}G")
    return Macro(target, meaning)


def expanded(music: str, macros: list[Macro]) -> str:
    """A line of music with every macro written out, the longest first.

    Raises
    ------
    ValueError
        If it becomes longer than :data:`MAX_LINE_LENGTH`.
    """
    for macro in sorted(macros, key=lambda macro: -len(macro.target)):
        before, is_any_note, after = macro.target.partition("n")
        if is_any_note:
            pattern = f"{re.escape(before)}({_NOTE.pattern}){re.escape(after)}"
            music = re.sub(pattern, lambda note, text=macro.meaning: _transposed(text, note[1]), music)  # type: ignore[misc]
        else:
            music = music.replace(macro.target, macro.meaning)
        if len(music) > MAX_LINE_LENGTH:
            raise ValueError(f"its macros make it longer than {MAX_LINE_LENGTH} letters")
    return music


def _transposed(meaning: str, note: str) -> str:
    """The meaning of a transposing macro on a note."""
    place = _STEPS.index(note[0]) + 7 * (note.count("'") - note.count(","))
    return re.sub("[h-z]", lambda letter: _name(place + ord(letter[0]) - ord("n")), meaning)


def _name(place: int) -> str:
    """A note by its steps above C."""
    if 0 <= place < len(_STEPS):
        return _STEPS[place]
    octave, step = divmod(place, 7)
    return _STEPS[step] + "," * -octave if octave < 0 else _STEPS[step + 7] + "'" * (octave - 1)
