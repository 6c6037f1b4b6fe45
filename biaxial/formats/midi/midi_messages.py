"""MIDI files as mido's messages at absolute ticks, and back.

mido reads and writes the bytes (Standard MIDI Files 1.0). What stands before it:

- Chunks are told apart here: those of other kinds are passed over, and it is said which track is cut short or damaged.
- mido 1.3 gives up a whole file for one key signature with eight flats or one metre of two bytes, takes running status
  for a system exclusive message after one, reads on after the end of a track, and forgets the time of a meta event that
  it does not know. :class:`_TrackBytes` makes such events ones that it passes over. A metre needs two bytes, as they
  say all; in a key signature, a mode that is not minor is major.
- The size of a file and the number of its events are bounded.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final

import mido

from biaxial.music.errors import InputError

Event = tuple[int, Any]
"""When, from the start of the file, and mido's message; the time of the message itself tells nothing."""

HIGHEST_RESOLUTION = 32767
MAX_FILE_BYTES: Final = 4 << 20
"""Most bytes of a file. Hours of recorded piano playing with all its pedalling have less than one million."""
MAX_EVENTS: Final = 500_000
"""Most events of a file, which is about as many as its largest size can hold with a pause before each."""
_MAX_STEP: Final = (1 << 28) - 1

_HEADER = struct.Struct(">4sIHHH")
_CHUNK = struct.Struct(">4sI")

_NUMBER = rb"[\x80-\xff]{0,3}[\x00-\x7f]"
_EVENT = re.compile(rb"%b(?:[\x00-\xef]|(?:\xff(.)|([\xf0\xf7]))(%b))" % (_NUMBER, _NUMBER), re.DOTALL)
"""A pause and what begins after it: a channel message, or a meta event or a system exclusive message with its size."""
_END_OF_TRACK, _METRE, _KEY_SIGNATURE, _NOT_READ = 0x2F, 0x58, 0x59, 0x7F
_LEAST_SIZES = {0x01: 0, 0x03: 0, 0x05: 0, 0x06: 0, _END_OF_TRACK: 0, 0x51: 3, _METRE: 4, _KEY_SIGNATURE: 2}
"""Meta events that mido reads for us, and the least size of each: text, name, lyric, marker, end, tempo, metre, key."""
_MAX_POWER = 6
"""Metres are counted in 1 << 6, in sixty-fourths, at the smallest; mido trips over some larger powers."""


def midi_file(ticks_per_quarter: int, tracks: Sequence[tuple[Iterable[Event], int]]) -> mido.MidiFile:
    """Messages as mido's file of format 1.

    Parameters
    ----------
    ticks_per_quarter
        1 to 32767.
    tracks
        Each track's events in order, and the tick at which it ends.

    Raises
    ------
    InputError
        If the resolution or a pause cannot be written.
    """
    if not 1 <= ticks_per_quarter <= HIGHEST_RESOLUTION:
        raise InputError(f"MIDI files have 1 to {HIGHEST_RESOLUTION} ticks a quarter, not {ticks_per_quarter}")
    file = mido.MidiFile(ticks_per_beat=ticks_per_quarter)
    for events, end in tracks:
        track, now = file.add_track(), 0
        for tick, message in (*events, (end, mido.MetaMessage("end_of_track"))):
            if not 0 <= tick - now <= _MAX_STEP:
                raise InputError(f"MIDI files hold steps of 0 to {_MAX_STEP} ticks, not {tick - now}")
            track.append(message.copy(time=tick - now))
            now = tick
    return file


def encode(ticks_per_quarter: int, tracks: Sequence[tuple[Iterable[Event], int]]) -> bytes:
    """The bytes of such a file; parameters and errors are those of :func:`midi_file`."""
    written = io.BytesIO()
    midi_file(ticks_per_quarter, tracks).save(file=written)
    return written.getvalue()


def latin(text: str) -> str:
    """A text for a message, so that its bytes are UTF-8: mido writes the characters of Latin-1 as bytes."""
    return text.encode("utf-8", "replace").decode("latin-1")


def decoded(text: str) -> str:
    """The text of a message that was read: UTF-8, or else Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def decode(data: bytes) -> tuple[int, list[list[Event]]]:
    """Resolution and tracks of a file; each track's last event is its end.

    Raises
    ------
    InputError
        If this is no MIDI file, is cut short or damaged, or is of a kind that has no ticks a quarter. The message
        says what is wrong, but not which file: the caller knows.
    """
    if data[:4] != b"MThd":
        begins = f"it begins with {bytes(data[:4])!r}" if data else "it is empty"
        raise InputError(f"not a MIDI file ({begins}); give a .mid file")
    if len(data) < _HEADER.size:
        raise InputError("the MIDI file is cut short in its header; export or copy it again")
    _, size, kind, num_tracks, division = _HEADER.unpack_from(data)
    if kind > 1:
        raise InputError(f"a MIDI file of format {kind}, whose tracks are not one piece; export it as format 0 or 1")
    if division & 0x8000 or division == 0:
        raise InputError("its MIDI times are seconds or video frames, not beats; export it with ticks per quarter note")
    tracks: list[list[Event]] = []
    position, num_events = 8 + size, 0
    while len(tracks) < num_tracks:
        if position + _CHUNK.size > len(data):
            raise InputError(
                f"the MIDI file is cut short: it has {len(tracks)} of {num_tracks} tracks; export or copy it again"
            )
        name, size = _CHUNK.unpack_from(data, position)
        position += _CHUNK.size
        if name == b"MTrk":
            if position + size > len(data):
                raise InputError(f"the MIDI file is cut short in track {len(tracks) + 1}; export or copy it again")
            try:
                tracks.append(_track(data[position : position + size], MAX_EVENTS - num_events))
            except InputError:
                raise
            except Exception as error:  # mido raises whatever a damaged file leads it to
                raise InputError(f"track {len(tracks) + 1} of the MIDI file is damaged; export it again") from error
            num_events += len(tracks[-1])
        position += size
    return division, tracks


def _track(body: bytes, most_events: int) -> list[Event]:
    file = _TrackBytes(body, most_events)
    events, now = [], 0
    for index, message in enumerate(mido.MidiFile(file=file).tracks[0]):
        now += message.time
        events.append((now, file.short_metres.get(index, message)))
    if not events or events[-1][1].type != "end_of_track":
        events.append((now, mido.MetaMessage("end_of_track")))
    return events


class _TrackBytes(io.BytesIO):
    """A file of one track, for mido to read: each event is made readable before its turn.

    mido asks for its place before each event. What it could not read, or what nobody asks for, then becomes an event of
    the same length that it passes over, "sequencer-specific".

    Parameters
    ----------
    body
        The events of the track, as bytes.
    most_events
        How many it may have.
    """

    def __init__(self, body: bytes, most_events: int) -> None:
        self._data = _HEADER.pack(b"MThd", 6, 0, 1, 1) + _CHUNK.pack(b"MTrk", len(body)) + body
        super().__init__(self._data)
        self.short_metres: dict[int, Any] = {}
        """Metres that leave out what they have no need to say, by the index of the event."""
        self._most_events, self._num_events = most_events, 0
        self._last_seen = 0
        self._end_event: int | None = None

    def tell(self) -> int:
        """Place in the file, which is its end where the track has ended."""
        here = super().tell()
        if self._end_event is not None and here > self._end_event:
            return len(self._data)
        if self._last_seen < here < len(self._data):
            self._last_seen = here
            self._make_readable(here)
        return here

    def _make_readable(self, here: int) -> None:
        found = _EVENT.match(self._data, here)
        if found is None:
            raise ValueError("no event")
        if self._num_events >= self._most_events:
            raise InputError(f"the MIDI file has more than {MAX_EVENTS} events; cut it into pieces")
        self._num_events += 1
        if found[3] is None:
            return
        content, size = found.end(), _value(found[3])
        if content + size > len(self._data):
            raise ValueError("an event without its end")
        if found[2] is not None:  # system exclusive
            if size:
                self._put(found.start(2), bytes((0xFF, _NOT_READ)) + _digits(size - 1, len(found[3])))
            return
        kind = found[1][0]
        if kind == _END_OF_TRACK:
            self._end_event = here
        readable = size >= _LEAST_SIZES.get(kind, size + 1)
        if readable and kind == _KEY_SIGNATURE:
            fifths, mode = struct.unpack_from("bB", self._data, content)
            readable = abs(fifths) <= 7
            self._put(content + 1, bytes((mode == 1,)))
        if kind == _METRE and size >= 2:
            numerator, power = self._data[content : content + 2]
            readable = readable and power <= _MAX_POWER
            if not readable and power <= _MAX_POWER:
                metre = mido.MetaMessage("time_signature", numerator=numerator, denominator=1 << power)
                self.short_metres[self._num_events - 1] = metre
        if not readable:
            self._put(found.start(1), bytes((_NOT_READ,)))

    def _put(self, place: int, data: bytes) -> None:
        with self.getbuffer() as buffer:
            buffer[place : place + len(data)] = data


def _value(digits: bytes) -> int:
    value = 0
    for digit in digits:
        value = value << 7 | digit & 0x7F
    return value


def _digits(value: int, count: int) -> bytes:
    """A number of variable length in so many bytes."""
    return bytes(value >> 7 * place & 0x7F | (0x80 if place else 0) for place in reversed(range(count)))
