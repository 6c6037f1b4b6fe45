"""Rests of one voice alone: a voice is silent while all the others sound.

Where everybody breathes nobody is missed; a voice that falls silent by itself is heard as one that has been lost. Bach
hardly ever does it. A rest lasts as long as all other voices go on, whatever they play; where another one rests too,
or this one comes back, it is over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from biaxial.metrics.writing.slices import Slices
from biaxial.music.score import Score


class LoneRest(NamedTuple):
    """One rest.

    Parameters
    ----------
    tick, length_ticks
        When, and for how long.
    voice
        Who rests.
    """

    tick: int
    length_ticks: int
    voice: int


def lone_rests(music: Score | Slices) -> list[LoneRest]:
    """Every rest of one voice alone, in order of time; none in music of one voice."""
    slices = Slices.of(music)
    if slices.num_voices < 2:
        return []
    alone = ~slices.sounding & (slices.sounding.sum(axis=1) == slices.num_voices - 1)[:, None]  # s v
    edges = np.diff(alone.astype(np.int8), axis=0, prepend=0, append=0)
    ticks = np.append(slices.onsets, slices.score.length_ticks)
    found = []
    for voice in range(slices.num_voices):
        starts, ends = (ticks[np.flatnonzero(edges[:, voice] == sign)].tolist() for sign in (1, -1))
        found += [LoneRest(start, end - start, voice) for start, end in zip(starts, ends, strict=True)]
    return sorted(found)
