"""Strings of tokens: what every kind of them has in common.

A string begins after START and ends with END; its last token says so. A grammar says at every place which tokens may
stand there, so that every string that is drawn is music. Times are steps of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SoundedNote = tuple[int, int, int]
"""Onset and length in steps, and pitch."""


class Walk(Protocol):
    """What has been written so far, token by token.

    Attributes
    ----------
    state
        Row of the grammar: what may come next.
    time
        Steps that are written.
    num_events
        Notes, chords and rests that have begun.
    done
        Whether END has been written.
    phrase_ends
        Steps at which the last notes of phrases begin, ascending; ``None`` where the string does not state them.
    """

    state: int
    time: int
    num_events: int
    done: bool

    @property
    def phrase_ends(self) -> tuple[int, ...] | None:
        """As above."""
        ...

    def push(self, token: int) -> None:
        """Write a token that the grammar allows."""
        ...

    def notes(self) -> list[SoundedNote]:
        """All notes so far."""
        ...


class Codec(Protocol):
    """A kind of string.

    Attributes
    ----------
    size
        Number of tokens, START and END among them.
    start, end
        The two of them.
    allowed
        For each row of the grammar whether a token may follow, shape ``(r, k)``; START never does.
    drawable
        The same with what is not drawn left out: lengths of hours.
    onsets
        Whether a token begins a note or chord, shape ``(k,)``.
    moments
        Whether a token stands once for each moment at which something begins, shape ``(k,)``.
    """

    size: int
    start: int
    end: int
    allowed: NDArray[np.bool_]
    drawable: NDArray[np.bool_]
    onsets: NDArray[np.bool_]
    moments: NDArray[np.bool_]

    def walk(self, *, phrased: bool = True) -> Walk:
        """An empty string; ``phrased`` if it states phrase ends, where strings of this kind can."""
        ...

    def encode(
        self,
        states: NDArray[np.int8],
        voices: NDArray[np.uint8],
        shift: int,
        phrase_ends: Sequence[int] | None = None,
    ) -> list[NDArray[np.int32]]:
        """The strings of a piece, END at the end of each.

        Parameters
        ----------
        states, voices
            Cell states and voice sets over all MIDI pitches, shape ``(t, 128)``.
        shift
            Semitones by which the music is moved.
        phrase_ends
            Steps at which the last notes of phrases begin, ascending; ``None`` where they are not known.
        """
        ...


@dataclass(frozen=True, eq=False)
class TokenString:
    """A string with what its grammar and its clock say at every place.

    Parameters
    ----------
    tokens
        The string, shape ``(l,)``.
    rows
        Row of the grammar before each token.
    times
        Steps before each token; the last entry is the length of the music, so the shape is ``(l + 1,)``.
    num_events, num_notes
        Events and notes in it.
    """

    tokens: NDArray[np.int32]
    rows: NDArray[np.int32]
    times: NDArray[np.int32]
    num_events: int
    num_notes: int

    @classmethod
    def of(cls, tokens: NDArray[np.int32], walk: Walk) -> TokenString:
        """Walk along a string, from an empty one on."""
        rows, times = np.zeros(len(tokens), np.int32), np.zeros(len(tokens) + 1, np.int32)
        for place, token in enumerate(tokens.tolist()):
            rows[place], times[place] = walk.state, walk.time
            walk.push(token)
        times[-1] = walk.time
        return cls(tokens, rows, times, walk.num_events, len(walk.notes()))
