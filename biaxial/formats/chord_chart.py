"""The chord symbols of a score as a chart in ChordPro: a grid of bars, and the words with the chords above them.

A bar of the grid has a cell for each beat, a dot where the chord stays. Chords within one beat share its cell, joined
by ``~``; where exactly they begin a chart cannot say. Notes are not part of it.

Source: ChordPro 6, https://www.chordpro.org/chordpro/chordpro-directives/ and its page on grids.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.formats.page.chord_names import name_of
from biaxial.formats.page.layout import Layout, laid_out
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.score import Score

_BARS_A_ROW: Final = 4


def chord_chart(score: Score) -> str:
    """The chart of a score that has chord symbols.

    Raises
    ------
    InputError
        If it has none.
    """
    if not score.chords:
        raise InputError("there are no chord symbols to make a chart of; give music that has some, or in several parts")
    page = laid_out(score)
    parts = [*_head(page), "{start_of_grid}", *_grid(page), "{end_of_grid}"]
    if words := list(_verse(page)):
        parts += ["", "{start_of_verse}", *words, "{end_of_verse}"]
    return "\n".join(parts) + "\n"


def write_chord_chart(score: Score, path: str | os.PathLike[str]) -> None:
    """Write the chord symbols of a score as a chart, whole or not at all.

    Raises
    ------
    InputError
        If it has none.
    OSError
        If the file cannot be written.
    """
    atomic_write(path, chord_chart(score).encode())


def _head(page: Layout) -> Iterator[str]:
    if title := " ".join(page.score.title.translate({ord("{"): "(", ord("}"): ")"}).split()):
        yield f"{{title: {title}}}"
    yield f"{{key: {page.key.name.replace(' major', '').replace(' minor', 'm')}}}"
    yield f"{{time: {page.bars[0].metre.name}}}"
    yield f"{{tempo: {page.score.tempo_bpm:.12g}}}"


def _grid(page: Layout) -> Iterator[str]:
    bars = [_bar(page, index) for index in range(len(page.bars))]
    for first in range(0, len(bars), _BARS_A_ROW):
        yield " ".join(bars[first : first + _BARS_A_ROW]) + _end(page, min(first + _BARS_A_ROW, len(bars)) - 1)


def _bar(page: Layout, index: int) -> str:
    """A bar with the line before it."""
    bar = page.bars[index]
    beat = min(bar.beat, 2 * TICKS_PER_QUARTER)
    zero = bar.start - bar.missing
    count = -(-(bar.end - zero) // beat)
    inside = [chord for chord in page.score.chords if bar.start <= chord.onset_ticks < bar.end]
    cells: dict[int, list[str]] = {}
    for chord in inside:
        cells.setdefault((chord.onset_ticks - zero) // beat, []).append(name_of(chord, page.key))
    first = 0 if bar.start < page.score.pickup_ticks else (bar.start - zero) // beat
    return f"{_line(page, index)} " + " ".join("~".join(cells.get(cell, ["."])) for cell in range(first, count))


def _line(page: Layout, index: int) -> str:
    back = index > 0 and index % _BARS_A_ROW and page.times_back(index - 1)
    forth = index > 0 and page.times_begun(index)
    numbers = page.ending_begun(index)
    return (":" if back else "") + "|" + (":" if forth else str(numbers[0]) if numbers else "")


def _end(page: Layout, index: int) -> str:
    """The line that ends a row."""
    if page.times_back(index):
        return " :|"
    return " |." if index == len(page.bars) - 1 else " |"


def _verse(page: Layout) -> Iterator[str]:
    """The words, a line for each phrase or for four bars, each chord before the syllable at which it begins."""
    score = page.score
    edges = sorted(tick + 1 for tick in score.fermatas or ()) or [
        bar.start for bar in page.bars[::_BARS_A_ROW] if bar.start
    ]
    names = [(chord.onset_ticks, 0, f"[{name_of(chord, page.key)}]") for chord in score.chords]
    words = [(word.onset_ticks, 1, word.text.strip() + ("-" if word.goes_on else " ")) for word in score.lyrics]
    for _, row in groupby(sorted(names + words), key=lambda item: sum(edge <= item[0] for edge in edges)):
        items = list(row)
        if any(kind for _, kind, _ in items):
            yield "".join(text for _, _, text in items).strip()
