"""Chord symbols as MusicXML has them: every quality comes back with its pitch classes."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from biaxial.formats.musicxml import musicxml_text, write_musicxml
from biaxial.formats.read import read_score
from biaxial.music.score import ChordSymbol, Key, Note, Score
from biaxial.music.symbols import _QUALITIES, parse_chord

Q = 480
NAMES = [f"{root}{quality}" for quality in _QUALITIES for root in ("C", "F#", "Bb")]
NAMES += ["C7b9", "C7#9", "Cmaj7#11", "C7b5", "Am/G", "C/D", "Dm7/C", "G7sus4/F", "Cadd9", "Cno5", "N.C."]


def with_chords(chords: list[ChordSymbol], key: Key | None = None) -> Score:
    notes = (Note(chord.onset_ticks, Q, 60) for chord in chords)
    return Score(tuple(notes), chords=tuple(chords), key=key or Key(0))


@pytest.mark.parametrize("named", [True, False])
def test_pitch_classes_and_bass_come_back(tmp_path: Path, named: bool) -> None:
    chords = [ChordSymbol(i * Q, *parse_chord(name), name if named else "") for i, name in enumerate(NAMES)]
    write_musicxml(with_chords(chords), tmp_path / "x.musicxml")
    found = read_score(tmp_path / "x.musicxml").chords
    wrong = [
        before.name or NAMES[before.onset_ticks // Q]
        for before, after in zip(chords, found, strict=True)
        if (before.pitch_classes, before.bass) != (after.pitch_classes, after.bass)
    ]
    assert wrong == []


def test_what_is_shown_is_what_was_written() -> None:
    chords = [ChordSymbol(0, *parse_chord("F♯m7b5/E"), "F♯m7b5/E"), ChordSymbol(Q, *parse_chord("N.C."), "N.C.")]
    first, second = fromstring(musicxml_text(with_chords(chords))).iter("harmony")
    assert [(part.tag, part.text) for part in first.iter() if (part.text or "").strip()] == [
        ("root-step", "F"),
        ("root-alter", "1"),
        ("kind", "half-diminished"),
        ("bass-step", "E"),
    ]
    assert [kind.get("text") for kind in (*first.iter("kind"), *second.iter("kind"))] == ["m7b5", "N.C."]


def test_a_name_that_says_another_chord_is_not_believed() -> None:
    chords = [ChordSymbol(0, frozenset({0, 3, 7}), name="G7"), ChordSymbol(Q, frozenset({1, 5, 8}), name="what")]
    (first, second) = fromstring(musicxml_text(with_chords(chords, Key(-4)))).iter("harmony")
    assert (first.findtext("root/root-step"), first.findtext("kind")) == ("C", "minor")
    assert (second.findtext("root/root-step"), second.findtext("root/root-alter")) == ("D", "-1")


def test_a_chord_within_a_note_has_its_place() -> None:
    score = Score((Note(0, 4 * Q, 60),), chords=(ChordSymbol(Q, frozenset({0, 4, 7}), name="C"),))
    (harmony,) = fromstring(musicxml_text(score)).iter("harmony")
    assert harmony.findtext("offset") == str(Q)
