"""One voice on the time grid, a token a step: a pitch where a note begins, HOLD, REST, and END.

The manner of the folk-song LSTMs (Todd 1989; Sturm et al. 2016). HOLD may not follow a rest or stand first, so every
line has one string and every string is one line: the conversion is exact in both directions, and the model is
normalised over all lines of all lengths.

Where phrase ends are written, PHRASE_END stands before the token of the step at which the last note of a phrase begins,
and takes no time. A piece that does not state its phrase ends is read without them, by rows of the grammar that forbid
that token, so its probability is that of the line alone. The order of the tokens: 128 pitches, HOLD, REST, END, START,
and PHRASE_END where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import HOLD as HELD
from biaxial.music.constants import SILENT, STRIKE
from biaxial.tokens.codec import SoundedNote

NUM_PITCHES: Final = 128
HOLD: Final = 128
REST: Final = 129
END: Final = 130
START: Final = 131
PHRASE_END: Final = 132
_RESTING, _SOUNDING = 0, 1
_PHRASED: Final = 2
"""Added to the row of a line with phrase ends; twice where the token before is PHRASE_END."""


class MelodyWalk:
    """A line that is being written, as :class:`biaxial.tokens.codec.Walk` says."""

    def __init__(self, codec: MelodyCodec, *, phrased: bool) -> None:
        self._codec = codec
        self._first_row = _PHRASED if phrased else 0
        self.state, self.time, self.num_events, self.done = self._first_row + _RESTING, 0, 0, False
        self._notes: list[SoundedNote] = []
        self._ends: list[int] = []
        self._rests = False

    def push(self, token: int) -> None:
        """Write a token.

        Raises
        ------
        ValueError
            If the grammar forbids it.
        """
        if self.done or not 0 <= token < self._codec.size or not self._codec.allowed[self.state, token]:
            raise ValueError(f"token {token} cannot follow here")
        if token == END:
            self.done = True
            return
        if token == PHRASE_END:
            self.state += _PHRASED
            return
        if self.state >= 2 * _PHRASED:
            self._ends.append(self.time)
        if token == HOLD:
            onset, length, pitch = self._notes[-1]
            self._notes[-1] = (onset, length + 1, pitch)
        elif token == REST:
            self.num_events += not self._rests
        else:
            self._notes.append((self.time, 1, token))
            self.num_events += 1
        self._rests = token == REST
        self.state = self._first_row + (_RESTING if token == REST else _SOUNDING)
        self.time += 1

    def notes(self) -> list[SoundedNote]:
        """All notes so far."""
        return list(self._notes)

    @property
    def phrase_ends(self) -> tuple[int, ...] | None:
        """Steps at which the last notes of phrases begin."""
        return tuple(self._ends) if self._first_row else None


class MelodyCodec:
    """Lines as strings, as :class:`biaxial.tokens.codec.Codec` says.

    Parameters
    ----------
    phrases
        Whether phrase ends are written.
    """

    start = START
    end = END

    def __init__(self, *, phrases: bool = False) -> None:
        self.phrases = phrases
        self.size = (PHRASE_END if phrases else START) + 1
        self.allowed = np.ones((3 * _PHRASED if phrases else _PHRASED, self.size), dtype=bool)
        self.allowed[:, START] = False
        self.allowed[_RESTING::_PHRASED, HOLD] = False
        self.allowed[:_PHRASED, START + 1 :] = False
        self.allowed[2 * _PHRASED :, [END, self.size - 1]] = False  # a mark stands before a step
        self.drawable = self.allowed.copy()
        self.drawable[2 * _PHRASED :, NUM_PITCHES:] = False  # a phrase ends with a note that begins there
        self.onsets = self.moments = np.arange(self.size) < NUM_PITCHES

    def walk(self, *, phrased: bool = True) -> MelodyWalk:
        """An empty line, which states its phrase ends or does not."""
        return MelodyWalk(self, phrased=phrased and self.phrases)

    def encode(
        self,
        states: NDArray[np.int8],
        voices: NDArray[np.uint8],
        shift: int,
        phrase_ends: Sequence[int] | None = None,
    ) -> list[NDArray[np.int32]]:
        """The lines of a piece: each of its voices, or the highest line of one without voices.

        Raises
        ------
        ValueError
            If a pitch leaves the MIDI range.
        """
        lines = voice_lines(states, voices) if voices.any() else [top_line(states)]
        found = []
        for line in lines:
            struck = line < NUM_PITCHES
            moved = np.where(struck, line + shift, line)
            if struck.any() and not 0 <= moved[struck].min() <= moved[struck].max() < NUM_PITCHES:
                raise ValueError(f"moved by {shift} semitones, a pitch leaves 0 to 127")
            if self.phrases and phrase_ends is not None:
                moved = np.insert(moved, list(phrase_ends), PHRASE_END)
            found.append(np.append(moved, END).astype(np.int32))
        return found


def voice_lines(states: NDArray[np.int8], voices: NDArray[np.uint8]) -> list[NDArray[np.int32]]:
    """Tokens of each voice of a roll, from the highest voice down, each of shape ``(t,)``."""
    found = []
    for voice in range(int(voices.max(initial=0)).bit_length()):
        cells = (voices >> voice & 1) > 0
        sounds, pitch = cells.any(axis=1), cells.argmax(axis=1)
        state = np.where(sounds, states[np.arange(len(states)), pitch], SILENT)
        line = np.where(state == STRIKE, pitch, np.where(state == HELD, HOLD, REST))
        found.append(_closed(line))
    return found


def _closed(line: NDArray[np.int64]) -> NDArray[np.int32]:
    """A line in which what is held without having begun is a rest."""
    onset = np.where(line < NUM_PITCHES, np.arange(len(line)), -1)
    rest = np.where(line == REST, np.arange(len(line)), -1)
    begun = np.maximum.accumulate(onset) > np.maximum.accumulate(rest)
    return np.where((line == HOLD) & ~begun, REST, line).astype(np.int32)


def top_line(states: NDArray[np.int8]) -> NDArray[np.int32]:
    """Tokens of the highest line of a roll, ``(t,)``: the highest note that begins, till it ends or a higher begins."""
    line, now = np.full(len(states), REST, np.int32), -1
    struck = states == STRIKE
    top = np.where(struck.any(axis=1), states.shape[1] - 1 - struck[:, ::-1].argmax(axis=1), -1)
    for step, highest in enumerate(top.tolist()):
        held = now >= 0 and states[step, now] == HELD
        if highest >= 0 and not (held and highest < now):
            line[step], now = highest, highest
        elif held:
            line[step] = HOLD
        else:
            now = -1
    return line
