r"""The words under a line of ABC notation.

Words are lines of syllables (``w:``) under the line of music above them. A space or a hyphen ends a syllable; ``_`` and
``*`` pass over a note, and so does each further hyphen; ``|`` goes on to the next bar; ``~`` is a space and ``\-`` a
hyphen within a syllable. Every note that is written counts, a tied one too.

Source: the ABC standard 2.1, section 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

MAX_SYLLABLE_LENGTH: Final = 100
"""Most letters of a syllable."""

_SYLLABLE = re.compile(r"\||_|\*|(?:\\-|[^\s|_*\-])+-?|-")


class WrittenNote(NamedTuple):
    """A note or chord of a line: when it begins, in quarter notes, and in which bar it is, counted anyhow."""

    onset: Fraction
    bar: int


class Word(NamedTuple):
    """A syllable under a note, and whether the word goes on."""

    onset: Fraction
    text: str
    goes_on: bool


def read_words(text: str, notes: Sequence[WrittenNote]) -> list[Word]:
    """Lay a line of syllables under notes; what is too many is left out.

    Raises
    ------
    ValueError
        If a syllable has more than :data:`MAX_SYLLABLE_LENGTH` letters.
    """
    words: list[Word] = []
    place = 0
    bar = notes[0].bar if notes else 0
    for token in _SYLLABLE.findall(text):
        if token == "|":
            bar += 1
            while place < len(notes) and notes[place].bar < bar:
                place += 1
            continue
        if token not in ("_", "*", "-") and place < len(notes):
            if len(token) > MAX_SYLLABLE_LENGTH:
                raise ValueError(f"a syllable of {len(token)} letters, {token[:20]!r}")
            goes_on = token.endswith("-") and not token.endswith("\\-")
            said = (token[:-1] if goes_on else token).replace("\\-", "-").replace("~", " ")
            words.append(Word(notes[place].onset, said, goes_on))
        place += 1
    return words
