"""Files that are too large or too long, and damage that once ended in a crash, a hang or a full memory."""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.benchmark_frames import MAX_FRAMES, read_frames
from biaxial.files import limits
from biaxial.files.arrays import read_arrays
from biaxial.formats import xml_guard as printed
from biaxial.formats.json_score import score_from_dict, score_to_dict
from biaxial.formats.midi import midi_messages
from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi
from biaxial.formats.read import read_parts, read_score
from biaxial.formats.xml_guard import MAX_XML_BYTES
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score, TimeSignature

LINE = Score((Note(0, 480, 60),))


def refused(path: Path, data: bytes | str) -> str:
    """The one line with which a file is refused."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(InputError) as caught:
        read_score(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 500
    with pytest.raises(InputError):
        read_parts(path)
    return message.removeprefix(f"{path}: ")


def track(events: bytes) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(events)) + events


@pytest.mark.parametrize("name", ["a.mid", "a.musicxml", "a.mxl", "a.krn", "a.abc", "a.json"])
def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    for read in (read_score, read_parts):
        with pytest.raises(InputError, match=f"^{re.escape(str(tmp_path / name))}: larger than .* MiB"):
            read(tmp_path / name)


def test_a_size_at_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    assert limits.read_within(tmp_path / "a", 4) == b"four"
    with pytest.raises(InputError, match="larger than"):
        limits.read_within(tmp_path / "a", 3)
    with pytest.raises(IsADirectoryError) as caught:
        limits.read_within(tmp_path, 3)
    assert caught.value.filename == os.fspath(tmp_path)


def test_a_piece_at_the_limit_is_read_and_a_tick_more_is_not() -> None:
    longest = replace(LINE, length_ticks=limits.MAX_QUARTERS * 480)
    assert parse_midi(midi_bytes(longest)).length_ticks == longest.length_ticks
    assert score_from_dict(score_to_dict(longest)) == longest
    longer = replace(longest, length_ticks=longest.length_ticks + 1)
    with pytest.raises(InputError, match="MIDI data: the piece is 20000 quarter notes long, and 20000 is the most"):
        parse_midi(midi_bytes(longer))
    with pytest.raises(InputError, match="document: the piece is 20000 quarter notes long, and 20000 is the most"):
        score_from_dict(score_to_dict(longer))


def test_a_midi_file_of_very_long_pauses_or_very_many_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = b"\xff\xff\xff\x7f"
    assert "quarter notes long" in refused(tmp_path / "a.mid", track(b"\0\x90\x3c\x40" + pause + b"\x80\x3c\0"))
    many = track(b"\0\x90\x3c\x40" + b"\0\x3c\x40" * 20)
    monkeypatch.setattr(limits, "MAX_NOTES", 20)
    assert "has 21 notes" in refused(tmp_path / "b.mid", many)
    monkeypatch.setattr(midi_messages, "MAX_EVENTS", 20)
    assert "more than 20 events" in refused(tmp_path / "c.mid", many)


def test_a_channel_with_nothing_but_ends_of_notes_is_no_part(tmp_path: Path) -> None:
    events = b"".join(bytes((0, 0x90 | c, 60 + c, 64, 96, 0x80 | c, 60 + c, 0)) for c in range(3)) + b"\0\x83\x3c\0"
    (tmp_path / "a.mid").write_bytes(track(events))
    assert [note.voice for note in read_score(tmp_path / "a.mid").notes] == [None] * 3


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("length_ticks", 10**4000, "more than 10\\^12 quarter notes long"),
        ("ticks_per_quarter", 10**9, "ticks_per_quarter must be a whole number, 1 to 1000000"),
        ("tempo_bpm", 1e-305, "tempo_bpm must be a number, 0.001 to 60000000"),  # no number of microseconds
        ("time_signatures", [{"onset_ticks": 0, "numerator": 4, "denominator": 4}] * 2000, "is wrong: time signatures"),
        ("fermatas", [0] * (limits.MAX_NOTES + 1), "fermatas has 100001 entries"),
        ("notes", [{"onset_ticks": 0, "length_ticks": 1, "pitch": 60, "voice": 10**9}], "voice must be .* 0 to 127"),
    ],
)
def test_a_document_with_absurd_values(tmp_path: Path, field: str, value: object, message: str) -> None:
    assert re.search(message, refused(tmp_path / "a.json", json.dumps({**score_to_dict(LINE), field: value})))


@pytest.mark.parametrize("depth", [*range(950, 1000, 7), 100_000])
def test_a_deeply_nested_document(tmp_path: Path, depth: int) -> None:
    refused(tmp_path / "a.json", "[" * depth + "]" * depth)
    refused(tmp_path / "a.json", '{"format": ' * depth + "1" + "}" * depth)
    (tmp_path / "f.json").write_text("[[" + "[" * depth + "]" * depth + "]]")
    with pytest.raises(InputError, match=r"f\.json"):
        read_frames(tmp_path / "f.json")


def test_very_many_frames_and_a_very_large_one(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text("[[" + "[]," * MAX_FRAMES + "[60]]]")
    with pytest.raises(InputError, match=r"f\.json: more than 300000 frames"):
        read_frames(path)
    path.write_text("[[[" + "60," * 128 + "60]]]")
    with pytest.raises(InputError, match="frame 0: 129 pitches"):
        read_frames(path)


HEADER = '<?xml version="1.0"?>{doctype}<score-partwise><part-list><score-part id="P1"><part-name>{name}</part-name>'
HEADER += "</score-part></part-list><part id='P1'><measure>{attributes}"
NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
FOOTER = "</measure></part></score-partwise>"


def musicxml(music: str = NOTE, doctype: str = "", name: str = "", attributes: str = "") -> str:
    divisions = f"<attributes><divisions>1</divisions>{attributes}</attributes>"
    return HEADER.format(doctype=doctype, name=name, attributes=divisions) + music + FOOTER


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (musicxml(doctype=LAUGHS, name="&b;"), "it defines an entity, 'a'"),
        (
            musicxml(doctype='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', name="&a;"),
            "it defines an entity",
        ),
        (musicxml("<a>" * 51), "nested more than 50 deep"),
        (musicxml(attributes="<time><beats>99999999</beats><beat-type>4</beat-type></time>"), "<beats> is 99999999"),
        (musicxml(attributes="<time><beats>3+1e9</beats><beat-type>4</beat-type></time>"), "<beats> is 3\\+1e9"),
        (musicxml(attributes="<staves>999999</staves>"), "<staves> is 999999"),
        (musicxml(NOTE.replace(">1<", ">99999999<")), "quarter notes long"),
        (musicxml().replace("score-partwise", "score-timewise"), "<score-timewise>, not <score-partwise>"),
    ],
)
def test_hostile_musicxml(tmp_path: Path, text: str, message: str) -> None:
    assert re.search(message, refused(tmp_path / "a.musicxml", text))


def test_very_many_elements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "MAX_OBJECTS", 10)
    monkeypatch.setattr(printed, "MAX_ELEMENTS", 100)
    monkeypatch.setattr(printed, "MAX_PARTS", 3)
    assert "more than 10 notes and measures" in refused(tmp_path / "a.musicxml", musicxml("<note/>" * 10))
    assert "or 100 elements" in refused(tmp_path / "b.musicxml", musicxml(f"<note>{'<dot/>' * 100}</note>"))
    assert "more than 3 parts" in refused(tmp_path / "c.musicxml", "<score-partwise>" + "<part/>" * 7)


def test_the_usual_document_type_is_no_entity(tmp_path: Path) -> None:
    doctype = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://x.org/p.dtd">'
    path = tmp_path / "a.musicxml"
    for data in (
        musicxml(doctype=doctype).encode(),
        musicxml().replace("1.0", '1.0" encoding="UTF-8').encode("utf-16"),
    ):
        path.write_bytes(data)
        assert [note.pitch for note in read_score(path).notes] == [60]


def test_a_packed_file_that_unpacks_to_much_more_or_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.xml", b" " * (MAX_XML_BYTES + 1))
    assert "what it packs is larger than 16 MiB" in refused(path, path.read_bytes())
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.txt", musicxml())
    assert "there is no MusicXML in it" in refused(path, path.read_bytes())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("*M99999999/4", "'\\*M99999999/4' is not a time signature"),
        ("4" + "." * 3000 + "c", "a token of 3002 letters"),
        ("\t".join(["4c"] * 201), "200 in a line"),
        ("4c\n" * 100_000, "more than 100000 tokens"),
        (".\n" * 100_000, "more than 100000 tokens"),
        ("!\n" * 100_000, "more than 100000 tokens"),
        ("\n".join("\t".join(["*^"] * 2**number) for number in range(9)), "200 in a line"),
        ("4c" + "#" * 90, "is not a MIDI number"),
        ("99999c", "'99999c' is not a length that is read"),
        ("1%99999c", "'1%99999c' is not a length that is read"),
        ("000c\n" * 700, "longer than|quarter notes long"),
    ],
)
def test_hostile_kern(tmp_path: Path, line: str, message: str) -> None:
    assert re.search(message, refused(tmp_path / "a.krn", f"**kern\n{line}\n*-\n"))


@pytest.mark.parametrize(
    ("music", "message"),
    [
        ("Z999999999", "a length with 999999999 in it; 256 is the most"),
        ("Z256|" * 20, "longer than 20000 quarter notes"),
        ("A9999999999", "256 is the most"),
        ("A/257", "256 is the most"),  # thousands of such fractions have a sum of a million digits
        ("A/////////", "9 strokes in a row"),
        ("A" + ">" * 20_000 + "B", "20000 signs > in a row"),
        ("(9:999999999:9ABC", "256 is the most"),
        ("[" + "C" * 129 + "]", "a chord of 129 notes"),
        ("[L:1/999]A", "256 is the most"),
        ("V:1 transpose=" + "9" * 200 + "\nA", "more than 127 semitones"),
        ("[M:" + "9" * 2000 + "]A", "line 4: '999"),
    ],
)
def test_hostile_abc(tmp_path: Path, music: str, message: str) -> None:
    assert message in refused(tmp_path / "a.abc", f"X:1\nL:1/4\nK:C\n{music}\n")


@pytest.mark.parametrize(
    ("music", "notes"), [('"A' + "b" * 100_000 + '"A', 2), ("[Q:" + "9" * 400 + "]A", 2), ("[Q:9999/1=9999]A", 2)]
)
def test_abc_that_was_slow_or_overflowed(tmp_path: Path, music: str, notes: int) -> None:
    path = tmp_path / "a.abc"
    path.write_text(f"X:1\nL:1/4\nK:C\nA\n{music}\n")
    assert len(read_score(path).notes) == notes


def test_very_many_fields_that_do_not_end(tmp_path: Path) -> None:
    assert "'[K:[K:[K:" in refused(tmp_path / "a.abc", f"X:1\nK:C\nA\n{'[K:' * 60_000}\n")


def test_bars_are_counted_in_time_where_the_metre_changes_often() -> None:
    metres = tuple(TimeSignature(1, 4, 480 * i) for i in range(20_000))
    starts = Score(length_ticks=480 * 20_000, time_signatures=metres).bar_starts()
    assert starts == tuple(range(0, 480 * 20_000, 480))


def arrays_file(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return path


def array(shape: str, data: bytes = b"1234", descr: str = "|i1") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def test_arrays_come_back(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(6).reshape(2, 3), b=np.array(["x", "yz"]))
    read = read_arrays(tmp_path / "a.npz")
    assert read["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["b"].tolist() == ["x", "yz"]


@pytest.mark.parametrize(
    "data",
    [
        array("(999999999999,)"),
        array("(-1,)"),
        array("(5,)"),
        array("(1,)", descr="|O"),
        array("(4,)", descr="x" * 2000),
        array("(" + "1," * 3000 + ")"),
        b"",
        b"\x93NUMPY\x03\x00",
    ],
)
def test_an_array_that_is_not_what_its_header_says(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"array|NUMPY|magic") as caught:
        read_arrays(arrays_file(tmp_path / "a.npz", a=data))
    assert "\n" not in str(caught.value)


def test_no_part_of_a_file_of_arrays_is_one(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(100))
    data = path.read_bytes()
    for damaged in (data[:10], data[:-1], b"", data[:60] + b"\xff" + data[61:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="not a whole"):
            read_arrays(path)
