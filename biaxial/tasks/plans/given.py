"""What a user gives to be harmonised: the notes that stay, out of a score, a file or bare pitches, and their voices.

Nothing here needs the network, so that a wrong request is refused before it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from biaxial.formats.melody_file import melody_from_beats, melody_of, skyline
from biaxial.formats.read import Music, read_music
from biaxial.music.constants import VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.music.spelling import read_pitch

Source = Score | Music | str | Path | Sequence[tuple[int | str | None, float | Fraction]] | Any
"""A score, a file, parsed or not, pairs of pitch (``None`` for a rest) and length in quarters, or a foreign object."""


def voice_number(name: str | int) -> int:
    """The number of a voice from its name, or the first letter of it: 0 for ``"soprano"``.

    Raises
    ------
    InputError
        If there is no such voice.
    """
    if isinstance(name, int) and 0 <= name < len(VOICE_NAMES):
        return name
    found = [i for i, voice in enumerate(VOICE_NAMES) if str(name).strip().lower() in (voice.lower(), voice[0].lower())]
    if not found:
        raise InputError(f"{name!r} is not a voice; give {', '.join(voice.lower() for voice in VOICE_NAMES)}")
    return found[0]


def given_notes(source: Source, voices: Sequence[int], line: str | None = None) -> tuple[Score, tuple[str, ...]]:
    """What is given, from whatever a user has.

    Of music in several voices those that are wanted are taken, and the notes of others that are locked.

    Parameters
    ----------
    source
        A score, a file, an object of another library, or pairs of pitch (MIDI number or name such as ``"C4"``; ``None``
        for a rest) and length in quarter notes.
    voices
        The voices that are given.
    line
        Which part of a file is the melody: its number, counted from 1, or its name.

    Returns
    -------
    The score, and remarks on what was left out.

    Raises
    ------
    InputError
        If it cannot be read, or lacks a voice.
    """
    from biaxial.formats.interop.other_libraries import is_foreign  # loads every reader of notation

    if isinstance(source, str | Path) or is_foreign(source):
        source = read_music(source)
    if line is not None and not isinstance(source, Music):
        raise InputError(f"line {line!r}: only a file has parts to choose from; give the notes of the one you mean")
    if not isinstance(source, Music | Score):
        named = ((read_pitch(pitch) if isinstance(pitch, str) else pitch, beats) for pitch, beats in source)
        return melody_from_beats(tuple(named)), ()
    score = source if isinstance(source, Score) else source.score
    present = {note.voice for note in score.notes}
    if line is None and score.num_voices > 1 and (len(voices) > 1 or present >= set(voices)):
        if missing := set(voices) - present:
            raise InputError(f"the music has no {VOICE_NAMES[min(missing)].lower()}; give the voices that it has")
        notes = tuple(note for note in score.notes if note.voice in voices or note.locked)
        taken = " and ".join(VOICE_NAMES[voice].lower() for voice in sorted(voices))
        left = len(score.notes) - len(notes)
        remarks = source.remarks if isinstance(source, Music) else ()
        if left:
            remarks += (f"took the {taken} of music in several voices and left out {left} other notes",)
        return replace(score, notes=notes), remarks
    if len(voices) > 1 and line is not None:
        raise InputError(f"line {line!r} is one voice; leave it out to give several, or give one voice")
    if len(voices) > 1:
        raise InputError(
            "the music does not say which notes are which voice; name its tracks Soprano, Alto, Tenor, Bass"
        )
    if not isinstance(source, Score):
        melody = melody_of(source, line)
        return melody.score, melody.remarks
    notes, left_out, cut = skyline(score.notes)
    several = (f"took the highest of several notes at once: {left_out} left out, {cut} cut short",)
    return replace(score, notes=tuple(replace(n, voice=None) for n in notes)), several if left_out or cut else ()
