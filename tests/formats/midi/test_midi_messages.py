"""mido reads what it alone would refuse, lose or take for something else; all of it within bounds."""

from __future__ import annotations

import io
import struct
import time

import mido
import pytest
from mido import Message, MetaMessage

from biaxial.formats.midi.midi_messages import decode, decoded, encode, latin, midi_file
from biaxial.formats.midi.midi_reader import parse_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Key

END = b"\x00\xff\x2f\x00"
LINE = b"\x00\x90\x3c\x40\x10\x80\x3c\x00" + END
WRONG_KEY = b"\x00\xff\x59\x02\xf8\x00"


def midi(*tracks: bytes) -> bytes:
    chunks = b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), 480) + chunks


def notes(data: bytes) -> list[tuple[int, int, int]]:
    return [(note.onset_ticks, note.length_ticks, note.pitch) for note in parse_midi(data).notes]


def test_what_mido_alone_gives_up_is_read() -> None:
    data = midi(WRONG_KEY + b"\x10\xff\x59\x02\xfd\x01" + END, LINE)
    with pytest.raises(mido.KeySignatureError):
        mido.MidiFile(file=io.BytesIO(data))
    assert parse_midi(data).key == Key(-3, "minor")
    assert notes(data) == [(0, 16, 60)]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(b"\x20\xff\x60\x02ab", id="a meta event that mido does not know"),
        pytest.param(b"\x20\xff\x59\x01\x00", id="a key signature of one byte"),
        pytest.param(b"\x20\xff\x51\x02\x00\x00", id="a tempo of two bytes"),
        pytest.param(b"\x20\xff\x58\x01\x03", id="a metre of one byte"),
        pytest.param(b"\x20\xff\x58\x04\x03\xff\x18\x08", id="a metre of absurd beats"),
        pytest.param(b"\x20\xff\x54\x02\xff\xff", id="half a time code"),
        pytest.param(b"\x20\xff\x20\x00", id="no channel"),
        pytest.param(b"\x20\xf0\x03\x7e\x09\xf7", id="a system exclusive message"),
        pytest.param(b"\x20\xf7\x02\xf8\xff", id="bytes above 127 in one"),
        pytest.param(b"\x20\xf0\x80\x80\x02\x01\xf7", id="its size written long"),
        pytest.param(b"\x20\xf0\x00", id="an empty one"),
        pytest.param(b"\x20\xff\x7f\x82\x00" + b"\xff" * 256, id="a long one of the sequencer's own"),
    ],
)
def test_an_odd_event_is_passed_over_and_keeps_its_time(odd: bytes) -> None:
    assert notes(midi(odd + LINE)) == [(32, 16, 60)]


def test_running_status_goes_on_after_a_system_exclusive_message() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40\x00\xf0\x02\x01\xf7\x10\x3c\x00" + END)) == [(0, 16, 60)]


def test_nothing_is_read_after_the_end_of_a_track() -> None:
    for rest in (b"", b"\xff\xff\xff\xff\xff", bytes(9), b"\x00\xf8", LINE):
        assert notes(midi(LINE + rest)) == [(0, 16, 60)]
        assert [message.type for _, message in decode(midi(LINE + rest))[1][0]][-1] == "end_of_track"


def test_an_end_that_is_not_written_is_added() -> None:
    (track,) = decode(midi(LINE[: -len(END)]))[1]
    assert (track[-1][0], track[-1][1].type) == (16, "end_of_track")
    assert [[message.type for _, message in track] for track in decode(midi(b""))[1]] == [["end_of_track"]]


@pytest.mark.parametrize("status", [0xF1, 0xF2, 0xF3, 0xF6, 0xF8, 0xFE])
def test_what_belongs_on_a_cable_is_damage(status: int) -> None:
    with pytest.raises(InputError, match="track 1 of the MIDI file is damaged"):
        decode(midi(bytes((0, status, 0, 0)) + LINE))


def test_a_metre_of_two_bytes_says_all() -> None:
    (metre,) = parse_midi(midi(b"\x00\xff\x58\x02\x03\x03" + END, LINE)).time_signatures
    assert metre.name == "3/8"


def test_a_number_of_a_million_digits_and_thousands_of_wrong_keys_take_no_time() -> None:
    start = time.perf_counter()
    with pytest.raises(InputError, match="damaged"):
        decode(midi(b"\xff" * (1 << 20)))
    assert parse_midi(midi(WRONG_KEY * 5000 + b"\x00\xff\x59\x02\x01\x00" + END)).key == Key(1)
    assert time.perf_counter() - start < 10


def test_names_in_any_writing() -> None:
    for name in ("Chœur", "音楽", "a\x00\n"):
        (track,) = decode(midi(b"\x00\xff\x03" + bytes([len(name.encode())]) + name.encode() + END))[1]
        assert decoded(track[0][1].name) == name
        assert decoded(latin(name)) == name
    assert decoded("\xfcber") == "über"


def test_messages_come_back_from_bytes() -> None:
    events = [
        (0, MetaMessage("track_name", name="x")),
        (5, Message("note_on", channel=3, note=60, velocity=1)),
        (9, Message("note_off", channel=3, note=60, velocity=0)),
    ]
    resolution, (track,) = decode(encode(96, [(events, 20)]))
    assert resolution == 96
    assert [(tick, message.copy(time=0)) for tick, message in track[:-1]] == events
    assert (track[-1][0], track[-1][1].type) == (20, "end_of_track")
    assert [message.time for message in midi_file(96, [(events, 20)]).tracks[0]] == [0, 5, 4, 11]


@pytest.mark.parametrize(("resolution", "end"), [(0, 1), (32768, 1), (480, 1 << 28), (480, -1)])
def test_what_cannot_be_written_is_refused(resolution: int, end: int) -> None:
    with pytest.raises(InputError, match="MIDI files h"):
        encode(resolution, [([], end)])
