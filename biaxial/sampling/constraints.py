"""Constraints on what is drawn: static biases over cells, and rules that read the frame so far.

A bias is added to the log-probabilities of outcomes before a draw; minus infinity forbids one. Constraints are closed
backwards: a rule forbids what would leave no way to satisfy it later in the walk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from biaxial.features.config import FeatureConfig
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.score import Key

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from biaxial.features.known import Known
    from biaxial.sampling.rule_tensors import PolyphonyTensors

Biases = NDArray[np.float64]


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


class BiasOnDevice(Protocol):
    """A rule with its tensors on a device."""

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """As :meth:`Rule.bias`."""
        ...


class RuleOnDevices(ABC):
    """Base of rules that are facts for the compiled stepper, and look things up in tensors for the others."""

    def __init__(self) -> None:
        self._devices: dict[torch.device, BiasOnDevice] = {}

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Biases of the outcomes at some places of the walk; arguments and result as of :meth:`Rule.bias`."""
        return self.on(frame.device).bias(frame, previous, static, places, known)

    def on(self, device: torch.device) -> BiasOnDevice:
        """The rule with its tensors on a device; the same object every time."""
        if (found := self._devices.get(device)) is None:
            found = self._devices[device] = self._made_on(device)
        return found

    @abstractmethod
    def _made_on(self, device: torch.device) -> BiasOnDevice:
        """The rule with new tensors on a device."""


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

    biases: tuple[Biases, ...]
    steps: Sequence[int]

    @cached_property
    def _felt(self) -> tuple[bool, ...]:
        return tuple(bool(bias.any()) for bias in self.biases)

    def at(self, step: int) -> Biases:
        """That of a step, shape ``(n, k)``."""
        return self.biases[self.steps[step]]

    def is_felt(self, step: int) -> bool:
        """Whether that of a step changes anything."""
        return self._felt[self.steps[step]]

    def plus(self, other: StepBias) -> StepBias:
        """The sum of both, for pieces of the same length."""
        pairs = list(zip(self.steps, other.steps, strict=True))
        number = {pair: index for index, pair in enumerate(dict.fromkeys(pairs))}
        sums = tuple(self.biases[one] + other.biases[two] for one, two in number)
        return StepBias(sums, [number[pair] for pair in pairs])

    @classmethod
    def nothing(cls, config: FeatureConfig, num_steps: int) -> StepBias:
        """No bias in so many steps."""
        return cls((np.zeros((config.num_notes, len(config.alphabet))),), [0] * num_steps)


def range_bias(config: FeatureConfig, ranges: Sequence[tuple[int, int]]) -> Biases:
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
    pitches = np.arange(config.num_notes) + config.low_pitch
    forbidden = np.zeros((config.num_notes, len(alphabet)), dtype=bool)
    sounding = alphabet.states != SILENT
    members = alphabet.voice_matrix
    for voice, (low, high) in enumerate(ranges):
        if not config.low_pitch <= low <= high <= config.high_pitch:
            raise ValueError(f"range {low} to {high} is empty or leaves {config.low_pitch} to {config.high_pitch}")
        outside = (pitches < low) | (pitches > high)
        concerned = members[:, voice] if config.num_voices else sounding
        forbidden |= outside[:, None] & concerned
    return np.where(forbidden, -np.inf, 0.0)


def triad_bias(config: FeatureConfig, key: Key, *, bass_only: bool = False) -> Biases:
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
    degrees = (np.arange(config.num_notes) + config.low_pitch - key.tonic) % 12
    thirds = (3, 4) if key.mode == "minor" else (4,)
    strange = ~np.isin(degrees, (0, *thirds, 7))
    sounding = alphabet.states != SILENT
    forbidden = np.zeros((config.num_notes, len(alphabet)), dtype=bool)
    if not bass_only:
        forbidden |= strange[:, None] & sounding
    if config.num_voices:
        bass = alphabet.voice_matrix[:, -1]
        forbidden |= (degrees != 0)[:, None] & bass
    return np.where(forbidden, -np.inf, 0.0)


def bass_bias(config: FeatureConfig, key: Key, *, off_tonic: bool = False, held: bool = False) -> Biases:
    """Static bias on the lowest voice alone: not on the tonic, or struck no more; nothing in an unvoiced corpus.

    Returns
    -------
    Shape ``(n, k)``, notes from low to high.
    """
    alphabet = config.alphabet
    forbidden = np.zeros((config.num_notes, len(alphabet)), dtype=bool)
    if config.num_voices:
        bass = alphabet.voice_matrix[:, -1]
        tonic = (np.arange(config.num_notes) + config.low_pitch) % 12 == key.tonic
        forbidden |= tonic[:, None] & bass & off_tonic
        forbidden |= (alphabet.states == STRIKE) & bass & held
    return np.where(forbidden, -np.inf, 0.0)


class Polyphony(RuleOnDevices):
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

    def turned(self, down: bool) -> Polyphony:
        """The rule for either direction: voices are counted, wherever they are."""
        return self

    def _made_on(self, device: torch.device) -> PolyphonyTensors:
        from biaxial.sampling.rule_tensors import PolyphonyTensors

        return PolyphonyTensors(self, device)
