"""What pictures of a whole piece share: whole bars in rows, as in print, and the figure as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIXTEENTH_WIDTH: Final = 0.108
"""Inches."""
ROW_SIXTEENTHS: Final = 112
"""The most that stand in a row of several bars."""
MIN_WIDTH: Final = 7.2
"""Inches of a picture of little music."""
MAX_ROWS: Final = 40
"""A picture of more rows than this would be larger than most programs open."""
DPI: Final = 110
FORMATS: Final = ("png", "svg")


@dataclass(frozen=True, slots=True)
class Row:
    """A part of a piece, and where in it bars begin.

    Parameters
    ----------
    first, end
        Ticks or steps.
    bars
        Beginning and number of each bar, in the same unit.
    """

    first: int
    end: int
    bars: tuple[tuple[int, int], ...]


def rows_of(bars: Sequence[tuple[int, int]], end: int, most: int, unit: int = 1) -> list[Row]:
    """Whole bars in as few rows as will hold them, and these of similar length; a longer bar has a row of its own.

    Parameters
    ----------
    bars
        Beginning and number of each, the first where the picture begins.
    end
        Of the last one.
    most
        The longest row of several bars.
    unit
        In what steps shorter rows are tried.
    """

    def filled(most: int) -> list[Row]:
        rows: list[Row] = []
        first, inside = bars[0][0], list[tuple[int, int]]()
        for (start, bar), (stop, _) in pairwise([*bars, (end, 0)]):
            if inside and stop - first > most:
                rows.append(Row(first, start, tuple(inside)))
                first, inside = start, []
            inside.append((start, bar))
        return [*rows, Row(first, end, tuple(inside))]

    rows = filled(most)
    while most > unit and len(tighter := filled(most - unit)) == len(rows):
        rows, most = tighter, most - unit
    return rows


def figure_file(figure: Figure, kind: str) -> bytes:
    """The figure as a ``"png"`` or an ``"svg"``, which depends on nothing but the figure."""
    import matplotlib as mpl

    buffer = BytesIO()
    if kind == "svg":
        with mpl.rc_context({"svg.hashsalt": "biaxial"}):
            figure.savefig(buffer, format="svg", metadata={"Date": None})
    else:
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
