"""Which line of a file is its melody, and melodies out of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
import pytest

from biaxial.formats.json_score import write_json
from biaxial.formats.melody_file import NEARLY_A_LINE, melody_from_beats, melody_of, read_melody, skyline
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_music
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature

Q = 480
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an ABC file with a voice for each argument; a name is its key."""

    def written(**voices: str) -> Path:
        path = tmp_path / "x.abc"
        path.write_text("M:4/4\nL:1/4\nK:C\n" + "".join(f"V:{name}\n{music}\n" for name, music in voices.items()))
        return path

    return written


def pitches(score: Score) -> list[int]:
    return [note.pitch for note in score.notes]


def test_one_line_is_the_melody_and_nothing_is_to_be_said(write: Write) -> None:
    melody = read_melody(write(Flute="z2 c d | e4 | z4"))
    assert (pitches(melody.score), melody.remarks) == ([72, 74, 76], ())
    assert {note.voice for note in melody.score.notes} == {None}
    assert (melody.score.notes[0].onset_ticks, melody.score.length_ticks) == (2 * Q, 12 * Q)


def test_of_several_lines_the_highest_is_taken_and_said(write: Write) -> None:
    melody = read_melody(write(Bass="C,4", Violin="c4", Piano="[ceg]4"))
    assert pitches(melody.score) == [72]
    assert melody.remarks == (
        "took 'Violin' (part 2 of 3: Bass, Violin, Piano) as the melody; choose another with --part",
    )


def write_tracks(path: Path, **pitches: int) -> Path:
    """Write a MIDI file with a track of one note for each name."""
    file = mido.MidiFile(ticks_per_beat=Q)
    for channel, (name, pitch) in enumerate(pitches.items()):
        track = file.add_track(name.replace("_", " "))
        track.append(mido.Message("note_on", note=pitch, channel=9 if name == "Drums" else channel))
        track.append(mido.Message("note_off", note=pitch, channel=9 if name == "Drums" else channel, time=Q))
    file.save(path)
    return path


@pytest.mark.parametrize(
    ("tracks", "pitch"),
    [
        ({"Melody": 60, "Flute": 72, "Bass": 40}, 60),
        ({"Flute": 72, "Lead_Vocals": 60, "Backing_Vocals": 65}, 60),
        ({"Flute": 72, "Gesang": 60}, 60),
        ({"Piano": 72, "VOICE": 60}, 60),
        ({"Voice": 72, "Melodie": 60}, 60),  # the surer word
        ({"Voice_1": 60, "Voice_2": 72}, 72),
        ({"Lead_Guitar": 60, "Flute": 72}, 72),
        ({"Harmony": 60, "Counter_melody": 62, "Flute": 72}, 72),
        ({"Soprano": 72, "Alto": 67, "Tenor": 60, "Bass": 48, "Voice_5": 40}, 72),
    ],
)
def test_a_part_whose_name_says_so_is_the_tune(tmp_path: Path, tracks: dict[str, int], pitch: int) -> None:
    melody = read_melody(write_tracks(tmp_path / "x.mid", **tracks))
    assert pitches(melody.score) == [pitch]
    assert "choose another with --part" in melody.remarks[0]


def test_a_pickup_that_a_midi_file_does_not_mark_is_a_remark(tmp_path: Path) -> None:
    lengths = (1, 1, 1, 1, 1, 1, 1, 2)
    onsets = [sum(lengths[:index]) for index in range(len(lengths))]
    notes = tuple(Note(onset * Q, length * Q, 72) for onset, length in zip(onsets, lengths, strict=True))
    score = Score(notes, time_signatures=(TimeSignature(3, 4),))
    write_midi(score, tmp_path / "x.mid")
    write_json(score, tmp_path / "x.json")
    melody = read_melody(tmp_path / "x.mid")
    assert melody.score.pickup_ticks == 0
    assert melody.remarks == ("the metre would fit better with a pickup of 1 quarter notes; --pickup 1 states it",)
    assert read_melody(tmp_path / "x.json").remarks == ()
    for pickup in (0, 1):
        stated = melody_of(replace(read_music(tmp_path / "x.mid"), pickup=pickup))
        assert (stated.score.pickup_ticks, stated.remarks) == (pickup * Q, ())


def test_notes_that_were_exported_short_are_lengthened_unless_it_is_said(tmp_path: Path) -> None:
    lengths = (2, 1, 1, 2, 1, 1, 2, 2)
    onsets = [sum(lengths[:index]) * Q for index in range(len(lengths))]
    written = tuple(Note(onset, length * Q, 72) for onset, length in zip(onsets, lengths, strict=True))
    short = tuple(replace(note, length_ticks=note.length_ticks * 95 // 100 - 1) for note in written)
    path = tmp_path / "x.mid"
    write_midi(Score(short), path)
    melody = read_melody(path)
    assert [note.length_ticks for note in melody.score.notes] == [note.length_ticks for note in written]
    assert melody.score.length_ticks == 12 * Q
    assert melody.remarks == (
        "most notes end a little before the next begins: lengthened 8 of the melody; --note-ends as-played keeps them",
    )
    kept = melody_of(replace(read_music(path), note_ends="as-played"))
    assert [note.length_ticks for note in kept.score.notes] == [note.length_ticks for note in short]
    assert kept.remarks == ()


def test_notes_that_were_played_are_kept_and_it_is_said(tmp_path: Path) -> None:
    played = tuple(Note(i * Q + 30, 455, 72) for i in range(8))
    write_midi(Score(played), tmp_path / "x.mid")
    melody = read_melody(tmp_path / "x.mid")
    assert [(note.onset_ticks, note.length_ticks) for note in melody.score.notes] == [
        (note.onset_ticks, note.length_ticks) for note in played
    ]
    assert melody.remarks == (
        "most notes begin beside the beats and their parts, as when played; they are kept as they are",
    )


def test_drums_are_no_tune_and_it_is_said(tmp_path: Path) -> None:
    assert read_melody(write_tracks(tmp_path / "x.mid", Flute=72, Drums=80)).remarks == (
        "left out drums (MIDI channel 10)",
    )
    with pytest.raises(InputError, match=r"it has no notes \(left out drums \(MIDI channel 10\)\); give"):
        read_melody(write_tracks(tmp_path / "x.mid", Drums=80))


def test_where_no_part_is_a_line_the_highest_is_made_one(write: Write) -> None:
    melody = read_melody(write(Low="[CE]2 [DF]2", High="[ce]2 d2"))
    assert pitches(melody.score) == [76, 74]
    assert melody.remarks == (
        "took 'High' (part 2 of 2: Low, High) as the melody; choose another with --part",
        "'High' has several notes at once: took the highest, of its 3 notes 1 left out",
    )


@pytest.mark.parametrize(("line", "pitch"), [("2", 60), ("1", 72), ("LOW", 60), (" low ", 60)])
def test_a_line_by_number_or_name(write: Write, line: str, pitch: int) -> None:
    melody = read_melody(write(High="c4", Low="C4"), line)
    assert (pitches(melody.score), melody.remarks) == ([pitch], ())


def test_a_name_comes_before_a_number(write: Write) -> None:
    path = write(a="c4", b="C4")
    path.write_text(path.read_text().replace("V:a", 'V:a name="2"'))
    assert pitches(read_melody(path, "2").score) == [72]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0", "no part '0'; it has 1 High, 2 Low"),
        ("3", "no part '3'; it has"),
        ("Oboe", "no part 'Oboe'; it has 1 High"),
    ],
)
def test_a_line_that_is_not_there(write: Write, line: str, message: str) -> None:
    path = write(High="c4", Low="C4")
    with pytest.raises(InputError) as caught:
        read_melody(path, line)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_name_that_two_parts_have(write: Write) -> None:
    path = write(a="c4", b="C4")
    path.write_text(path.read_text().replace("V:a", "V:a name=Piano").replace("V:b", "V:b name=piano"))
    with pytest.raises(InputError, match="2 parts are called 'PIANO'; give the number of one: it has 1 Piano, 2 piano"):
        read_melody(path, "PIANO")


@pytest.mark.parametrize("name", ["x.json", "x.mid"])
def test_a_file_without_notes(tmp_path: Path, name: str) -> None:
    (write_json if name == "x.json" else write_midi)(Score(length_ticks=Q), tmp_path / name)
    with pytest.raises(InputError, match="it has no notes; give a file with a melody"):
        read_melody(tmp_path / name)


def test_a_chorale_gives_its_soprano_with_everything_around(tmp_path: Path) -> None:
    notes = tuple(Note(0, 4 * Q, 72 - 7 * voice, voice, 64) for voice in range(4))
    score = Score(notes, 6 * Q, key=Key(1), fermatas=(0,), tempo_bpm=90.0, title="T")
    write_midi(score, tmp_path / "x.mid")
    melody = read_melody(tmp_path / "x.mid")
    assert melody.score == Score(
        (Note(0, 4 * Q, 72, None, 64),), 6 * Q, key=Key(1), fermatas=(0,), tempo_bpm=90.0, title="T"
    )
    assert len(melody.remarks) == 1


@pytest.mark.parametrize(("overlap", "is_line"), [(19, True), (40, True), (60, False)])
def test_a_line_may_overlap_a_little(tmp_path: Path, overlap: int, is_line: bool) -> None:
    """Two notes of 480 of which the first is held on by ``overlap``: up to 5% of the time two sound."""
    assert (overlap / (2 * Q) <= NEARLY_A_LINE) == is_line
    high = (Note(0, Q + overlap, 76, 0), Note(Q, Q, 72, 0))
    write_midi(Score((*high, Note(0, 2 * Q, 60, 1))), tmp_path / "x.mid")
    melody = read_melody(tmp_path / "x.mid")
    assert pitches(melody.score) == ([76, 72] if is_line else [60])
    assert len(melody.remarks) == (2 if is_line else 1)


N = Note


@pytest.mark.parametrize(
    ("notes", "line", "left_out", "cut"),
    [
        ([N(0, 480, 60), N(480, 480, 62)], [(0, 480, 60), (480, 480, 62)], 0, 0),
        ([N(0, 480, 60), N(0, 480, 64)], [(0, 480, 64)], 1, 0),  # together
        ([N(0, 480, 60), N(0, 960, 60)], [(0, 960, 60)], 1, 0),  # a unison: the longer
        ([N(0, 960, 60), N(480, 480, 64)], [(0, 480, 60), (480, 480, 64)], 0, 1),  # a higher one takes over
        ([N(0, 960, 64), N(480, 480, 60)], [(0, 960, 64)], 1, 0),  # a lower one does not
        ([N(0, 960, 60), N(480, 480, 60)], [(0, 480, 60), (480, 480, 60)], 0, 1),  # struck again
        ([N(0, 500, 64), N(480, 480, 60)], [(0, 480, 64), (480, 480, 60)], 0, 1),  # held a moment too long
        ([N(0, 719, 64), N(480, 480, 60)], [(0, 480, 64), (480, 480, 60)], 0, 1),
        ([N(0, 720, 64), N(480, 480, 60)], [(0, 720, 64)], 1, 0),  # half of the second is under the first
        ([N(0, 500, 64), N(480, 20, 60)], [(0, 500, 64)], 1, 0),  # all of the second is
        ([N(0, 1920, 48), N(480, 480, 72)], [(0, 480, 48), (480, 480, 72)], 0, 1),  # what was cut stays away
    ],
)
def test_the_skyline(notes: list[Note], line: list[tuple[int, int, int]], left_out: int, cut: int) -> None:
    for order in (notes, notes[::-1]):
        found, *counts = skyline(order)
        assert [(note.onset_ticks, note.length_ticks, note.pitch) for note in found] == line
        assert counts == [left_out, cut]


def test_a_melody_from_numbers() -> None:
    pairs: list[tuple[int | None, float | Fraction]] = [
        (67, 1),
        (None, 0.5),
        (69, Fraction(1, 3)),
        (70, Fraction(2, 3)),
        (71, 1.5),
    ]
    score = melody_from_beats(
        pairs, time_signature="3/4", key="G major", tempo_bpm=100, pickup_beats=1, title="From numbers"
    )
    assert score == Score(
        (Note(0, 480, 67), Note(720, 160, 69), Note(880, 320, 70), Note(1200, 720, 71)),
        1920,
        time_signatures=(TimeSignature(3, 4),),
        pickup_ticks=480,
        key=Key(1),
        tempo_bpm=100.0,
        title="From numbers",
    )


def test_rests_at_both_ends_count() -> None:
    score = melody_from_beats([(None, 1), (60, 1), (None, 2)])
    assert (score.notes[0].onset_ticks, score.length_ticks) == (Q, 4 * Q)


def test_what_is_rounded_does_not_add_up() -> None:
    score = melody_from_beats([(60, 1 / 7)] * 70)
    assert score.length_ticks == 10 * Q
    assert {note.length_ticks for note in score.notes} == {68, 69}


@pytest.mark.parametrize(
    ("pairs", "more", "message"),
    [
        ([], {}, "the melody has no notes"),
        ([(None, 1)], {}, "the melody has no notes"),
        ([(60, 1), (128, 1)], {}, "pair 2: pitch 128 is not a MIDI number; give 0 to 127, or None for a rest"),
        ([(-1, 1)], {}, "pair 1: pitch -1 is not a MIDI number"),
        ([("C4", 1)], {}, "pair 1: pitch 'C4' is not a MIDI number"),
        ([(60.5, 1)], {}, "pair 1: pitch 60.5 is not a MIDI number"),
        ([(True, 1)], {}, "pair 1: pitch True is not a MIDI number"),
        ([(60, 1), (60, 0)], {}, "pair 2: length 0 must be more than 0"),
        ([(60, 0.0001)], {}, "pair 1: length 0.0001 must be more than 0, at least 1/480"),
        ([(60, -1)], {}, "pair 1: length -1 must not be below 0"),
        ([(60, float("nan"))], {}, "pair 1: length nan is not a number of quarter notes"),
        ([(60, float("inf"))], {}, "pair 1: length inf is not a number of quarter notes"),
        ([(60, "1")], {}, "pair 1: length '1' is not a number of quarter notes"),
        ([(60, 1, 2)], {}, "pair 1: (60, 1, 2) is not a pitch and length"),
        ([60], {}, "pair 1: 60 is not a pitch and length"),
        ([(60, 1)], {"time_signature": "4/5"}, "the melody cannot be made: 4/5 is not a time signature"),
        ([(60, 1)], {"key": "H"}, "the melody cannot be made: 'H' is not a key"),
        ([(60, 1)], {"tempo_bpm": 0}, "the melody cannot be made: a tempo of 0"),
        ([(60, 1)], {"pickup_beats": 4}, "the melody cannot be made: a pickup of 1920 ticks does not fit"),
        ([(60, 1)], {"pickup_beats": -1}, "pickup_beats -1 must not be below 0"),
    ],
)
def test_nonsense_is_refused_by_its_place(pairs: list[Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        melody_from_beats(pairs, **more)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
