"""Documents are scores and back, and what is no piece is refused where it is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from biaxial import Note as ScoreNote
from biaxial import Score, TimeSignature
from biaxial.studio.documents import check_document, document_of, in_order, length_of, rewritten, score_of, spans_of
from biaxial.studio.json_messages import MessageError, from_json, to_json
from biaxial.studio.messages import Chord, Document, Forbid, Note, Span, Word
from tests.studio.conftest import chorale


def test_a_document_is_a_score_and_back() -> None:
    document = chorale(
        metre="3/4",
        pickup=4,
        tempo=99.0,
        key="F# minor",
        chords=(Chord(0, "F#m"), Chord(8, "C#7/E#")),
        words=(Word(0, "Ach", True), Word(4, "je")),
        fermatas=(8,),
        title="T",
    )
    check_document(document)
    score = score_of(document)
    assert (score.pickup_ticks, score.length_ticks, score.time_signatures[0].name) == (480, 8 * 480, "3/4")
    assert [note.locked for note in score.notes[:4]] == [True, False, False, False]
    back, remarks = document_of(score, "machine", "m")
    assert remarks == ()
    expected = [
        replace(note, id=f"m{note.voice}-{note.onset}", lock=False, source="machine") for note in document.notes
    ]
    assert back == replace(document, notes=in_order(expected))


def test_notes_keep_how_loud_they_are() -> None:
    document = chorale()
    loud = replace(document, notes=tuple(replace(note, velocity=30 + 9 * note.voice) for note in document.notes[1:]))
    loud = replace(loud, notes=in_order((document.notes[0], *loud.notes)))
    score = score_of(loud)
    assert {note.velocity for note in score.notes} == {None, 30, 39, 48, 57}
    back, _ = document_of(score, "you", "n")
    assert [note.velocity for note in back.notes] == [note.velocity for note in loud.notes]
    assert from_json(Document, to_json(loud)) == loud
    assert rewritten(loud, score, 1).document.notes == loud.notes
    new = replace(score, notes=tuple(replace(note, pitch=note.pitch + 1, velocity=112) for note in score.notes))
    assert {note.velocity for note in rewritten(loud, new, 1).document.notes} == {112}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"metre": "5/0"}, "d.metre"),
        ({"metre": "3/64"}, "d.metre"),
        ({"key": "H major"}, "d.key"),
        ({"pickup": 16}, "d.pickup"),
        ({"pickup": -1}, "d.pickup"),
        ({"tempo": 0.0}, "d.tempo"),
        ({"tempo": 1e9}, "d.tempo"),
        ({"seed": -1}, "d.seed"),
        ({"title": "x" * 201}, "d.title"),
        ({"length": 16_001}, "d.length"),
        ({"length": 4}, "d.length"),
        ({"chords": (Chord(0, "Z"),)}, "d.chords[0].name"),
        ({"chords": (Chord(0, "C"), Chord(0, "G"))}, "d.chords[1].onset"),
        ({"words": (Word(99, "x"),)}, "d.words[0].onset"),
        ({"fermatas": (-4,)}, "d.fermatas[0]"),
        ({"forbidden": (Forbid(4, 4, 60),)}, "d.forbidden[0]"),
        ({"forbidden": (Forbid(0, 4, 200),)}, "d.forbidden[0].pitch"),
        ({"forbidden": (Forbid(0, 4, 60, 4),)}, "d.forbidden[0].voice"),
    ],
)
def test_what_is_no_piece_is_refused_where_it_is_wrong(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(MessageError) as caught:
        check_document(chorale(**fields), "d")
    assert caught.value.field in (field, "d.notes[1]")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "1"},
        {"id": "a" * 41},
        {"id": "a<b"},
        {"voice": 4},
        {"voice": -1},
        {"onset": -1},
        {"onset": 31},
        {"duration": 0},
        {"duration": 5},
        {"pitch": 128},
        {"pitch": -1},
        {"velocity": 0},
        {"velocity": 128},
        {"id": "n0-1"},
    ],
)
def test_a_note_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    document = chorale()
    with pytest.raises(MessageError, match=r"document\.notes"):
        check_document(replace(document, notes=(replace(document.notes[0], **changes), *document.notes[1:])))


def test_a_piece_has_a_thousand_bars_at_most() -> None:
    check_document(Document(length=16_000))
    with pytest.raises(MessageError, match="longer than 1000 bars"):
        check_document(Document(length=16_001))
    far = Note("a", 0, 16_001, 4, 60, True, "you")
    with pytest.raises(MessageError, match="longer than 1000 bars"):
        check_document(Document(notes=(far,)))


def test_what_stays_is_the_note_that_was_sent() -> None:
    document = chorale(4)
    score = score_of(document)
    other = replace(score.notes[5], pitch=60)
    written = replace(score, notes=(*score.notes[:5], other, *score.notes[6:]))
    found = rewritten(document, written, 3)
    voice, onset = other.voice, other.onset_ticks // 120
    gone = next(note for note in document.notes if (note.voice, note.onset) == (voice, onset))
    assert (found.added, found.removed) == ((f"m3-{voice}-{onset}",), (gone.id,))
    new = Note(found.added[0], gone.voice, gone.onset, 4, 60, False, "machine")
    assert set(found.document.notes) == {*document.notes, new} - {gone}
    assert replace(found.document, notes=()) == replace(document, notes=(), seed=3)
    again = rewritten(replace(found.document, notes=(*found.document.notes,)), score, 3)
    assert again.added == (f"m3-{voice}-{onset}-2",)  # the name is taken
    assert length_of(again.document) == length_of(document)


def test_files_beside_the_grid_are_moved_and_it_is_said() -> None:
    triplets = tuple(ScoreNote(160 * i, 160, 60 + i, 0) for i in range(6))
    document, remarks = document_of(Score(triplets, 960), "you", "y")
    check_document(document)
    assert len(document.notes) == 6
    assert "beside the grid" in remarks[0]
    metres = (TimeSignature(4, 4), TimeSignature(3, 4, 1920))
    _, remarks = document_of(Score((ScoreNote(0, 480, 60, 0),), 4800, time_signatures=metres), "you", "y")
    assert "metre changes" in remarks[0]


def test_a_selection_is_within_the_piece_and_an_empty_one_is_all_of_it() -> None:
    document = chorale()
    assert spans_of(document, ()) == tuple(Span(voice, 0, 32) for voice in range(4))
    for span in (Span(4, 0, 4), Span(0, 4, 4), Span(0, -1, 4), Span(0, 0, 33)):
        with pytest.raises(MessageError, match=r"selection\[0\]"):
            spans_of(document, (span,))
