"""The outline of a piece that is to be composed: length, metre, key, tempo and phrase ends, before any note.

What it is in where nobody says so is drawn: as often as the corpus has it, and the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.phrases import PhrasePlan
from biaxial.music.score import Key, Score, TimeSignature

MAX_BARS = 1000
DEFAULT_TEMPO_BPM = 76.0
DEFAULT_TEMPERATURE = 0.8
_KEY_STREAM: Final = 2**32
_NAME_STREAM: Final = 2**34


def read_phrases(text: str) -> tuple[int, ...]:
    """Read ``"4+4+4+4"``, the lengths of phrases in bars.

    Raises
    ------
    InputError
        If it is something else.
    """
    parts = text.replace(" ", "").split("+")
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise InputError(f"{text!r} is not a list of phrases; give their bars, for example 4+4+4+4")
    return tuple(int(part) for part in parts)


def read_bars(text: str) -> tuple[int, int]:
    """Read ``"5-8"`` or ``"5"``: first and last bar, counted from 1; 0 is the pickup.

    Raises
    ------
    InputError
        If it is something else.
    """
    first, stroke, last = text.replace(" ", "").partition("-")
    if not text.isascii() or not first.isdigit() or (stroke and not last.isdigit()):
        raise InputError(f"{text!r} is not a span of bars; give one, such as 5, or the first and the last, such as 5-8")
    bars = int(first), int(last) if stroke else int(first)
    if bars[0] > bars[1]:
        raise InputError(f"bars {text} end before they begin; give the smaller number first")
    return bars


def bar_span(score: Score, first: int, last: int) -> tuple[int, int]:
    """Where a span of bars begins and ends, in ticks.

    Raises
    ------
    InputError
        If the score has no such bars.
    """
    starts = score.bar_starts()
    least = 0 if score.pickup_ticks else 1
    if not least <= first <= last <= len(starts):
        raise InputError(f"there are no bars {first} to {last}; the piece has bars {least} to {len(starts)}")
    edges = [0, *starts, score.length_ticks]
    return edges[first], edges[last + 1]


def default_phrases(bars: int, signature: TimeSignature) -> tuple[int, ...]:
    """Phrases of two bars in 4/4 and of four in 3/4, as most chorales have them; the last one takes the rest."""
    quarters = 4 * signature.numerator / signature.denominator
    size = 2 if quarters >= 4 else 4
    count = max(1, bars // size)
    return (*[size] * (count - 1), bars - size * (count - 1))


def phrase_ends(phrases: Sequence[int], signature: TimeSignature, ticks_per_quarter: int) -> tuple[int, ...]:
    """Onsets of the notes that end the phrases.

    Half of a phrase's last bar where it has an even number of quarters (four or more), else the start of that bar: most
    fermatas of the chorales that begin without a pickup stand there.
    """
    bar = signature.bar_ticks(ticks_per_quarter)
    half = bar // 2 if bar % (2 * ticks_per_quarter) == 0 and bar >= 4 * ticks_per_quarter else 0
    ends, bars = [], 0
    for length in phrases:
        bars += length
        ends.append((bars - 1) * bar + half)
    return tuple(ends)


def check_bars(phrases: Sequence[int], bars: int) -> None:
    """Refuse phrases that do not add up to the bars of a piece.

    Raises
    ------
    InputError
        With both numbers.
    """
    if sum(phrases) != bars or min(phrases) < 1:
        written = "+".join(map(str, phrases))
        raise InputError(
            f"phrases of {written} bars make {sum(phrases)}, not {bars}; make them add up, or change the bars"
        )


def check_metre(signature: TimeSignature, steps_per_quarter: int) -> None:
    """Refuse a metre whose bar is not a whole number of steps.

    Raises
    ------
    InputError
        If it is not.
    """
    if 4 * signature.numerator * steps_per_quarter % signature.denominator:
        raise InputError(
            f"a bar of {signature.name} is not a whole number of steps at {steps_per_quarter} steps a quarter; "
            "choose another metre"
        )


def make_outline(
    bars: int = 16,
    *,
    key: Key | None = None,
    time_signature: TimeSignature | None = None,
    tempo_bpm: float = DEFAULT_TEMPO_BPM,
    phrases: Sequence[int] | None = None,
    pickup_ticks: int = 0,
    title: str = "",
    plan: PhrasePlan | None = None,
) -> Score:
    """An outline of full bars, after a pickup if there is one, or one with the phrases and the pickup of a plan.

    Parameters
    ----------
    bars
        Number of bars, 1 to 1000.
    key
        Key, ``None`` to leave it to the model.
    time_signature
        Metre, 4/4 by default.
    tempo_bpm
        Quarter notes a minute.
    phrases
        Bars of each phrase, which add up to ``bars``; phrases of two bars in 4/4 and of four in 3/4 by default.
    pickup_ticks
        Length of an incomplete bar before the first one.
    title
        Name of the piece.
    plan
        What its phrases are to be, in place of ``phrases`` and ``pickup_ticks``; they fill the bars, and the last one
        of these is shorter by the pickup.

    Raises
    ------
    InputError
        If the number of bars is out of range, or the phrases do not add up to it.
    """
    if not 1 <= bars <= MAX_BARS:
        raise InputError(f"{bars} bars cannot be composed; give 1 to {MAX_BARS}")
    signature = time_signature or TimeSignature()
    if plan is not None:
        return Score(
            (),
            plan.length_ticks,
            TICKS_PER_QUARTER,
            (signature,),
            plan.pickup_ticks,
            key,
            plan.last_onsets,
            tempo_bpm=tempo_bpm,
            title=title,
        )
    if phrases is None:
        phrases = default_phrases(bars, signature)
    check_bars(phrases, bars)
    ends = phrase_ends(phrases, signature, TICKS_PER_QUARTER)
    return Score(
        (),
        pickup_ticks + bars * signature.bar_ticks(TICKS_PER_QUARTER),
        TICKS_PER_QUARTER,
        (signature,),
        pickup_ticks,
        key,
        tuple(pickup_ticks + end for end in ends),
        tempo_bpm=tempo_bpm,
        title=title,
    )


def drawn_key(counts: Mapping[str, float], seed: int) -> Key | None:
    """A key as frequent as in the corpus; the same for the same seed."""
    name = _drawn(counts, seed, _KEY_STREAM)
    return None if name is None else Key.from_name(name)


def drawn_name(counts: dict[str, int], seed: int) -> str | None:
    """A name as frequent as it is counted, from a stream of its own."""
    return _drawn(counts, seed, _NAME_STREAM)


def _drawn(counts: Mapping[str, float], seed: int, stream: int) -> str | None:
    if not counts:
        return None
    names = sorted(counts)
    rng = np.random.Generator(np.random.Philox(key=[seed % 2**64, stream]))
    weights = np.array([counts[name] for name in names], dtype=float)
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]
