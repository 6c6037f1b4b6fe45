"""MIDI files: :class:`~biaxial.music.score.Score` -> bytes -> the same Score.

A conductor track (title, tempo, metre, key, a marker ``fermata`` at each phrase end), then a track and a channel for
each voice, named Soprano, Alto, Tenor, Bass (Voice 5 and so on below), or one track ``Notes`` for music without
voices, or one for each of the instruments that it is given to, with their names. All tracks end where the piece ends.
At one tick note-offs come before note-ons. A pickup is a short bar of its own: 1/4, then 4/4.

Repeats are written out, as they are played. Otherwise what comes back is the same score, field for field, but for the
tempo, which a file holds as a whole number of microseconds a quarter: it comes back as the roundest number that is
written so (80 or 92.5 as themselves, 100/3 to some decimals), at least 3.576, and from then on without change; and but
for chord symbols and which notes are locked, which MIDI cannot say (:mod:`biaxial.formats.json_score` can): chord
symbols are written on request, as markers that nobody reads again. A note of which nobody said how loud it is has
velocity 80; where others were said to be louder or softer a text says so, and one of 80 is then unknown too. Words are
lyrics in the track of the voice that sings most of them, with a hyphen where a word goes on.
:mod:`biaxial.formats.midi.midi_reader` says how files are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from operator import itemgetter
from typing import Final

from mido import Message, MetaMessage, MidiFile

from biaxial.files.atomic import atomic_write
from biaxial.formats.midi.midi_messages import Event, encode, latin, midi_file
from biaxial.formats.midi.midi_reader import (
    EXACT_METRES,
    FERMATA,
    NO_FERMATA,
    NO_PICKUP,
    NOT_SAID,
    UNVOICED_NAME,
    has_pickup,
    on_beats,
    parse_midi,
    read_midi,
    tempo_microseconds,
)
from biaxial.music.constants import DEFAULT_VELOCITY, NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import CHANNELS, PRESETS, InstrumentName
from biaxial.music.performance.seating import seated
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.music.written_out import written_out

__all__ = ["CHURCH_ORGAN", "midi_bytes", "parse_midi", "read_midi", "write_midi"]

CHURCH_ORGAN: Final = PRESETS["organ"].program
"""General MIDI program (counted from 0) that all tracks play, unless another instrument is asked for."""


def write_midi(
    score: Score,
    path: str | os.PathLike[str],
    *,
    instrument: InstrumentName = "organ",
    instruments: Sequence[str] = (),
    write_chords: bool = False,
    tempos: Sequence[tuple[int, float]] = (),
) -> None:
    """Write a score as a MIDI file, whole or not at all; parameters are those of :func:`midi_bytes`.

    Raises
    ------
    InputError
        If the score holds what MIDI cannot say; see :func:`midi_bytes`.
    OSError
        If the file cannot be written.
    """
    data = midi_bytes(score, instrument=instrument, instruments=instruments, write_chords=write_chords, tempos=tempos)
    atomic_write(path, data)


def midi_bytes(
    score: Score,
    *,
    instrument: InstrumentName = "organ",
    instruments: Sequence[str] = (),
    write_chords: bool = False,
    tempos: Sequence[tuple[int, float]] = (),
    titles: Sequence[str] = (),
) -> bytes:
    """The bytes of a score as a MIDI file (format 1); the same score gives the same bytes.

    Parameters
    ----------
    score
        Any music.
    instrument
        What all tracks play.
    instruments
        Names of what each voice plays, from the top (:data:`~biaxial.music.performance.instruments.SEATS`), in place of
        that. Music without voices is given to them (:mod:`biaxial.music.performance.seating`), and tracks have their
        names.
    write_chords
        Whether the names of chord symbols are written, as markers.
    tempos
        Ticks, in order and after the first, from which the tempo is another share of the score's own.
    titles
        Names of the tracks, where voices are players and have no names of their own.

    Raises
    ------
    InputError
        If an instrument is unknown, its resolution is above 32767 ticks a quarter, a fermata or a metre begins after
        its end, or the metre changes inside its pickup.
    """
    seating = seated(score, tuple(instruments))
    programs = [seat.preset.program for seat in seating.seats] or [PRESETS[instrument].program]
    named = titles or seating.titles
    tracks = _tracks(seating.score, programs, write_chords=write_chords, tempos=tempos, titles=named)
    return encode(score.ticks_per_quarter, tracks)


def to_mido(score: Score) -> MidiFile:
    """A score as mido's object of a MIDI file; errors are those of :func:`midi_bytes`."""
    return midi_file(score.ticks_per_quarter, _tracks(score))


def _tracks(
    score: Score,
    programs: Sequence[int] = (CHURCH_ORGAN,),
    *,
    write_chords: bool = False,
    tempos: Sequence[tuple[int, float]] = (),
    titles: Sequence[str] = (),
) -> list[tuple[list[Event], int]]:
    score = written_out(score)
    tracks = [(conductor_events(score, write_chords=write_chords, tempos=tempos), score.length_ticks)]
    voices = notes_by_voice(score)
    if titles:
        voices = [(title, list(score.voice_notes(voice))) for voice, title in enumerate(titles)]
    sung = _sung(score, [notes for _, notes in voices])
    for index, (name, notes) in enumerate(voices):
        words = _lyric_events(score) if index == sung else []
        program = programs[min((notes[0].voice or 0) if notes else index, len(programs) - 1)]
        tracks.append((note_events(name, notes, index, program, words), score.length_ticks))
    return tracks


def _sung(score: Score, voices: Sequence[Sequence[Note]]) -> int:
    """The place of the voice that has most notes for the words, the highest of such."""
    onsets = {syllable.onset_ticks for syllable in score.lyrics}
    counts = [len(onsets & {note.onset_ticks for note in notes}) for notes in voices]
    return counts.index(max(counts))


def _lyric_events(score: Score) -> list[Event]:
    return [
        (word.onset_ticks, MetaMessage("lyrics", text=latin(word.text + "-" * word.goes_on))) for word in score.lyrics
    ]


def notes_by_voice(score: Score) -> list[tuple[str, list[Note]]]:
    """The name of each voice with its notes; all voices down to the lowest have their place, also silent ones."""
    by_voice: dict[int | None, list[Note]] = {voice: [] for voice in range(score.num_voices)} or {None: []}
    for note in score.notes:
        by_voice.setdefault(note.voice, []).append(note)
    return [(voice_name(voice), notes) for voice, notes in by_voice.items()]


def conductor_events(
    score: Score, *, write_chords: bool = False, tempos: Sequence[tuple[int, float]] = ()
) -> list[Event]:
    """All but notes and words: title, tempo, key, metres, fermatas, chords; errors are those of :func:`midi_bytes`."""
    marks = [*(score.fermatas or ()), *(signature.onset_ticks for signature in score.time_signatures)]
    if max(marks) > score.length_ticks:
        raise InputError(f"a fermata or metre at tick {max(marks)} lies after the end, tick {score.length_ticks}")
    events: list[Event] = [(0, MetaMessage("set_tempo", tempo=tempo_microseconds(score.tempo_bpm)))]
    for tick, share in tempos:
        events.append((tick, MetaMessage("set_tempo", tempo=tempo_microseconds(score.tempo_bpm * share))))
    if score.title:
        events.insert(0, (0, MetaMessage("track_name", name=latin(score.title))))
    if score.key is not None:
        events.append((0, MetaMessage("key_signature", key=key_letters(score.key))))
    if score.fermatas == ():
        events.append((0, MetaMessage("text", text=NO_FERMATA)))
    if {None} < (velocities := {note.velocity for note in score.notes}) and velocities != {None, DEFAULT_VELOCITY}:
        events.append((0, MetaMessage("text", text=NOT_SAID)))
    signatures = list(score.time_signatures)
    if score.pickup_ticks:
        if len(signatures) > 1 and signatures[1].onset_ticks <= score.pickup_ticks:
            raise InputError(f"the metre changes inside the pickup, at tick {signatures[1].onset_ticks}")
        first = signatures[0]
        short = _short_bar(score.pickup_ticks, first.denominator, score.ticks_per_quarter) or first
        signatures[:1] = [short, TimeSignature(first.numerator, first.denominator, score.pickup_ticks)]
    elif has_pickup(signatures, score.ticks_per_quarter):
        events.append((0, MetaMessage("text", text=NO_PICKUP)))
    if on_beats(signatures, score.ticks_per_quarter) != signatures:
        events.append((0, MetaMessage("text", text=EXACT_METRES)))
    for signature in signatures:
        metre = MetaMessage("time_signature", numerator=signature.numerator, denominator=signature.denominator)
        events.append((signature.onset_ticks, metre))
    events += [(tick, MetaMessage("marker", text=FERMATA)) for tick in score.fermatas or ()]
    if write_chords:
        inside = (chord for chord in score.chords if chord.name and chord.onset_ticks < score.length_ticks)
        events += [(chord.onset_ticks, MetaMessage("marker", text=latin(chord.name))) for chord in inside]
    return sorted(events, key=itemgetter(0))


def _short_bar(ticks: int, denominator: int, ticks_per_quarter: int) -> TimeSignature | None:
    """A metre whose bar has that length, counted in the beats of the piece or smaller ones; None if there is none."""
    while denominator <= 64:
        beats = Fraction(ticks * denominator, 4 * ticks_per_quarter)
        if beats.denominator == 1 and beats <= 64:
            return TimeSignature(int(beats), denominator)
        denominator *= 2
    return None


def note_events(
    name: str, notes: Iterable[Note], index: int, program: int = CHURCH_ORGAN, words: Iterable[Event] = ()
) -> list[Event]:
    """Events of one track, on its own channel; words come before the notes that they are sung to.

    A note that begins inside another of its pitch and ends before it moves to the next channel: on one channel the
    first note-off would end the first note.
    """
    first = index % len(CHANNELS)
    channels = [*CHANNELS[first:], *CHANNELS[:first]]
    last_end: dict[tuple[int, int], int] = {}
    onsets: list[Event] = []
    ends: list[Event] = []
    used = {channels[0]}
    for note in notes:
        free = (channel for channel in channels if last_end.get((channel, note.pitch), 0) <= note.end_ticks)
        channel = next(free, channels[-1])
        used.add(channel)
        last_end[channel, note.pitch] = note.end_ticks
        on = Message("note_on", channel=channel, note=note.pitch, velocity=note.played_velocity)
        onsets.append((note.onset_ticks, on))
        ends.append((note.end_ticks, Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    programs = [(0, Message("program_change", channel=channel, program=program)) for channel in sorted(used)]
    return [(0, MetaMessage("track_name", name=name)), *programs, *sorted([*ends, *words, *onsets], key=itemgetter(0))]


def voice_name(voice: int | None) -> str:
    """The name of the track of a voice."""
    if voice is None:
        return UNVOICED_NAME
    return VOICE_NAMES[voice] if voice < NUM_VOICES else f"Voice {voice + 1}"


def key_letters(key: Key) -> str:
    """What mido calls it: ``"Eb"``, ``"Cm"``."""
    return key.name.replace(" major", "").replace(" minor", "m")
