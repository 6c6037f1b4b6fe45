"""A piece as its file has it: an outline and named parts, before anyone has said which part is which voice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from biaxial.music.constants import NUM_VOICES
from biaxial.music.score import Note, Score


@dataclass(frozen=True)
class Part:
    """What one player plays.

    Parameters
    ----------
    name
        As the file has it; may be empty.
    notes
        At least one, sorted by onset and pitch, without voices.
    """

    name: str
    notes: tuple[Note, ...]

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI number of its notes."""
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def is_line(self) -> bool:
        """Whether no two of its notes sound together."""
        return all(first.end_ticks <= second.onset_ticks for first, second in pairwise(self.notes))


@dataclass(frozen=True)
class Parts:
    """A piece in parts.

    Parameters
    ----------
    outline
        Everything but the notes.
    parts
        Those that have notes, in the order of the file.
    """

    outline: Score
    parts: tuple[Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names to show to a person: ``"Part 2"`` where the file has none."""
        return tuple(part.name or f"Part {number}" for number, part in enumerate(self.parts, 1))


def parts_of(outline: Score, named: Iterable[tuple[str, Iterable[Note]]]) -> Parts:
    """Parts with their notes in order and without voices; those without notes are left out."""
    parts = [
        Part(name.strip(), tuple(sorted((replace(note, voice=None) for note in notes), key=_reading_order)))
        for name, notes in named
    ]
    return Parts(outline, tuple(part for part in parts if part.notes))


def _reading_order(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.pitch, note.length_ticks


def as_score(piece: Parts) -> Score:
    """The piece as one score: four parts with one note at a time each are S A T B, others have no voices."""
    voices: Sequence[int | None] = [None] * len(piece.parts)
    if len(piece.parts) == NUM_VOICES and all(part.is_line for part in piece.parts):
        voices = range(NUM_VOICES)
    notes = (replace(note, voice=voice) for voice, part in zip(voices, piece.parts, strict=True) for note in part.notes)
    return replace(piece.outline, notes=tuple(notes))


def phrase_ends(fermatas: Sequence[set[int]]) -> tuple[int, ...] | None:
    """Onsets under a fermata: those of the first part, or of any where it has none; ``None`` where no part has."""
    chosen = (fermatas[0] if fermatas else set()) or set().union(*fermatas)
    return tuple(sorted(chosen)) or None
