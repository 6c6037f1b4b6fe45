"""The heat map: a picture of the right kind, whole bars in each row, the same bytes each time, and no global state."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from biaxial.likelihood.surprise import Surprise, surprises
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score
from biaxial.render import heat_map as module
from biaxial.render.heat_map import heat_map
from biaxial.render.rows import MAX_ROWS

Q = 480


def surprise(bars: int = 2, pickup: int = 0) -> Surprise:
    torch.manual_seed(0)
    net = BiaxialLSTM(replace(PRESETS["tiny"], steps_per_quarter=1)).eval()
    notes = [Note(i * Q, Q, 60 + i % 12 + (3 - v) * 3, v) for v in range(4) for i in range(4 * bars + pickup)]
    (found,) = surprises(net, [Score(tuple(notes), pickup_ticks=pickup * Q, key=Key(-1), title="Two bars")])
    return found


def pixels(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def near(data: bytes, colour: str) -> int:
    """How many pixels are of about a colour."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(pixels(data).astype(int) - wanted).max(-1) < 60).sum())


def test_a_png_shows_notes_probabilities_and_marks() -> None:
    found = surprise()
    plain, marked = heat_map(found), heat_map(found, found.most_surprising(2))
    assert plain.startswith(b"\x89PNG")
    assert near(plain, module._NOTE) > 500
    assert near(plain, module._MARK) == 0
    assert near(marked, module._MARK) > 200
    framed = heat_map(found, cell=(3, 65))
    assert 50 < near(framed, module._MARK) < near(marked, module._MARK)
    assert pixels(plain).shape == pixels(marked).shape == pixels(framed).shape


def test_an_svg_is_one_and_both_kinds_are_the_same_each_time() -> None:
    found = surprise()
    svg = heat_map(found, kind="svg")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert heat_map(found, kind="svg") == svg
    assert heat_map(found) == heat_map(found)


def test_rows_are_whole_bars_of_similar_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROW_STEPS", 13)
    found = surprise(7, pickup=1)
    rows = module._rows(found, slice(None))
    assert [(row.first, row.end) for row in rows] == [(0, 9), (9, 21), (21, 29)]
    assert [[bar for _, bar in row.bars] for row in rows] == [[0, 1, 2], [3, 4, 5], [6, 7]]
    rows = module._rows(found, slice(5, 13))
    assert [(row.first, row.end, row.bars) for row in rows] == [(5, 13, ((5, 2), (9, 3)))]
    monkeypatch.setattr(module, "_ROW_STEPS", 2)
    assert len(module._rows(found, slice(None))) == 8, "a bar that is longer than a row has its own"


@pytest.mark.slow
def test_more_steps_make_a_wider_picture_and_more_rows_a_higher_one() -> None:
    few, many, most = (pixels(heat_map(surprise(bars))).shape for bars in (2, 25, 60))
    assert few[1] < many[1]
    assert many[0] < most[0]
    part = pixels(heat_map(surprise(60), steps=slice(0, 8))).shape
    assert part[1] == few[1]


@pytest.mark.parametrize("pitch", [36, 60, 81])
def test_a_single_note_is_drawn(pitch: int) -> None:
    torch.manual_seed(0)
    net = BiaxialLSTM(PRESETS["tiny"]).eval()
    net.walk(0).head.bias.data[1:] -= 50  # nothing but the note is worth drawing
    (found,) = surprises(net, [Score((Note(0, 120, pitch, 0),))])
    data = heat_map(found, found.most_surprising(1))
    assert near(data, module._NOTE) > 20
    assert near(data, module._MARK) > 100


def test_a_picture_that_nobody_could_open_is_refused() -> None:
    found = surprise(28 * MAX_ROWS + 1)
    with pytest.raises(InputError, match=rf"^a picture of {MAX_ROWS + 1} rows is too large, {MAX_ROWS} are not"):
        heat_map(found)


def test_pictures_leave_matplotlib_as_it_was() -> None:
    program = (
        "import runpy, sys, biaxial.render.heat_map; assert 'matplotlib' not in sys.modules\n"
        "import matplotlib as mpl; before = mpl.rcParams['svg.hashsalt'], mpl.rcParams['font.size']\n"
        "runpy.run_path(sys.argv[1])['heat_map'](runpy.run_path(sys.argv[1])['surprise'](), kind='svg')\n"
        "assert (mpl.rcParams['svg.hashsalt'], mpl.rcParams['font.size']) == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program, __file__], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
