"""The table of parts that come back counts what it says."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.formats.musicxml import write_musicxml
from biaxial.music.parts import Parts, parts_of
from biaxial.music.performance.instruments import ENSEMBLES
from biaxial.music.score import Note, Score

Q = 480
LINES = ((79, 78, 79, 81), (71, 71, 74, 74), (62, 62, 62, 62), (43, 45, 43, 50))


@pytest.fixture(scope="module")
def table() -> ModuleType:
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module("scripts.tables.seating_table")


def work(*lines: tuple[int, ...]) -> Parts:
    named = [
        (f"{number}", [Note(place * Q, Q, pitch) for place, pitch in enumerate(line)])
        for number, line in enumerate(lines)
    ]
    return parts_of(Score(length_ticks=4 * Q), named)


def test_parts_that_never_cross_come_back_whole(table: ModuleType) -> None:
    assert table.shares(work(*LINES)) == (1.0, 1.0, 1.0, 1.0)


def test_a_unison_belongs_to_both_and_crossings_are_counted(table: ModuleType) -> None:
    unison = table.shares(work((74, 78, 79, 81), (74, 71, 74, 74), *LINES[2:]))
    assert unison.notes == 1.0
    assert unison.by_height == pytest.approx(13 / 15)  # below the unison all are one too high
    swapped = work((79, 71, 79, 81), (71, 78, 74, 74), *LINES[2:])
    assert table.shares(swapped) == (14 / 16, 14 / 16, 14 / 16, 14 / 16)


def test_what_is_not_in_four_parts_is_left_out(table: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert table.shares(work(*LINES[:3])) is None
    works = [("haydn", work(*LINES)), ("haydn", work(*LINES[:3])), ("bach", work(*LINES))]
    rows = table.table(list(table.shares_of(works))).splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| haydn", "| bach", "| all"]
    assert rows[2] == "| haydn | 1 | 1.000 | 1.000 | 1.000 | 1.000 |"
    assert "haydn, a work: not in four parts" in capsys.readouterr().err


def test_files_are_read_by_composer(table: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for composer in ("mozart", "haydn"):
        (tmp_path / composer).mkdir()
        score = Score(tuple(replace(n, voice=v) for v, part in enumerate(work(*LINES).parts) for n in part.notes))
        write_musicxml(score, tmp_path / composer / "a.musicxml", instruments=ENSEMBLES["quartet"])
    (tmp_path / "haydn" / "b.mxl").write_bytes(b"no music")
    assert [name for name, _ in table.read_works(tmp_path)] == ["haydn", "mozart"]
    assert "b.mxl" in capsys.readouterr().err
