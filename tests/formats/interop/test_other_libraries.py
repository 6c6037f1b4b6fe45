"""Scores as objects of other libraries and back; each is skipped where its library is not installed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from biaxial.formats.interop.other_libraries import from_mido, is_foreign, score_of_object, to_mido
from biaxial.formats.midi.midi_reader import read_midi
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.musicxml import write_musicxml
from biaxial.formats.read import read_parts, read_score
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score
from tests.formats.interop.conftest import library

TOLD = ("notes", "length_ticks", "ticks_per_quarter", "time_signatures", "pickup_ticks", "key")


def plain(score: Score) -> Score:
    """What a note array holds of it."""
    notes = tuple(replace(note, velocity=None) for note in score.notes)
    end = max(note.end_ticks for note in notes)
    return replace(score, notes=notes, length_ticks=end, fermatas=None, tempo_bpm=120.0, title="")


def test_mido(chorale: Score) -> None:
    assert from_mido(to_mido(chorale)) == chorale
    with pytest.raises(InputError, match="the mido object: it cannot be written"):
        from_mido(mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("clock")])]))


def test_music21(chorale: Score) -> None:
    stream = chorale.to_music21()
    assert [part.partName for part in stream.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    before = len(stream.flatten().notes)
    again = Score.from_music21(stream)
    assert replace(again, notes=plain(again).notes) == replace(chorale, notes=plain(chorale).notes)
    assert len(stream.flatten().notes) == before


def test_a_single_part_and_bare_notes_of_music21() -> None:
    from music21 import note, stream

    part = stream.Part([note.Note("C4"), note.Note("E4", quarterLength=2)])
    found = [(0, 480, 60), (480, 960, 64)]
    for music in (part, stream.Stream(part.notes), part.makeMeasures()):
        score = Score.from_music21(music)
        assert [(n.onset_ticks, n.length_ticks, n.pitch) for n in score.notes] == found
    with pytest.raises(InputError, match="the music21 object"):
        Score.from_music21(stream.Opus())


def test_symusic(chorale: Score) -> None:
    library("symusic")
    piece = chorale.to_symusic()
    assert [track.name for track in piece.tracks] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert Score.from_symusic(piece) == chorale
    assert Score.from_symusic(piece.to("quarter")).notes == chorale.notes


def test_muspy(chorale: Score) -> None:
    library("muspy")
    music = chorale.to_muspy()
    assert (music.metadata.title, music.resolution) == (chorale.title, 480)
    assert Score.from_muspy(music) == chorale


@pytest.mark.parametrize("tempo", [92.5, 60.0, 77.77])
def test_note_seq(chorale: Score, tempo: float) -> None:
    library("note_seq")
    score = replace(chorale, tempo_bpm=tempo)
    sequence = score.to_note_sequence()
    assert sequence.total_time == pytest.approx(score.duration_seconds)
    assert Score.from_note_sequence(sequence) == score


def test_a_note_sequence_whose_tempo_changes() -> None:
    note_seq = library("note_seq")
    sequence = note_seq.NoteSequence(ticks_per_quarter=100)
    sequence.tempos.add(time=0, qpm=60)
    sequence.tempos.add(time=2, qpm=120)
    for start, pitch in ((0, 60), (2, 62), (3, 64)):
        sequence.notes.add(pitch=pitch, velocity=80, start_time=start, end_time=start + 0.5)
    score = Score.from_note_sequence(sequence)
    assert [(n.onset_ticks, n.length_ticks) for n in score.notes] == [(0, 50), (200, 100), (400, 100)]
    assert score.tempo_bpm == 60


def test_note_arrays(chorale: Score) -> None:
    array = chorale.to_note_array()
    assert array["onset_quarter"][0] == -1
    assert Score.from_note_array(array) == plain(chorale)
    unvoiced = Score((Note(0, 480, 60), Note(0, 960, 64), Note(480, 480, 60)), key=Key(1))
    assert Score.from_note_array(unvoiced.to_note_array()) == plain(unvoiced)
    for wrong in (np.zeros(3, [("pitch", "i4")]), array[:0]):
        with pytest.raises(InputError, match="the note array: no "):
            Score.from_note_array(wrong)


def test_what_partitura_reads(chorale: Score, tmp_path: Path) -> None:
    partitura = library("partitura")
    write_musicxml(chorale, tmp_path / "a.musicxml", staves=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = partitura.load_musicxml(tmp_path / "a.musicxml")
    again, expected = Score.from_note_array(score), plain(chorale)
    assert [getattr(again, name) for name in TOLD] == [getattr(expected, name) for name in TOLD]


def foreign(score: Score, name: str) -> Any:
    """The score as an object of a library."""
    if name not in ("mido", "pretty_midi", "note_array"):
        library({"note_sequence": "note_seq"}.get(name, name))
    return to_mido(score) if name == "mido" else getattr(score, f"to_{name}")()


ALL = ["mido", "pretty_midi", "music21", "symusic", "muspy", "note_sequence", "note_array"]


@pytest.mark.parametrize("name", ALL)
def test_every_object_is_known_by_what_it_has(chorale: Score, name: str) -> None:
    music = foreign(chorale, name)
    assert is_foreign(music)
    for score in (score_of_object(music), read_score(music)):
        assert [(n.onset_ticks, n.length_ticks, n.pitch, n.voice) for n in score.notes] == [
            (n.onset_ticks, n.length_ticks, n.pitch, n.voice) for n in chorale.notes
        ]
    assert read_parts(music).names == ("Soprano", "Alto", "Tenor", "Bass")


@pytest.mark.parametrize("music", [None, 3, [60, 62], np.zeros((2, 2)), {"notes": []}, Score()])
def test_what_is_no_music_is_refused_by_its_name(music: object) -> None:
    assert not is_foreign(music)
    with pytest.raises(InputError, match=f"^{type(music).__name__} is not music; give a file, a Score, or"):
        read_score(music)


SCORES = [
    Score((Note(0, 480, 60, 0), Note(0, 480, 60, 1), Note(480, 1, 62, 0))),
    Score(tuple(Note(240 * i, 240, 60 + i % 3) for i in range(8)), 3000, key=Key(-7), tempo_bpm=33.3),
    Score((Note(0, 9600, 60, 0), Note(9600, 123, 60, 0)), ticks_per_quarter=9600, fermatas=()),
]


@pytest.mark.parametrize("reader", ["pretty_midi", "mido", "symusic", "music21"])
@pytest.mark.parametrize("index", range(len(SCORES) + 1))
def test_other_libraries_read_the_same_notes_in_a_written_file(
    chorale: Score, index: int, reader: str, tmp_path: Path
) -> None:
    module, path = library(reader), tmp_path / "a.mid"
    score = [*SCORES, chorale][index]
    write_midi(score, path)
    assert read_midi(path).notes == score.notes
    if reader == "music21":  # it rounds to fractions of its own and has no names of voices
        stream = module.converter.parse(path, quantizePost=False)
        offsets = [(n, n.getOffsetInHierarchy(stream)) for n in stream.recurse().notes]
        found = sorted(
            (round(offset * score.ticks_per_quarter), pitch.midi)
            for n, offset in offsets
            if n.tie is None or n.tie.type == "start"
            for pitch in n.pitches
        )
        assert found == sorted((n.onset_ticks, n.pitch) for n in score.notes)
        return
    opened = {
        "pretty_midi": lambda: module.PrettyMIDI(str(path)),
        "mido": lambda: module.MidiFile(path),
        "symusic": lambda: module.Score(path),
    }[reader]()
    assert score_of_object(opened).notes == score.notes
