"""Standard MIDI Files as events at absolute ticks, and back: the bytes, and nothing about music.

Format: Standard MIDI Files 1.0 (RP-001, MIDI Manufacturers Association, 1996). Reading takes formats 0 and 1, running
status, any resolution up to 32767 ticks a quarter, and chunks of other kinds, which it skips. Writing gives format 1
without running status.

Why not a library: the checksums in the corpus manifest must not depend on the version of one; mido 1.3 gives up a whole
file for one key signature with eight flats and reads each byte in a call of its own; pretty_midi turns ticks into
seconds and refuses high resolutions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from biaxial.music.errors import InputError

META, SYSEX, SYSEX_ESCAPE = 0xFF, 0xF0, 0xF7
NOTE_OFF, NOTE_ON, PROGRAM = 0x80, 0x90, 0xC0
TEXT, TRACK_NAME, MARKER, END_OF_TRACK = 0x01, 0x03, 0x06, 0x2F
SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59

MAX_RESOLUTION = 32767
MAX_FILE_BYTES: Final = 4 << 20
"""Most bytes of a file. Hours of recorded piano playing with all its pedalling have less than one million."""
MAX_EVENTS: Final = 500_000
"""Most events of a file, which is about as many as its largest size can hold with a pause before each."""
_HEADER = struct.Struct(">4sIHHH")
_CHUNK = struct.Struct(">4sI")


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Parameters
    ----------
    tick
        When, from the start of the file.
    status
        Status byte: kind and channel of a channel message, or :data:`META`, :data:`SYSEX`, :data:`SYSEX_ESCAPE`.
    data
        The bytes that follow it (of a meta event: its content).
    meta
        Type of a meta event.
    """

    tick: int
    status: int
    data: bytes
    meta: int = -1


def encode(ticks_per_quarter: int, tracks: Sequence[tuple[Iterable[Event], int]]) -> bytes:
    """Bytes of a format 1 file.

    Parameters
    ----------
    ticks_per_quarter
        1 to 32767.
    tracks
        Each track's events in order, and the tick at which it ends.

    Raises
    ------
    InputError
        If the resolution cannot be written.
    """
    if not 1 <= ticks_per_quarter <= MAX_RESOLUTION:
        raise InputError(f"MIDI files have 1 to {MAX_RESOLUTION} ticks a quarter, not {ticks_per_quarter}")
    parts = [_HEADER.pack(b"MThd", 6, 1, len(tracks), ticks_per_quarter)]
    for events, end in tracks:
        body, now = bytearray(), 0
        for event in (*events, Event(end, META, b"", END_OF_TRACK)):
            body += _variable_length(event.tick - now)
            body.append(event.status)
            if event.status == META:
                body.append(event.meta)
                body += _variable_length(len(event.data))
            body += event.data
            now = event.tick
        parts += [_CHUNK.pack(b"MTrk", len(body)), bytes(body)]
    return b"".join(parts)


def _variable_length(number: int) -> bytes:
    if not 0 <= number < 1 << 28:
        raise InputError(f"MIDI files hold steps of 0 to {(1 << 28) - 1} ticks, not {number}")
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


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
                tracks.append(_decode_track(data[position : position + size], MAX_EVENTS - num_events))
            except (IndexError, _BrokenTrackError) as error:
                raise InputError(f"track {len(tracks) + 1} of the MIDI file is damaged; export it again") from error
            num_events += len(tracks[-1])
        position += size
    return division, tracks


class _BrokenTrackError(Exception):
    pass


def _decode_track(body: bytes, most_events: int) -> list[Event]:
    events: list[Event] = []
    position = now = 0
    running: int | None = None

    def number() -> int:
        nonlocal position
        value = 0
        for _ in range(4):
            byte = body[position]
            position += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise _BrokenTrackError

    while position < len(body):
        now += number()
        status = body[position]
        if status >= 0x80:
            position += 1
        elif running is not None:
            status = running
        else:
            raise _BrokenTrackError
        meta = -1
        if status in (META, SYSEX, SYSEX_ESCAPE):
            if status == META:
                meta = body[position]
                position += 1
            size = number()
        elif status < 0xF0:
            running = status
            size = 1 if status & 0xF0 in (0xC0, 0xD0) else 2
        else:
            raise _BrokenTrackError
        content = body[position : position + size]
        if len(content) < size or (status < 0xF0 and max(content) > 0x7F):
            raise _BrokenTrackError
        position += size
        if len(events) >= most_events:
            raise InputError(f"the MIDI file has more than {MAX_EVENTS} events; cut it into pieces")
        events.append(Event(now, status, content, meta))
        if meta == END_OF_TRACK:
            return events
    return [*events, Event(now, META, b"", END_OF_TRACK)]
