"""The methods of a score that turn it into files and objects of other libraries, and make it of these.

The one place where ``music`` looks up: the methods belong to :class:`~biaxial.music.score.Score`, where users look for
them, and the work is done in :mod:`biaxial.formats`, which is imported when one is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from pretty_midi import PrettyMIDI

    from biaxial.music.score import Score


class Doors:
    """Files, and to and from the objects of other libraries; what each cannot hold is said in docs/files.md.

    All of ``from_...`` raise :class:`~biaxial.music.errors.InputError` for what cannot be used as music.
    """

    def save(self, *paths: str | Path) -> list[Path]:
        """Write the score as the kinds of files that the endings ask for: any that hold its notes.

        Pages, pictures and sound are made by ``save`` of a piece.

        Raises
        ------
        InputError
            If no path is given, or an ending is unknown or cannot be written; an unknown one before anything is.
        OSError
            If a file cannot be written.
        """
        from biaxial.formats.write import save_all

        return save_all(cast("Score", self), [Path(path) for path in paths])

    def to_pretty_midi(self) -> PrettyMIDI:
        """The score as an object of pretty_midi, an instrument for each voice."""
        from biaxial.formats.interop.pretty_midi_door import to_pretty_midi

        return to_pretty_midi(cast("Score", self))

    @classmethod
    def from_pretty_midi(cls, piece: PrettyMIDI) -> Score:
        """A score of an object of pretty_midi."""
        from biaxial.formats.interop.pretty_midi_door import from_pretty_midi

        return from_pretty_midi(piece)

    def to_music21(self) -> Any:
        """The score as a score of music21, a part for each voice."""
        from biaxial.formats.interop.other_libraries import to_music21

        return to_music21(cast("Score", self))

    @classmethod
    def from_music21(cls, stream: Any) -> Score:
        """A score of a score or a part of music21."""
        from biaxial.formats.interop.other_libraries import from_music21

        return from_music21(stream)

    def to_symusic(self) -> Any:
        """The score as a score of symusic, in ticks."""
        from biaxial.formats.interop.other_libraries import to_symusic

        return to_symusic(cast("Score", self))

    @classmethod
    def from_symusic(cls, piece: Any) -> Score:
        """A score of a score of symusic."""
        from biaxial.formats.interop.other_libraries import from_symusic

        return from_symusic(piece)

    def to_muspy(self) -> Any:
        """The score as music of muspy, a track for each voice."""
        from biaxial.formats.interop.other_libraries import to_muspy

        return to_muspy(cast("Score", self))

    @classmethod
    def from_muspy(cls, music: Any) -> Score:
        """A score of music of muspy."""
        from biaxial.formats.interop.other_libraries import from_muspy

        return from_muspy(music)

    def to_note_sequence(self) -> Any:
        """The score as a NoteSequence of note-seq."""
        from biaxial.formats.interop.other_libraries import to_note_sequence

        return to_note_sequence(cast("Score", self))

    @classmethod
    def from_note_sequence(cls, sequence: Any) -> Score:
        """A score of a NoteSequence of note-seq."""
        from biaxial.formats.interop.other_libraries import from_note_sequence

        return from_note_sequence(sequence)

    def to_note_array(self) -> np.ndarray:
        """The score as a note array of partitura."""
        from biaxial.formats.interop.other_libraries import to_note_array

        return to_note_array(cast("Score", self))

    @classmethod
    def from_note_array(cls, notes: Any) -> Score:
        """A score of a note array of partitura, or of its score or part."""
        from biaxial.formats.interop.other_libraries import from_note_array

        return from_note_array(notes)
