"""What the doors to other libraries share: tracks with names, marks and texts, read by the rules of MIDI files.

Three things have no place of their own in most libraries, and are texts there: ``fermata`` at the onset of a note that
ends a phrase, ``end`` where the piece ends, and ``title: ...`` at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from mido import MetaMessage

from biaxial.formats.midi.midi_messages import Event, latin
from biaxial.formats.midi.midi_reader import (
    FERMATA,
    NO_FERMATA,
    NO_PICKUP,
    NOT_SAID,
    VOICE_OF_NAME,
    MidiTracks,
    tempo_microseconds,
)
from biaxial.formats.midi.midi_writer import conductor_events, key_letters, note_events
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score

Track = tuple[str, bool, Iterable[tuple[int, int, int, int]]]
"""Name, whether it is drums, and notes as onset, length, pitch, velocity."""

END: Final = "end"
TITLE: Final = "title: "


def texts_of(score: Score) -> list[tuple[int, str]]:
    """What a library keeps as texts, in order."""
    marks = [(tick, message.text) for tick, message in conductor_events(score) if message.type in ("text", "marker")]
    return [*([(0, TITLE + score.title)] if score.title else []), *marks, (score.length_ticks, END)]


def metres_of(score: Score) -> list[tuple[int, int, int]]:
    """Onset, numerator and denominator of each metre, the pickup a short bar as in a MIDI file."""
    metres = ((tick, message) for tick, message in conductor_events(score) if message.type == "time_signature")
    return [(tick, metre.numerator, metre.denominator) for tick, metre in metres]


def score_of_tracks(
    kind: str,
    ticks_per_quarter: int,
    tracks: Iterable[Track],
    *,
    tempo_bpm: float | None = None,
    keys: Iterable[Key] = (),
    metres: Iterable[tuple[int, int, int]] = (),
    texts: Iterable[tuple[int, str]] = (),
) -> Score:
    """A score of what a library holds; voices, pickup and all else are told as in a MIDI file.

    Parameters
    ----------
    kind
        What messages call the music.
    ticks_per_quarter
        Resolution.
    tracks
        In order. Those of one voice, such as ``Soprano``, are one; drums are left out.
    tempo_bpm
        The first tempo, in quarter notes a minute.
    keys
        In order, of which the first counts.
    metres
        Onset, numerator and denominator of each.
    texts
        Onset and content.

    Raises
    ------
    InputError
        If it cannot be used as music.
    """
    try:
        marks: list[Event] = [(0, MetaMessage("key_signature", key=key_letters(key))) for key in keys]
        if tempo_bpm is not None:
            marks.append((0, MetaMessage("set_tempo", tempo=tempo_microseconds(tempo_bpm))))
        for tick, numerator, denominator in metres:
            marks.append((tick, MetaMessage("time_signature", numerator=numerator, denominator=denominator)))
        end = 0
        for tick, text in texts:
            if text == END:
                end = tick
            elif text.startswith(TITLE):
                marks.append((0, MetaMessage("track_name", name=latin(text.removeprefix(TITLE)))))
            elif text.lower() == FERMATA:
                marks.append((tick, MetaMessage("marker", text=FERMATA)))
            elif text in (NO_FERMATA, NO_PICKUP, NOT_SAID):
                marks.append((tick, MetaMessage("text", text=text)))
        marks.sort(key=itemgetter(0))
        marks.append((max([end, *(tick for tick, _ in marks)]), MetaMessage("end_of_track")))
        names: dict[object, str] = {}
        notes: dict[object, list[Note]] = {}
        for index, (name, is_drum, played) in enumerate(tracks):
            voice = name.strip().lower()
            part = voice if voice in VOICE_OF_NAME else index
            if not is_drum:
                names.setdefault(part, name)
                found = notes.setdefault(part, [])
                found += [Note(on, max(length, 1), pitch, None, velocity) for on, length, pitch, velocity in played]
        parts = [
            note_events(latin(name), sorted(notes[part], key=_onset), n) for n, (part, name) in enumerate(names.items())
        ]
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{kind}: it cannot be used as music: {' '.join(str(error).split())}") from error
    return MidiTracks(kind, ticks_per_quarter, [marks, *parts]).score()


def _onset(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.pitch, note.length_ticks


def tonic_key(tonic: int, mode: str) -> Key:
    """The key on a pitch class, 0 for C, with at most six accidentals."""
    return Key(0, "minor").transposed(tonic - 9) if mode == "minor" else Key(0).transposed(tonic)
