"""A piece as a piano roll: voices in colour, bars, and the chords named under it.

Time runs to the right in rows of some bars, as in print, with the numbers of the bars above; rows of the black keys are
shaded. Two voices on one pitch share its row, the higher voice above. A note ends a little early, so that repeated
notes are seen. A fermata stands over the highest note.

A chord is named where it begins and at the beginning of a row, as :mod:`biaxial.metrics.harmony.local_harmony` fits
it. What a beat says too little about has no name: a single tone, and music in a single line.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from biaxial.files.atomic import atomic_write
from biaxial.metrics.harmony.local_harmony import TEMPLATES, beat_edges, fit_chords, pitch_class_time
from biaxial.music.constants import MAX_PITCH, MIN_PITCH, NUM_VOICES, VOICE_NAMES
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score
from biaxial.music.spelling import class_name, pitch_name
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
VOICE_COLOURS: Final = ("#b4472e", "#c98a1b", "#3f8f5b", "#2f62a8")
"""Soprano, alto, tenor and bass, as on the judge's page; a fifth voice begins again."""
NO_VOICE_COLOUR: Final = "#4a5568"
_INK, _SOFT, _LINE, _BEAT, _SHADE = "#1c2430", "#5b6675", "#9aa3ae", "#e4e7eb", "#f1f2f4"
_BLACK_KEYS = (1, 3, 6, 8, 10)
_MIN_NOTES = 18
_NOTE_HEIGHT, _THICKNESS = 8 / DPI, 0.75  # inches of a semitone, and the share of it that a note fills
_LETTER = 0.075  # inches, more or less
_GAP = 0.07  # quarter notes
CHORD_SIGNS: Final = ("", "7", "m", "°7", "ø7", "°")
"""What follows the root, for each kind of chord in :data:`~biaxial.metrics.harmony.local_harmony.TEMPLATES`."""


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


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a note: voice, where it begins and ends in ticks, its lowest point and height in semitones."""

    voice: int | None
    start: float
    end: float
    low: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What all rows of a piece share; ``names`` are the ticks where chords begin, and their names."""

    score: Score
    bands: tuple[Band, ...]
    names: tuple[tuple[int, str], ...]
    low: int
    high: int

    @classmethod
    def of(cls, score: Score) -> Picture:
        """What there is to draw of a piece."""
        low, high = _range(score)
        return cls(score, tuple(bands_of(score.notes, score.ticks_per_quarter)), tuple(chord_names(score)), low, high)

    @property
    def height(self) -> float:
        """Inches of a row."""
        return _NOTE_HEIGHT * (self.high - self.low + 1)


def _range(score: Score) -> tuple[int, int]:
    """Lowest and highest pitch that is drawn: a note more than what sounds, and two above for a fermata."""
    pitches = [note.pitch for note in score.notes] or [60]
    low, high = min(pitches) - 1, max(pitches) + (3 if score.fermatas else 1)
    lacking = max(0, _MIN_NOTES - (high - low + 1))
    return max(MIN_PITCH, low - lacking // 2), min(MAX_PITCH + 3, high + (lacking + 1) // 2)


def bands_of(notes: Sequence[Note], quarter: int) -> Iterator[Band]:
    """Notes as they are drawn: while several voices share a pitch, each has its part of the row, the highest above."""
    for together in _overlapping(notes):
        cuts = sorted({tick for note in together for tick in (note.onset_ticks, note.end_ticks)})
        for note in together:
            gap = min(_GAP * quarter, note.length_ticks / 4)
            for start, end in pairwise(cuts):
                if note.onset_ticks <= start < note.end_ticks:
                    voices = {other.voice for other in together if other.onset_ticks <= start < other.end_ticks}
                    order = sorted(voices, key=_from_the_top, reverse=True)
                    height = _THICKNESS / len(order)
                    low = note.pitch - _THICKNESS / 2 + height * order.index(note.voice)
                    early = gap if end == note.end_ticks else 0
                    yield Band(note.voice, start, max(start + (end - start) / 4, end - early), low, height)


def _overlapping(notes: Sequence[Note]) -> Iterator[list[Note]]:
    """Notes of one pitch that sound together, or one after the other within a longer one."""
    groups: dict[int, list[Note]] = {}
    for note in notes:  # in the order of their onsets
        group = groups.get(note.pitch, [])
        if group and note.onset_ticks >= max(other.end_ticks for other in group):
            yield group
            group = []
        groups[note.pitch] = [*group, note]
    yield from groups.values()


def _from_the_top(voice: int | None) -> int:
    """Where a voice comes in order; notes without one come last."""
    return MAX_PITCH + 1 if voice is None else voice


def draw_head(axes: Axes, score: Score) -> None:
    """Legend and title, in one line above the numbers of the bars."""
    from matplotlib.patches import Patch

    voices = sorted({note.voice for note in score.notes if note.voice is not None})
    if voices:
        above = 1 + 0.21 / _inches(axes)[1]
        patches = [
            Patch(color=_colour(v), label=VOICE_NAMES[v] if v < NUM_VOICES else f"Voice {v + 1}") for v in voices
        ]
        axes.legend(
            handles=patches, loc="lower right", bbox_to_anchor=(1, above), ncols=len(patches),
            frameon=False, fontsize=8, labelcolor=_INK, borderpad=0, borderaxespad=0, handlelength=1, columnspacing=1.2,
        )  # fmt: skip
    title = " ".join("".join(letter if letter.isprintable() else " " for letter in score.title).split())
    room = int((_inches(axes)[0] - len(voices) * 0.85) / 0.09)
    if len(title) > room:
        title = title[: max(1, room - 1)].rstrip() + "…"
    axes.set_title(title, loc="left", pad=17, fontsize=10.5, color=_INK, parse_math=False)


def draw_row(axes: Axes, picture: Picture, row: Row, longest: int) -> None:
    """One row; all rows have room for the longest."""
    quarter = picture.score.ticks_per_quarter
    first, end = row.first / quarter, row.end / quarter
    low, high = picture.low - 0.5, picture.high + 0.5
    keys = range(picture.low, picture.high + 1)
    black = [(first, end - first, key - 0.5, 1.0) for key in keys if key % 12 in _BLACK_KEYS]
    _boxes(axes, black, facecolor=_SHADE, linewidth=0, zorder=0)
    octaves = [key for key in keys if key % 12 == 0]
    axes.hlines([key - 0.5 for key in octaves], first, end, color=_LINE, linewidth=0.5, zorder=1)
    beats = beat_edges(picture.score)
    axes.vlines(
        beats[(beats > row.first) & (beats < row.end)] / quarter, low, high, color=_BEAT, linewidth=0.6, zorder=1
    )
    lines = [*(start / quarter for start, _ in row.bars), end]
    axes.vlines(lines, low, high, color=_LINE, linewidth=0.9, zorder=1, clip_on=False)
    for voice in sorted({band.voice for band in picture.bands}, key=_from_the_top):
        parts = [
            band for band in picture.bands if band.voice == voice and band.start < row.end and band.end > row.first
        ]
        boxes = [
            (max(band.start, row.first) / quarter, (min(band.end, row.end) - max(band.start, row.first)) / quarter,
             band.low, band.height)
            for band in parts
        ]  # fmt: skip
        _boxes(axes, boxes, facecolor=_colour(voice), linewidth=0, zorder=3)
    _draw_fermatas(axes, picture, row)
    axes.set_xlim(first, first + longest / quarter)
    axes.set_ylim(low, high)
    axes.set_yticks(octaves, [pitch_name(key) for key in octaves], fontsize=7.5, color=_SOFT)
    axes.tick_params(axis="both", length=0, pad=3)
    for side in axes.spines.values():
        side.set_visible(False)
    _write(axes, picture, row)


def _boxes(axes: Axes, boxes: Sequence[tuple[float, float, float, float]], **style: Any) -> None:
    """Rectangles, each with its left edge, width, lower edge and height."""
    from matplotlib.collections import PolyCollection

    corners = [((x, y), (x + w, y), (x + w, y + h), (x, y + h)) for x, w, y, h in boxes]
    axes.add_collection(PolyCollection(corners, **style), autolim=False)


def _write(axes: Axes, picture: Picture, row: Row) -> None:
    """Numbers of bars above the row, names of chords below it, as far as there is room."""
    quarter = picture.score.ticks_per_quarter
    left, right = axes.get_xlim()
    inches = _inches(axes)[0] / (right - left) / quarter  # of a tick
    axes.set_xticks([])
    bars = [(tick, str(number)) for tick, number in row.bars]
    held = [name for tick, name in picture.names if tick <= row.first][-1:]
    later = [(tick, name) for tick, name in picture.names if row.first < tick < row.end]
    for words, edge, up, size in ((bars, 1.0, 3, 8.0), ([*((row.first, name) for name in held), *later], 0.0, -4, 8.5)):
        free = float("-inf")
        for tick, text in words:
            if text and (tick - row.first) * inches >= free:
                free = (tick - row.first) * inches + _LETTER * (len(text) + 0.5)
                axes.annotate(
                    text, (tick / quarter, edge), xytext=(0.5, up), xycoords=("data", "axes fraction"),
                    textcoords="offset points", ha="left", va="bottom" if up > 0 else "top", fontsize=size,
                    color=_SOFT if up > 0 else _INK, annotation_clip=False,
                )  # fmt: skip


def _inches(axes: Axes) -> tuple[float, float]:
    """Width and height of axes."""
    extent = axes.get_window_extent()
    return extent.width / axes.figure.dpi, extent.height / axes.figure.dpi


def _draw_fermatas(axes: Axes, picture: Picture, row: Row) -> None:
    """An arc and a dot over the highest note that sounds where there is one."""
    from matplotlib.path import Path as Shape

    score, places = picture.score, []
    for tick in score.fermatas or ():
        sounding = [note for note in score.notes if note.onset_ticks <= tick < note.end_ticks]
        if sounding and row.first <= tick < row.end:
            top = max(sounding, key=lambda note: note.pitch)
            middle = (max(top.onset_ticks, row.first) + min(top.end_ticks, row.end)) / 2
            places.append((middle / score.ticks_per_quarter, top.pitch + 1.2))
    if places:
        x, y = zip(*places, strict=True)
        half = Shape.arc(0, 180)
        style: dict[str, Any] = {"linestyle": "none", "color": _INK, "zorder": 4, "clip_on": False}
        axes.plot(x, y, marker=half, markersize=11, fillstyle="none", markeredgewidth=1.3, **style)
        axes.plot(x, [place + 0.35 for place in y], marker="o", markersize=2.2, markeredgewidth=0, **style)


def _colour(voice: int | None) -> str:
    return NO_VOICE_COLOUR if voice is None else VOICE_COLOURS[voice % NUM_VOICES]


def chord_names(score: Score) -> list[tuple[int, str]]:
    """Where chords begin, in ticks, and what they are, such as ``"F♯m"``; ``""`` where a silence begins.

    Only beats are looked at. One that says too little, with a single tone of its chord, goes with the chord before it.
    """
    if not any(later.onset_ticks < note.end_ticks for note, later in pairwise(score.notes)):
        return []  # nothing sounds together
    edges = beat_edges(score)
    chords = fit_chords(score, edges[:-1], edges[1:])
    sounds = pitch_class_time(score, edges[:-1], edges[1:]) > 0
    names: list[tuple[int, str]] = []
    beats = zip(edges[:-1].tolist(), chords.roots.tolist(), chords.kinds.tolist(), sounds, strict=True)
    for tick, root, kind, classes in beats:
        if classes.any() and sum(bool(classes[(root + degree) % 12]) for degree in TEMPLATES[kind]) < 2:
            continue
        name = class_name(root, score.key) + CHORD_SIGNS[kind] if classes.any() else ""
        name = name.replace("#", "♯").replace("b", "♭")
        if name != (names[-1][1] if names else ""):
            names.append((tick, name))
    return names
