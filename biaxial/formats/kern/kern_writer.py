"""A score as Humdrum kern: a column for each line of music, the lowest on the left, as chorales are encoded.

Words stand in a column ``**text`` on the right of the voice that sings them, its dynamics in one of ``**dynam``, the
names of chord symbols in one of ``**mxhm`` on the right of all. What is played again has bar lines that say so; where
it has endings, or is played more than twice, the order of its sections is listed too (``*>[A,B,A,C]``). Of velocities
there are marks and accents. What kern cannot hold: which notes were given, and where the notes of a recording lie
exactly.

Source: the definition of kern, https://www.humdrum.org/rep/kern/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.formats.page.chord_names import name_of
from biaxial.formats.page.layout import Layout, WrittenLine, laid_out
from biaxial.formats.page.values import Value
from biaxial.formats.page.written_levels import Levels, levels_of_line
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.performance.instruments import Clef
from biaxial.music.repeats import passages
from biaxial.music.score import Key, Score
from biaxial.music.spelling import Spelling

_WHOLE: Final = 4 * TICKS_PER_QUARTER
_CLEFS: Final[dict[Clef, str]] = {"treble": "*clefG2", "tenor": "*clefGv2", "alto": "*clefC3", "bass": "*clefF4"}
_INSTRUMENTS: Final = {"Soprano": "*Isoprn", "Alto": "*Ialto", "Tenor": "*Itenor", "Bass": "*Ibass", "Piano": "*Ipiano"}
_BEAMS: Final = {"begin": "L", "end": "J", "forward hook": "K", "backward hook": "k", "continue": ""}


def kern_text(score: Score) -> str:
    """The document of a score; four voices stand on four staves.

    Parameters
    ----------
    score
        Any music. Without a key it is spelled, and its signature printed, in the likeliest.
    """
    page = laid_out(score, staves=4)
    columns = _columns(page)
    rows = [*_head(page, columns)]
    for index in range(len(page.bars)):
        rows += _signs_before(page, index, len(columns))
        if page.new_metre(index):
            rows.append([column.kern_only(f"*M{page.bars[index].metre.name}") for column in columns])
        ticks = sorted({tick for column in columns for tick in column.bars[index]})
        rows += [[column.bars[index].get(tick, ".") for column in columns] for tick in ticks]
    rows += [[_bar_line(page, len(page.bars))] * len(columns), ["*-"] * len(columns)]
    title = " ".join(page.score.title.split())
    return "".join(f"{line}\n" for line in ([f"!!!OTL: {title}"] if title else []) + ["\t".join(row) for row in rows])


def write_kern(score: Score, path: str | os.PathLike[str]) -> None:
    """Write a score as kern, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    atomic_write(path, kern_text(score).encode())


class _Column:
    """A column: what stands above its music, and by bar what begins at which tick."""

    def __init__(self, kind: str, bars: Sequence[dict[int, str]], line: WrittenLine | None = None) -> None:
        self.kind, self.bars, self.line = kind, bars, line

    def kern_only(self, text: str) -> str:
        """A word to readers of notes, which other columns have nothing in place of."""
        return text if self.line is not None else "*"


def _columns(page: Layout) -> list[_Column]:
    columns = []
    for line in reversed(page.lines()):
        levels = levels_of_line(page.score, line.bars)
        columns.append(_Column("**kern", [_tokens(page, line, levels, values) for values in line.bars], line))
        words = [{value.chord.start: _word(page, value) for value in values} for values in line.bars]
        words = [{tick: word for tick, word in bar.items() if word} for bar in words]
        if any(words):
            columns.append(_Column("**text", words))
        if levels.marks:
            marks = [{v.chord.start: levels.mark(v) for v in values if levels.mark(v)} for values in line.bars]
            columns.append(_Column("**dynam", marks))
    if page.score.chords:
        symbols = page.score.chords
        names = [
            {c.onset_ticks: _datum(name_of(c, page.key)) for c in symbols if bar.start <= c.onset_ticks < bar.end}
            for bar in page.bars
        ]
        columns.append(_Column("**mxhm", names))
    return columns


def _head(page: Layout, columns: Sequence[_Column]) -> Iterator[list[str]]:
    yield [column.kind for column in columns]
    lines = [column.line for column in columns]
    if (order := _sections(page)) and len(order) > 1:
        yield [f"*>[{','.join(order)}]"] * len(columns)
    yield ["*" if line is None else f"*staff{line.staff}" for line in lines]
    yield ["*" if line is None else _INSTRUMENTS.get(line.name, "*") for line in lines]
    yield ["*" if line is None else f'*I"{line.name}' for line in lines]
    yield ["*" if line is None else _CLEFS[line.clef] for line in lines]
    tempo = f"*MM{page.score.tempo_bpm:.12g}"
    for word in (*_key(page.key), f"*M{page.bars[0].metre.name}", tempo):
        yield [column.kern_only(word) for column in columns]


def _key(key: Key) -> tuple[str, str]:
    letters = "fcgdaeb"[: key.fifths] if key.fifths >= 0 else "beadgcf"[: -key.fifths]
    tonic = key.name.split()[0].replace("b", "-")
    sign = "#" if key.fifths > 0 else "-"
    signature = "".join(letter + sign for letter in letters)
    return f"*k[{signature}]", f"*{tonic.lower() if key.mode == 'minor' else tonic}:"


def _edges(page: Layout) -> list[int]:
    """Where sections begin, if the order of sections has to be listed."""
    repeats = page.score.repeats
    if all(repeat.times == 2 and not repeat.endings for repeat in repeats):
        return []
    ticks = {0, *(tick for repeat in repeats for tick in (repeat.start_ticks, repeat.end_ticks))}
    ticks |= {ending.start_ticks for repeat in repeats for ending in repeat.endings}
    return sorted(ticks - {page.score.length_ticks})


def _sections(page: Layout) -> list[str]:
    """The names of sections in the order in which they are played; none where bar lines say all."""
    edges = [*_edges(page), page.score.length_ticks]
    names = {pair: _name(index) for index, pair in enumerate(pairwise(edges))}
    played = passages(page.score.repeats, page.score.length_ticks)
    return [name for first, last, _ in played for (start, end), name in names.items() if first <= start and end <= last]


def _name(index: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 26] + (str(index // 26) if index >= 26 else "")


def _signs_before(page: Layout, index: int, width: int) -> Iterator[list[str]]:
    """The bar line before a bar, and the name of the section that begins with it."""
    edges, bar = _edges(page), page.bars[index]
    if index or not bar.missing:
        yield [_bar_line(page, index)] * width
    if bar.start in edges:
        yield [f"*>{_name(edges.index(bar.start))}"] * width


def _bar_line(page: Layout, index: int) -> str:
    """The line before a bar, or after the last one."""
    back = index > 0 and page.times_back(index - 1)
    forth = index < len(page.bars) and index > 0 and page.times_begun(index)
    sign = (":|" if back else "") + ("!" if back or forth else "") + ("|:" if forth else "")
    if index == len(page.bars):
        return "==" + sign
    number = "" if page.goes_on(index) else str(page.bars[index].number)
    return f"={number}{sign}" if index else f"={number}-"


def _tokens(page: Layout, line: WrittenLine, levels: Levels, values: Sequence[Value]) -> dict[int, str]:
    return {value.chord.start: _token(page, line, levels, value) for value in values}


def _token(page: Layout, line: WrittenLine, levels: Levels, value: Value) -> str:
    chord, length = value.chord, _recip(value)
    pause = ";" if page.has_fermata(chord) else ""
    if not chord.notes:
        return f"{length}r{'yy' if line.is_hidden else ''}{pause}"
    accent = "^" if levels.has_accent(value) else ""
    beams = "".join(_BEAMS[mark] for mark in value.beams)
    notes = []
    for note in chord.notes:
        before, after = note in chord.came_from, note in chord.goes_on
        opened = "[" if after and not before else ""
        tied = "_" if before and after else "]" if before else ""
        notes.append(f"{opened}{length}{_pitch(page.spellings[note])}{pause}{tied}{accent}{beams}")
    return " ".join(notes)


def _recip(value: Value) -> str:
    """A length as the part of a whole note that it is: 4 for a quarter, 12 for a third of one."""
    dots = "." * value.dots
    ticks = value.chord.end - value.chord.start
    if value.name:
        ticks = ticks * 2 // 3 if value.dots else ticks
    elif ticks % 3 == 0 and _is_plain(ticks * 2 // 3):
        ticks, dots = ticks * 2 // 3, "."
    if ticks == 2 * _WHOLE:
        return "0" + dots
    part = Fraction(_WHOLE, ticks)
    return (str(part.numerator) if part.denominator == 1 else f"{part.numerator}%{part.denominator}") + dots


def _is_plain(ticks: int) -> bool:
    part = Fraction(_WHOLE, ticks)
    return part.denominator == 1 and part.numerator.bit_count() == 1


def _pitch(spelling: Spelling) -> str:
    repeated = spelling.octave - 3 if spelling.octave > 3 else 4 - spelling.octave
    letter = spelling.letter.lower() if spelling.octave > 3 else spelling.letter
    return letter * repeated + ("#" * spelling.alter if spelling.alter > 0 else "-" * -spelling.alter)


def _word(page: Layout, value: Value) -> str:
    sung = page.syllable(value.chord)
    if sung is None:
        return ""
    syllable, begins_word = sung
    return _datum(f"{'' if begins_word else '-'}{' '.join(syllable.text.split())}{'-' if syllable.goes_on else ''}")


def _datum(text: str) -> str:
    """A text that is not taken for a comment, a bar line, an instruction or nothing."""
    return f" {text}" if text[:1] in ("*", "!", "=") or text == "." else text
