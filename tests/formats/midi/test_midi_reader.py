"""MIDI files by other programs, and files that are none."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi, read_midi
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature

END = b"\x00\xff\x2f\x00"
C_MAJOR = b"\x00\xff\x59\x02\x00\x00"


def midi(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    chunks = b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division) + chunks


def line(pitches: Sequence[int], channel: int, name: str = "", gap: int = 0) -> bytes:
    """A track that plays quarters (480 ticks are b"\\x83\\x60"), ``gap`` ticks after one another."""
    title = b"\x00\xff\x03" + bytes([len(name)]) + name.encode() if name else b""
    body = b"".join(
        bytes([gap, 0x90 | channel, pitch, 64]) + b"\x83\x60" + bytes([0x80 | channel, pitch, 64]) for pitch in pitches
    )
    return title + body + END


def pitches(score: Score) -> list[tuple[int, int, int]]:
    return [(note.onset_ticks, note.length_ticks, note.pitch) for note in score.notes]


def test_a_plain_file() -> None:
    score = parse_midi(midi(line([60, 62], 0)))
    assert score == Score(notes=(Note(0, 480, 60, None, 64), Note(480, 480, 62, None, 64)), tempo_bpm=120.0)


def test_format_0_with_its_title() -> None:
    score = parse_midi(midi(line([60], 0, "Air"), kind=0))
    assert (pitches(score), score.title) == ([(0, 480, 60)], "Air")


def test_the_name_of_a_track_with_notes_is_no_title() -> None:
    assert parse_midi(midi(line([60], 0, "Piano"), line([48], 1))).title == ""


def test_running_status_and_velocity_0() -> None:
    track = b"\x00\x90\x3c\x40\x10\x3c\x00\x00\x3e\x40\x10\x3e\x00" + END
    assert pitches(parse_midi(midi(track))) == [(0, 16, 60), (16, 16, 62)]


def test_running_status_goes_on_after_a_meta_event() -> None:
    track = b"\x00\x90\x3c\x40" + C_MAJOR + b"\x10\x3c\x00" + END
    assert pitches(parse_midi(midi(track))) == [(0, 16, 60)]


def test_the_first_note_off_ends_the_oldest_note() -> None:
    track = b"\x00\x90\x3c\x40\x10\x3c\x40\x10\x3c\x00\x10\x3c\x00" + END
    assert pitches(parse_midi(midi(track))) == [(0, 32, 60), (16, 32, 60)]


def test_a_note_on_before_the_note_off_of_one_tick() -> None:
    track = b"\x00\x90\x3c\x40\x10\x3c\x40\x00\x80\x3c\x00\x10\x3c\x00" + END
    assert pitches(parse_midi(midi(track))) == [(0, 16, 60), (16, 16, 60)]


@pytest.mark.parametrize(
    ("events", "notes"),
    [
        ("+0 +240 -480 +960 -1440", [(0, 480), (240, 240), (960, 480)]),
        ("+0 +160 +320 -480", [(0, 480), (160, 320), (320, 160)]),
        ("+0 +240 -480", [(0, 480), (240, 240)]),
        ("+0 +0 -480 +480 -960", [(0, 480), (0, 480), (480, 480)]),
        ("+0 +240 +480 -480 -960", [(0, 480), (240, 240), (480, 480)]),
        ("+0 +470 -480 +950 -960 -1440", [(0, 480), (470, 490), (950, 490)]),  # each a moment early
        ("+0 +470 -480 +950 -960", [(0, 480), (470, 490), (950, 10)]),  # the last one is not released
        ("+0 +240 -480 -720", [(0, 480), (240, 480)]),
    ],
)
def test_one_note_off_ends_a_key_that_was_pressed_twice(events: str, notes: list[tuple[int, int]]) -> None:
    body, now = b"", 0
    for event in events.split():
        tick = int(event[1:])
        pause = tick - now
        body += bytes([0x80 | pause >> 7, pause & 0x7F, 0x90, 60, 64 if event[0] == "+" else 0])
        now = tick
    score = parse_midi(midi(body + END))
    assert sorted((note.onset_ticks, note.length_ticks) for note in score.notes) == sorted(notes)


def test_a_note_without_an_end_lasts_to_the_end_of_its_track() -> None:
    short = b"\x00\x90\x3c\x40" + b"\x20\xff\x2f\x00"
    score = parse_midi(midi(short, line([48], 1)))
    assert pitches(score) == [(0, 480, 48), (0, 32, 60)]


def test_a_note_of_no_length_is_kept() -> None:
    track = b"\x00\x90\x3c\x40\x00\x3c\x00\x10\x3e\x40" + END
    score = parse_midi(midi(track))
    assert pitches(score) == [(0, 1, 60), (16, 1, 62)]
    assert score.length_ticks == 17


def test_a_note_off_alone_is_nothing() -> None:
    assert parse_midi(midi(b"\x00\x80\x3c\x40" + END)).notes == ()


def test_unisons_on_two_channels_of_one_track_end_apart() -> None:
    track = b"\x00\x90\x3c\x40\x00\x91\x3c\x40\x10\x80\x3c\x00\x10\x81\x3c\x00" + END
    assert pitches(parse_midi(midi(track))) == [(0, 16, 60), (0, 32, 60)]


def test_one_channel_on_two_tracks_is_two_parts() -> None:
    long = b"\x00\x90\x3c\x40\x20\x80\x3c\x00" + END
    short = b"\x00\x90\x3c\x40\x10\x80\x3c\x00" + END
    assert pitches(parse_midi(midi(long, short))) == [(0, 16, 60), (0, 32, 60)]


def test_drums_are_left_out() -> None:
    assert pitches(parse_midi(midi(line([60], 0), line([35, 38], 9)))) == [(0, 480, 60)]


@pytest.mark.parametrize("division", [1, 24, 480, 32767])
def test_any_resolution(division: int) -> None:
    score = parse_midi(midi(line([60], 0), division=division))
    assert (score.ticks_per_quarter, score.notes[0].length_ticks) == (division, 480)


def test_times_beyond_three_bytes() -> None:
    late = b"\xff\xff\xff\x7f\x90\x3c\x40\x10\x80\x3c\x40" + END
    assert pitches(parse_midi(midi(late, division=32767))) == [((1 << 28) - 1, 16, 60)]


def test_voices_by_name_whatever_the_order_and_pitch() -> None:
    score = parse_midi(midi(line([48], 0, "BASS"), line([40], 1, "soprano "), line([60], 2, "Tenor")))
    assert [(note.pitch, note.voice) for note in score.notes] == [(40, 0), (60, 2), (48, 3)]


def test_voices_by_pitch_of_four_melodies() -> None:
    score = parse_midi(midi(line([48], 0), line([72, 70], 1), line([60], 2), line([65, 64], 3)))
    assert [(note.pitch, note.voice) for note in score.notes if note.onset_ticks == 0] == [
        (72, 0),
        (65, 1),
        (60, 2),
        (48, 3),
    ]


def test_voices_by_channel_in_one_track() -> None:
    chord = b"".join(bytes([0, 0x90 | channel, 72 - 5 * channel, 64]) for channel in range(4)) + b"\x10\xff\x2f\x00"
    score = parse_midi(midi(chord, kind=0))
    assert [(note.pitch, note.voice) for note in score.notes] == [(72, 0), (67, 1), (62, 2), (57, 3)]


def test_names_that_are_not_all_voices_are_no_voices() -> None:
    assert parse_midi(midi(line([48], 0, "Bass"), line([60], 1, "Guitar"))).num_voices == 0
    assert parse_midi(midi(line([48], 0, "Bass"), line([60], 1, "Bass"))).num_voices == 0


def test_four_parts_of_which_one_plays_chords_have_no_voices() -> None:
    chords = b"\x00\x90\x3c\x40\x00\x90\x40\x40\x10\x80\x3c\x00\x00\x80\x40\x00" + END
    parts = [line([48], 0), line([60], 1), line([72], 2)]
    assert parse_midi(midi(*parts, chords)).num_voices == 0
    assert parse_midi(midi(*parts, line([55, 55], 3))).num_voices == 4


def test_three_or_five_parts_have_no_voices() -> None:
    parts = [line([48 + channel], channel) for channel in range(5)]
    assert parse_midi(midi(*parts[:3])).num_voices == 0
    assert parse_midi(midi(*parts)).num_voices == 0


def time_signature(delta: bytes, numerator: int, power: int) -> bytes:
    return delta + b"\xff\x58\x04" + bytes([numerator, power, 24, 8])


@pytest.mark.parametrize(
    ("metas", "pickup", "metres"),
    [
        (b"", 0, [("4/4", 0)]),
        (time_signature(b"\x00", 3, 2), 0, [("3/4", 0)]),
        (time_signature(b"\x00", 1, 2) + time_signature(b"\x83\x60", 4, 2), 480, [("4/4", 0)]),
        (time_signature(b"\x00", 4, 2) + time_signature(b"\x83\x60", 4, 2), 480, [("4/4", 0)]),
        (time_signature(b"\x00", 3, 3) + time_signature(b"\x8f\x00", 4, 2), 0, [("3/8", 0), ("4/4", 1920)]),
        (time_signature(b"\x8f\x00", 3, 2), 0, [("4/4", 0), ("3/4", 1920)]),
        (time_signature(b"\x00", 4, 2) + time_signature(b"\x00", 6, 3), 0, [("6/8", 0)]),
        (time_signature(b"\x01", 3, 2), 0, [("3/4", 0)]),  # a tick late
        (time_signature(b"\x00", 4, 2) + time_signature(b"\x1e", 3, 2), 0, [("3/4", 0)]),  # thirty
        (time_signature(b"\x00", 1, 2) + time_signature(b"\x83\x65", 4, 2), 480, [("4/4", 0)]),
        (time_signature(b"\x8e\x7f", 3, 2), 0, [("4/4", 0), ("3/4", 1920)]),  # a tick early
        (time_signature(b"\x3c", 3, 2), 60, [("3/4", 0)]),  # a 32nd note
        (time_signature(b"\x00", 0, 2), 0, [("4/4", 0)]),
        (time_signature(b"\x00", 4, 7), 0, [("4/4", 0)]),
        (b"\x00\xff\x58\x01\x03", 0, [("4/4", 0)]),
    ],
)
def test_metre_and_pickup(metas: bytes, pickup: int, metres: list[tuple[str, int]]) -> None:
    score = parse_midi(midi(metas + END, line([60] * 8, 0)))
    assert score.pickup_ticks == pickup
    assert [(signature.name, signature.onset_ticks) for signature in score.time_signatures] == metres


@pytest.mark.parametrize(
    ("meta", "key"),
    [
        (b"\x00\xff\x59\x02\xfd\x01", Key(-3, "minor")),
        (b"\x00\xff\x59\x02\x07\x00", Key(7)),
        (b"\x00\xff\x59\x02\x08\x00", None),  # eight sharps
        (b"\x00\xff\x59\x02\xf8\x00" + b"\x10\xff\x59\x02\x01\x00", Key(1)),
        (b"\x00\xff\x59\x01\x01", None),
        (b"\x00\xff\x59\x02\x00\x05", Key(0)),
    ],
)
def test_key_signatures(meta: bytes, key: Key | None) -> None:
    assert parse_midi(midi(meta + END)).key == key


def test_the_first_tempo_holds_and_zero_is_none() -> None:
    tempos = b"\x00\xff\x51\x03\x00\x00\x00" + b"\x00\xff\x51\x03\x0b\x71\xb0" + b"\x10\xff\x51\x03\x07\xa1\x20"
    assert parse_midi(midi(tempos + END)).tempo_bpm == 80.0


def test_of_several_tempos_at_one_tick_the_last_holds() -> None:
    tempos = b"\x00\xff\x51\x03\x07\xa1\x20" + b"\x00\xff\x51\x03\x0b\x71\xb0" + b"\x10\xff\x51\x03\x07\xa1\x20"
    assert parse_midi(midi(tempos + END)).tempo_bpm == 80.0
    assert parse_midi(midi(tempos[:7] + END, tempos[7:] + END)).tempo_bpm == 80.0


def test_fermatas_by_marker_in_any_track() -> None:
    marker = b"\x10\xff\x06\x07Fermata" + END
    assert parse_midi(midi(line([60], 0), marker)).fermatas == (16,)
    assert parse_midi(midi(line([60], 0), b"\x10\xff\x06\x05Verse" + END)).fermatas is None


def test_a_name_in_latin_1() -> None:
    assert parse_midi(midi(b"\x00\xff\x03\x04\xfcber" + END)).title == "über"


def test_foreign_events_are_passed_over() -> None:
    odd = (
        b"\x00\xf0\x03\x7e\x09\xf7"  # system exclusive
        b"\x00\xff\x7f\x02\x00\x41"  # the sequencer's own
        b"\x00\xff\x60\x00"  # unknown
        b"\x00\xb0\x07\x40\x00\xe0\x00\x40\x00\xd0\x10\x00\xc0\x01\x00\xa0\x3c\x10"
    )
    assert pitches(parse_midi(midi(odd + line([60], 0)))) == [(0, 480, 60)]


def test_chunks_of_other_kinds_are_passed_over() -> None:
    data = midi(line([60], 0))
    data = data[:14] + b"XFIH\x00\x00\x00\x02hi" + data[14:] + b"rest"
    assert pitches(parse_midi(data)) == [(0, 480, 60)]


def test_a_longer_header_is_passed_over() -> None:
    data = midi(line([60], 0))
    data = data[:4] + struct.pack(">I", 8) + data[8:14] + b"\x00\x00" + data[14:]
    assert pitches(parse_midi(data)) == [(0, 480, 60)]


def test_a_track_without_its_end_event() -> None:
    assert pitches(parse_midi(midi(line([60], 0)[: -len(END)]))) == [(0, 480, 60)]


def test_a_file_without_notes_or_tracks() -> None:
    assert parse_midi(midi(END)).notes == ()
    assert parse_midi(midi()) == Score(tempo_bpm=120.0)


WHOLE = midi_bytes(
    Score(
        notes=tuple(Note(480 * beat, 480, 60 - 5 * voice, voice) for beat in range(4) for voice in range(4)),
        time_signatures=(TimeSignature(3, 4),),
        key=Key(1),
        fermatas=(1440,),
    )
)


def test_a_file_cut_short_anywhere_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.mid"
    for length in range(len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        with pytest.raises(InputError) as caught:
            read_midi(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert "\n" not in message
        assert ("again" if length >= 4 else "not a MIDI file") in message


def test_a_damaged_byte_is_read_or_refused_in_one_line() -> None:
    refused = []
    for position in range(len(WHOLE)):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            damaged = WHOLE[:position] + bytes([value]) + WHOLE[position + 1 :]
            try:
                parse_midi(damaged, "x.mid")
            except InputError as error:
                refused.append(str(error))
    assert len(refused) > len(WHOLE)
    assert all(message.startswith("x.mid: ") and "\n" not in message for message in refused)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a MIDI file (it is empty); give a .mid file"),
        (b"PK\x03\x04 an archive", "not a MIDI file (it begins with b'PK\\x03\\x04'); give a .mid file"),
        (midi(kind=2), "a MIDI file of format 2, whose tracks are not one piece; export it as format 0 or 1"),
        (
            midi(END, division=0xE728),
            "its MIDI times are seconds or video frames, not beats; export it with ticks per quarter note",
        ),
        (
            midi(END, division=0),
            "its MIDI times are seconds or video frames, not beats; export it with ticks per quarter note",
        ),
        (midi(END)[:20], "the MIDI file is cut short: it has 0 of 1 tracks; export or copy it again"),
        (midi(b"\x00\x3c\x40" + END), "track 1 of the MIDI file is damaged; export it again"),
        (midi(END, b"\x00\x90\x3c\xff" + END), "track 2 of the MIDI file is damaged; export it again"),
        (midi(b"\xff\xff\xff\xff\x7f" + END), "track 1 of the MIDI file is damaged; export it again"),
        (midi(b"\x00\xf8" + END), "track 1 of the MIDI file is damaged; export it again"),
        (midi(b"\x00\xff\x03\x40hi"), "track 1 of the MIDI file is damaged; export it again"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_midi(data, "tune.mid")
    assert str(caught.value) == f"tune.mid: {message}"


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_midi(tmp_path / "none.mid")
