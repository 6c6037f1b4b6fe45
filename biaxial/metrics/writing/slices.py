"""Music cut into slices, the one view that all measures of four-part writing share; and where in it a moment is.

A score is cut at every onset and every end of a note in any voice; between two cuts nothing happens, and what sounds
there is a *slice*. (music21 calls this "chordify"; Huron's Humdrum, a "sonority".) Silence between notes is a slice
too, before the first note and after the last one up to the end of the score.

A *chord* is a longest run of slices with the same pitch in every voice: the same chord struck again is still one
chord. A *chord change* is the moment between two slices at which the pitch of some voice differs and after which
anything sounds at all. A voice that falls silent or enters changes the chord, and so do two voices that exchange
their pitches; the first chord of a piece changes nothing. Rates "per 100 chord changes" have this denominator.

*Places* are bars and beats, as musicians count them. Bars are counted from 1, and a pickup is bar 0. A beat is a
quarter note, counted from 1 at the beginning of its bar; in a pickup beats are counted as if the bar were whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biaxial.music.score import Score

REST = -1
"""Stands for silence where a pitch is expected."""


@dataclass(frozen=True, eq=False)
class Slices:
    """A voiced score in slices.

    Parameters
    ----------
    score
        The music.
    onsets
        First tick of each slice, int64, shape ``(s,)``.
    lengths
        Ticks of each slice, int64, shape ``(s,)``; they sum to the length of the score.
    pitches
        What each voice sounds, int64, shape ``(s, v)``; :data:`REST` where it is silent.
    """

    score: Score
    onsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    pitches: NDArray[np.int64]

    @classmethod
    def from_score(cls, score: Score) -> Slices:
        """Cut a score.

        Raises
        ------
        ValueError
            If a note has no voice, or two notes of one voice sound at once.
        """
        if score.notes and not score.num_voices:
            raise ValueError("these measures need a voice for every note: see biaxial.music.parts.assign_voices")
        cuts = {0, score.length_ticks}
        cuts.update(note.onset_ticks for note in score.notes)
        cuts.update(note.end_ticks for note in score.notes)
        edges = np.array(sorted(cuts), dtype=np.int64)
        index = {tick: place for place, tick in enumerate(edges.tolist())}
        pitches = np.full((len(edges) - 1, score.num_voices), REST, dtype=np.int64)
        for note in score.notes:
            first, end = index[note.onset_ticks], index[note.end_ticks]
            if (pitches[first:end, note.voice] != REST).any():
                raise ValueError(f"voice {note.voice} has two notes at once at or after tick {note.onset_ticks}")
            pitches[first:end, note.voice] = note.pitch
        return cls(score, edges[:-1], np.diff(edges), pitches)

    @classmethod
    def of(cls, music: Score | Slices) -> Slices:
        """Slices as they are, a score cut: what every measure does first, so that one cut serves many."""
        return music if isinstance(music, Slices) else cls.from_score(music)

    @property
    def num_voices(self) -> int:
        """Number of voices."""
        return int(self.pitches.shape[1])

    @cached_property
    def sounding(self) -> NDArray[np.bool_]:
        """Whether a voice sounds, shape ``(s, v)``."""
        sounding: NDArray[np.bool_] = self.pitches != REST
        return sounding

    @cached_property
    def is_sound(self) -> NDArray[np.bool_]:
        """Whether any voice sounds, shape ``(s,)``."""
        return np.asarray(self.sounding.any(axis=1), dtype=np.bool_)

    @cached_property
    def is_change(self) -> NDArray[np.bool_]:
        """Whether a slice begins with a chord change, shape ``(s,)``."""
        change = np.zeros(len(self.onsets), dtype=bool)
        change[1:] = (self.pitches[1:] != self.pitches[:-1]).any(axis=1) & self.is_sound[1:]
        starts = np.flatnonzero(self.is_sound)
        change[: starts[0] + 1 if len(starts) else None] = False
        return change

    @property
    def num_changes(self) -> int:
        """Number of chord changes."""
        return int(self.is_change.sum())

    @cached_property
    def chords(self) -> Slices:
        """The same music with one slice for each chord, and one for each silence between chords."""
        if not len(self.onsets):
            return self
        starts = np.concatenate([[True], (self.pitches[1:] != self.pitches[:-1]).any(axis=1)])
        lengths = np.add.reduceat(self.lengths, np.flatnonzero(starts))
        return Slices(self.score, self.onsets[starts], lengths, self.pitches[starts])


class Places:
    """The bars of a piece, ready to be asked for many moments.

    Parameters
    ----------
    score
        The piece.
    """

    def __init__(self, score: Score) -> None:
        first = score.time_signatures[0].bar_ticks(score.ticks_per_quarter)
        self.ticks_per_quarter = score.ticks_per_quarter
        self.starts: NDArray[np.int64] = np.array([0, *score.bar_starts()], dtype=np.int64)
        self.offsets = np.zeros_like(self.starts)
        self.offsets[0] = first - score.pickup_ticks

    def bars_at(self, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bar in which each tick lies, of the same shape."""
        return np.searchsorted(self.starts, ticks, side="right") - 1

    def at(self, tick: int) -> tuple[int, float]:
        """Bar and beat of a tick."""
        bar = int(self.bars_at(np.array(tick)))
        return bar, float(1 + (tick - self.starts[bar] + self.offsets[bar]) / self.ticks_per_quarter)


def place_text(bar: int, beat: float) -> str:
    """For example ``bar 3, beat 2.5``."""
    return f"{'pickup' if bar == 0 else f'bar {bar}'}, beat {beat:g}"
