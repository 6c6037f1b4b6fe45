"""Scores as objects of pretty_midi and back, exactly."""

from __future__ import annotations

import io
import random
import struct
from dataclasses import replace
from pathlib import Path

import pretty_midi
import pytest
from pretty_midi import PrettyMIDI

from biaxial.formats.midi.midi_reader import parse_midi
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature


def test_a_chorale_comes_back(chorale: Score) -> None:
    piece = chorale.to_pretty_midi()
    assert [instrument.name for instrument in piece.instruments] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert piece.get_end_time() == pytest.approx(chorale.duration_seconds)
    assert Score.from_pretty_midi(piece) == chorale


@pytest.mark.parametrize("fifths", range(-6, 6))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_keys_come_back(chorale: Score, fifths: int, mode: str) -> None:
    score = replace(chorale, key=Key(fifths, mode))  # type: ignore[arg-type]
    assert Score.from_pretty_midi(score.to_pretty_midi()).key == score.key


@pytest.mark.parametrize(("fifths", "twin"), [(7, -5), (6, -6), (-7, 5)])
def test_keys_of_many_accidentals_come_back_as_their_twins(chorale: Score, fifths: int, twin: int) -> None:
    score = replace(chorale, key=Key(fifths))
    assert Score.from_pretty_midi(score.to_pretty_midi()).key == Key(twin)


@pytest.mark.parametrize("seed", range(30))
def test_random_scores_come_back(seed: int) -> None:
    draw = random.Random(seed)
    voices = draw.choice([0, 1, 4, 6])
    notes = tuple(
        Note(
            draw.randrange(4000),
            draw.randrange(1, 1000),
            draw.randrange(60, 64),  # nested and equal notes
            draw.randrange(voices) if voices else None,
            draw.randrange(1, 128),
        )
        for _ in range(draw.randrange(40))
    )
    score = Score(
        notes,
        5000 + draw.randrange(100),
        ticks_per_quarter=draw.choice([24, 480, 9600, 32767]),
        fermatas=draw.choice([None, (), (3, 700)]),
        key=draw.choice([None, Key(2)]),
        tempo_bpm=draw.choice([50, 121, 77.77]),
    )
    assert Score.from_pretty_midi(score.to_pretty_midi()) == score


@pytest.mark.parametrize("seed", range(4))
def test_an_object_that_went_through_a_file_is_the_same_music(chorale: Score, seed: int, tmp_path: Path) -> None:
    score = chorale.transposed(seed)
    score.to_pretty_midi().write(str(tmp_path / "a.mid"))
    again = Score.from_pretty_midi(PrettyMIDI(str(tmp_path / "a.mid"), charset="utf-8"))
    assert replace(again, tempo_bpm=round(again.tempo_bpm, 3)) == score  # pretty_midi cuts off microseconds


def test_an_object_of_pretty_midi_s_own_making() -> None:
    piece = PrettyMIDI(resolution=220, initial_tempo=100)
    piano, drums = pretty_midi.Instrument(0, name="Piano"), pretty_midi.Instrument(0, is_drum=True)
    piano.notes = [pretty_midi.Note(90, 60, 0, 0.6), pretty_midi.Note(90, 64, 0, 0.6)]
    drums.notes = [pretty_midi.Note(90, 36, 0, 0.6)]
    piece.instruments = [piano, drums]
    piece.key_signature_changes = [pretty_midi.KeySignature(9 + 12, 0)]
    piece.time_signature_changes = [pretty_midi.TimeSignature(6, 8, 0)]
    score = Score.from_pretty_midi(piece)
    notes = tuple(Note(0, 220, pitch, None, 90) for pitch in (60, 64))
    metres = (TimeSignature(6, 8),)
    assert score == Score(notes, ticks_per_quarter=220, key=Key(0, "minor"), time_signatures=metres, tempo_bpm=100.0)


def test_an_empty_object_is_an_empty_score() -> None:
    assert Score.from_pretty_midi(PrettyMIDI()).notes == ()


def test_four_lines_of_one_name_are_four_voices() -> None:
    piece = PrettyMIDI()
    for pitch in (50, 70, 60, 65):
        strings = pretty_midi.Instrument(48, name="Strings")
        strings.notes = [pretty_midi.Note(90, pitch, 0, 0.5)]
        piece.instruments.append(strings)
    assert [(note.voice, note.pitch) for note in Score.from_pretty_midi(piece).notes] == [
        (0, 70),
        (1, 65),
        (2, 60),
        (3, 50),
    ]


def test_what_pretty_midi_alone_refuses_goes_through_the_door(chorale: Score) -> None:
    late = replace(chorale, length_ticks=10_000_100, ticks_per_quarter=9600, pickup_ticks=0)
    assert Score.from_pretty_midi(late.to_pretty_midi()) == late
    odd = b"\x00\xff\x59\x02\xf8\x00" + b"\x00\xff\x58\x04\x00\x02\x18\x08" + b"\x00\x90\x3c\x40\x10\x80\x3c\x00"
    track = odd + b"\x00\xff\x2f\x00"
    data = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track
    with pytest.raises(Exception, match="8 flats"):
        PrettyMIDI(io.BytesIO(data))
    score = parse_midi(data)
    assert Score.from_pretty_midi(score.to_pretty_midi()) == score


def test_what_cannot_be_used_is_one_line() -> None:
    piece = PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes = [pretty_midi.Note(90, 200, 0, 0.5)]
    piece.instruments = [piano]
    with pytest.raises(InputError, match=r"the PrettyMIDI object: .*pitch 200"):
        Score.from_pretty_midi(piece)
    piano.notes = [pretty_midi.Note(90, 60, 0, float("inf"))]
    with pytest.raises(InputError, match=r"^the PrettyMIDI object: it cannot be read as music"):
        read_score(piece)


def test_a_file_that_pretty_midi_reads_by_itself_gives_the_same_notes(chorale: Score, tmp_path: Path) -> None:
    write_midi(chorale, tmp_path / "a.mid")
    assert Score.from_pretty_midi(PrettyMIDI(str(tmp_path / "a.mid"))).notes == chorale.notes
