"""What one cell of a roll can be, as the outcomes of a single categorical distribution.

A cell is SILENT, HOLD or STRIKE, and in a voiced corpus a sounding cell also has the set of voices that sound there (a
bit mask: bit 0 soprano, 1 alto, 2 tenor, 3 bass). Outcome 0 is silence; the sounding outcomes follow, all sets of
the first sounding state before those of the next, in the order of their bit masks. Four voices and three states make
1 + 2 * 15 = 31 outcomes; without voices the outcomes are the states themselves.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import HOLD, SILENT, STRIKE

MAX_VOICES = 6
"""More sets of voices than six have are too many for one distribution."""


class CellAlphabet:
    """The outcomes of a cell.

    Parameters
    ----------
    num_states
        2 (silent, sounding) or 3 (silent, hold, strike).
    num_voices
        Voices of the corpus, 0 where it has none.
    """

    def __init__(self, num_states: int, num_voices: int) -> None:
        if num_states not in (2, 3) or not 0 <= num_voices <= MAX_VOICES:
            raise ValueError(
                f"2 or 3 states and 0 to {MAX_VOICES} voices make a cell, not {num_states} and {num_voices}"
            )
        self.num_states = num_states
        self.num_voices = num_voices
        self.num_sets: int = max(1, (1 << num_voices) - 1)

    def __len__(self) -> int:
        return 1 + (self.num_states - 1) * self.num_sets

    @cached_property
    def states(self) -> NDArray[np.int8]:
        """State of each outcome, shape ``(k,)``."""
        sounding = np.repeat(np.arange(1, self.num_states), self.num_sets)
        return np.concatenate([[SILENT], sounding]).astype(np.int8)

    @cached_property
    def voices(self) -> NDArray[np.uint8]:
        """Voice set of each outcome as a bit mask, shape ``(k,)``; 0 for silence and in an unvoiced corpus."""
        sets = np.arange(1, self.num_sets + 1) if self.num_voices else np.zeros(1, dtype=int)
        return np.concatenate([[0], np.tile(sets, self.num_states - 1)]).astype(np.uint8)

    @cached_property
    def voice_matrix(self) -> NDArray[np.bool_]:
        """Whether a voice sounds in an outcome, shape ``(k, v)``."""
        return (self.voices[:, None] >> np.arange(self.num_voices)[None, :] & 1).astype(bool)

    @cached_property
    def may_follow(self) -> NDArray[np.bool_]:
        """Whether an outcome may follow another one in the next frame, shape ``(k before, k after)``.

        A HOLD needs its voices to have sounded in the same cell before. With two states anything may follow.
        """
        legal = np.ones((len(self), len(self)), dtype=bool)
        if self.num_states == 3:
            is_hold = self.states == 1
            was_sounding = self.states != SILENT
            subset = (self.voices[None, :] & ~self.voices[:, None]) == 0
            legal[:, is_hold] = (was_sounding[:, None] & subset)[:, is_hold]
        return legal

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Whether an outcome can be drawn when a set of voices is still to come, shape ``(2 ** v, k)``."""
        free = np.arange(2**self.num_voices)
        fits: NDArray[np.bool_] = (self.voices[None, :] & ~free[:, None]) == 0
        return fits

    @cached_property
    def held(self) -> NDArray[np.uint8]:
        """The outcome in which nothing changes after an outcome: what sounds is held, shape ``(k,)``."""
        return np.where(self.states == SILENT, 0, np.maximum(self.voices, 1)).astype(np.uint8)

    @cached_property
    def without(self) -> NDArray[np.uint8]:
        """An outcome with a set of voices taken out, silence where none is left, shape ``(2 ** v, k)``."""
        left = self.voices[None, :] & ~np.arange(2**self.num_voices)[:, None]
        states = np.where((left == 0) & (self.num_voices > 0), SILENT, self.states[None, :])
        return self.encode(states, left)

    @cached_property
    def held_voices(self) -> NDArray[np.uint8]:
        """The voices that an outcome holds (1 in an unvoiced corpus), shape ``(k,)``; none with two states."""
        is_hold = (self.states == HOLD) & (self.num_states == 3)
        return np.where(is_hold, np.maximum(self.voices, 1), 0).astype(np.uint8)

    @cached_property
    def everything(self) -> int:
        """The set of all voices as a bit mask; 1 in an unvoiced corpus, where a cell is known or not."""
        return (1 << max(1, self.num_voices)) - 1

    @cached_property
    def agrees(self) -> NDArray[np.bool_]:
        """Whether an outcome agrees with what is known, shape ``(sets of known voices, k known, k)``.

        Known are the voices of a set, and what they do in the cell: an outcome with only these voices in it. Others may
        join them. In an unvoiced corpus set 1 says that the whole cell is known.
        """
        known = self.voices if self.num_voices else (self.states != SILENT).astype(np.uint8)
        sets = np.arange(self.everything + 1)[:, None, None]
        same_voices = (known[None, None, :] & sets) == (known[None, :, None] & sets)
        free = (known[:, None] & sets) == 0
        same_state = self.states[None, None, :] == self.states[None, :, None]
        agrees: NDArray[np.bool_] = same_voices & (same_state | free)
        return agrees

    def restricted(self, outcomes: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Outcomes with only their known voices in them: what :attr:`agrees` is asked with.

        Parameters
        ----------
        outcomes, known
            Outcomes, and the sets of known voices, of the same shape.
        """
        if not self.num_voices:
            return np.where(known > 0, outcomes, 0).astype(np.uint8)
        return np.asarray(self.without[self.everything & ~known.astype(np.int64), outcomes])

    def articulated(self, outcomes: NDArray[np.uint8]) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
        """States and voice sets of a piece, shape ``(t, n)``, ready to be written.

        With two states nobody knows what is held: a cell is taken to be where all its voices (in an unvoiced corpus, a
        note) sounded in it one step before, and else to be struck.
        """
        states, voices = self.decode(outcomes)
        if self.num_states == 3:
            return states, voices
        before = np.concatenate([np.zeros_like(outcomes[:1]), outcomes[:-1]])
        held = (self.states[before] != SILENT) & ((voices & ~self.voices[before]) == 0)
        return np.where((states != SILENT) & ~held, STRIKE, states).astype(np.int8), voices

    @cached_property
    def struck_after(self) -> NDArray[np.bool_]:
        """Whether an outcome is a struck note where another one was one step before, shape ``(k before, k)``."""
        outcomes = np.arange(len(self), dtype=np.uint8)
        pairs = np.stack(np.broadcast_arrays(outcomes[:, None], outcomes))  # two frames of k x k cells
        states, _ = self.articulated(pairs.reshape(2, -1))
        return np.asarray(states[1].reshape(len(outcomes), -1) == STRIKE)

    def encode(self, states: NDArray[np.int8], voices: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Outcomes of cells given by state and voice set; with two states every sounding state is one.

        Raises
        ------
        ValueError
            If a set has a voice that the alphabet does not have.
        """
        if self.num_voices and voices is not None and int(np.max(voices, initial=0)) >> self.num_voices:
            raise ValueError(f"the music has more than {self.num_voices} voices")
        states = np.minimum(states, self.num_states - 1).astype(np.int64)
        sets = np.zeros_like(states) if not self.num_voices else np.asarray(voices, dtype=np.int64) - 1
        return np.where(states == SILENT, 0, 1 + (states - 1) * self.num_sets + sets).astype(np.uint8)

    def decode(self, outcomes: NDArray[np.uint8]) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
        """States and voice sets of outcomes; the inverse of :meth:`encode`."""
        return self.states[outcomes], self.voices[outcomes]
