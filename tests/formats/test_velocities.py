"""Velocities through every reader and writer."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from biaxial.formats.abc.abc_writer import abc_text
from biaxial.formats.kern.kern_writer import kern_text
from biaxial.formats.lilypond import lilypond_text
from biaxial.formats.musicxml import musicxml_text
from biaxial.formats.read import read_score
from biaxial.formats.write import save_score
from biaxial.music.performance.dynamics import VELOCITIES, level_of
from biaxial.music.score import Note, Score

Q = 480


def piece(seed: int, choices: tuple[int | None, ...]) -> Score:
    """Four voices, each of which changes its loudness now and then."""
    draw = random.Random(seed)
    notes = []
    for voice, pitch in enumerate((72, 67, 60, 48)):
        velocity = draw.choice(choices)
        for place in range(24):
            velocity = draw.choice(choices) if draw.random() < 0.3 else velocity
            notes.append(Note(place * Q, Q, pitch + draw.randint(-3, 3), voice, velocity))
    return Score(tuple(notes))


def through(score: Score, path: Path) -> Score:
    save_score(score, path)
    return read_score(path)


def velocities(score: Score) -> list[int | None]:
    return [note.velocity for note in score.notes]


@pytest.mark.parametrize("seed", range(4))
def test_midi_json_and_musicxml_keep_every_velocity(seed: int, tmp_path: Path) -> None:
    score = piece(seed, tuple(range(1, 128)))
    for suffix in (".mid", ".json", ".musicxml", ".mxl"):
        assert through(score, tmp_path / f"a{suffix}").notes == score.notes, suffix


@pytest.mark.parametrize("seed", range(4))
def test_midi_and_json_keep_which_velocities_are_not_known(seed: int, tmp_path: Path) -> None:
    score = piece(seed, (None, 20, 97))
    for suffix in (".mid", ".json"):
        assert through(score, tmp_path / f"a{suffix}").notes == score.notes, suffix


@pytest.mark.parametrize("suffix", [".abc", ".krn"])
@pytest.mark.parametrize("seed", range(4))
def test_formats_of_marks_keep_every_level(suffix: str, seed: int, tmp_path: Path) -> None:
    score = piece(seed, VELOCITIES)
    found = through(score, tmp_path / f"a{suffix}")
    assert [level_of(n.velocity or 0) for n in found.notes] == [level_of(n.velocity or 0) for n in score.notes]


def test_music_of_which_nobody_says_how_loud_it_is_says_nothing_in_any_format(tmp_path: Path) -> None:
    score = piece(1, (None,))
    for suffix in (".mid", ".json", ".musicxml", ".abc", ".krn"):
        assert set(velocities(through(score, tmp_path / f"a{suffix}"))) == {None}, suffix
    assert "dynam" not in musicxml_text(score) + kern_text(score)
    assert "!" not in abc_text(score)
    assert "velocity" not in (tmp_path / "a.json").read_text()


def test_a_program_s_constant_is_kept_and_not_printed(tmp_path: Path) -> None:
    score = piece(1, (100,))
    assert set(velocities(through(score, tmp_path / "a.mid"))) == {100}
    assert set(velocities(through(score, tmp_path / "a.musicxml"))) == {100}
    assert "<dynamics>" not in musicxml_text(score)


def test_documents_and_midi_of_before_say_nothing_either(tmp_path: Path) -> None:
    old = piece(1, (80,))
    for suffix in (".mid", ".json"):
        assert set(velocities(through(old, tmp_path / f"a{suffix}"))) == {None}
    save_score(replace(old, notes=tuple(replace(n, velocity=None) for n in old.notes)), tmp_path / "b.mid")
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


TUNE = ((60, 49), (62, 65), (64, 49), (65, 96))
MARKED = Score(tuple(Note(place * Q, Q, pitch, 0, loud) for place, (pitch, loud) in enumerate(TUNE)))


def test_marks_and_accents_stand_at_their_notes() -> None:
    root = ElementTree.fromstring(musicxml_text(MARKED))
    assert [mark.tag for mark in root.findall(".//direction/direction-type/dynamics/*")] == ["p", "f"]
    accented = [note for note in root.iter("note") if note.find("notations/articulations/accent") is not None]
    assert [note.findtext("pitch/step") for note in accented] == ["D"]
    assert all(note.get("dynamics") is None for note in root.iter("note"))
    assert "c'4\\p d'4-> e'4 f'4\\f" in lilypond_text(MARKED)
    assert "!p!C2 !accent!D2 E2 !f!F2" in abc_text(MARKED)
    assert "4c\tp\n4d^\t.\n4e\t.\n4f\tf\n" in kern_text(MARKED)


def test_mei_has_the_marks() -> None:
    pytest.importorskip("verovio")
    from biaxial.formats.mei import mei_text

    assert [mark.split("<")[0] for mark in mei_text(MARKED).split("<dynam ")[1:]]
    assert ">p</dynam>" in mei_text(MARKED)
    assert ">f</dynam>" in mei_text(MARKED)


ABC = """X:1
M:4/4
L:1/4
K:C
C !p!D !<(! D D | D !<)!!f!D LD !sfz!D |
"""
KERN = """**kern\t**kern\t**dynam
*M4/4\t*M4/4\t*M4/4
4C\t4c\t.
4C\t4d\tp
4C\t4d\t<
4C\t4d\t(
4C\t4d\t[
4C^\t4d\tf
*-\t*-\t*-
"""


def test_abc_marks_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text(ABC)
    assert velocities(read_score(tmp_path / "a.abc")) == [None, 49, 49, 65, 80, 96, 112, 112]


def test_a_letter_of_abc_may_stand_for_an_accent_or_for_one_no_more(tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text("X:1\nL:1/4\nU: L = !trill!\nU: n = !accent!\nK:C\n!p!C LC nC C |\n")
    assert velocities(read_score(tmp_path / "a.abc")) == [49, 49, 65, 49]


def test_kern_s_column_of_dynamics_belongs_to_the_parts_on_its_left(tmp_path: Path) -> None:
    (tmp_path / "a.krn").write_text(KERN)
    score = read_score(tmp_path / "a.krn")
    assert [n.velocity for n in score.notes if n.pitch > 55] == [None, 49, 49, 72, 96, 96]
    assert [n.velocity for n in score.notes if n.pitch < 55] == [None, 49, 49, 72, 96, 112]
