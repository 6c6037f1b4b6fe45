"""Files become documents, and documents files that other programs read: all notes, voices, key and metre."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import mido
import pretty_midi
import pytest
import soundfile

from biaxial.music.constants import VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.studio.documents import in_order
from biaxial.studio.keeping import file_stem, kept
from biaxial.studio.messages import Chord, Document, Export, ExportFormat, Forbid, Note, Word
from biaxial.studio.opening import opened, shown_name
from tests.studio.conftest import chorale

DOCUMENT = chorale(
    11,
    key="Bb major",
    metre="3/4",
    pickup=4,
    length=44,
    tempo=90.0,
    title="Ein Lied",
    words=(Word(0, "Wach", True), Word(4, "auf")),
    chords=(Chord(4, "Bb"),),
    forbidden=(Forbid(0, 4, 60, 1),),
    fermatas=(40,),
    seed=12,
)


def heard(document: Document) -> set[tuple[int, int, int, int]]:
    return {(note.voice, note.onset, note.duration, note.pitch) for note in document.notes}


@pytest.mark.parametrize("kind", ["mid", "musicxml"])
def test_what_is_kept_is_opened_again(kind: str) -> None:
    file = kept(Export(DOCUMENT, kind))  # type: ignore[arg-type]
    assert file.name == f"Ein-Lied.{kind}"
    back = opened(file.data, file.name).document
    assert heard(back) == heard(DOCUMENT)
    assert (back.key, back.metre, back.pickup, back.length) == ("Bb major", "3/4", 4, 44)
    assert back.tempo == pytest.approx(90)
    assert all(note.lock and note.source == "you" for note in back.notes)
    if kind == "musicxml":
        assert (back.title, back.words, back.fermatas) == (DOCUMENT.title, DOCUMENT.words, DOCUMENT.fermatas)


def test_a_project_file_comes_back_as_it_was() -> None:
    file = kept(Export(DOCUMENT, "json"))
    assert opened(file.data, file.name).document == DOCUMENT
    assert opened(kept(Export(Document(), "json")).data, "a.JSON").document == Document()


def test_pretty_midi_reads_what_is_kept() -> None:
    read = pretty_midi.PrettyMIDI(io.BytesIO(kept(Export(DOCUMENT, "mid")).data))
    found = set()
    for instrument in read.instruments:
        voice = VOICE_NAMES.index(instrument.name)
        for note in instrument.notes:
            steps = [round(read.time_to_tick(time) / (read.resolution / 4)) for time in (note.start, note.end)]
            found.add((voice, steps[0], steps[1] - steps[0], note.pitch))
    assert found == heard(DOCUMENT)
    assert [change.key_number for change in read.key_signature_changes] == [10]
    assert {(change.numerator, change.denominator) for change in read.time_signature_changes} >= {(3, 4)}
    assert len(mido.MidiFile(file=io.BytesIO(kept(Export(DOCUMENT, "mid")).data)).tracks) >= 4


@pytest.mark.slow
def test_music21_reads_what_is_kept(tmp_path: Path) -> None:
    music21 = pytest.importorskip("music21")
    staves: Literal[2, 4]
    for staves in (2, 4):
        path = tmp_path / f"{staves}.musicxml"
        path.write_bytes(kept(Export(DOCUMENT, "musicxml", staves=staves)).data)
        read = music21.converter.parse(path)
        pitches = sorted(pitch.midi for note in read.stripTies().recurse().notes for pitch in note.pitches)
        pitches = [p for p in pitches if p]
        assert {key.sharps for key in read.recurse().getElementsByClass("KeySignature")} == {-2}
        assert {time.ratioString for time in read.recurse().getElementsByClass("TimeSignature")} == {"3/4"}
        sung = [n for n in read.stripTies().recurse().notes if not isinstance(n, music21.harmony.Harmony)]
        assert sorted(pitch.midi for note in sung for pitch in note.pitches) == sorted(n.pitch for n in DOCUMENT.notes)


def test_sound_and_pages_are_kept() -> None:
    pytest.importorskip("typst", reason="a PDF needs typst: pip install -e '.[dev]'")
    frames, rate = soundfile.read(io.BytesIO(kept(Export(DOCUMENT, "flac", strict_tempo=True)).data))
    assert rate == 44100
    assert len(frames) / rate >= 11 * 60 / 90
    pdf = kept(Export(DOCUMENT, "pdf"))
    assert pdf.data.startswith(b"%PDF-")
    assert pdf.media_type == "application/pdf"


def test_voices_are_kept_for_their_instruments() -> None:
    text = kept(Export(DOCUMENT, "musicxml", instruments="quartet")).data.decode()
    assert re.findall("<part-name>(.*?)<", text) == ["Violin 1", "Violin 2", "Viola", "Violoncello"]
    played = pretty_midi.PrettyMIDI(io.BytesIO(kept(Export(DOCUMENT, "mid", instruments="quartet")).data))
    assert [instrument.program for instrument in played.instruments] == [40, 40, 41, 42]


def test_nothing_to_write_down_is_one_line() -> None:
    kind: ExportFormat
    for kind in ("mid", "musicxml", "flac", "pdf"):
        with pytest.raises(InputError, match="no notes to write down"):
            kept(Export(Document(length=16), kind))


def test_a_tune_is_the_voice_that_it_lies_in() -> None:
    high = opened(b"X:1\nM:4/4\nL:1/4\nQ:1/4=100\nK:G\nGABc|d4|\nw:Ich bin ein Lied lang\n", "t.abc")
    assert {note.voice for note in high.document.notes} == {0}
    assert (high.document.key, high.document.tempo, len(high.document.words)) == ("G major", 100.0, 5)
    low = opened(b"X:1\nM:4/4\nL:1/4\nK:G bass\nG,,A,,B,,C,|D,4|\n", "t.abc")
    assert {note.voice for note in low.document.notes} == {3}
    assert "bass" in low.remarks[0]
    assert "--" not in " ".join(low.remarks)


def test_repeats_are_written_out() -> None:
    repeated = opened(b"X:1\nM:4/4\nL:1/4\nK:C\n|:CDEF:|\n", "t.abc").document
    assert [note.onset for note in repeated.notes] == [4 * i for i in range(8)]


def test_chords_without_voices_get_them() -> None:
    notes = [mido.Message("note_on", note=n, velocity=64, time=0) for n in (48, 60, 64, 67)]
    ends = [mido.Message("note_off", note=n, velocity=0, time=480 * (n == 48)) for n in (48, 60, 64, 67)]
    file = mido.MidiFile(ticks_per_beat=480, tracks=[mido.MidiTrack([*notes, *ends])])
    data = io.BytesIO()
    file.save(file=data)
    found = opened(data.getvalue(), "keys.mid")
    assert [(n.voice, n.pitch) for n in found.document.notes] == [(0, 67), (1, 64), (2, 60), (3, 48)]
    assert found.document.key == "C major"


def test_a_name_is_shown_without_folders_or_tricks() -> None:
    assert shown_name("/etc/passwd.mid") == "passwd.mid"
    assert shown_name("C:\\music\\a\nb.mid") == "ab.mid"
    assert shown_name("") == "file"
    assert len(shown_name("x" * 500 + ".mid")) <= 60
    assert shown_name("x" * 500 + ".mid").endswith(".mid")
    assert file_stem("../../<b>Ä/ü") == "b"
    assert file_stem("") == "piece"


def test_notes_keep_their_order_and_ids_are_made_anew() -> None:
    note = Note("z", 0, 0, 4, 60, False, "machine")
    file = kept(Export(Document(notes=(replace(note, id="b", onset=4), note)), "mid"))
    back = opened(file.data, "x.mid").document
    assert [one.id for one in in_order(back.notes)] == ["y0-0", "y0-4"]
