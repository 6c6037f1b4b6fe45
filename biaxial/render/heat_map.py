"""A piece as a network hears it: how probable every cell was, what really sounds, and how surprising it is.

Time runs to the right in rows of some bars, as in print. In the upper part of a row colour is the probability that a
cell sounds, on a scale that shows one in a hundred too; the notes of the piece are outlined, each from its beginning to
its end. Below it are the nats of every step. Numbered marks are the moments that a table lists under these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from biaxial.likelihood.surprise import Moment, Surprise
from biaxial.music.errors import InputError
from biaxial.music.spelling import pitch_name
from biaxial.render.rows import MAX_ROWS, MIN_WIDTH, ROW_SIXTEENTHS, SIXTEENTH_WIDTH, Row, figure_file, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_STEPS = ROW_SIXTEENTHS
_MIN_NOTES = 18
_NOTE_HEIGHT, _NATS_HEIGHT = 0.062, 0.75
_MARK, _LINE, _BAR, _NOTE = "#c8102e", "#9a9a9a", "#7d8ca3", "#e8890c"
_LEGEND = "blue: how probable each note was; orange: what sounds; below: nats of every step; red: the most surprising"


def heat_map(
    surprise: Surprise,
    marks: Sequence[Moment] = (),
    *,
    steps: slice = slice(None),
    cell: tuple[int, int] | None = None,
    kind: str = "png",
) -> bytes:
    """Draw a piece.

    Parameters
    ----------
    surprise
        The piece and what the network makes of it.
    marks
        Moments that get a number, the first one 1.
    steps
        Which steps to draw, all by default.
    cell
        A step and a pitch that get a frame.
    kind
        ``"png"`` or ``"svg"``.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        If the picture would be too large.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = _rows(surprise, steps)
    longest = max(row.end - row.first for row in rows)
    if len(rows) > MAX_ROWS:
        raise InputError(f"a picture of {len(rows)} rows is too large, {MAX_ROWS} are not; name fewer bars")
    low, high = _range(surprise, rows)
    heights = [_NOTE_HEIGHT * (high - low + 1), _NATS_HEIGHT]
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(_width(longest), len(rows) * (sum(heights) + 0.5) + 0.9), layout="constrained")
        figure.suptitle(f"{_title(surprise, steps)}\n", fontsize=11)
        figure.text(
            0.5, 0.995 - 0.3 / figure.get_figheight(), _LEGEND, ha="center", va="top", fontsize=8, color="#555555"
        )
        grid = figure.add_gridspec(2 * len(rows), 2, height_ratios=heights * len(rows), width_ratios=(1, 0.012))
        most = max(1.0, float(surprise.per_step[rows[0].first : rows[-1].end].max()))
        for index, row in enumerate(rows):
            cells, nats = figure.add_subplot(grid[2 * index, 0]), figure.add_subplot(grid[2 * index + 1, 0])
            image = _draw_cells(cells, surprise, row, low, high)
            _draw_nats(nats, surprise, row, most)
            for axes in (cells, nats):
                _draw_bars(axes, row, longest)
            _draw_marks(cells, nats, surprise, row, marks)
            if cell is not None and row.first <= cell[0] < row.end:
                _frame(cells, cell[0] - 0.15, 1.3, cell[1], 1.3, edgecolor=_MARK, linewidth=1.8, zorder=5)
            if index == 0:
                bar = figure.colorbar(image, cax=figure.add_subplot(grid[0, 1]), ticks=(0, 0.01, 0.1, 0.5, 1))
                bar.ax.set_yticklabels(("0", "1%", "10%", "50%", "100%"), fontsize=7)
                bar.outline.set_visible(False)
        return figure_file(figure, kind)


def _width(steps: int) -> float:
    """Inches of a picture whose longest row has so many steps."""
    return max(MIN_WIDTH, 0.9 + SIXTEENTH_WIDTH * steps)


def _title(surprise: Surprise, steps: slice) -> str:
    title, nats = surprise.roll.outline.title, surprise.per_step[steps]
    figures = f"{nats.sum():.1f} nats, {nats.mean():.3f} a step"
    return f"{title}   ({figures})" if title else figures


def _rows(surprise: Surprise, steps: slice) -> list[Row]:
    """Whole bars in as few rows as will hold them, and these of similar length; a longer bar has a row of its own."""
    wanted = range(surprise.roll.num_steps)[steps]
    starts = {wanted.start, *(tick // surprise.unit for tick in surprise.roll.outline.bar_starts())}
    bars = [(start, surprise.place(start)[0]) for start in sorted(starts) if start in wanted]
    return rows_of(bars, wanted.stop, _ROW_STEPS)


def _range(surprise: Surprise, rows: Sequence[Row]) -> tuple[int, int]:
    """Lowest and highest pitch that is drawn: what sounds or might well have, and a note more."""
    part = slice(rows[0].first, rows[-1].end)
    likely = (surprise.cells.sounds[part] > 0.02) | (surprise.roll.states[part] > 0)
    there = np.flatnonzero(likely.any(axis=0))
    last = surprise.roll.num_notes - 1
    first, end = (int(there[0]) - 1, int(there[-1]) + 1) if len(there) else (0, last)
    lacking = max(0, _MIN_NOTES - (end - first + 1)) // 2
    low = surprise.roll.low_pitch
    return low + max(0, first - lacking), low + min(last, end + lacking)


def _draw_cells(axes: Axes, surprise: Surprise, row: Row, low: int, high: int) -> Any:
    """Probabilities, the notes, bar lines; returns the image."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    roll, key = surprise.roll, surprise.roll.outline.key
    part = surprise.cells.sounds[row.first : row.end, low - roll.low_pitch : high + 1 - roll.low_pitch]
    colours = LinearSegmentedColormap.from_list("biaxial", ("#ffffff", "#cfe0f3", "#6ba3d6", "#1f5fa8", "#0b2e63"))
    image = axes.imshow(
        part.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=colours,
        norm=PowerNorm(0.45, 0, 1),
        extent=(row.first, row.end, low - 0.5, high + 0.5),
    )
    notes = [
        (max(note.step, row.first), min(note.note.end_ticks // surprise.unit, row.end), note.note.pitch)
        for note in surprise.notes
    ]
    frames = [(start, end, pitch - 0.45, pitch + 0.45) for start, end, pitch in notes if start < end]
    _boxes(axes, frames, facecolor="none", edgecolor=_NOTE, linewidth=1.0, zorder=3)
    octaves = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 7)]
    axes.set_yticks(octaves, [pitch_name(pitch, key) for pitch in octaves], fontsize=7.5)
    axes.set_xticks([start for start, _ in row.bars], [str(bar) for _, bar in row.bars])
    axes.tick_params(axis="x", length=0, top=True, labeltop=True, bottom=False, labelbottom=False, pad=2)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
    return image


def _frame(axes: Axes, left: float, width: float, pitch: int, height: float, **style: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, pitch - height / 2), width, height, fill=False, **style))


def _boxes(axes: Axes, boxes: Sequence[tuple[float, float, float, float]], **style: Any) -> None:
    """Many boxes as one thing, which is drawn sooner: left, right, bottom and top of each."""
    from matplotlib.collections import PolyCollection

    corners = [((x0, y0), (x1, y0), (x1, y1), (x0, y1)) for x0, x1, y0, y1 in boxes]
    axes.add_collection(PolyCollection(corners, joinstyle="miter", **style), autolim=False)


def _draw_nats(axes: Axes, surprise: Surprise, row: Row, most: float) -> None:
    """Nats of every step."""
    nats = surprise.per_step[row.first : row.end]
    bars = [(step, step + 0.9, 0.0, high) for step, high in enumerate(nats.tolist(), start=row.first)]
    _boxes(axes, bars, facecolor=_BAR, linewidth=0, zorder=1)
    axes.set_ylim(0, 1.25 * most)
    axes.set_xticks([])
    axes.tick_params(axis="y", labelsize=7.5)
    axes.set_ylabel("nats", fontsize=8)


def _draw_bars(axes: Axes, row: Row, longest: int) -> None:
    """Bar lines, and the room of a row, equal for all of them."""
    for start, _ in row.bars:
        axes.axvline(start, color=_LINE, linewidth=0.8, zorder=2)
    axes.set_xlim(row.first, row.first + longest)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(side in ("left", "bottom"))
        axes.spines[side].set_color(_LINE)


def _draw_marks(cells: Axes, nats: Axes, surprise: Surprise, row: Row, marks: Sequence[Moment]) -> None:
    """The numbers of the moments, beside their notes and over their steps."""
    over: dict[int, list[str]] = {}
    for number, moment in enumerate(marks, start=1):
        if not row.first <= moment.step < row.end:
            continue
        over.setdefault(moment.step, []).append(str(number))
        if moment.pitch is not None:
            cells.annotate(
                str(number),
                (moment.step + 0.5, moment.pitch),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white",
                zorder=6,
                bbox={"boxstyle": "circle,pad=0.18", "facecolor": _MARK, "edgecolor": "white", "linewidth": 0.6},
            )
    for step, numbers in over.items():
        nats.bar(step, surprise.per_step[step], width=0.9, align="edge", color=_MARK, linewidth=0)
        nats.text(
            step + 0.45, surprise.per_step[step], ",".join(numbers), ha="center", va="bottom", fontsize=6.5, color=_MARK
        )
