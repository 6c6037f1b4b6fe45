"""A piece as a piano roll: voices in colour, bars, and the chords named under it.

Time runs to the right in rows of some bars, as in print, with the numbers of the bars above; rows of the black keys are
shaded. Two voices on one pitch share its row, the higher voice above. A note ends a little early, so that repeated
notes are seen. A fermata stands over the highest note. Chords are named where they begin and at the beginning of a
row, as :mod:`biaxial.render.chord_names` finds them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.render.roll_row import Picture, draw_head, draw_row
from biaxial.render.rows import (
    DPI,
    FORMATS,
    MAX_ROWS,
    MIN_WIDTH,
    ROW_SIXTEENTHS,
    SIXTEENTH_WIDTH,
    Row,
    figure_file,
    rows_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches around the rows, above and below each. Whole pixels: the two halves of a unison come out alike.
_LEFT, _RIGHT, _TOP, _OVER, _UNDER = 55 / DPI, 22 / DPI, 37 / DPI, 22 / DPI, 38 / DPI


def draw_piano_roll(score: Score, axes: Axes | None = None) -> Axes:
    """Draw a piece in one row.

    Parameters
    ----------
    score
        Any music, with voices or without.
    axes
        Where to draw; by default the axes of a new figure, wide enough for the piece. Leave room above them for the
        numbers of bars and the legend, and below for the chords.

    Returns
    -------
    The axes: quarter notes to the right, MIDI numbers upwards.
    """
    picture = Picture.of(score)
    bars, end = _bars(score)
    row = Row(bars[0][0], end, tuple(bars))
    if axes is None:
        figure = _figure(picture, [row])
        return figure.axes[0]
    draw_row(axes, picture, row, end - row.first)
    draw_head(axes, score)
    return axes


def piano_roll(score: Score, kind: str = "png") -> list[bytes]:
    """A piece as pictures, of which one holds :data:`~biaxial.render.rows.MAX_ROWS` rows, some 280 bars of 4/4.

    Parameters
    ----------
    score
        Any music, with voices or without.
    kind
        ``"png"`` or ``"svg"``.

    Returns
    -------
    The files, the same bytes each time.
    """
    picture = Picture.of(score)
    bars, end = _bars(score)
    sixteenth = max(1, score.ticks_per_quarter // 4)
    rows = rows_of(bars, end, ROW_SIXTEENTHS * score.ticks_per_quarter // 4, sixteenth)
    pages = [_figure(picture, rows[first : first + MAX_ROWS]) for first in range(0, len(rows), MAX_ROWS)]
    with warnings.catch_warnings():
        # A title may have letters that no font of Matplotlib has.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        return [figure_file(page, kind) for page in pages]


def save_piano_roll(score: Score, path: str | Path) -> list[Path]:
    """Write a piece as a piano roll; each file appears whole or not at all.

    Parameters
    ----------
    score
        Any music.
    path
        A file that ends in ``.png`` or ``.svg``. Of several pictures the files are ``name-1.roll.png``,
        ``name-2.roll.png`` and so on.

    Returns
    -------
    The files.

    Raises
    ------
    InputError
        If the suffix is another.
    OSError
        If a file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise InputError(f"{path}: piano rolls are written as {' and '.join(f'.{kind}' for kind in FORMATS)}")
    files = piano_roll(score, kind)
    ending = next((ending for ending in WRITERS if path.name.lower().endswith(ending)), path.suffix)
    stem, ending = path.name[: -len(ending)], path.name[-len(ending) :]
    single = len(files) == 1
    names = [path if single else path.with_name(f"{stem}-{number}{ending}") for number in range(1, len(files) + 1)]
    for name, data in zip(names, files, strict=True):
        atomic_write(name, data)
    return names


WRITERS: Final[dict[str, Callable[[Score, Path], list[Path]]]] = {
    ".roll.png": save_piano_roll,
    ".roll.svg": save_piano_roll,
}
"""What writes a file of each ending; ``.png`` and ``.svg`` alone are pages of printed music."""


def _bars(score: Score) -> tuple[list[tuple[int, int]], int]:
    """Where each bar begins and its number, the pickup 0; and where the last one ends. There is always one."""
    bars = [(0, 0)] if score.pickup_ticks else []
    bars += [(tick, number) for number, tick in enumerate(score.bar_starts(), start=1)]
    return bars or [(0, 1)], score.length_ticks or score.time_signatures[0].bar_ticks(score.ticks_per_quarter)


def _figure(picture: Picture, rows: Sequence[Row]) -> Figure:
    """Rows below one another, all to one scale, with a title and a legend above the first."""
    from matplotlib.figure import Figure

    longest = max(row.end - row.first for row in rows)
    music = 4 * SIXTEENTH_WIDTH * longest / picture.score.ticks_per_quarter
    width = max(MIN_WIDTH, _LEFT + music + _RIGHT)
    step = _OVER + picture.height + _UNDER
    height = _TOP + step * len(rows)
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    for index, row in enumerate(rows):
        bottom = height - _TOP - step * index - _OVER - picture.height
        place = (_LEFT / width, bottom / height, 1 - (_LEFT + _RIGHT) / width, picture.height / height)
        draw_row(figure.add_axes(place), picture, row, longest)
    draw_head(figure.axes[0], picture.score)
    return figure
