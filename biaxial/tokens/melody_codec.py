"""One voice on the time grid, a token a step: a pitch where a note begins, HOLD, REST, and END.

The manner of the folk-song LSTMs (Todd 1989; Sturm et al. 2016). HOLD may not follow a rest or stand first, so every
line has one string and every string is one line: the conversion is exact in both directions, and the model is
normalised over all lines of all lengths. The order of the tokens: 128 pitches, HOLD, REST, END, START.
"""

from __future__ import annotations

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
_RESTING, _SOUNDING = 0, 1


class MelodyWalk:
    """A line that is being written, as :class:`biaxial.tokens.codec.Walk` says."""

    def __init__(self) -> None:
        self.state, self.time, self.num_events, self.done = _RESTING, 0, 0, False
        self._notes: list[SoundedNote] = []
        self._rests = False

    def push(self, token: int) -> None:
        """Write a token.

        Raises
        ------
        ValueError
            If the grammar forbids it.
        """
        if self.done or not 0 <= token < START or (token == HOLD and self.state == _RESTING):
            raise ValueError(f"token {token} cannot follow here")
        if token == END:
            self.done = True
            return
        if token == HOLD:
            onset, length, pitch = self._notes[-1]
            self._notes[-1] = (onset, length + 1, pitch)
        elif token == REST:
            self.num_events += not self._rests
        else:
            self._notes.append((self.time, 1, token))
            self.num_events += 1
        self._rests = token == REST
        self.state = _RESTING if token == REST else _SOUNDING
        self.time += 1

    def notes(self) -> list[SoundedNote]:
        """All notes so far."""
        return list(self._notes)


class MelodyCodec:
    """Lines as strings, as :class:`biaxial.tokens.codec.Codec` says."""

    size = START + 1
    start = START
    end = END

    def __init__(self) -> None:
        self.allowed = np.ones((2, self.size), dtype=bool)
        self.allowed[:, START] = False
        self.allowed[_RESTING, HOLD] = False
        self.drawable = self.allowed
        self.onsets = self.moments = np.arange(self.size) < NUM_PITCHES

    def walk(self) -> MelodyWalk:
        """An empty line."""
        return MelodyWalk()

    def encode(self, states: NDArray[np.int8], voices: NDArray[np.uint8], shift: int) -> list[NDArray[np.int32]]:
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
