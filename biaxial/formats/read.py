"""Read the music of a user's file, whatever kind it is: the one table of suffixes that every command uses.

A reader is loaded when there is a file for it: most programs read one kind, and composing reads none.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from biaxial.files.tar_members import is_tar, member_paths
from biaxial.formats.audio.sound_file import SUFFIXES as SOUNDS
from biaxial.formats.repeat_reading import Repeats, check_repeats, parts_read_so, read_so
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.parts import Parts, as_score, parts_of
from biaxial.music.pickups import with_pickup
from biaxial.music.score import Note, Score

NoteEnds = Literal["written", "as-played"]


@dataclass(frozen=True)
class Music:
    """A file that has been parsed, from which the score and the parts are made when they are asked for.

    Parameters
    ----------
    path
        The file.
    make_score, make_parts
        What makes them out of what was parsed.
    repeats
        How their repeats are read.
    pickup
        Quarter notes before the first bar, where a user says so.
    note_ends
        Whether notes of the tune that a MIDI file has shorter than written are as long as written.
    """

    path: Path
    make_score: Callable[[], Score]
    make_parts: Callable[[], Parts]
    repeats: Repeats = "keep"
    pickup: float | None = None
    note_ends: NoteEnds = "written"

    @cached_property
    def score(self) -> Score:
        """The file as one score, as :func:`read_score` says.

        Raises
        ------
        InputError
            If its notes cannot be used.
        """
        score = self._barred(self.make_score())
        if self.repeats == "keep" or not score.repeats:
            return score
        with _named(self.path):
            return read_so(score, self.repeats, self.make_parts().more_verses)

    @cached_property
    def parts(self) -> Parts:
        """The file as an outline and named parts; of a file with voices each voice is a part.

        Raises
        ------
        InputError
            If its notes cannot be used.
        """
        with _named(self.path):
            parts = self.make_parts()
            return parts_read_so(replace(parts, outline=self._barred(parts.outline)), self.repeats)

    def _barred(self, score: Score) -> Score:
        return score if self.pickup is None else with_pickup(score, self.pickup)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of how it was read, one line each.

        Raises
        ------
        InputError
            If its notes cannot be used.
        """
        return self.parts.remarks


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let a piece that is too large say which file it is."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def read_music(path: str | os.PathLike[str] | Any, repeats: Repeats = "keep") -> Music:
    """Parse a file, once for all that is asked of it; or read an object of another library.

    Parameters
    ----------
    path
        A file; or an object of pretty_midi, mido, music21, symusic, muspy, note-seq or partitura
        (:mod:`biaxial.formats.interop`).
    repeats
        What becomes of its repeats: see :mod:`biaxial.formats.repeat_reading`.

    Raises
    ------
    InputError
        If its suffix is unknown, or it cannot be read: one line that names the file, what is wrong and what to do.
    OSError
        If it cannot be opened.
    """
    check_repeats(repeats)
    if not isinstance(path, str | os.PathLike):
        from biaxial.formats.interop.other_libraries import score_of_object

        score = score_of_object(path)
        name = Path(f"the {type(path).__name__} object")
        return Music(name, lambda: score, lambda: _parts_of_voices(score), repeats)
    path = Path(path)
    if path.is_dir():  # whatever its name
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if is_tar(path):
        inside = next(iter(member_paths(path)), path / "NAME.mid")
        raise InputError(f"{path}: a tar file of several; give one of them, such as {inside}")
    if path.suffix.lower() not in READERS:
        kind = path.suffix or "a file without a suffix"
        raise InputError(f"{path}: cannot read {kind}; give a file that ends in {', '.join(READERS)}")
    return replace(READERS[path.suffix.lower()](path), repeats=repeats)


def read_parts(path: str | os.PathLike[str], repeats: Repeats = "keep") -> Parts:
    """Read a file as an outline and named parts; of a file with voices each voice is a part.

    Raises
    ------
    InputError, OSError
        As :func:`read_music`.
    """
    return read_music(path, repeats).parts


def read_score(path: str | os.PathLike[str] | Any, repeats: Repeats = "keep") -> Score:
    """Read a file, or an object of another library, as one score.

    Notes have voices where they can be told: in MIDI as :mod:`biaxial.formats.midi.midi_reader` says, in printed music
    where there are four parts with one note at a time each (S A T B, in the order of the file), in a document as it
    says. ``repeats`` is what becomes of them: see :mod:`biaxial.formats.repeat_reading`.

    Raises
    ------
    InputError, OSError
        As :func:`read_music`.
    """
    return read_music(path, repeats).score


def is_sound(path: Path) -> bool:
    """Whether a file is one of sound, by its name."""
    return path.suffix.lower() in SOUNDS


def _midi(path: Path) -> Music:
    from biaxial.formats.midi.midi_reader import read_midi_tracks

    tracks = read_midi_tracks(path)
    return Music(path, tracks.score, tracks.parts)


def _notation(path: Path) -> Music:
    from biaxial.formats.music21_reader import read_notation

    parts = read_notation(path)
    return Music(path, lambda: as_score(parts), lambda: parts)


def _kern(path: Path) -> Music:
    from biaxial.formats.kern.kern_reader import read_kern

    parts = read_kern(path)
    return Music(path, lambda: as_score(parts), lambda: parts)


def _abc(path: Path) -> Music:
    from biaxial.formats.abc.tune import read_abc

    parts = read_abc(path)
    return Music(path, lambda: as_score(parts), lambda: parts)


def _json(path: Path) -> Music:
    from biaxial.formats.json_score import read_json

    score = read_json(path)
    return Music(path, lambda: score, lambda: _parts_of_voices(score))


def _sound(path: Path) -> Music:
    from biaxial.formats.audio.audio_reader import read_audio

    heard = read_audio(path)
    parts = parts_of(heard.tune.outline, [("", heard.tune.notes)], [heard.remark])
    return Music(path, lambda: heard.tune, lambda: parts)


def _parts_of_voices(score: Score) -> Parts:
    by_voice: dict[int | None, list[Note]] = {}
    for note in sorted(score.notes, key=lambda note: -1 if note.voice is None else note.voice):
        by_voice.setdefault(note.voice, []).append(note)
    return parts_of(score.outline, ((_voice_name(voice), notes) for voice, notes in by_voice.items()))


def _voice_name(voice: int | None) -> str:
    if voice is None:
        return ""
    return VOICE_NAMES[voice] if voice < NUM_VOICES else f"Voice {voice + 1}"


READERS: Final[dict[str, Callable[[Path], Music]]] = {
    ".mid": _midi,
    ".midi": _midi,
    ".musicxml": _notation,
    ".xml": _notation,
    ".mxl": _notation,
    ".krn": _kern,
    ".abc": _abc,
    ".json": _json,
    **dict.fromkeys(SOUNDS, _sound),
}
"""What reads a file of each suffix."""
