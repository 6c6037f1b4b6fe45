"""The scripts behind docs/piano.md: what the corpus leaves out, what the table counts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score

SCRIPTS = Path(__file__).parents[2] / "scripts"
Q = 480


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, next(SCRIPTS.glob(f"*/{name}.py")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def printed(tuplet: int, bars: int = 2, short: str = "") -> str:
    """MusicXML of two like parts: a quarter note, then tuplets, in every bar; one part may lack a note in the first."""
    unit = 60
    note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>{}</duration></note>"
    quarter = note.format(unit)
    music = quarter + 3 * tuplet * note.format(unit // tuplet)
    first = (
        f"<attributes><divisions>{unit}</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    )
    parts = ("P1", "P2")
    names = "".join(f'<score-part id="{part}"><part-name>Violin</part-name></score-part>' for part in parts)
    played = "".join(
        f'<part id="{part}"><measure number="1">{first}{music[len(quarter) :] if part == short else music}</measure>'
        + "".join(f'<measure number="{bar}">{music}</measure>' for bar in range(2, bars + 1))
        + "</part>"
        for part in parts
    )
    return f'<score-partwise version="4.0"><part-list>{names}</part-list>{played}</score-partwise>'


def test_the_corpus_keeps_triplets_and_refuses_what_lies_beside_the_grid(tmp_path: Path) -> None:
    made = script("make_piano_corpus")
    work = made.Work("study", "train", "")
    (tmp_path / "3.musicxml").write_text(printed(3))
    score = made.read(tmp_path / "3.musicxml", work)
    assert [note.onset_ticks for note in score.notes[:10:2]] == [0, Q, Q + Q // 3, Q + 2 * Q // 3, 2 * Q]
    assert score.num_voices == 0
    assert score.title == "study"
    (tmp_path / "5.musicxml").write_text(printed(5))
    with pytest.raises(InputError, match="75% of its notes begin beside the grid of 12 steps a quarter"):
        made.read(tmp_path / "5.musicxml", work)
    (tmp_path / "short.musicxml").write_text(printed(3, short="P2"))
    with pytest.raises(InputError, match="its parts do not begin bar 2 together"):
        made.read(tmp_path / "short.musicxml", work)


def test_every_work_stands_on_one_side_of_the_split() -> None:
    works = script("make_piano_corpus").WORKS
    assert len({work.name for work in works}) == len({work.source for work in works}) == len(works)
    assert {work.split for work in works} == {"train", "valid", "test"}


def test_the_table_counts_what_a_short_piece_has() -> None:
    table = script("piano_table")
    bar = [Note(0, 2 * Q, 48), Note(0, Q, 64), Note(Q, Q // 3, 67), Note(Q + Q // 3, Q // 3, 66)]
    again = [Note(note.onset_ticks + 4 * Q, note.length_ticks, note.pitch) for note in bar]
    found = {name: a / b for name, (a, b) in table.counts(Score((*bar, *again), 8 * Q), Grid(12)).items()}
    assert found["notes at once"] == pytest.approx((2 + 1 + 2 / 3) / 4)
    assert found["silence, % of time"] == pytest.approx(50)
    assert found["struck notes a quarter"] == pytest.approx(1)
    assert found["moments with a strike a quarter"] == pytest.approx(6 / 8)
    assert found["longest time without a strike, quarters"] == pytest.approx(4 - 4 / 3)
    assert found["within one triad, % of sounding time"] == pytest.approx(100 * (2 - 1 / 3) / 2)
    assert found["bars that return, %"] == found["bars like the bar before, %"] == pytest.approx(50)
    assert found["strikes on a beat, %"] == pytest.approx(75)
    assert found["strikes on the other triplets, %"] == pytest.approx(25)


def test_held_out_music_is_cut_into_windows_of_sixteen_bars() -> None:
    table = script("piano_table")
    notes = [Note(Q + quarter * Q, Q, 60) for quarter in range(4 * 33)]
    windows = list(table.windows(Score(tuple(notes), pickup_ticks=Q)))
    assert [window.length_ticks for window in windows] == [64 * Q, 64 * Q]
    assert all(len(window.notes) == 64 for window in windows)


def test_loudness_is_compared_with_what_goes_on() -> None:
    table = script("piano_table")
    notes = [Note(beat * Q, Q, 60 + beat, velocity=33 if beat < 8 else 96) for beat in range(16)]
    found = {name: a / b for name, (a, b) in table.loudness(Score(tuple(notes))).items() if b}
    assert found["velocity"] == pytest.approx((33 + 96) / 2)
    assert found["notes of another level than the note before, %"] == pytest.approx(100 / 16)
    assert found["correlation of velocity with pitch"] == pytest.approx(0.868, abs=0.001)
    assert found["correlation of velocity with nearness to the middle of four bars"] == pytest.approx(0.5 / 5.5**0.5)
    assert table.loudness(Score((Note(0, Q, 60),))) == {}
