"""Piano rolls: what is drawn where, chord names that are chords, files, and music of every kind."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from biaxial.formats.write import save_score
from biaxial.metrics.harmony.local_harmony import TEMPLATES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, TimeSignature
from biaxial.music.symbols import parse_chord
from biaxial.render import rows as layout
from biaxial.render.piano_roll import (
    CHORD_SIGNS,
    NO_VOICE_COLOUR,
    VOICE_COLOURS,
    WRITERS,
    bands_of,
    chord_names,
    draw_piano_roll,
    piano_roll,
    save_piano_roll,
)
from biaxial.render.rows import rows_of

Q = 480
ROOT = Path(__file__).parents[2]
C, G7, AM = (72, 67, 64, 48), (71, 65, 62, 43), (72, 69, 64, 45)


def chorale(bars: int = 4, pickup: int = 0) -> Score:
    chords = [(C, C, G7, AM)[beat % 4] for beat in range(4 * bars + pickup)]
    notes = [Note(beat * Q, Q, pitch, voice) for beat, chord in enumerate(chords) for voice, pitch in enumerate(chord)]
    return Score(tuple(notes), pickup_ticks=pickup * Q, key=Key(0), fermatas=(3 * Q,), title="Four bars")


def unvoiced(score: Score) -> Score:
    return replace(score, notes=tuple(replace(note, voice=None) for note in score.notes))


def pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def count(data: bytes, colour: str) -> int:
    """How many pixels are of exactly a colour."""
    return int((pixels(data) == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(-1).sum())


def words(axes: Axes) -> list[tuple[str, float, float]]:
    """What is written at an axis: text, quarter note, and 0 below or 1 above."""
    return [(text.get_text(), *text.xy) for text in axes.texts]  # type: ignore[attr-defined]


def test_voices_have_the_colours_of_the_page_of_the_judge() -> None:
    page = (ROOT / "biaxial" / "judge" / "page.html.j2").read_text(encoding="utf-8")
    light = page.split("prefers-color-scheme")[0]
    assert re.findall(r"--v\d: (#\w+);", light) == list(VOICE_COLOURS)
    assert re.findall(r"--none: (#\w+);", light) == [NO_VOICE_COLOUR]
    (data,) = piano_roll(chorale())
    assert min(count(data, colour) for colour in VOICE_COLOURS) > 1500
    assert count(data, NO_VOICE_COLOUR) == 0


def test_music_without_voices_has_one_colour_and_no_legend() -> None:
    (data,) = piano_roll(unvoiced(chorale()))
    assert count(data, NO_VOICE_COLOUR) > 6000
    assert [count(data, colour) for colour in VOICE_COLOURS] == [0] * 4
    assert draw_piano_roll(unvoiced(chorale())).get_legend() is None


def test_the_axes_are_quarter_notes_and_pitches_with_bars_and_chords() -> None:
    axes = draw_piano_roll(chorale(2, pickup=1))
    assert axes.get_xlim() == (0, 9)
    assert axes.get_ylim()[0] < 43 < 72 < axes.get_ylim()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["C3", "C4", "C5"]
    assert [word for word in words(axes) if word[2] == 1] == [("0", 0, 1), ("1", 1, 1), ("2", 5, 1)]
    names = ["C", "G7", "Am", "C", "G7", "Am", "C"]
    assert [word[:2] for word in words(axes) if word[2] == 0] == list(zip(names, [0, 2, 3, 4, 6, 7, 8], strict=True))
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert axes.get_title("left") == "Four bars"
    marks = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    assert [np.asarray(line.get_xdata()).tolist() for line in marks] == [[3.5]] * 2
    assert min(np.asarray(line.get_ydata()).min() for line in marks) > 72


def test_axes_of_ones_own_are_drawn_on_and_crowded_names_left_out() -> None:
    mine = Figure(figsize=(4, 3)).add_subplot()
    assert draw_piano_roll(chorale(16), mine) is mine
    shown = [word[0] for word in words(mine) if word[2] == 0]
    assert 5 < len(shown) < 48
    assert mine.collections


def test_two_voices_on_one_pitch_share_its_row() -> None:
    long, short = Note(0, 4 * Q, 60, 2), Note(Q, Q, 60, 1)
    bands = [(b.voice, b.start, round(b.low, 3), round(b.height, 3)) for b in bands_of((long, short), Q)]
    whole, half = 0.75, 0.375
    assert bands == [
        (2, 0, 59.625, whole),
        (2, Q, 59.625, half),
        (2, 2 * Q, 59.625, whole),
        (1, Q, 60, half),
    ]
    (data,) = piano_roll(Score((Note(0, 4 * Q, 60, 0), Note(0, 4 * Q, 60, 3))))
    image = pixels(data)
    halves = [(image == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(-1) for colour in VOICE_COLOURS[::3]]
    column = image.shape[1] // 3
    above, below = (np.flatnonzero(half[:, column]) for half in halves)
    below = below[below > 50]
    assert (len(above), len(below)) == (3, 3)
    assert above.max() + 1 == below.min()


def test_repeated_notes_are_apart_and_a_long_one_is_whole() -> None:
    repeated = [*bands_of((Note(0, Q, 60), Note(Q, Q, 60), Note(2 * Q, 1, 60)), Q)]
    assert [band.start for band in repeated] == [0, Q, 2 * Q]
    assert all(band.start < band.end < band.start + Q for band in repeated)
    (again,) = bands_of((Note(0, 2 * Q, 60),), Q)
    assert again.end > Q * 1.9


@pytest.mark.parametrize("kind", range(len(TEMPLATES)))
def test_the_names_are_those_of_the_chords(kind: int) -> None:
    assert parse_chord("C" + CHORD_SIGNS[kind])[0] == frozenset(TEMPLATES[kind])


def test_chords_are_named_on_beats_where_they_change() -> None:
    assert chord_names(chorale(1)) == [(0, "C"), (2 * Q, "G7"), (3 * Q, "Am")]
    flat = Score(tuple(Note(0, Q, pitch) for pitch in (58, 62, 65)), key=Key(-2))
    assert chord_names(flat) == [(0, "B♭")]
    assert chord_names(replace(flat, key=None)) == [(0, "A♯")]
    sharp = Score(tuple(Note(0, Q, pitch) for pitch in (54, 57, 60, 64)), key=Key.from_name("D minor"))
    assert chord_names(sharp) == [(0, "F♯ø7")]
    rest = Score((*flat.notes, *(replace(note, onset_ticks=3 * Q) for note in flat.notes)), key=Key(-2))
    assert chord_names(rest) == [(0, "B♭"), (Q, ""), (3 * Q, "B♭")]
    triad = tuple(Note(0, Q, pitch) for pitch in (48, 52, 55))
    later = tuple(replace(note, onset_ticks=2 * Q) for note in triad)
    assert chord_names(Score((*triad, Note(Q, Q, 55), *later))) == [(0, "C")], "a single tone says too little"
    assert chord_names(Score((Note(0, Q, 60), Note(0, Q, 72)))) == [], "an octave is no chord"
    assert chord_names(replace(chorale(), notes=chorale().voice_notes(0))) == [], "nor is a single line"


def test_long_pieces_go_on_in_rows_that_begin_with_their_chord() -> None:
    widths, heights = zip(*(pixels(piano_roll(chorale(bars))[0]).shape[1::-1] for bars in (4, 7, 8, 40)), strict=True)
    assert widths[0] < widths[1] == max(widths) < 1500
    assert heights[0] == heights[1] < heights[2] < heights[3]
    rows = rows_of([(4 * n, n) for n in range(10)], 40, 28)
    assert [(row.first, row.end, len(row.bars)) for row in rows] == [(0, 20, 5), (20, 40, 5)]
    assert [row.end for row in rows_of([(0, 1), (50, 2), (54, 3)], 58, 28)] == [50, 58], "a long bar has its own"


def test_more_rows_than_a_picture_holds_are_more_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biaxial.render.piano_roll.MAX_ROWS", 1)
    assert layout.MAX_ROWS * 7 > 200, "200 bars are one picture"
    files = save_piano_roll(chorale(8), tmp_path / "a.b.roll.PNG")
    assert files == [tmp_path / "a.b-1.roll.PNG", tmp_path / "a.b-2.roll.PNG"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert save_piano_roll(chorale(8), tmp_path / "x.svg") == [tmp_path / "x-1.svg", tmp_path / "x-2.svg"]


@pytest.mark.parametrize("ending", WRITERS)
def test_files_are_the_same_each_time(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"piece{ending}"
    assert WRITERS[ending](chorale(), path) == [path]
    before = path.read_bytes()
    assert [before] == piano_roll(chorale(), ending[-3:])
    if ending.endswith("svg"):
        assert ElementTree.fromstring(before).tag == "{http://www.w3.org/2000/svg}svg"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.roll\.gif: .*\.png and \.svg"):
        save_piano_roll(chorale(), tmp_path / "x.roll.gif")
    with pytest.raises(OSError, match="nowhere"):
        save_piano_roll(chorale(), tmp_path / "nowhere" / "x.roll.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "score",
    [
        Score(),
        Score((), 16 * Q, title="nothing"),
        Score((), 0, pickup_ticks=Q),
        Score((Note(0, 1, 0),), fermatas=(0, 1)),
        Score((Note(5, 7, 127, 0),), fermatas=(5,)),
        Score(tuple(Note(0, Q, 60, voice) for voice in range(6))),
        Score((Note(0, Q, 60, 0), Note(0, Q, 60)), ticks_per_quarter=1, length_ticks=2 * Q),
        Score((Note(0, 64 * 4 * Q, 60),), time_signatures=(TimeSignature(64, 1),)),
        replace(chorale(), title="$a_{$ 中文 \x00\ud800\n<&>" + "long " * 50),
        replace(chorale(9, pickup=3), notes=chorale(9, pickup=3).voice_notes(0)),
    ],
    ids=[
        "length 0",
        "no notes",
        "only a pickup",
        "lowest",
        "highest",
        "six voices",
        "mixed",
        "long bar",
        "title",
        "line",
    ],
)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_any_music_can_be_drawn(score: Score, kind: str) -> None:
    (data,) = piano_roll(score, kind)
    if kind == "svg":
        ElementTree.fromstring(data)
    else:
        assert 700 < pixels(data).shape[1] < 12500


def test_pictures_leave_matplotlib_as_it_was() -> None:
    program = (
        "import runpy, sys, biaxial.render.piano_roll; assert not {'matplotlib', 'torch'} & set(sys.modules)\n"
        "import matplotlib as mpl\n"
        "now = lambda: {name: mpl.rcParams[name] for name in mpl.rcParams if name != 'backend'}; before = now()\n"
        "made = runpy.run_path(sys.argv[1]); made['piano_roll'](made['chorale'](), 'svg')\n"
        "assert now() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program, __file__], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_script_draws_and_refuses(tmp_path: Path) -> None:
    piece = tmp_path / "piece.json"
    save_score(chorale(), piece)
    command = [sys.executable, str(ROOT / "scripts" / "make" / "piano_roll.py"), str(piece)]
    subprocess.run([*command, str(tmp_path / "x.png")], check=True, capture_output=True)
    assert [(tmp_path / "x.png").read_bytes()] == piano_roll(chorale())
    done = subprocess.run([*command, str(tmp_path / "x.gif")], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "x.gif: piano rolls are written as .png and .svg" in done.stderr
