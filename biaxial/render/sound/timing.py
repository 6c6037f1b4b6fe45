"""When each tick of a piece sounds: an even tempo, or one that waits at fermatas and slows down at the end.

The tempo curve is a table of ticks and seconds, straight between its rows. A fermata adds half a quarter note to the
time of the note that carries it, spread evenly over what sounds meanwhile. The final ritardando follows runners who
come to a stop: with x from 0 to 1 over the last beats before the last chord, the tempo is (1 + (w^q - 1) x)^(1/q) of
the piece's own, where w is the tempo of the last chord and q = 3 (Friberg and Sundberg, "Does music performance allude
to locomotion? A model of final ritardandi derived from measurements of stopping runners", JASA 105, 1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.score import Score

FERMATA_QUARTERS: Final = 0.5
"""Quarter notes of time that a fermata adds."""
RITARDANDO_QUARTERS: Final = 4
"""Quarter notes before the last chord in which the piece slows down; at most half of what comes before it."""
FINAL_TEMPO: Final = 0.65
"""Tempo of the last chord, as a share of the tempo of the piece."""
_CURVATURE: Final = 3.0
_ROWS_PER_QUARTER: Final = 8


@dataclass(frozen=True)
class TempoCurve:
    """A rising table of ticks and the seconds at which they sound."""

    ticks: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def at(self, ticks: Sequence[float]) -> NDArray[np.float64]:
        """Seconds of ticks between the first and the last row."""
        return np.interp(ticks, self.ticks, self.seconds)

    @property
    def duration_seconds(self) -> float:
        """Seconds of the last row."""
        return float(self.seconds[-1])


def tempo_curve(score: Score, *, strict: bool = False, tempos: Sequence[tuple[int, float]] = ()) -> TempoCurve:
    """Lay a piece out in seconds.

    Parameters
    ----------
    score
        The piece. Its fermatas are used where they are known.
    strict
        Keep the tempo of the score from the first note to the last.
    tempos
        Ticks from which the tempo is another share of the score's own, in order; not where it is strict.
    """
    seconds_per_tick = 60.0 / (score.tempo_bpm * score.ticks_per_quarter)
    last = max((note.onset_ticks for note in score.notes), default=0)
    slowing = min(RITARDANDO_QUARTERS * score.ticks_per_quarter, last / 2)
    if strict or slowing == 0:
        ends = np.array([0.0, score.length_ticks])
        return TempoCurve(ends, ends * seconds_per_tick)
    fermatas = [] if strict else _fermata_spans(score)
    rows = np.linspace(last - slowing, last, RITARDANDO_QUARTERS * _ROWS_PER_QUARTER + 1)
    ticks = np.unique(
        [0.0, score.length_ticks, *rows, *(tick for span in fermatas for tick in span), *(tick for tick, _ in tempos)]
    )
    middles, lengths = (ticks[:-1] + ticks[1:]) / 2, np.diff(ticks)
    time = lengths.copy()
    for start, end in fermatas:
        inside = (start < middles) & (middles < end)
        time[inside] += lengths[inside] * (FERMATA_QUARTERS * score.ticks_per_quarter / (end - start))
    place = np.clip((middles - (last - slowing)) / slowing, 0.0, 1.0)
    shares = np.array([1.0, *(share for _, share in tempos)])
    time /= shares[np.searchsorted([tick for tick, _ in tempos], middles, side="right")]
    tempo = (1 + (FINAL_TEMPO**_CURVATURE - 1) * place) ** (1 / _CURVATURE)
    return TempoCurve(ticks, np.concatenate(([0.0], np.cumsum(time / tempo))) * seconds_per_tick)


def _fermata_spans(score: Score) -> list[tuple[int, int]]:
    """First tick and end of the top note that begins at each fermata; of a quarter note where none begins."""
    ends: dict[int, int] = {}
    for note in score.notes:  # in the order of voices
        ends.setdefault(note.onset_ticks, note.end_ticks)
    spans = ((tick, ends.get(tick, tick + score.ticks_per_quarter)) for tick in score.fermatas or ())
    return [(start, min(end, score.length_ticks)) for start, end in spans if start < score.length_ticks]
