"""Score <-> roll: a piece as a grid of cells ``(t, n)``.

``n`` counts notes from the lowest pitch of the range upwards. A cell is SILENT, HOLD or STRIKE and, in a voiced piece,
carries the set of its voices as a bit mask. The conversion is exact in both directions for music on the grid, but for
one thing that a cell cannot say: where one voice holds a pitch while another strikes it, both become a strike. Such
places are counted. Of velocities the nearest of eight levels is kept, one for each struck cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.performance.dynamics import VELOCITIES, level_of
from biaxial.music.score import Note, Score

MAX_VOICES: Final = 8
"""Bits of a voice set."""


@dataclass(frozen=True, eq=False)
class Roll:
    """A piece as a grid of cells.

    Parameters
    ----------
    states
        Cell states, int8, shape ``(t, n)``.
    voices
        Voice sets as bit masks, uint8, shape ``(t, n)``; ``None`` in an unvoiced piece.
    low_pitch
        Pitch of note index 0.
    outline
        The piece without its notes, on the grid.
    grid
        The time grid.
    num_joined
        Cells in which one voice held what another one struck, written as a strike of both.
    num_dropped
        Notes that shared their voice and step with a longer one, which alone was kept.
    levels
        How loud each struck cell is, uint8, shape ``(t, n)``: 1 (ppp) to 8 (fff), the loudest where several voices
        strike it, and 0 where nobody says; ``None`` where this holds for all.
    """

    states: NDArray[np.int8]
    voices: NDArray[np.uint8] | None
    low_pitch: int
    outline: Score
    grid: Grid
    num_joined: int = 0
    num_dropped: int = 0
    levels: NDArray[np.uint8] | None = None

    @property
    def num_steps(self) -> int:
        """Number of frames."""
        return int(self.states.shape[0])

    @property
    def num_notes(self) -> int:
        """Size of the note axis."""
        return int(self.states.shape[1])

    @classmethod
    def from_score(cls, score: Score, grid: Grid, low_pitch: int, num_notes: int) -> Roll:
        """Lay a score on a grid.

        Parameters
        ----------
        score
            On the grid or not: notes beside it are moved to the nearest step first. Voiced if all its notes are.
        low_pitch, num_notes
            The note range.

        Raises
        ------
        ValueError
            If a pitch lies outside the range, which is named, or there are more than eight voices.
        """
        score, _ = grid.quantised(score)
        unit = grid.step_ticks(score.ticks_per_quarter)
        num_steps = -(-score.length_ticks // unit)
        for note in score.notes:
            if not low_pitch <= note.pitch < low_pitch + num_notes:
                raise ValueError(
                    f"pitch {note.pitch} at quarter {note.onset_ticks / score.ticks_per_quarter:g} is outside the "
                    f"note range {low_pitch} to {low_pitch + num_notes - 1}"
                )
        num_voices = score.num_voices
        if num_voices > MAX_VOICES:
            raise ValueError(f"the piece has {num_voices} voices; a roll has room for {MAX_VOICES}")
        lines = [list(score.voice_notes(v)) for v in range(num_voices)] if num_voices else _pitch_lines(score)
        kept, num_dropped = zip(*(_one_at_a_time(line) for line in lines), strict=True) if lines else ((), ())
        states = np.zeros((num_steps, num_notes), dtype=np.int8)
        voices = np.zeros((num_steps, num_notes), dtype=np.uint8)
        levels = np.zeros((num_steps, num_notes), dtype=np.uint8)
        holds = np.zeros((num_steps, num_notes), dtype=bool)
        for index, line in enumerate(kept):
            for note in line:
                n, first, end = note.pitch - low_pitch, note.onset_ticks // unit, note.end_ticks // unit
                states[first, n] = STRIKE
                if note.velocity is not None:
                    levels[first, n] = max(levels[first, n], 1 + level_of(note.velocity))
                holds[first + 1 : end, n] = True
                voices[first:end, n] |= 1 << index if num_voices else 0
        num_joined = int((holds & (states == STRIKE)).sum())
        states[holds & (states == SILENT)] = HOLD
        outline = replace(score.outline, length_ticks=num_steps * unit)
        return cls(
            states,
            voices if num_voices else None,
            low_pitch,
            outline,
            grid,
            num_joined,
            sum(num_dropped),
            levels if levels.any() else None,
        )

    def to_score(self) -> Score:
        """Read the notes back.

        Raises
        ------
        ValueError
            If a cell holds what did not sound before, or a voice sounds in two cells of one frame.
        """
        unit = self.grid.step_ticks(self.outline.ticks_per_quarter)
        if self.voices is None:
            notes = self._line_notes(self.states, None, unit)
        else:
            notes = []
            for voice in range(int(self.voices.max(initial=0)).bit_length()):
                in_voice = (self.voices >> voice & 1).astype(bool)
                if (in_voice.sum(axis=1) > 1).any():
                    step = int(np.argmax(in_voice.sum(axis=1) > 1))
                    raise ValueError(f"voice {voice} sounds in two cells of step {step}")
                notes += self._line_notes(np.where(in_voice, self.states, SILENT), voice, unit)
        return replace(self.outline, notes=tuple(notes))

    def _line_notes(self, states: NDArray[np.int8], voice: int | None, unit: int) -> list[Note]:
        before = np.vstack([np.zeros((1, self.num_notes), dtype=np.int8), states[:-1]])
        if bad := np.argwhere((states == HOLD) & (before == SILENT)).tolist():
            raise ValueError(f"note index {bad[0][1]} is held at step {bad[0][0]} but did not sound before")
        notes = []
        after = np.vstack([states[1:], np.zeros((1, self.num_notes), dtype=np.int8)])
        ends = (states != SILENT) & (after != HOLD)
        for n in np.flatnonzero(states.any(axis=0)):
            onsets, lasts = np.flatnonzero(states[:, n] == STRIKE), np.flatnonzero(ends[:, n])
            for onset, last in zip(onsets.tolist(), lasts.tolist(), strict=True):
                level = 0 if self.levels is None else int(self.levels[onset, n])
                velocity = VELOCITIES[level - 1] if level else None
                notes.append(Note(onset * unit, (last + 1 - onset) * unit, self.low_pitch + int(n), voice, velocity))
        return notes


def _pitch_lines(score: Score) -> list[list[Note]]:
    """The notes of an unvoiced score, a line for each pitch: one pitch sounds once at a time in a roll."""
    lines: dict[int, list[Note]] = {}
    for note in score.notes:
        lines.setdefault(note.pitch, []).append(note)
    return list(lines.values())


def _one_at_a_time(line: list[Note]) -> tuple[list[Note], int]:
    """Make a line monophonic: of notes that begin together the longest stays, and a note ends where the next begins."""
    longest: dict[int, Note] = {}
    for note in line:
        rival = longest.get(note.onset_ticks)
        if rival is None or note.length_ticks > rival.length_ticks:
            longest[note.onset_ticks] = note
    kept = sorted(longest.values(), key=lambda note: note.onset_ticks)
    for index, (note, following) in enumerate(pairwise(kept)):
        if note.end_ticks > following.onset_ticks:
            kept[index] = replace(note, length_ticks=following.onset_ticks - note.onset_ticks)
    return kept, len(line) - len(kept)
