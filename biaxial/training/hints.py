"""What is taken to be known of a crop while training: a melody, some voices, all but a gap, a beginning, some notes.

Notes are known whole: one that sounds at a known step is known from its onset to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, SILENT

Kind = Literal["melody", "voices", "gap", "beginning", "notes"]
SHARES: Final[dict[Kind, float]] = {"melody": 0.5, "voices": 0.18, "gap": 0.18, "beginning": 0.07, "notes": 0.07}
"""How often each kind is drawn, where anything is known."""


@dataclass(frozen=True)
class Given:
    """What is known of a crop.

    Parameters
    ----------
    kind
        The highest voice all through (``"melody"``); some voices, but not all (``"voices"``); everything but some
        voices in a span of at most half of the crop (``"gap"``); everything up to a step, and from there on perhaps the
        highest voice (``"beginning"``); single notes here and there (``"notes"``).
    seed
        Of whatever is drawn.
    """

    kind: Kind = "melody"
    seed: int = 0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Given:
        """One at random."""
        kinds = list(SHARES)
        return cls(kinds[int(rng.choice(len(kinds), p=list(SHARES.values())))], int(rng.integers(2**31)))

    def voices(self, outcomes: NDArray[np.uint8], alphabet: CellAlphabet) -> NDArray[np.uint8]:
        """Sets of known voices, shape ``(t, n)``, of frames ``(t, n)``."""
        if not alphabet.num_voices:
            return self._cells(outcomes, alphabet)
        wanted = self._steps(len(outcomes), alphabet.num_voices)
        sounding = alphabet.voice_matrix[outcomes]  # t n v
        states = alphabet.states[outcomes]
        known = np.stack(
            [
                _whole_notes(wanted[:, voice], _line(states, sounding[:, :, voice]))
                for voice in range(alphabet.num_voices)
            ],
            axis=1,
        )  # t v
        sets = (known * (1 << np.arange(alphabet.num_voices))).sum(axis=1)
        return np.broadcast_to(sets.astype(np.uint8)[:, None], outcomes.shape)

    def _steps(self, num_steps: int, num_voices: int) -> NDArray[np.bool_]:
        """At which steps each voice is known, shape ``(t, v)``."""
        rng = np.random.default_rng(self.seed)
        known = np.zeros((num_steps, num_voices), dtype=bool)
        some = rng.random(num_voices) < 0.5  # a set that is neither empty nor full
        if some.all() or not some.any():
            some = np.arange(num_voices) == rng.integers(num_voices)
        if self.kind == "melody":
            known[:, 0] = True
        elif self.kind == "voices":
            known[:, some] = True
        elif self.kind == "gap":
            length = int(rng.integers(1, max(2, num_steps // 2)))
            start = int(rng.integers(0, num_steps - length + 1))
            known[:] = True
            open_voices = some if rng.random() < 0.5 else np.ones(num_voices, dtype=bool)
            known[start : start + length, open_voices] = False
        elif self.kind == "beginning":
            known[: int(rng.integers(1, num_steps + 1))] = True
            known[:, 0] |= rng.random() < 0.5
        else:
            share = rng.uniform(0.01, 0.1)
            known[:] = rng.random(known.shape) < share
        return known

    def _cells(self, outcomes: NDArray[np.uint8], alphabet: CellAlphabet) -> NDArray[np.uint8]:
        """Known cells of a corpus without voices: the highest note and all above it stand for the melody."""
        num_steps, num_notes = outcomes.shape
        sounds = alphabet.states[outcomes] != SILENT
        top = np.where(sounds.any(axis=1), num_notes - 1 - sounds[:, ::-1].argmax(axis=1), num_notes)
        steps = self._steps(num_steps, 2)  # stand-ins: the highest note, and all the rest
        melody = np.arange(num_notes)[None, :] >= top[:, None]
        known = np.where(melody, steps[:, :1], steps[:, 1:])
        states = alphabet.states[outcomes]
        for n in np.flatnonzero(sounds.any(axis=0)):
            column = slice(n, n + 1)
            known[:, n] = _whole_notes(known[:, n], _line(states[:, column], sounds[:, column]))
        return known.astype(np.uint8)


def _line(states: NDArray[np.int8], sounding: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the note that a voice sounds at each step, counted from 1, shape ``(t,)``; 0 in a rest.

    ``sounding`` says in which cells the voice sounds, shape ``(t, n)``.
    """
    sounds = np.asarray(sounding.any(axis=1))
    place = np.asarray(sounding.argmax(axis=1))
    state = np.take_along_axis(states, place[:, None], axis=1)[:, 0]
    moved = np.ones(len(place), dtype=bool)
    moved[1:] = (place[1:] != place[:-1]) | ~sounds[:-1]
    begins = sounds & ((state != HOLD) | moved)
    return np.where(sounds, np.cumsum(begins), 0)


def _whole_notes(known: NDArray[np.bool_], line: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Steps at which a voice is known, extended to all of every note that is known in part."""
    notes = np.unique(line[known & (line > 0)])
    return np.asarray(known | np.isin(line, notes))
