"""Music without voices written out for several players: what they read, hear and play is the same parts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import mido
import numpy as np
import pytest

from biaxial.formats.musicxml import musicxml_text
from biaxial.formats.read import read_parts, read_score
from biaxial.music.performance.instruments import ENSEMBLES
from biaxial.music.performance.seating import seated
from biaxial.music.score import Key, Note, Score
from biaxial.render.audio import render_audio
from biaxial.render.files import Rendering, unplayable, write_file

Q = 480
QUARTET = Rendering(instruments=ENSEMBLES["quartet"])
TITLES = ("Violin 1", "Violin 2", "Viola", "Violoncello")


def serenade() -> Score:
    """Two bars in which there are more notes at once than players, not always of one length."""
    tune = [(0, 2, 79), (2, 1, 78), (3, 0.5, 76), (3.5, 0.5, 74), (4, 3, 79), (4, 1, 71), (7, 1, 78)]
    second = [(0, 1.5, 71), (1.5, 0.5, 69), (2, 2, 69), (4, 4, 67)]
    viola = [(0, 4, 62), (4, 2, 59), (4, 4, 55), (6, 2, 60)]
    cello = [(0, 1, 43), (1, 3, 42), (4, 4, 43), (4, 4, 50)]
    notes = [
        Note(round(onset * Q), round(length * Q), pitch, None, 96 if onset < 4 else 64)
        for line in (tune, second, viola, cello)
        for onset, length, pitch in line
    ]
    return Score(tuple(notes), key=Key(1))


def facts(notes: tuple[Note, ...]) -> Counter[tuple[int, int, int, int | None]]:
    return Counter((note.onset_ticks, note.length_ticks, note.pitch, note.velocity) for note in notes)


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl", ".mid"])
def test_parts_come_back_with_their_names_and_two_notes_at_once(tmp_path: Path, suffix: str) -> None:
    music, path = serenade(), tmp_path / f"a{suffix}"
    expected = seated(music, QUARTET.instruments).score
    lines = [expected.voice_notes(player) for player in range(4)]
    at_once = [(a, b) for line in lines for a, b in combinations(line, 2) if b.onset_ticks < a.end_ticks]
    assert {a.end_ticks == b.end_ticks for a, b in at_once} == {True, False}
    write_file(music, path, QUARTET)
    back = read_parts(path)
    assert back.names == TITLES
    assert [facts(part.notes) for part in back.parts] == [facts(expected.voice_notes(player)) for player in range(4)]
    assert facts(read_score(path).notes) == facts(music.notes)


@pytest.mark.parametrize("seed", range(3))
def test_dense_music_comes_back_too(tmp_path: Path, seed: int) -> None:
    draw = np.random.default_rng(seed)
    notes = {
        (int(onset), int(pitch)): Note(int(onset) * 120, int(length) * 120, int(pitch))
        for onset, length, pitch in zip(
            draw.integers(0, 64, 60), draw.integers(1, 4, 60), draw.permutation(np.arange(38, 98)), strict=True
        )
    }
    music = Score(tuple(notes.values()))
    expected = seated(music, QUARTET.instruments).score
    for suffix in (".musicxml", ".mid"):
        path = tmp_path / f"a{suffix}"
        write_file(music, path, QUARTET)
        parts = read_parts(path)
        back = {name: facts(part.notes) for name, part in zip(parts.names, parts.parts, strict=True)}
        assert back == {title: facts(expected.voice_notes(player)) for player, title in enumerate(TITLES)}


def test_who_is_silent_has_a_staff_and_a_track(tmp_path: Path) -> None:
    duet = Score(tuple(Note(tick * Q, Q, pitch) for tick in range(4) for pitch in (79 - tick, 74 - tick)))
    write_file(duet, tmp_path / "a.musicxml", QUARTET)
    assert re.findall(r"<part-name>(.*?)<", (tmp_path / "a.musicxml").read_text()) == list(TITLES)
    write_file(duet, tmp_path / "a.mid", QUARTET)
    tracks = mido.MidiFile(tmp_path / "a.mid").tracks[1:]
    assert [track.name for track in tracks] == list(TITLES)
    assert [m.program for track in tracks for m in track if m.type == "program_change"] == [40, 40, 41, 42]


def test_pages_in_text_have_staves_and_clefs_of_the_players(tmp_path: Path) -> None:
    write_file(serenade(), tmp_path / "a.ly", QUARTET)
    assert re.findall(r"\\clef (\w+)", (tmp_path / "a.ly").read_text()) == ["treble", "treble", "alto", "bass"]
    write_file(serenade(), tmp_path / "b.ly", Rendering(instruments=("violin", "piano")))
    assert re.findall(r"\\clef (\w+)", (tmp_path / "b.ly").read_text()) == ["treble", "treble", "bass"]


def test_players_are_early_and_late_by_themselves(tmp_path: Path) -> None:
    chords = Score(tuple(Note(tick * Q, Q, pitch) for tick in range(8) for pitch in (76, 67, 60, 48)))
    write_file(chords, tmp_path / "a.mid", replace(QUARTET, humanise=1.0))
    parts = read_parts(tmp_path / "a.mid")
    assert parts.names == TITLES
    together = [{part.notes[tick].onset_ticks for part in parts.parts} for tick in range(8)]
    assert all(len(onsets) > 1 for onsets in together)


def test_sound_is_that_of_the_parts() -> None:
    music, names = serenade().cut(0, Q), ("piano", "strings")
    heard = render_audio(music, instruments=names, sample_rate=8000)
    np.testing.assert_array_equal(heard, render_audio(seated(music, names).score, instruments=names, sample_rate=8000))
    assert not np.array_equal(heard, render_audio(music, instruments=("piano",), sample_rate=8000))


def test_what_cannot_be_played_is_said() -> None:
    chord = Score(tuple(Note(0, Q, pitch) for pitch in (79, 74, 71, 62, 43)))
    assert unplayable(chord, QUARTET) == ()
    assert len(unplayable(chord, Rendering(instruments=ENSEMBLES["winds"]))) == 1
    assert unplayable(chord, Rendering()) == ()


def test_notes_that_have_ids_are_not_given_out_anew() -> None:
    with pytest.raises(ValueError, match="ids of notes are for music in the order that it has"):
        musicxml_text(serenade(), instruments=QUARTET.instruments, names=[f"n{place}" for place in range(17)])
