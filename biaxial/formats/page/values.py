"""The values in which a line is written, bar by bar: whole notes to 128ths, dots, ties, triplets, beams.

Times are ticks as in :mod:`biaxial.formats.page.written_bars`. A beat whose times are all multiples of a 64th is
written plainly, any other as a triplet. A length that is no value, or would hide where the beats are, is tied out of
several.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from biaxial.formats.page.staves import Chord
from biaxial.formats.page.written_bars import FINEST_PLAIN, Bar
from biaxial.music.constants import TICKS_PER_QUARTER

_NAMES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
_PLAIN = {8 * TICKS_PER_QUARTER >> power: (name, 0) for power, name in enumerate(_NAMES)}
_DOTTED = {length * 3 // 2: (name, 1) for length, (name, _) in list(_PLAIN.items())[:-1]}
_VALUES = _PLAIN | _DOTTED
_LONGEST_FIRST = sorted(_VALUES, reverse=True)
_FLAGS = {name: number for number, name in enumerate(_NAMES[4:], 1)}


@dataclass(frozen=True, slots=True)
class Value:
    """A chord or rest as it is written.

    Parameters
    ----------
    chord
        Its notes and time.
    name
        ``"quarter"``; empty for the rest of a whole bar.
    dots
        0 or 1.
    triplet
        Whether three stand for two.
    bracket
        Where it begins or ends a triplet: ``"start"``, ``"stop"``, or both.
    beams
        For each beam from the first: ``"begin"``, ``"continue"``, ``"end"``, ``"forward hook"``, ``"backward hook"``.
    """

    chord: Chord
    name: str
    dots: int = 0
    triplet: bool = False
    bracket: tuple[str, ...] = ()
    beams: tuple[str, ...] = ()

    @property
    def written_ticks(self) -> int:
        """How long it would sound if it were not part of a triplet."""
        return (self.chord.end - self.chord.start) * (3 if self.triplet else 2) // 2


def written(line: Sequence[Chord], bars: Sequence[Bar]) -> Iterator[list[Value]]:
    """The values of a line in each bar; none in a bar in which it has no notes."""
    ends = [bar.end for bar in bars]
    crossed = (ends[bisect_right(ends, chord.start) : bisect_left(ends, chord.end)] for chord in line)
    pieces = [piece for chord, edges in zip(line, crossed, strict=True) for piece in chord.cut(edges)]
    place = 0
    for bar in bars:
        first = place
        while place < len(pieces) and pieces[place].start < bar.end:
            place += 1
        yield _bar_values(pieces[first:place], bar) if place > first else []


def rest_of(bar: Bar) -> list[Value]:
    """A bar of silence."""
    if not bar.missing:
        return [Value(Chord(bar.start, bar.end), "")]
    return _bar_values([], bar)


def _bar_values(pieces: Sequence[Chord], bar: Bar) -> list[Value]:
    chords, now = [], bar.start
    for piece in pieces:
        if piece.start > now:
            chords.append(Chord(now, piece.start))
        chords.append(piece)
        now = piece.end
    if now < bar.end:
        chords.append(Chord(now, bar.end))
    zero = bar.start - bar.missing
    triplets = _triplets({chord.start for chord in chords}, bar)
    edges = sorted({edge for span in triplets for edge in span})
    values: list[Value] = []
    for chord in (piece for whole in chords for piece in whole.cut(edges)):
        span = next((span for span in triplets if span[0] <= chord.start < span[1]), None)
        if span is not None:
            values += _triplet_values(chord, span)
            continue
        lengths = (_note_lengths if chord.notes else _rest_lengths)(chord.start - zero, chord.end - chord.start, bar)
        values += _valued(chord, lengths)
    return _beamed(values, triplets, bar)


def _valued(chord: Chord, lengths: Sequence[int]) -> list[Value]:
    ends, now = [], chord.start
    for length in lengths:
        now += length
        ends.append(now)
    return [Value(piece, *_VALUES[length]) for piece, length in zip(chord.cut(ends[:-1]), lengths, strict=True)]


def _triplets(starts: set[int], bar: Bar) -> list[tuple[int, int]]:
    """The spans of a bar that are divided by three: of one unit of its metre, or of two that hold thirds of both."""
    zero, spans = bar.start - bar.missing, []
    cell = bar.start - (bar.start - zero) % bar.unit
    while cell < bar.end:
        end = min(cell + bar.unit, bar.end)
        inside = [tick for tick in starts if cell < tick < end]
        if any((tick - zero) % FINEST_PLAIN for tick in inside):
            twice = cell + 2 * bar.unit
            both = [tick - cell for tick in starts if cell < tick < twice]
            if (
                twice <= bar.end
                and (cell - zero) % (2 * bar.unit) == 0
                and bar.unit not in both
                and all(tick % (bar.unit // 3) == 0 for tick in both)
            ):
                end = twice
            spans.append((max(cell, bar.start), end))
        cell = end
    return spans


def _triplet_values(chord: Chord, span: tuple[int, int]) -> list[Value]:
    """A chord within a triplet; lengths are written half as long again."""
    place, left = (chord.start - span[0]) * 3 // 2, (chord.end - chord.start) * 3 // 2
    lengths = []
    while left:
        if chord.notes:
            length = next(value for value in _LONGEST_FIRST if value <= left)
        else:
            length = next(value for value in _PLAIN if value <= left and place % value == 0)
        lengths.append(length)
        place, left = place + length, left - length
    ends, now = [], chord.start
    for length in lengths:
        now += length * 2 // 3
        ends.append(now)
    pieces = chord.cut(ends[:-1])
    values = [Value(piece, *_VALUES[length], True) for piece, length in zip(pieces, lengths, strict=True)]
    brackets = ["start"] * (chord.start == span[0]), ["stop"] * (chord.end == span[1])
    values[0] = replace(values[0], bracket=tuple(brackets[0]))
    values[-1] = replace(values[-1], bracket=(*values[-1].bracket, *brackets[1]))
    return values


def _note_lengths(place: int, length: int, bar: Bar) -> list[int]:
    """Values of a note that begins ``place`` ticks after the bar line.

    One value if it lies within a beat, begins on one, or is a syncopation of a beat's length at most; else it is cut at
    the next beat, and on a beat after the longest value.
    """
    beat = bar.beat
    on_beat, within = place % beat == 0, place // beat == (place + length - 1) // beat
    whole_beats = length % beat == 0 and length // beat in (1, 2, 4)
    if bar.is_compound:
        single = within or (on_beat and whole_beats)
    else:
        syncopated = length <= beat and length in _PLAIN and place % (beat // 2) == 0
        single = within or on_beat or syncopated
    if single and length in _VALUES:
        return [length]
    if within or (on_beat and not bar.is_compound):
        first = next(value for value in _LONGEST_FIRST if value < length)
    elif on_beat:
        first = next(beats * beat for beats in (4, 2, 1) if beats * beat < length and beats * beat in _VALUES)
    else:
        first = beat - place % beat
        return [*_note_lengths(place, first, bar), *_note_lengths(place + first, length - first, bar)]
    return [first, *_note_lengths(place + first, length - first, bar)]


def _rest_lengths(place: int, length: int, bar: Bar) -> list[int]:
    """Values of a rest: each begins at a multiple of its own length, and only those of 6/8 and its kind are dotted."""
    lengths: list[int] = []
    beat = bar.beat
    longest = 2 * beat if bar.metre.numerator % 2 == 0 else beat
    while length:
        if bar.is_compound and place % beat == 0 and length >= beat:
            value = beat
        elif bar.is_compound:
            left = min(length, beat - place % beat)
            value = next(v for v in _PLAIN if v <= left and place % beat % v == 0)
        else:
            value = next(v for v in _PLAIN if v <= min(length, longest) and place % v == 0)
        lengths.append(value)
        place, length = place + value, length - value
    return lengths


def _beamed(values: Sequence[Value], triplets: Sequence[tuple[int, int]], bar: Bar) -> list[Value]:
    """The same values with beams: over a beat, or a triplet, and not over rests."""
    zero = bar.start - bar.missing
    begins = {start for start, _ in triplets}
    result: list[Value] = []
    group: list[Value] = []

    def close() -> None:
        result.extend(_with_beams(group))
        group.clear()

    for value in values:
        start = value.chord.start
        if not value.chord.notes or value.name not in _FLAGS:
            close()
            result.append(value)
            continue
        if group and (
            start in begins
            or value.triplet != group[-1].triplet
            or (start - zero) // bar.beamed != (group[-1].chord.start - zero) // bar.beamed
        ):
            close()
        group.append(value)
    close()
    return result


def _with_beams(group: Sequence[Value]) -> list[Value]:
    if len(group) < 2:
        return list(group)
    counts = [0, *(_FLAGS[value.name] for value in group), 0]
    beamed = []
    for index, value in enumerate(group, 1):
        before, here, after = counts[index - 1 : index + 2]
        marks = []
        for level in range(1, here + 1):
            if before >= level and after >= level:
                marks.append("continue")
            elif before >= level or after >= level:
                marks.append("end" if before >= level else "begin")
            else:
                marks.append("backward hook" if after == 0 or before > after else "forward hook")
        beamed.append(replace(value, beams=tuple(marks)))
    return beamed
