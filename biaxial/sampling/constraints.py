"""Constraints on what is drawn: static biases over cells, and rules that read the frame so far.

A bias is added to the log-probabilities of outcomes before a draw; minus infinity forbids one. Constraints are closed
backwards: a rule forbids what would leave no way to satisfy it later in the walk.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from biaxial.features.config import FeatureConfig
from biaxial.features.known import Known
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.score import Key


class Rule(Protocol):
    """A constraint that depends on the frame so far."""

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Biases of the outcomes at some places of the walk.

        Parameters
        ----------
        frame, previous
            Outcomes of this frame and of the one before, shape ``(b, n)``, in the order of the walk.
        static
            Static biases in force, shape ``(b, n, k)``, in the order of the walk; what does not agree with what is
            known is forbidden in them.
        places
            Places of the walk; at each of them only the places before it may be read from ``frame``.
        known
            What is known of this frame, shape ``(b, n)``, in the order of the walk; it may be read at all places.

        Returns
        -------
        Broadcastable to ``(b, places, k)``, on the device of the frame.
        """
        ...

    def turned(self, down: bool) -> Rule:
        """The rule for a walk from the highest note down, or from the lowest up; the same object every time."""
        ...


class RuleOfTables:
    """Base of rules that look things up in tensors: they follow the frame to whatever device it is on."""

    def __init__(self) -> None:
        self._copies: dict[torch.device, Self] = {}

    def on(self, device: torch.device) -> Self:
        """A copy of the rule with its tensors on a device; the same one every time."""
        found = self._copies.get(device)
        if found is None:
            found = self._copies[device] = copy.copy(self)
            for name, table in vars(self).items():
                if isinstance(table, Tensor):
                    setattr(found, name, table.to(device))
        return found


@dataclass(frozen=True, eq=False)
class StepBias:
    """A static bias for every step of a piece; steps with the same one share it.

    Parameters
    ----------
    biases
        The different ones, shape ``(n, k)`` each, notes from low to high.
    steps
        Which of them each step has.
    """

    biases: tuple[Tensor, ...]
    steps: Sequence[int]

    def at(self, step: int) -> Tensor:
        """That of a step, shape ``(n, k)``."""
        return self.biases[self.steps[step]]

    def is_felt(self, step: int) -> bool:
        """Whether that of a step changes anything."""
        return bool(self.at(step).any())

    def plus(self, other: StepBias) -> StepBias:
        """The sum of both, for pieces of the same length."""
        pairs = list(zip(self.steps, other.steps, strict=True))
        number = {pair: index for index, pair in enumerate(dict.fromkeys(pairs))}
        sums = tuple(self.biases[one] + other.biases[two] for one, two in number)
        return StepBias(sums, [number[pair] for pair in pairs])

    @classmethod
    def nothing(cls, config: FeatureConfig, num_steps: int) -> StepBias:
        """No bias in so many steps."""
        return cls((torch.zeros(config.num_notes, len(config.alphabet), dtype=torch.float64),), [0] * num_steps)


def range_bias(config: FeatureConfig, ranges: Sequence[tuple[int, int]]) -> Tensor:
    """Static bias that keeps each voice within its lowest and highest pitch.

    Parameters
    ----------
    config
        Note range and voices; ``ranges`` has one entry for each voice, or a single one in an unvoiced corpus.

    Returns
    -------
    Shape ``(n, k)``, notes from low to high.

    Raises
    ------
    ValueError
        If a range is empty, leaves the note range, or there are not as many as voices.
    """
    alphabet = config.alphabet
    if len(ranges) != max(1, config.num_voices):
        raise ValueError(f"{len(ranges)} ranges given for {max(1, config.num_voices)} voices")
    pitches = torch.arange(config.num_notes) + config.low_pitch
    forbidden = torch.zeros(config.num_notes, len(alphabet), dtype=torch.bool)
    sounding = torch.from_numpy(alphabet.states) != SILENT
    members = torch.from_numpy(alphabet.voice_matrix)
    for voice, (low, high) in enumerate(ranges):
        if not config.low_pitch <= low <= high <= config.high_pitch:
            raise ValueError(f"range {low} to {high} is empty or leaves {config.low_pitch} to {config.high_pitch}")
        outside = (pitches < low) | (pitches > high)
        concerned = members[:, voice] if config.num_voices else sounding
        forbidden |= outside.unsqueeze(1) & concerned.unsqueeze(0)
    return torch.zeros(forbidden.shape, dtype=torch.float64).masked_fill(forbidden, -torch.inf)


def triad_bias(config: FeatureConfig, key: Key, *, bass_only: bool = False) -> Tensor:
    """Static bias for a chord on the tonic: its root in the lowest voice, and nothing but its notes in the others.

    Both thirds are allowed in minor, where Bach mostly ends with the major one.

    Parameters
    ----------
    config
        Note range and voices; in an unvoiced corpus every note is one of the others.
    key
        The key.
    bass_only
        Leave the other voices free.

    Returns
    -------
    Shape ``(n, k)``, notes from low to high.
    """
    alphabet = config.alphabet
    degrees = (torch.arange(config.num_notes) + config.low_pitch - key.tonic) % 12
    thirds = (3, 4) if key.mode == "minor" else (4,)
    strange = ~torch.isin(degrees, torch.tensor((0, *thirds, 7)))
    sounding = torch.from_numpy(alphabet.states) != SILENT
    forbidden = torch.zeros(config.num_notes, len(alphabet), dtype=torch.bool)
    if not bass_only:
        forbidden |= strange.unsqueeze(1) & sounding
    if config.num_voices:
        bass = torch.from_numpy(alphabet.voice_matrix)[:, -1]
        forbidden |= (degrees != 0).unsqueeze(1) & bass
    return torch.zeros(forbidden.shape, dtype=torch.float64).masked_fill(forbidden, -torch.inf)


def bass_bias(config: FeatureConfig, key: Key, *, off_tonic: bool = False, held: bool = False) -> Tensor:
    """Static bias on the lowest voice alone: not on the tonic, or struck no more; nothing in an unvoiced corpus.

    Returns
    -------
    Shape ``(n, k)``, notes from low to high.
    """
    alphabet = config.alphabet
    forbidden = torch.zeros(config.num_notes, len(alphabet), dtype=torch.bool)
    if config.num_voices:
        bass = torch.from_numpy(alphabet.voice_matrix)[:, -1]
        tonic = (torch.arange(config.num_notes) + config.low_pitch) % 12 == key.tonic
        forbidden |= tonic.unsqueeze(1) & bass & off_tonic
        forbidden |= (torch.from_numpy(alphabet.states) == STRIKE) & bass & held
    return torch.zeros(forbidden.shape, dtype=torch.float64).masked_fill(forbidden, -torch.inf)


class Polyphony(RuleOfTables):
    """Rule: between ``least`` and ``most`` voices (notes, in an unvoiced corpus) sound in every frame.

    What is known may break it, and is made up for as far as the other voices can.

    Parameters
    ----------
    config
        Note range and voices.
    least, most
        Bounds, inclusive.

    Raises
    ------
    ValueError
        If the bounds are impossible.
    """

    def __init__(self, config: FeatureConfig, least: int, most: int) -> None:
        super().__init__()
        top = config.num_voices or config.num_notes
        if not 0 <= least <= most <= top:
            raise ValueError(f"polyphony is at least 0 and at most {top}, not {least} to {most}")
        self.config, self.least, self.most = config, least, most
        states = torch.from_numpy(config.alphabet.states)
        members = torch.from_numpy(config.alphabet.voice_matrix)
        # What counts is voices where there are any (v of them), else notes (v = 1).
        self.counts = members if config.num_voices else (states != SILENT).unsqueeze(1)  # k v
        alone = self.counts & (self.counts.sum(1, keepdim=True) == 1)  # k v
        self.strikes = alone & (states == states.max()).unsqueeze(1)
        self.holds = alone & (states == HOLD).unsqueeze(1)

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Forbid outcomes that exceed ``most``, or after which ``least`` can no longer be reached."""
        if frame.device != self.counts.device:
            return self.on(frame.device).bias(frame, previous, static, places, known)
        here = self.counts[frame.long()].long()  # b n v
        before = (here.cumsum(1) - here)[:, places].unsqueeze(2)  # b p 1 v
        after = before + self.counts.long()  # b p k v
        can = torch.ones_like(here)  # b n v: a cell could take it
        if static is not None:
            allowed = (static > -torch.inf).unsqueeze(3)  # b n k 1
            sounded = self.counts[previous.long()]  # b n v
            can = ((allowed & self.strikes).any(2) | ((allowed & self.holds).any(2) & sounded)).long()
        room = can.flip(1).cumsum(1).flip(1) - can  # b n v: so many cells strictly after could
        room = room[:, places].unsqueeze(2)
        given = torch.zeros_like(here) if known is None else self.counts[known.outcomes.long()].long()  # b n v
        ahead = (given.flip(1).cumsum(1).flip(1) - given)[:, places].unsqueeze(2)  # known, strictly after
        later = ((after == 0) & ((room > 0) | (ahead > 0))) if self.config.num_voices else room
        most = given.sum((1, 2)).clamp(min=self.most)  # what is known may be more than is allowed,
        least = torch.full_like(most, self.least)
        if known is not None and self.config.num_voices:  # and voices that are known to rest leave fewer to sound
            rests = (known.decided(self.config.num_voices) & (given.sum(1) == 0)).sum(1)
            least = torch.minimum(least, self.config.num_voices - rests)
        many, few = (after + ahead).sum(-1) > most[:, None, None], after.sum(-1) + later.sum(-1) < least[:, None, None]
        bad = many | few
        return torch.zeros(bad.shape, dtype=torch.float64, device=bad.device).masked_fill(bad, -torch.inf)

    def turned(self, down: bool) -> Polyphony:
        """The rule for either direction: voices are counted, wherever they are."""
        return self
