"""A line of chords, ``"G | D7 G | Em C/E | N.C."`` -> the chord symbols of a tune."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from biaxial.music.errors import InputError
from biaxial.music.score import ChordSymbol, Score, TimeSignature
from biaxial.music.symbols import parse_chord

_CONTINUES = (".", "/", "%")
_FREE = "N.C."


def read_chords(text: str, outline: Score) -> tuple[ChordSymbol, ...]:
    """Lay a line of chords over a tune.

    - Bars are separated by strokes or line breaks; strokes at the ends of a line, and double ones, change nothing.
    - The symbols of a bar share it equally in beats (dotted ones in 6/8 and its kind). What cannot be shared equally
      gives a beat more to the first: ``C F G`` in 4/4 is 2 + 1 + 1. With more symbols than beats, half beats (thirds of
      dotted ones) are shared in the same way, and so on.
    - ``.`` or ``/`` in a bar is a share in which the chord goes on: ``C / / G7``.
    - ``%`` alone, or a bar with nothing in it, repeats the bar before it.
    - ``N.C.`` asks for no chord, and so does the rest of the tune after the last bar given.
    - The pickup has the chord with which the first full bar begins, unless the line begins with its own in
      parentheses: ``(D7) | G | C``, or ``(N.C.) | G`` to leave it free.

    Parameters
    ----------
    text
        The line.
    outline
        The tune, of which bars and length are used.

    Returns
    -------
    The symbols in order; a chord that goes on is given once.

    Raises
    ------
    InputError
        If a symbol is unknown, there are more bars than in the tune, a bar is too short for its symbols, or there is
        nothing to repeat or no pickup for what is asked; the message names the bar and the symbol.
    """
    pickup, bars = _split(text)
    starts = outline.bar_starts()
    spans = list(pairwise((*starts, outline.length_ticks)))
    if not any(bars) and not pickup:
        raise InputError("chords: there are none; write for example 'G | D7 G | Em C | D'")
    if pickup and not outline.pickup_ticks:
        raise InputError(f"chords: {' '.join(pickup)} in parentheses is for a pickup, but the tune has none")
    if len(bars) > len(spans):
        raise InputError(f"chords: {len(bars)} bars of them, but the tune has {len(spans)}; take out the rest")
    chords: list[ChordSymbol] = []
    if pickup:
        chords += _lay("the pickup", pickup, (0, outline.pickup_ticks), outline, None)
    for number, (symbols, span) in enumerate(zip(bars, spans, strict=False), 1):
        chords += _lay(f"bar {number}", symbols, span, outline, chords[-1] if chords else None)
    if outline.pickup_ticks and not pickup:
        first = chords[0]
        chords[0] = ChordSymbol(0, first.pitch_classes, first.bass, first.name)
    if len(bars) < len(spans):
        chords.append(ChordSymbol(spans[len(bars)][0], frozenset(), name=_FREE))
    changes = [now for before, now in pairwise(chords) if _sound(before) != _sound(now)]
    return (chords[0], *changes)


def _sound(chord: ChordSymbol) -> tuple[frozenset[int], int | None]:
    return chord.pitch_classes, chord.bass


def _split(text: str) -> tuple[list[str], list[list[str]]]:
    """Symbols of the pickup, and of each bar, repeated bars written out."""
    lines = [re.sub(r"\|\|+", "|", line).strip().strip("|") for line in text.splitlines()]
    written = [bar.split() for line in lines if line.strip() for bar in line.split("|")]
    pickup: list[str] = []
    if written and (match := re.fullmatch(r"\((.*)\)", " ".join(written[0]))):
        pickup = match[1].split()
        del written[0]
    bars: list[list[str]] = []
    for number, bar in enumerate(written, 1):
        if bar in ([], ["%"]):
            if not bars:
                raise InputError(f"chords: bar {number} repeats the bar before it, but there is none; write N.C.")
            bar = bars[-1]
        bars.append(bar)
    return pickup, bars


def _lay(
    place: str, symbols: Sequence[str], span: tuple[int, int], outline: Score, before: ChordSymbol | None
) -> list[ChordSymbol]:
    """The chords of one bar, from its first to its last tick."""
    start, end = span
    shares = _shares(len(symbols), end - start, outline.time_signature_at(start), outline.ticks_per_quarter)
    if shares is None:
        raise InputError(f"chords: {place}: {len(symbols)} symbols are more than it has room for; leave some out")
    chords: list[ChordSymbol] = []
    for symbol, share in zip(symbols, shares, strict=True):
        if symbol not in _CONTINUES:
            try:
                classes, bass = parse_chord(symbol)
            except ValueError as error:
                raise InputError(f"chords: {place}: {error}") from None
            before = ChordSymbol(start, classes, bass, symbol)
            chords.append(before)
        elif before is None:
            raise InputError(f"chords: {place}: {symbol!r} goes on with a chord, but there is none before it")
        start += share
    return chords


def _shares(count: int, length: int, metre: TimeSignature, ticks_per_quarter: int) -> list[int] | None:
    """Ticks of each symbol of a bar; ``None`` if they do not fit."""
    unit = Fraction(4 * ticks_per_quarter, metre.denominator)
    divisor = 2
    if metre.numerator > 3 and metre.numerator % 3 == 0 and metre.denominator >= 8:
        unit, divisor = 3 * unit, 3
    while count > 1 and (length % unit or length // unit < count):
        unit, divisor = unit / divisor, 2
        if unit.denominator > 1:
            return None
    if count == 1:
        return [length]
    each, more = divmod(int(length // unit), count)
    return [int(unit) * (each + (place < more)) for place in range(count)]
