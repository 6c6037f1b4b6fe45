"""The time grid, and a score moved onto it."""

from __future__ import annotations

from dataclasses import dataclass

from biaxial.music.constants import STEPS_PER_QUARTER, TICKS_PER_QUARTER
from biaxial.music.score import Score


@dataclass(frozen=True, slots=True)
class Grid:
    """A time grid of ``steps_per_quarter`` cells to the quarter note (4: sixteenths; 12 or 24 keep triplets).

    Raises
    ------
    ValueError
        If the number is not in 1..96.
    """

    steps_per_quarter: int = STEPS_PER_QUARTER

    def __post_init__(self) -> None:
        if not 1 <= self.steps_per_quarter <= 96:
            raise ValueError(f"a grid has 1 to 96 steps a quarter, not {self.steps_per_quarter}")

    def step_ticks(self, ticks_per_quarter: int) -> int:
        """Ticks of one step.

        Raises
        ------
        ValueError
            If the resolution is no multiple of the grid.
        """
        ticks, rest = divmod(ticks_per_quarter, self.steps_per_quarter)
        if rest:
            raise ValueError(
                f"{ticks_per_quarter} ticks a quarter are not a multiple of {self.steps_per_quarter} steps"
            )
        return ticks

    def quantised(self, score: Score) -> tuple[Score, int]:
        """Move every onset and end to its nearest step, and make the resolution a multiple of the grid.

        A note never becomes shorter than one step; where that makes it run into the next note of its voice, that
        note wins its own onset and two notes may share a step. Of chords that fall on one step the last one stays, and
        so does the last of such metres. A pickup that becomes as long as a bar is one.

        Returns
        -------
        The score on the grid, and how many notes had an onset or end beside it.
        """
        per_quarter = score.ticks_per_quarter
        resolution = per_quarter if per_quarter % self.steps_per_quarter == 0 else TICKS_PER_QUARTER
        if resolution % self.steps_per_quarter:
            resolution = 10 * self.steps_per_quarter
        unit = resolution // self.steps_per_quarter

        def nearest(ticks: int) -> int:
            return (2 * ticks * self.steps_per_quarter + per_quarter) // (2 * per_quarter) * unit

        def beside(ticks: int) -> bool:
            return nearest(ticks) * per_quarter != ticks * resolution

        moved = sum(beside(note.onset_ticks) or beside(note.end_ticks) for note in score.notes)
        return score.retimed(nearest, resolution, shortest=unit), moved
