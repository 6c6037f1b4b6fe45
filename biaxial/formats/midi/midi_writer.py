"""MIDI files: :class:`~biaxial.music.score.Score` -> bytes -> the same Score.

A conductor track (title, tempo, metre, key, a marker ``fermata`` at each phrase end), then a track and a channel for
each voice, named Soprano, Alto, Tenor, Bass (Voice 5 and so on below), or one track ``Notes`` for music without
voices. All tracks end where the piece ends. At one tick note-offs come before note-ons. A pickup is a short bar of its
own: 1/4, then 4/4.

Repeats are written out, as they are played. Otherwise what comes back is the same score, field for field, but for the
tempo, which a file holds as a whole number of microseconds a quarter: it comes back as the roundest number that is
written so (80 or 92.5 as themselves, 100/3 to some decimals), at least 3.576, and from then on without change; and but
for chord symbols and which notes are locked, which MIDI cannot say (:mod:`biaxial.formats.json_score` can).
:mod:`biaxial.formats.midi.midi_reader` says how files are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.formats.midi import smf
from biaxial.formats.midi.midi_reader import (
    FERMATA,
    NO_FERMATA,
    NO_PICKUP,
    UNVOICED_NAME,
    has_pickup,
    parse_midi,
    read_midi,
    tempo_microseconds,
)
from biaxial.formats.midi.smf import Event
from biaxial.music.constants import NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.music.written_out import written_out

__all__ = ["CHURCH_ORGAN", "midi_bytes", "parse_midi", "read_midi", "write_midi"]

CHURCH_ORGAN: Final = 19
"""General MIDI program (counted from 0) that all tracks play."""

_CHANNELS = (*range(9), *range(10, 16))
"""All channels but the tenth, the drums'."""


def write_midi(score: Score, path: str | os.PathLike[str]) -> None:
    """Write a score as a MIDI file, whole or not at all.

    Raises
    ------
    InputError
        If the score holds what MIDI cannot say; see :func:`midi_bytes`.
    OSError
        If the file cannot be written.
    """
    atomic_write(path, midi_bytes(score))


def midi_bytes(score: Score) -> bytes:
    """The bytes of a score as a MIDI file (format 1); the same score gives the same bytes.

    Raises
    ------
    InputError
        If its resolution is above 32767 ticks a quarter, a fermata or a metre begins after its end, or the metre
        changes inside its pickup.
    """
    score = written_out(score)
    by_voice: dict[int | None, list[Note]] = {voice: [] for voice in range(score.num_voices)} or {None: []}
    for note in score.notes:
        by_voice.setdefault(note.voice, []).append(note)
    tracks = [(_conductor_events(score), score.length_ticks)]
    for index, (voice, notes) in enumerate(by_voice.items()):
        tracks.append((_note_events(_voice_name(voice), notes, index), score.length_ticks))
    return smf.encode(score.ticks_per_quarter, tracks)


def _conductor_events(score: Score) -> list[Event]:
    marks = [*(score.fermatas or ()), *(signature.onset_ticks for signature in score.time_signatures)]
    if max(marks) > score.length_ticks:
        raise InputError(f"a fermata or metre at tick {max(marks)} lies after the end, tick {score.length_ticks}")
    events = [
        _text(0, smf.TRACK_NAME, score.title) if score.title else None,
        _meta(0, smf.SET_TEMPO, tempo_microseconds(score.tempo_bpm).to_bytes(3, "big")),
        None if score.key is None else _meta(0, smf.KEY_SIGNATURE, _key_content(score.key)),
        _text(0, smf.TEXT, NO_FERMATA) if score.fermatas == () else None,
    ]
    signatures = list(score.time_signatures)
    if score.pickup_ticks:
        if len(signatures) > 1 and signatures[1].onset_ticks <= score.pickup_ticks:
            raise InputError(f"the metre changes inside the pickup, at tick {signatures[1].onset_ticks}")
        first = signatures[0]
        short = _short_bar(score.pickup_ticks, first.denominator, score.ticks_per_quarter) or first
        signatures[:1] = [short, TimeSignature(first.numerator, first.denominator, score.pickup_ticks)]
    elif has_pickup(signatures, score.ticks_per_quarter):
        events.append(_text(0, smf.TEXT, NO_PICKUP))
    for signature in signatures:
        content = bytes((signature.numerator, signature.denominator.bit_length() - 1, 24, 8))
        events.append(_meta(signature.onset_ticks, smf.TIME_SIGNATURE, content))
    events += [_text(tick, smf.MARKER, FERMATA) for tick in score.fermatas or ()]
    return sorted((event for event in events if event is not None), key=lambda event: event.tick)


def _short_bar(ticks: int, denominator: int, ticks_per_quarter: int) -> TimeSignature | None:
    """A metre whose bar has that length, counted in the beats of the piece or smaller ones; None if there is none."""
    while denominator <= 64:
        beats = Fraction(ticks * denominator, 4 * ticks_per_quarter)
        if beats.denominator == 1 and beats <= 64:
            return TimeSignature(int(beats), denominator)
        denominator *= 2
    return None


def _note_events(name: str, notes: Iterable[Note], index: int) -> list[Event]:
    """Events of one track, on its own channel.

    A note that begins inside another of its pitch and ends before it moves to the next channel: on one channel the
    first note-off would end the first note.
    """
    first = index % len(_CHANNELS)
    channels = [*_CHANNELS[first:], *_CHANNELS[:first]]
    last_end: dict[tuple[int, int], int] = {}
    onsets: list[Event] = []
    ends: list[Event] = []
    used = {channels[0]}
    for note in notes:
        free = (channel for channel in channels if last_end.get((channel, note.pitch), 0) <= note.end_ticks)
        channel = next(free, channels[-1])
        used.add(channel)
        last_end[channel, note.pitch] = note.end_ticks
        onsets.append(Event(note.onset_ticks, smf.NOTE_ON | channel, bytes((note.pitch, note.velocity))))
        ends.append(Event(note.end_ticks, smf.NOTE_OFF | channel, bytes((note.pitch, 0))))
    programs = [Event(0, smf.PROGRAM | channel, bytes((CHURCH_ORGAN,))) for channel in sorted(used)]
    return [_text(0, smf.TRACK_NAME, name), *programs, *sorted([*ends, *onsets], key=lambda event: event.tick)]


def _voice_name(voice: int | None) -> str:
    if voice is None:
        return UNVOICED_NAME
    return VOICE_NAMES[voice] if voice < NUM_VOICES else f"Voice {voice + 1}"


def _meta(tick: int, kind: int, content: bytes) -> Event:
    return Event(tick, smf.META, content, kind)


def _text(tick: int, kind: int, text: str) -> Event:
    return _meta(tick, kind, text.encode("utf-8", "replace"))


def _key_content(key: Key) -> bytes:
    return bytes((key.fifths % 256, key.mode == "minor"))
