"""Music as a row of events that transposition does not change, and hashes of a few events in a row.

Notes are cut at every onset and every end among them; what lies between two cuts is an *event*. Of the notes of one
voice the events are its notes and rests; of all notes of a piece they are its slices
(:mod:`biaxial.metrics.writing.slices`). An event is its length as a fraction of a quarter note, the pitches that sound
above the lowest one, and which of them are struck; the *height* of an event is that lowest pitch, in a rest the height
of what sounded before. Events and the intervals between successive heights together are the music up to transposition,
whatever the ticks of the file: a repeated note is two events, and an interval reaches across a rest. Nothing counts
that a voice number would say, so that music with and without voices, or with its voices named otherwise, can be
compared; only a change of two voices that cross, or sing in unison, is not seen.

A *gram* is the hash of a few events in a row and of the intervals between them, not of what stands before or after:
a passage cut out of its place keeps its grams. All hashing is arithmetic on 64 bits, the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.formats.melody_file import skyline
from biaxial.music.score import Note, Score

END: Final = 0
"""Follows the last gram of a row; no gram is 0."""
HASH_SHIFT: Final = 8
"""The hash of a gram is in its bits from here on; below is the height of its first event, masked."""

Codes = NDArray[np.uint64]


def _mixed(values: Codes) -> Codes:
    """Spread 64 bits (the finaliser of splitmix64: Steele, Lea and Flood, OOPSLA 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_SOUNDS: Final = _mixed(np.arange(1, 129, dtype=np.uint64))
_STRUCK: Final = _mixed(np.arange(1001, 1129, dtype=np.uint64))
_LENGTHS: Final = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 over the golden ratio


@dataclass(frozen=True, eq=False)
class Events:
    """A row of events, from the first note to the end of the last one.

    Parameters
    ----------
    voice
        Whose notes they are; ``None`` for all notes of a piece, and for the highest line of music without voices.
    onsets, lengths
        In ticks, int64, shape ``(e,)``.
    heights
        Lowest pitch, int64, shape ``(e,)``.
    codes
        Hash of all else that an event is, uint64, shape ``(e,)``.
    moves
        Moves before each event, int64, shape ``(e,)``, counted from the first one. A move is a step from one event to
        the next after which other pitches sound; rests pass on what sounded before them.
    """

    voice: int | None
    onsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    heights: NDArray[np.int64]
    codes: Codes
    moves: NDArray[np.int64]

    @classmethod
    def from_notes(cls, notes: Sequence[Note], ticks_per_quarter: int, voice: int | None = None) -> Events:
        """Cut notes at all their onsets and ends; there has to be at least one."""
        table = np.array([(note.onset_ticks, note.end_ticks, note.pitch) for note in notes], dtype=np.int64)
        begins, ends, pitches = table.T
        edges = np.unique(table[:, :2])
        rows, last_rows = np.searchsorted(edges, begins), np.searchsorted(edges, ends)
        base = pitches.min()
        columns = np.arange(pitches.max() - base + 1)
        changes = np.zeros((len(edges), len(columns)), dtype=np.int32)
        np.add.at(changes, (rows, pitches - base), 1)
        np.add.at(changes, (last_rows, pitches - base), -1)
        sounds = changes.cumsum(axis=0)[:-1] > 0  # e p
        strikes = np.zeros_like(sounds)
        strikes[rows, pitches - base] = True

        heard = np.maximum.accumulate(np.where(sounds.any(axis=1), np.arange(len(sounds)), 0))
        lowest = sounds.argmax(axis=1)[heard]
        above = columns - lowest[:, None]  # negative below the lowest pitch, where nothing sounds
        lengths = np.diff(edges)
        common = np.gcd(lengths, ticks_per_quarter)
        codes = _mixed(
            (lengths // common).astype(np.uint64) * _LENGTHS + (ticks_per_quarter // common).astype(np.uint64)
        )
        codes += np.where(sounds, _SOUNDS[above], np.uint64(0)).sum(axis=1)
        codes += np.where(strikes, _STRUCK[above], np.uint64(0)).sum(axis=1)
        carried = sounds[heard]
        moved = np.concatenate([[False], (carried[1:] != carried[:-1]).any(axis=1)])
        return cls(voice, edges[:-1], lengths, lowest + base, codes, moved.cumsum())

    def __len__(self) -> int:
        return len(self.onsets)

    def sizes(
        self, firsts: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lengths of passages of ``counts`` events (at least 1) from ``firsts`` on: in events, and in ticks.

        No more than two events count for each move, so that what only repeats itself has no length. Neither is smaller
        for a passage than for a part of it.
        """
        lasts = firsts + counts - 1
        moves = self.moves[lasts] - self.moves[firsts]
        return np.minimum(counts, 2 * moves), self.onsets[lasts] + self.lengths[lasts] - self.onsets[firsts]

    def ticks_within(self, firsts: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
        """Ticks of all events that lie in at least one of such passages."""
        depth = np.zeros(len(self) + 1, dtype=np.int64)
        np.add.at(depth, firsts, 1)
        np.add.at(depth, firsts + counts, -1)
        return int(self.lengths[depth.cumsum()[:-1] > 0].sum())

    def grams(self, size: int) -> NDArray[np.uint32]:
        """A gram for each event that ``size - 1`` others follow: 24 bits of hash, 8 of the first event's height.

        The height is masked by bits of the hash that are not kept, so that only music that has the passage reads it.
        """
        count = max(len(self) - size + 1, 0)
        intervals = np.diff(self.heights).astype(np.uint64)
        state = np.zeros(count, dtype=np.uint64)
        for place in range(size):
            if place:
                state = _mixed(state + intervals[place - 1 : place - 1 + count])
            state = _mixed(state + self.codes[place : place + count])
        kept = np.maximum(state >> np.uint64(40), np.uint64(END + 1))
        masked = (state + self.heights[:count].astype(np.uint64)) & np.uint64(0xFF)
        return np.asarray((kept << np.uint64(HASH_SHIFT)) | masked, dtype=np.uint32)


def line_events(score: Score) -> list[Events]:
    """The events of each voice that has notes; of music without voices, those of its highest line.

    Where notes of one voice sound together the voice is their highest line
    (:func:`biaxial.formats.melody_file.skyline`).
    """
    voices: Sequence[int | None] = range(score.num_voices) if score.num_voices else [None]
    parts = [(voice, score.notes if voice is None else score.voice_notes(voice)) for voice in voices]
    return [
        Events.from_notes(skyline(notes)[0], score.ticks_per_quarter, voice) for voice, notes in parts if len(notes) > 0
    ]


def chord_events(score: Score) -> list[Events]:
    """The events of all notes together, as the only entry; empty without notes."""
    return [Events.from_notes(score.notes, score.ticks_per_quarter)] if score.notes else []


def height_between(gram: int, other: int) -> int:
    """Semitones by which the second of two grams of the same hash begins higher than the first."""
    return (other - gram + 128) % 256 - 128


def same_music(score: Score, other: Score) -> bool:
    """Whether two scores have the same notes throughout, up to transposition and silence before and after.

    Onsets and lengths are compared as fractions of a quarter note. Voices, metre, key, tempo and velocities do not
    count, nor does a note that is there twice because two voices sing it. Two scores without notes are the same.
    """
    return _shape(score) == _shape(other)


def _shape(score: Score) -> set[tuple[Fraction, Fraction, int]]:
    first = min((note.onset_ticks for note in score.notes), default=0)
    lowest = min((note.pitch for note in score.notes), default=0)
    per_quarter = score.ticks_per_quarter
    return {
        (Fraction(n.onset_ticks - first, per_quarter), Fraction(n.length_ticks, per_quarter), n.pitch - lowest)
        for n in score.notes
    }
