"""Any file as parts and as a score; the table of suffixes."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import pytest
from mido import Message, MetaMessage

from biaxial.formats.midi.midi_messages import Event, encode
from biaxial.formats.midi.midi_writer import midi_bytes, read_midi
from biaxial.formats.read import READERS, read_parts, read_score
from biaxial.formats.write import WRITERS, save_score
from biaxial.music.errors import InputError
from biaxial.music.score import ChordSymbol, Key, Note, Score

Q = 480
FOUR = Score(
    tuple(Note(beat * Q, Q, 72 - 7 * voice + beat, voice, 70 + voice) for beat in range(4) for voice in range(4)),
    length_ticks=5 * Q,
    pickup_ticks=Q,
    key=Key(-1),
    fermatas=(3 * Q,),
    title="Four",
    tempo_bpm=90.0,
)


def test_what_can_be_written_can_be_read_but_what_is_for_other_programs() -> None:
    assert set(WRITERS) - set(READERS) == {".cho", ".ly", ".mei"}


@pytest.mark.parametrize("suffix", [".mid", ".MIDI", ".json"])
def test_a_piece_in_voices_as_score_and_as_parts(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"four{suffix}"
    save_score(FOUR, path)
    assert read_score(path) == FOUR
    piece = read_parts(path)
    assert piece.outline == FOUR.outline
    assert [part.name for part in piece.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    for voice, part in enumerate(piece.parts):
        assert part.notes == tuple(replace(note, voice=None) for note in FOUR.voice_notes(voice))


def test_a_document_keeps_what_midi_does_not(tmp_path: Path) -> None:
    notes = (replace(FOUR.notes[0], locked=True), *FOUR.notes[1:])
    score = replace(FOUR, notes=notes, chords=(ChordSymbol(0, frozenset({0, 4, 7}), name="C"),))
    save_score(score, tmp_path / "x.json")
    assert read_score(tmp_path / "x.json") == score
    assert read_parts(tmp_path / "x.json").outline.chords == score.chords
    save_score(score, tmp_path / "x.mid")
    assert read_score(tmp_path / "x.mid") == FOUR


def test_voices_beyond_the_bass_and_none(tmp_path: Path) -> None:
    score = Score((Note(0, Q, 40, 4), Note(0, Q, 60), Note(0, Q, 70, 0)))
    save_score(score, tmp_path / "x.json")
    piece = read_parts(tmp_path / "x.json")
    assert [(part.name, part.notes[0].pitch) for part in piece.parts] == [("", 60), ("Soprano", 70), ("Voice 5", 40)]
    assert piece.names == ("Part 1", "Soprano", "Voice 5")


def track(name: str, *notes: tuple[int, int, int, int]) -> list[Event]:
    """Events of notes given as (channel, onset, length, pitch)."""
    events = [(0, MetaMessage("track_name", name=name))] if name else []
    ons = [(onset, Message("note_on", channel=c, note=pitch, velocity=80)) for c, onset, _, pitch in notes]
    offs = [(onset + length, Message("note_off", channel=c, note=pitch)) for c, onset, length, pitch in notes]
    return [*events, *sorted(offs + ons, key=itemgetter(0))]


def write_tracks(path: Path, *tracks: list[Event], end: int = 4 * Q) -> Path:
    path.write_bytes(encode(Q, [(events, end) for events in tracks]))
    return path


def test_a_part_for_each_track_and_channel_without_drums(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "band.mid",
        track("Song"),
        track("Violin", (0, Q, Q, 76)),
        track("Both", (1, 0, Q, 60), (1, 0, Q, 64), (2, Q, Q, 48)),
        track("Drums", (9, 0, Q, 35)),
        track("", (3, 0, Q, 40)),
        track("Empty"),
    )
    piece = read_parts(path)
    assert [(part.name, [note.pitch for note in part.notes]) for part in piece.parts] == [
        ("Violin", [76]),
        ("Both channel 2", [60, 64]),
        ("Both channel 3", [48]),
        ("", [40]),
    ]
    assert [part.is_line for part in piece.parts] == [True, False, True, True]
    assert piece.outline == read_midi(path).outline
    assert (piece.outline.title, piece.outline.length_ticks) == ("Song", 4 * Q)  # silence at both ends stays


def test_a_file_of_one_track(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "one.mid", track("Air", (0, 0, Q, 60), (1, 0, Q, 48)))
    data = path.read_bytes()
    path.write_bytes(data[:8] + b"\x00\x00" + data[10:])  # format 0
    piece = read_parts(path)
    assert piece.outline.title == "Air"
    assert [part.notes[0].pitch for part in piece.parts] == [60, 48]


ABC_FOUR = "M:4/4\nL:1/4\nK:C\nV:A\nc4|\nV:B\nE4|\nV:C\nG4|\nV:D\nC,4|\n"


def test_four_lines_of_printed_music_are_voices_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.abc"
    path.write_text(ABC_FOUR)
    assert [(note.voice, note.pitch) for note in read_score(path).notes] == [(0, 72), (1, 64), (2, 67), (3, 48)]


@pytest.mark.parametrize(
    "text",
    ["K:C\nc4|", ABC_FOUR.replace("E4", "[EG]4"), ABC_FOUR.partition("V:D")[0], ABC_FOUR + "V:E\nC,,4|"],
)
def test_other_printed_music_has_no_voices(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.abc"
    path.write_text(text)
    assert {note.voice for note in read_score(path).notes} == {None}


def test_musicxml_and_kern_are_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "x.krn").write_text("**kern\n*M4/4\n=1\n4c\n4d\n2e\n==\n*-\n")
    assert [note.pitch for note in read_score(tmp_path / "x.krn").notes] == [60, 62, 64]
    notes = {".musicxml", ".xml", ".mxl", ".krn", ".abc", ".mid", ".midi", ".json"}
    assert notes | {".wav", ".flac", ".ogg", ".mp3"} == set(READERS)


@pytest.mark.parametrize("name", ["tune.txt", "tune"])
def test_a_kind_that_is_not_known(tmp_path: Path, name: str) -> None:
    for read in (read_parts, read_score):
        with pytest.raises(InputError, match=r"cannot read .*; give a file that ends in \.mid, .*\.mp3$") as caught:
            read(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("name", ["songs", "songs.json"])
def test_a_folder_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=name):
        read_score(tmp_path / name)


@pytest.mark.parametrize("suffix", READERS)
def test_a_missing_and_a_damaged_file_of_every_kind(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    for read in (read_parts, read_score):
        with pytest.raises(FileNotFoundError):
            read(path)
    path.write_bytes(b"\x00\x01 no music")
    for read in (read_parts, read_score):
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def test_a_midi_file_cut_short_is_refused_as_parts_too(tmp_path: Path) -> None:
    path = tmp_path / "cut.mid"
    path.write_bytes(midi_bytes(FOUR)[:-5])
    with pytest.raises(InputError, match="cut short"):
        read_parts(path)
