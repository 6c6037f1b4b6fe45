"""Explaining a piece: the moments of the bars asked for, what was expected, one cell, and the picture."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score
from biaxial.tasks.explanation import Explanation, explain
from biaxial.tasks.model import Model

Q = 480
LINES = ((72, 74, 76, 72), (67, 65, 67, 67), (64, 62, 60, 64), (48, 50, 52, 48))
SCORE = Score(
    tuple(Note(i * Q, Q, p[i % 4], voice) for voice, p in enumerate(LINES) for i in range(9)),
    pickup_ticks=Q,
    key=Key(-1),
)


@pytest.fixture(scope="module")
def found(noise: Model) -> Explanation:
    return explain(noise.network, SCORE)


def test_a_whole_piece(found: Explanation, noise: Model) -> None:
    assert found.nats == pytest.approx(-noise.log_likelihood(SCORE).nats, rel=1e-6)
    assert (found.num_steps, len(found.moments), len(found.expected)) == (36, 10, 10)
    assert found.moments == found.surprise.most_surprising(10)
    assert all(len(instead) == 3 for instead in found.expected)


def test_bars_are_explained_after_all_that_came_before(found: Explanation, noise: Model) -> None:
    part = explain(noise.network, SCORE, bars=(1, 1), top=4, most=1)
    assert (part.num_steps, len(part.moments)) == (16, 4)
    assert {moment.bar for moment in part.moments} == {1}
    assert part.nats == pytest.approx(found.surprise.per_step[4:20].sum(), rel=1e-5)
    pickup = explain(noise.network, SCORE, bars=(0, 0))
    assert {(moment.bar, math.floor(moment.beat)) for moment in pickup.moments} == {(0, 4)}
    with pytest.raises(InputError, match=r"^there are no bars 1 to 3; the piece has bars 0 to 2$"):
        explain(noise.network, SCORE, bars=(1, 3))


def test_a_cell(found: Explanation) -> None:
    cell = found.cell(1, 2, 76)
    moment = cell.moment
    assert (moment.step, moment.bar, moment.beat, moment.pitch) == (8, 1, 2, 76)
    assert (moment.voices, moment.happening) == ((0,), "struck")
    assert moment.nats == pytest.approx(found.surprise.cells.nats[8, 76 - 36], abs=1e-5)
    assert (cell.sounds, cell.strikes) == pytest.approx(
        (found.surprise.cells.sounds[8, 40], found.surprise.cells.strikes[8, 40]), abs=1e-6
    )
    assert {weighed.axis for weighed, _ in cell.inputs} == {"time", "note"}
    silent = found.cell(0, 4.5, 70)
    assert (silent.moment.voices, silent.moment.happening) == ((), "silent")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((1, 2, 35), "B1 is outside the note range of this network, C2 to A5"),
        ((1, 2, 82), "Bb5 is outside the note range of this network, C2 to A5"),
        ((3, 1, 60), "there is no bar 3; the piece has bars 0 to 2"),
    ],
)
def test_a_cell_that_is_not_there(found: Explanation, place: tuple[int, float, int], line: str) -> None:
    with pytest.raises(InputError) as refused:
        found.cell(*place)
    assert str(refused.value) == line


def test_pictures_by_suffix(found: Explanation, tmp_path: Path) -> None:
    found.save(tmp_path / "a.png", found.cell(1, 2, 76))
    found.save(str(tmp_path / "a.SVG"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "a.SVG").read_bytes()
    with pytest.raises(InputError, match=r"a\.pdf: cannot draw \.pdf; end the name in \.png or \.svg$"):
        found.save(tmp_path / "a.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.SVG", "a.png"]
