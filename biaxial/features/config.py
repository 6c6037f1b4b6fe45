"""Which inputs the network has: the part of a model's config that decides what is computed from a roll."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from biaxial.music.cells import CellAlphabet

Order = Literal["high-to-low", "low-to-high", "both"]
Metre = Literal["full", "bits", "none"]


@dataclass(frozen=True)
class FeatureConfig:
    """The note range, the states of a cell, and a switch for every group of inputs.

    Parameters
    ----------
    low_pitch
        Lowest pitch of the note range, as a MIDI number.
    num_notes
        Notes of the range, from the lowest pitch upwards.
    num_states
        States of a cell (2 or 3).
    num_voices
        Voices of the corpus (0 for none).
    steps_per_quarter
        The time grid.
    order
        Direction of the note axis. With ``"both"`` there are two, one for each direction, and the probability of a
        frame is the mean of theirs.
    neighbourhood
        Notes on each side of a note whose previous cells it sees.
    voice_neighbourhood
        Whether the neighbourhood shows which voices sound there.
    key
        Whether the pitch relative to the tonic is an input.
    metre
        ``"full"`` for place and strength in the real bar, ``"bits"`` for the four bits of Hexahedria, which count from
        the bar line, or where bars are unknown from the first step, or ``"none"``.
    form
        Whether the first step, the countdown to the end and the phrase ends are inputs.
    running_chord
        Whether the note axis sees, relative to each note, what has been chosen so far in the frame.
    voice_intervals
        Whether the note axis sees the interval to each voice already placed, and that voice's motion.
    parallels
        Whether the note axis is told which voices still to come would make a parallel fifth or octave here.
    ranks
        In a corpus without voices, the first so many sounding notes of a frame, in the order of the note axis, stand in
        for voices in the inputs of the note axis; 0 for none.
    next_voice
        Whether the note axis sees how far this note is from where the next voice still to come was.
    clock
        Whether the steps since the piece began are an input, for music whose bars are unknown.
    plan
        Whether the plan of the phrase that runs is an input: its cadence and key, its last note, whether it returns.
    beat
        Whether the place in the beat is an input, which tells 6/8 from 3/4.
    dissonance
        Whether the note axis is told which voices still to come would make a second or seventh here, and whether they
        stay, step or leap into it.
    echo
        Whether both axes see the frame that followed when the piece last went as it has just gone
        (:mod:`biaxial.features.echo`).
    """

    low_pitch: int = 36
    num_notes: int = 46
    num_states: int = 3
    num_voices: int = 4
    steps_per_quarter: int = 4
    order: Order = "high-to-low"
    neighbourhood: int = 12
    voice_neighbourhood: bool = True
    key: bool = True
    metre: Metre = "full"
    form: bool = True
    running_chord: bool = True
    voice_intervals: bool = True
    parallels: bool = True
    ranks: int = 0
    next_voice: bool = False
    clock: bool = False
    plan: bool = False
    beat: bool = False
    dissonance: bool = False
    echo: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.low_pitch and self.num_notes >= 1 and self.low_pitch + self.num_notes <= 128):
            raise ValueError(f"{self.num_notes} notes from pitch {self.low_pitch} do not fit into 0 to 127")
        if not 0 <= self.neighbourhood <= 64:
            raise ValueError(f"a neighbourhood has 0 to 64 notes on each side, not {self.neighbourhood}")
        if not 0 <= self.ranks <= 8 or (self.ranks and self.num_voices):
            raise ValueError(f"ranks are 0 to 8, and 0 in a corpus with voices, not {self.ranks}")
        if self.next_voice and not self.num_lines:
            raise ValueError("next_voice needs voices, or ranks that stand in for them")
        self.alphabet  # noqa: B018  (checks num_states and num_voices)

    @property
    def alphabet(self) -> CellAlphabet:
        """The outcomes of a cell."""
        return CellAlphabet(self.num_states, self.num_voices)

    @property
    def num_lines(self) -> int:
        """Voices of the corpus, or the ranks that stand in for them."""
        return self.num_voices or self.ranks

    @property
    def high_pitch(self) -> int:
        """Highest pitch of the note range."""
        return self.low_pitch + self.num_notes - 1

    @property
    def walks_down(self) -> bool:
        """Whether the note axis, the first one if there are two, goes from the highest note to the lowest."""
        return self.order != "low-to-high"
