"""When notes begin, in seconds -> their places in bars: note values, tempo, metre and pickup at once.

A hidden Markov model for each metre. A state is a place in the bar, in sixteenths, and the length of a sixteenth, which
may wander from note to note as a singer's does; a note moves on by its value, which depends on where it stands. How
often each value follows each place, where tunes begin and where they end, was counted on hymn tunes and sopranos of
chorales (``scripts/make/fit_rhythms.py``). The cheapest way through all notes is found for each metre (Viterbi), and
the metre whose way is cheapest is the metre of the tune. The idea, of metre and note values found together, is that of
C. Raphael, "A hybrid graphical model for rhythmic parsing" (Artificial Intelligence 137, 2002), and D. Temperley,
*Music and Probability* (MIT Press, 2007, chapter 3).

Where a printed bar has halves for beats, the model has quarters: 3/2 is 3/4, and 4/2 and 2/2 are 4/4. What is added up
are natural logarithms of probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biaxial.files.assets import ASSETS

Floats = NDArray[np.float64]

COUNTS: Final = ASSETS / "rhythms-v1.json"
VALUES: Final = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32])
"""What may lie between two onsets, in sixteenths."""
_FINENESS: Final = 0.025
_STEPS: Final = np.exp(np.arange(np.log(0.055), np.log(0.45), _FINENESS))
"""Lengths of a sixteenth, in seconds, each 2.5% longer than the one before."""
_WANDER: Final = 0.02
"""How far its logarithm goes from note to note (standard deviation)."""
_LOOSE: Final = 0.05
"""How far a note's length is off (standard deviation), as a share of it;"""
_LOOSE_SECONDS: Final = 0.03
"""and in seconds."""
_FARTHEST: Final = -25.0
"""What a note is worth at least, so that one slip does not decide."""
_REACH: Final = 3
_MOVES: Final = np.arange(-_REACH, _REACH + 1)
"""From a length of a sixteenth to that of the next note, in places of :data:`_STEPS`."""


class Metre(NamedTuple):
    """A metre that a tune may be in.

    Parameters
    ----------
    num_steps
        Sixteenths in a bar.
    beat_steps
        Sixteenths in a beat.
    beats_per_minute
        The usual tempo.
    """

    num_steps: int
    beat_steps: int
    beats_per_minute: float


METRES: Final = {
    "2/4": Metre(8, 4, 82.0),
    "3/4": Metre(12, 4, 92.0),
    "4/4": Metre(16, 4, 86.0),
    "6/8": Metre(12, 6, 58.0),
}
_TEMPO_SPREAD: Final = 0.27
"""How far the logarithm of a tempo is from the usual one (standard deviation)."""
_TEMPO_WEIGHT: Final = 4.0
"""How many notes' worth a tempo is: twice as fast would otherwise be as good."""
_PLACE_PSEUDO: Final = 8.0
"""Counts that a place of a bar has from all places like it in a beat."""
_VALUE_PSEUDO: Final = 3.0
"""Counts that a place of a beat has from all places."""
_RARE: Final = 0.3
"""Counts of a value that no tune has."""
_EDGE_PSEUDO: Final = 4.0
"""Counts of tunes that begin or end anywhere,"""
_ON_BEAT, _ON_HALF, _ELSEWHERE = 1.0, 0.15, 0.02
"""with so much for a beat, half of one, and other places."""


@dataclass(frozen=True)
class Rhythm:
    """The bars of a tune.

    Parameters
    ----------
    metre
        A key of :data:`METRES`.
    first_step
        Where in its bar the first note begins, in sixteenths.
    values
        Sixteenths from each note to the next.
    step_seconds
        How long a sixteenth is at each note.
    lead
        How much more likely it is than the best in another metre (natural logarithm).
    """

    metre: str
    first_step: int
    values: tuple[int, ...]
    step_seconds: Floats
    lead: float


class _Tables(NamedTuple):
    """Log-probabilities of a metre: of itself, of first places ``p``, of values ``p d``, of last places ``p``."""

    metre: float
    starts: Floats
    values: Floats
    ends: Floats


@cache
def _tables() -> dict[str, _Tables]:
    """Counts of the asset, smoothed: places by places of a beat that are like them, those by all places."""
    counted = json.loads(COUNTS.read_text(encoding="utf-8"))
    tunes = {name: counted[name]["tunes"] for name in METRES}
    shares = {name: (count / sum(tunes.values())) ** 0.5 for name, count in tunes.items()}
    tables = {}
    for name, metre in METRES.items():
        places = np.arange(metre.num_steps)
        values = np.zeros((metre.num_steps, VALUES[-1] + 1))
        for place, row in enumerate(counted[name]["values"]):
            for value, count in row.items():
                values[place, int(value)] += count
        values = values[:, VALUES]
        of_beat = np.array([values[places % metre.beat_steps == part].sum(axis=0) for part in range(metre.beat_steps)])
        usual = of_beat.sum(axis=0) + _RARE
        of_beat = (of_beat + _VALUE_PSEUDO * usual / usual.sum()) / (of_beat.sum(axis=1, keepdims=True) + _VALUE_PSEUDO)
        smooth = values + _PLACE_PSEUDO * of_beat[places % metre.beat_steps]
        edges = np.where(places % metre.beat_steps == 0, _ON_BEAT, np.where(places % 2 == 0, _ON_HALF, _ELSEWHERE))
        edges = _EDGE_PSEUDO * edges / edges.sum()
        starts, ends = np.array(counted[name]["starts"]) + edges, np.array(counted[name]["ends"]) + edges
        tables[name] = _Tables(
            float(np.log(shares[name] / sum(shares.values()))),
            np.log(starts / starts.sum()),
            np.log(smooth / smooth.sum(axis=1, keepdims=True)),
            np.log(ends / ends.sum()),
        )
    return tables


def rhythm_of(onsets_seconds: Sequence[float] | Floats) -> Rhythm:
    """The rhythm of a line of two notes or more.

    Parameters
    ----------
    onsets_seconds
        Where its notes begin, rising.
    """
    lengths = np.diff(np.asarray(onsets_seconds, dtype=np.float64))
    found = sorted((_way(lengths, name) for name in METRES), key=lambda way: -way[0])
    (best, rhythm), (second, _) = found[:2]
    return Rhythm(rhythm.metre, rhythm.first_step, rhythm.values, rhythm.step_seconds, best - second)


def _way(lengths: Floats, name: str) -> tuple[float, Rhythm]:
    """The likeliest way of a tune through the bars of a metre, and its log-probability."""
    metre, tables = METRES[name], _tables()[name]
    places, durations, steps = np.arange(metre.num_steps), np.arange(len(VALUES)), np.arange(len(_STEPS))
    before = (places[:, None] - VALUES) % metre.num_steps  # p d: where a note stood that led here
    leading = tables.values[before, durations]  # p d
    tempo = np.log(60 / (_STEPS * metre.beat_steps) / metre.beats_per_minute) / _TEMPO_SPREAD
    state = tables.starts[:, None] - 0.5 * _TEMPO_WEIGHT * np.square(tempo)  # p s
    wander = -0.5 * np.square(_MOVES * _FINENESS / _WANDER)
    came = []
    for length in lengths:
        padded = np.pad(state, ((0, 0), (_REACH, _REACH)), constant_values=-np.inf)
        moved = (
            np.stack([padded[:, _REACH - move : _REACH - move + len(_STEPS)] for move in _MOVES])
            + wander[:, None, None]
        )
        move = moved.argmax(axis=0)  # p s
        state = moved.max(axis=0)
        spread = np.hypot(_LOOSE, _LOOSE_SECONDS / length)
        away = np.log(length / (VALUES[:, None] * _STEPS)) / spread
        heard = np.maximum(-0.5 * np.square(away) - np.log(spread), _FARTHEST)  # d s
        ways = state[before] + leading[:, :, None] + heard  # p d s
        value = ways.argmax(axis=1)  # p s
        state = np.take_along_axis(ways, value[:, None], axis=1)[:, 0]
        came.append((move, value))
    state = state + tables.ends[:, None]
    place, step = divmod(int(state.argmax()), len(_STEPS))
    best = float(state[place, step]) + tables.metre
    values, taken = [], [step]
    for move, value in reversed(came):
        chosen = value[place, step]
        values.append(int(VALUES[chosen]))
        place = int(before[place, chosen])
        step = int(steps[step] - _MOVES[move[place, step]])
        taken.append(step)
    return best, Rhythm(name, place, tuple(reversed(values)), _STEPS[taken[::-1]], 0.0)
