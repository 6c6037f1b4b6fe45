r"""A score as a tune in ABC: one line of music for a melody, a voice each for more.

An accidental is written wherever programs could disagree on what the bar said before: in some it holds for its octave,
in others for all. A chord symbol inside a note cuts it into two that are tied, since one stands only where a note
begins. Of velocities there are marks and accents. What ABC cannot hold: which notes were given, and where the notes of
a recording lie exactly.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.formats.page.chord_names import name_of
from biaxial.formats.page.layout import Layout, WrittenLine, laid_out
from biaxial.formats.page.values import Value
from biaxial.formats.page.written_levels import levels_of_line
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.performance.instruments import Clef
from biaxial.music.score import Key, Score
from biaxial.music.spelling import Spelling, altered

BARS_A_LINE: Final = 4
"""Bars that stand on one line of the file."""

_UNIT_TICKS: Final = TICKS_PER_QUARTER // 2
_ACCIDENTALS: Final = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_CLEFS: Final[dict[Clef, str]] = {"treble": "treble", "tenor": "bass", "alto": "alto", "bass": "bass"}
"""Not the tenor's clef: programs disagree on whether ``treble-8`` says how the notes sound, or only how they look."""


def abc_text(score: Score) -> str:
    """The tune of a score; four voices stand on two staves.

    Parameters
    ----------
    score
        Any music. Without a key it is spelled, and its signature printed, in the likeliest.
    """
    page = laid_out(score)
    chords = {chord.onset_ticks: name_of(chord, page.key) for chord in page.score.chords}
    lines = page.lines(sorted(chords))
    body = []
    for number, line in enumerate(lines, 1):  # one after the other: music21 knows no voice that goes on later
        writer = _LineWriter(page, line, {} if number > 1 else chords)
        body += [f"V:{number}"] if len(lines) > 1 else []
        for first in range(0, len(page.bars), BARS_A_LINE):
            music, words = writer.system(range(first, min(first + BARS_A_LINE, len(page.bars))))
            body += [music, *([f"w: {words}"] if words else [])]
    return "\n".join([*_head(page, lines), *body]) + "\n"


def write_abc(score: Score, path: str | os.PathLike[str]) -> None:
    """Write a score as a tune in ABC, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    atomic_write(path, abc_text(score).encode())


def _head(page: Layout, lines: Sequence[WrittenLine]) -> Iterable[str]:
    yield "%abc-2.1"
    yield "X:1"
    if title := " ".join(page.score.title.split()):
        yield "T:" + re.sub(r"([\\%&])", r"\\\1", title)
    yield f"M:{page.bars[0].metre.name}"
    yield "L:1/8"
    yield f"Q:1/4={page.score.tempo_bpm:.12g}"
    if len(lines) > 1:
        staves: dict[int, list[str]] = {}
        for number, line in enumerate(lines, 1):
            staves.setdefault(line.staff, []).append(str(number))
        grouped = (f"({' '.join(numbers)})" if len(numbers) > 1 else numbers[0] for numbers in staves.values())
        yield f"%%score [{' '.join(grouped)}]"
        for number, line in enumerate(lines, 1):
            yield f'V:{number} clef={_CLEFS[line.clef]} name="{line.name}"'
    yield f"K:{page.key.name.replace(' major', '').replace(' minor', 'm')}" + (
        f" clef={_CLEFS[lines[0].clef]}" if len(lines) == 1 else ""
    )


class _LineWriter:
    """Writes the bars of one line, in order."""

    def __init__(self, page: Layout, line: WrittenLine, chords: dict[int, str]) -> None:
        self._page, self._line, self._chords = page, line, chords
        self._signs, self._levels = _Signs(page.key), levels_of_line(page.score, line.bars)

    def system(self, bars: range) -> tuple[str, str]:
        """The music of some bars, and the words under it, empty where nothing is sung."""
        music, words = [], []
        for index in bars:
            if not self._page.goes_on(index):
                self._signs = _Signs(self._page.key)
            values = self._line.bars[index]
            music.append(self._before(index) + self._music(values) + self._after(index))
            words += [self._word(value) for value in values if value.chord.notes]
        sung = " ".join(words).rstrip("*_ ")
        return "".join(music).strip(), sung

    def _before(self, index: int) -> str:
        page = self._page
        times = page.times_begun(index)
        sign = "|" + ":" * (times - 1) if times and (index or times > 2) else ""
        ending = f"[{','.join(map(str, page.ending_begun(index)))} " if page.ending_begun(index) else ""
        metre = f"[M:{page.bars[index].metre.name}] " if page.new_metre(index) else ""
        return f"{sign}{ending or ' '}{metre}"

    def _after(self, index: int) -> str:
        page = self._page
        if times := page.times_back(index):
            return " " + ":" * (times - 1) + "|"
        if index == len(page.bars) - 1:
            return " |]"
        if page.ending_is_over(index):
            return " ||"
        return "" if page.goes_on(index + 1) else " |"

    def _music(self, values: Sequence[Value]) -> str:
        written = []
        for index, value in enumerate(values):
            joined = bool(value.beams) and value.beams[0] in ("continue", "end")
            if "start" in value.bracket:
                end = next(place for place in range(index, len(values)) if "stop" in values[place].bracket)
                written.append(f" (3:2:{end - index + 1}")
                joined = True
            written.append(("" if joined else " ") + self._value(value))
        return "".join(written).lstrip()

    def _value(self, value: Value) -> str:
        length = _length(value.written_ticks)
        chord = value.chord
        marks = f'"{self._chords[chord.start]}"' if chord.start in self._chords else ""
        marks += "!fermata!" if self._page.has_fermata(chord) else ""
        if not chord.notes:
            return f"{marks}{'x' if self._line.is_hidden else 'z'}{length}"
        marks += f"!{self._levels.mark(value)}!" if self._levels.mark(value) else ""
        marks += "!accent!" if self._levels.has_accent(value) else ""
        heads = [self._signs.head(self._page.spellings[note]) for note in chord.notes]
        ties = ["-" if note in chord.goes_on else "" for note in chord.notes]
        if len(heads) == 1:
            return f"{marks}{heads[0]}{length}{ties[0]}"
        return f"{marks}[{''.join(head + tie for head, tie in zip(heads, ties, strict=True))}]{length}"

    def _word(self, value: Value) -> str:
        sung = self._page.syllable(value.chord)
        if sung is None:
            return "_" if value.chord.came_from else "*"
        text = re.sub(r"\s+", "~", sung[0].text.strip()).replace("-", r"\-")
        return text + ("-" if sung[0].goes_on else "")


class _Signs:
    """The accidentals of a bar, for readers to whom they hold for one octave and for readers to whom for all."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._by_letter: dict[str, int] = {}
        self._by_place: dict[tuple[str, int], int] = {}

    def head(self, spelling: Spelling) -> str:
        """A note without its length."""
        letter, place = spelling.letter, (spelling.letter, spelling.octave)
        usual = altered(letter, self._key)
        said = {self._by_place.get(place, usual), self._by_letter.get(letter, usual)}
        sign = "" if said == {spelling.alter} else _ACCIDENTALS[spelling.alter]
        self._by_letter[letter] = self._by_place[place] = spelling.alter
        name = letter if spelling.octave < 5 else letter.lower()
        return sign + name + "," * (4 - spelling.octave) + "'" * (spelling.octave - 5)


def _length(ticks: int) -> str:
    length = Fraction(ticks, _UNIT_TICKS)
    if length.denominator == 1:
        return "" if length == 1 else str(length)
    return f"{'' if length.numerator == 1 else length.numerator}/{length.denominator}"
