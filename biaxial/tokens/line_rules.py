"""What a line that is being drawn keeps to: its range, and a last note that is the tonic.

END may follow the tonic only, where phrase ends are written one that ends a phrase, and never a rest. A line that is
broken off has the tonic as its last event: the one nearest to the note before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.tokens.codec import Walk
from biaxial.tokens.melody_codec import END, HOLD, NUM_PITCHES, PHRASE_END

_FIRST: Final = 67
"""Stands for the note before the first one."""


class LineRules:
    """Watches a line that is being drawn.

    Parameters
    ----------
    pitches
        Lowest and highest pitch of the line, at least eleven semitones apart.
    tonic
        Pitch class on which it ends, as its tokens have it; ``None`` if it may end anywhere.
    most_events
        Number of events after which it is broken off.
    """

    def __init__(self, pitches: tuple[int, int], tonic: int | None, most_events: int) -> None:
        inside = np.arange(pitches[0], pitches[1] + 1)
        self._outside = np.isin(np.arange(NUM_PITCHES), inside, invert=True)
        self._tonics = None if tonic is None else inside[inside % 12 == tonic]
        self._most = most_events
        self._pitch, self._marked, self._ends_phrase, self._sounds = _FIRST, False, False, False

    def push(self, token: int) -> None:
        """Write a token."""
        if token < NUM_PITCHES:
            self._pitch, self._ends_phrase = token, self._marked
        if token != PHRASE_END:
            self._sounds = token < NUM_PITCHES or (token == HOLD and self._sounds)
        self._marked = token == PHRASE_END

    def forbidden(self, walk: Walk, size: int) -> NDArray[np.bool_]:
        """Whether each of so many tokens must not come next, shape ``(k,)``."""
        found = np.zeros(size, dtype=bool)
        found[:NUM_PITCHES] = self._outside
        if self._tonics is None:
            return found
        at_home = self._sounds and self._pitch in self._tonics and (self._ends_phrase or walk.phrase_ends is None)
        found[END] = not at_home
        if walk.num_events >= self._most:
            found[END + 1 :] = found[HOLD + 1 : END] = True
        elif walk.num_events == self._most - 1:
            distances = np.abs(self._tonics - self._pitch)
            found[:NUM_PITCHES] = True
            found[self._tonics[distances == distances.min()]] = False
            found[HOLD + 1 : END] = self._sounds
        return found
