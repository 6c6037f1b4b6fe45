"""Filling and continuing: a piece of which a region is written anew, goes on, or joins two fragments.

Bars are counted from 1; the pickup is bar 0. A note that sounds outside the region, before it or after it, is kept from
its onset to its end, and so is a note that is locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm

import numpy as np

from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import ChordSymbol, Note, Score, TimeSignature
from biaxial.tasks.plans.composition import with_voices
from biaxial.tasks.plans.harmonisation import Forbidden, place_bias, stated_key
from biaxial.tasks.plans.outline import default_phrases, phrase_ends
from biaxial.tasks.plans.plan import Request, num_steps, refined, rescaled

MAX_TICKS = 32_767
"""Ticks of a quarter note at most, for a MIDI file can say no more."""


@dataclass(frozen=True)
class Region:
    """Where one voice is written anew.

    Parameters
    ----------
    voice
        0 for the highest; in a corpus without voices it is not looked at.
    first_ticks, end_ticks
        From where to where.
    """

    voice: int
    first_ticks: int
    end_ticks: int


def rewriting(
    score: Score, config: ModelConfig, regions: Sequence[Region], forbid: Sequence[Forbidden] = ()
) -> Request:
    """A piece of which some regions are written anew.

    Parameters
    ----------
    score
        The piece. Without voices it gets them by least movement.
    config
        The network.
    regions
        Where; they may overlap or touch, and then a note that lies in several of one voice is within them.
    forbid
        Pitches forbidden at a place.

    Raises
    ------
    InputError
        If there is no region, one of another voice, or the notes cannot be given voices.
    """
    grid, columns = Grid(config.steps_per_quarter), max(1, config.num_voices)
    voiced = with_voices(score, config.num_voices)
    if not regions or any(not 0 <= region.voice < columns for region in regions):
        asked = sorted({region.voice for region in regions})
        raise InputError(f"voices {asked} cannot be written anew; give some of 0 to {columns - 1}")
    spans = [_joined_spans(regions, voice) for voice in range(columns)]

    def stays(note: Note) -> bool:
        own = spans[note.voice or 0] if config.num_voices else spans[0]
        return note.locked or not any(first <= note.onset_ticks and note.end_ticks <= end for first, end in own)

    kept = tuple(filter(stays, voiced.notes))
    key, remark = stated_key(score)
    request = refined(replace(voiced, notes=kept, key=key), grid)
    ratio = request.ticks_per_quarter // score.ticks_per_quarter
    unit = grid.step_ticks(request.ticks_per_quarter)
    known = np.ones((num_steps(request, grid), columns), dtype=bool)
    for voice, own in enumerate(spans):
        for first, end in own:
            known[-(-first * ratio // unit) : -(-end * ratio // unit), voice] = False
    bias = place_bias(request, config, forbid, 0)
    return Request(request, known, bias=bias, remarks=(remark,) if remark else ())


def _joined_spans(regions: Sequence[Region], voice: int) -> list[tuple[int, int]]:
    """The spans of a voice in order, those that touch made one."""
    spans: list[tuple[int, int]] = []
    for first, end in sorted((region.first_ticks, region.end_ticks) for region in regions if region.voice == voice):
        if spans and first <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((first, end))
    return spans


def infilling(
    score: Score,
    config: ModelConfig,
    span: tuple[int, int],
    voices: Sequence[int] | None = None,
) -> Request:
    """A piece of which a span is written anew.

    Parameters
    ----------
    score
        The piece. Without voices it gets them by least movement.
    config
        The network.
    span
        Where the span begins and ends, in ticks.
    voices
        The voices that are written anew; all by default.

    Raises
    ------
    InputError
        If the notes cannot be given voices.
    """
    every = range(max(1, config.num_voices))
    free = every if voices is None or not config.num_voices else voices
    return rewriting(score, config, [Region(voice, *span) for voice in free])


def continuation(score: Score, config: ModelConfig, bars: int) -> Request:
    """A piece that goes on: its last bar is completed, and more bars follow.

    Raises
    ------
    InputError
        If it has no notes, or they cannot be given voices.
    """
    if not score.notes:
        raise InputError("there is nothing to continue: the piece has no notes; biaxial-compose begins one")
    score = score.cut(0, score.length_ticks)  # without metres that begin where it is over
    signature = score.time_signatures[-1]
    bar = signature.bar_ticks(score.ticks_per_quarter)
    starts = score.bar_starts()
    end = starts[-1] + bar if starts else score.pickup_ticks
    fermatas = score.fermatas
    if fermatas is not None:
        ends = phrase_ends(default_phrases(bars, signature), signature, score.ticks_per_quarter)
        fermatas = (*fermatas, *(end + tick for tick in ends))
    chords = (*score.chords, *_no_chord(score))
    longer = replace(score, length_ticks=end + bars * bar, fermatas=fermatas, chords=chords)
    return infilling(longer, config, (score.length_ticks, longer.length_ticks))


def _no_chord(score: Score) -> tuple[ChordSymbol, ...]:
    """What ends the last chord symbol of a piece that goes on."""
    return (ChordSymbol(score.length_ticks, frozenset(), name="N.C."),) if score.chords else ()


def bridge(first: Score, second: Score, config: ModelConfig, bars: int) -> Request:
    """Two fragments and so many bars between them, in the key and the tempo of the first one.

    Raises
    ------
    InputError
        If a fragment has no notes, they cannot be given voices, or the second one's pickup is longer than the bridge.
    """
    for score, name in ((first, "first"), (second, "second")):
        if not score.notes:
            raise InputError(f"the {name} fragment has no notes; give one with at least one note")
    first, second = (with_voices(score.cut(0, score.length_ticks), config.num_voices) for score in (first, second))
    common = lcm(first.ticks_per_quarter, second.ticks_per_quarter, config.steps_per_quarter)
    if common <= MAX_TICKS:  # else notes of the second one may move by less than a tick of the first one
        first = rescaled(first, common)
    second = rescaled(second, first.ticks_per_quarter)
    signature = first.time_signatures[-1]
    starts = first.bar_starts()
    bar = signature.bar_ticks(first.ticks_per_quarter)
    end = max(first.length_ticks, starts[-1] + bar if starts else 0)
    begins = end + bars * bar - second.pickup_ticks
    if begins < end:
        raise InputError("the second fragment has a pickup that is longer than the bridge; ask for more bars")
    return infilling(_joined(first, second, begins), config, (first.length_ticks, begins))


def _joined(first: Score, second: Score, begins: int) -> Score:
    """Two pieces of one resolution as one, the second one from a tick on, in the key and the tempo of the first."""
    signatures: list[TimeSignature] = list(first.time_signatures)
    for later in second.time_signatures:
        onset = later.onset_ticks + begins + (second.pickup_ticks if later.onset_ticks == 0 else 0)
        if later.name != signatures[-1].name:
            signatures.append(replace(later, onset_ticks=onset))
    fermatas = None
    if first.fermatas is not None and second.fermatas is not None:
        fermatas = (*first.fermatas, *(tick + begins for tick in second.fermatas))
    chords = [replace(chord, onset_ticks=chord.onset_ticks + begins) for chord in second.chords]
    notes = [replace(note, onset_ticks=note.onset_ticks + begins) for note in second.notes]
    repeats = filter(None, (repeat.moved(lambda tick: tick + begins) for repeat in second.repeats))
    words = [replace(word, onset_ticks=word.onset_ticks + begins) for word in second.lyrics]
    return replace(
        first,
        notes=(*first.notes, *notes),
        length_ticks=begins + second.length_ticks,
        time_signatures=tuple(signatures),
        fermatas=fermatas,
        chords=(*first.chords, *_no_chord(first), *chords),
        lyrics=(*first.lyrics, *words),
        repeats=(*first.repeats, *repeats),
    )
