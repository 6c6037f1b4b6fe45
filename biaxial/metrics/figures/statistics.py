"""Plain statistics of a piece: silence, standing still, density, and the cut that makes pieces comparable.

Lengths are in bars of the metre that holds where the silence or the chord begins. Shares weigh every tick alike, which
is the share of grid steps for music that lies on the grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biaxial.metrics.writing.slices import REST, Slices
from biaxial.music.score import Score


def first_bars(score: Score, num_bars: int) -> Score:
    """The pickup, if there is one, and the first bars of a piece; all of it where it is no longer.

    A note that sounds across the cut ends there. Whatever else stands after the cut goes.

    Raises
    ------
    ValueError
        If ``num_bars`` is below 1.
    """
    if num_bars < 1:
        raise ValueError(f"a piece is cut to at least 1 bar, not {num_bars}")
    starts = score.bar_starts()
    if len(starts) <= num_bars:
        return score
    return score.cut(0, starts[num_bars])


def longest_silence_bars(music: Score | Slices) -> float:
    """The longest time in which no voice sounds, in bars.

    Silence before the first note and after the last one, up to the end of the score, counts.
    """
    chords = Slices.of(music).chords
    return _longest_bars(chords, np.logical_not(chords.is_sound))


def longest_chord_bars(music: Score | Slices) -> float:
    """The longest time in which something sounds and no voice changes its pitch, in bars.

    Repeated strikes of the same chord do not end it.
    """
    chords = Slices.of(music).chords
    return _longest_bars(chords, chords.is_sound)


def sounding_share(music: Score | Slices, num_voices: int = 4) -> float:
    """Share of the time in which at least ``num_voices`` voices sound; NaN in a score without length."""
    slices = Slices.of(music)
    return _time_share(slices, slices.sounding.sum(axis=1) >= num_voices)


def distinct_share(music: Score | Slices, num_pitches: int = 4) -> float:
    """Share of the time in which at least ``num_pitches`` different pitches sound; NaN in a score without length.

    Two voices in unison are one pitch, two an octave apart are two.
    """
    slices = Slices.of(music)
    ordered = np.sort(slices.pitches, axis=1)
    new = np.ones_like(ordered, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return _time_share(slices, (new & (ordered != REST)).sum(axis=1) >= num_pitches)


def _longest_bars(chords: Slices, wanted: NDArray[np.bool_]) -> float:
    score = chords.score
    bars = [
        length / score.time_signature_at(onset).bar_ticks(score.ticks_per_quarter)
        for onset, length in zip(chords.onsets[wanted].tolist(), chords.lengths[wanted].tolist(), strict=True)
    ]
    return max(bars, default=0.0)


def _time_share(slices: Slices, wanted: NDArray[np.bool_]) -> float:
    length = int(slices.lengths.sum())
    return int(slices.lengths[wanted].sum()) / length if length else float("nan")
