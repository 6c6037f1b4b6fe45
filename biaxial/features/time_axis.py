"""Inputs of the time axis: what every cell sees of the frame before it and of the conditions of its step.

Each group of inputs is a named slice of the last axis (:attr:`TimeFeatures.slices`); nothing is addressed by number.
The neighbourhood and the rotated chord follow Johnson (2015); the groups that a config switches off take no room.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.conditions import CADENCE_NAMES, UNKNOWN, Condition
from biaxial.features.config import FeatureConfig
from biaxial.features.echo import LENGTH_BOUNDS, Echo
from biaxial.music.constants import SILENT, STRIKE

_BEATS = 8
_COUNTDOWN_STEPS = 16
_PHRASE_STEPS = 16
_SINCE_STEPS = 8
_FAR_QUARTERS = 32.0
_CLOCK = (4, 3)
_CLOCK_BARS = 4
_BEAT_PLACES = 6
LAST_BOUNDS = (2, 4, 6, 8, 12, 16)
"""Lower bounds of the classes of length of the last note of a phrase, in steps."""
_OF_NOTES = ("position", "pitch_class", "key", "phrase_key")
_OF_STEPS = ("metre", "clock", "form", "plan", "beat")


def one_hot(index: Tensor, size: int) -> Tensor:
    """One-hot rows of integers; a number outside ``0 .. size - 1`` (such as "unknown") gives a row of zeros."""
    return (index.unsqueeze(-1) == torch.arange(size, device=index.device)).to(torch.get_default_dtype())


def echo_strength(echo: Echo) -> Tensor:
    """How far an echo can be trusted: the class of its length and whether it began with the piece; zeros for none.

    Shape ``(..., 12)`` for an echo of shape ``(...)``.
    """
    # No tensor of the bounds: copying one to a device is not allowed while a CUDA graph is captured.
    reached = torch.stack([echo.length >= bound for bound in LENGTH_BOUNDS])
    return torch.cat([one_hot(reached.sum(0) - 1, len(LENGTH_BOUNDS)), echo.from_start.unsqueeze(-1)], dim=-1)


def named_slices(widths: dict[str, int]) -> tuple[dict[str, slice], int]:
    """Where each group of inputs stands on the last axis, and how wide that is; groups without width are left out."""
    slices, end = {}, 0
    for name, width in widths.items():
        if width:
            slices[name] = slice(end, end + width)
            end += width
    return slices, end


class TimeFeatures(nn.Module):
    """Roll and conditions -> inputs of the time axis.

    Attributes
    ----------
    slices
        Name of every group of inputs and where it stands on the last axis.
    width
        Number of inputs of a cell.
    of_steps_names
        Names of the groups that are the same for all notes of a step.
    """

    planes: Tensor
    pitch: Tensor
    pitch_class: Tensor
    rotation: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        alphabet = config.alphabet
        states = torch.from_numpy(alphabet.states)
        columns = [states != SILENT] if config.num_states == 2 else [states != SILENT, states == STRIKE]
        if config.voice_neighbourhood:
            columns += list(torch.from_numpy(alphabet.voice_matrix).unbind(1))
        self.register_buffer("planes", torch.stack(columns, 1).float(), persistent=False)  # k p
        pitches = torch.arange(config.num_notes) + config.low_pitch
        position = torch.linspace(0, 1, config.num_notes).unsqueeze(1)
        self.register_buffer("pitch", position, persistent=False)  # n 1
        self.register_buffer("pitch_class", one_hot(pitches % 12, 12).float(), persistent=False)  # n 12
        rotation = (pitches.unsqueeze(1) + torch.arange(12)) % 12
        self.register_buffer("rotation", rotation, persistent=False)  # n 12
        widths = {
            "position": 1,
            "pitch_class": 12,
            "neighbourhood": (2 * config.neighbourhood + 1) * len(columns),
            "chord": 12,
            "key": 24 if config.key else 0,
            "metre": {"none": 0, "bits": 4, "full": config.steps_per_quarter + 2 * _BEATS + 2}[config.metre],
            "clock": config.steps_per_quarter + sum(_CLOCK) + _CLOCK_BARS + 2 if config.clock else 0,
            "echo": len(columns) + len(LENGTH_BOUNDS) + 1 if config.echo else 0,
            "form": 6 + _COUNTDOWN_STEPS + _PHRASE_STEPS + _SINCE_STEPS if config.form else 0,
            "plan": len(CADENCE_NAMES) + len(LAST_BOUNDS) + 1 + 3 + 1 if config.plan else 0,
            "beat": _BEAT_PLACES + 2 if config.beat else 0,
            "phrase_key": 24 if config.plan else 0,
        }
        self.slices, self.width = named_slices(widths)
        self.of_steps_names = tuple(name for name in _OF_STEPS if name in self.slices)
        self.conditions_width = sum(widths[name] for name in (*_OF_NOTES, *_OF_STEPS))

    def of_steps(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that are the same for all notes of a step, by name.

        Parameters
        ----------
        conditions
            Conditions of each step, integers, shape ``(b, t, c)``.

        Returns
        -------
        Each of shape ``(b, t, f)``.
        """
        compute = {
            "metre": self._metre,
            "clock": self._clock,
            "form": self._form,
            "plan": self._plan,
            "beat": self._beat,
        }
        return {name: compute[name](conditions) for name in self.of_steps_names}

    def of_notes(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that each note has of itself and of the key, by name; arguments and shapes as below."""
        (b, t, _), n = conditions.shape, self.config.num_notes
        parts = {"position": self.pitch.expand(b, t, n, 1), "pitch_class": self.pitch_class.expand(b, t, n, 12)}
        if "key" in self.slices:
            parts["key"] = self._key(conditions, Condition.TONIC, Condition.MODE)
        if "phrase_key" in self.slices:
            parts["phrase_key"] = self._key(conditions, Condition.PHRASE_TONIC, Condition.PHRASE_MODE)
        return parts

    def of_conditions(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that do not depend on any frame, by name.

        Parameters
        ----------
        conditions
            Conditions of each step, integers, shape ``(b, t, c)``.

        Returns
        -------
        Each of shape ``(b, t, n, f)``.
        """
        n = self.config.num_notes
        shared = {name: repeat(part, "b t f -> b t n f", n=n) for name, part in self.of_steps(conditions).items()}
        return self.of_notes(conditions) | shared

    def forward(self, previous: Tensor, conditions: Tensor, echo: Echo | None = None) -> Tensor:
        """Compute the inputs.

        Parameters
        ----------
        previous
            Outcomes of the frame before each step, integers, shape ``(b, t, n)``.
        conditions
            Conditions of each step, integers, shape ``(b, t, c)``.
        echo
            The echo of each step, for a config that has it.

        Returns
        -------
        Inputs, shape ``(b, t, n, f)``.
        """
        n = previous.shape[2]
        planes = self.planes[previous.long()]  # b t n p
        parts = self.of_conditions(conditions)
        parts |= {"neighbourhood": self._neighbourhood(planes), "chord": self._chord(planes[..., 0])}
        if "echo" in self.slices:
            assert echo is not None
            strength = repeat(echo_strength(echo), "b t f -> b t n f", n=n)
            parts["echo"] = torch.cat([self.planes[echo.frame.long()], strength.to(planes.dtype)], dim=-1)
        dtype = planes.dtype
        return torch.cat([parts[name].to(dtype) for name in self.slices], dim=-1)

    def _neighbourhood(self, planes: Tensor) -> Tensor:
        reach = self.config.neighbourhood
        padded = functional.pad(planes, (0, 0, reach, reach))  # b t n+2r p
        return rearrange(padded.unfold(2, 2 * reach + 1, 1), "b t n p w -> b t n (p w)")

    def _chord(self, sounding: Tensor) -> Tensor:
        counts = sounding @ self.pitch_class.to(sounding.dtype)  # b t 12
        return counts[..., self.rotation]  # b t n 12

    def _key(self, conditions: Tensor, of_tonic: Condition, in_mode: Condition) -> Tensor:
        tonic, mode = conditions[..., of_tonic].long(), conditions[..., in_mode].long()
        pitches = torch.arange(self.config.num_notes, device=tonic.device) + self.config.low_pitch
        degree = torch.where((tonic >= 0).unsqueeze(-1), (pitches - tonic.unsqueeze(-1)) % 12, -1)
        degree = one_hot(degree, 12).unsqueeze(-2)  # b t n 1 12
        of_mode = mode.unsqueeze(-1) == torch.arange(2, device=mode.device)  # b t 2
        of_mode = of_mode | (mode == UNKNOWN).unsqueeze(-1)
        return rearrange(degree * of_mode[:, :, None, :, None], "b t n m d -> b t n (m d)")

    def _metre(self, conditions: Tensor) -> Tensor:
        step, bar = conditions[..., Condition.STEP_IN_BAR].long(), conditions[..., Condition.BAR_STEPS].long()
        known = step >= 0
        if self.config.metre == "bits":
            since = conditions[..., Condition.SINCE_START].long()
            count = torch.where(known, step, since)  # without bars Johnson's count begins with the piece
            bits = (count.unsqueeze(-1) >> torch.arange(4, device=step.device)) & 1
            return (2 * bits - 1) * (count >= 0).unsqueeze(-1)
        per_quarter = self.config.steps_per_quarter
        beat = torch.div(step, per_quarter, rounding_mode="floor")
        left = torch.div(bar - 1 - step, per_quarter, rounding_mode="floor")
        unknown = torch.full_like(step, -1)
        on_beat = step % per_quarter == 0
        half = (2 * step == bar) & on_beat
        strength = torch.where(step == 0, 1.0, torch.where(half, 0.5, torch.where(on_beat, 0.25, 0.0)))
        return torch.cat(
            [
                one_hot(torch.where(known, step % per_quarter, unknown), per_quarter),
                one_hot(torch.where(known, beat.clamp(max=_BEATS - 1), unknown), _BEATS),
                one_hot(torch.where(known, left.clamp(max=_BEATS - 1), unknown), _BEATS),
                (strength * known).unsqueeze(-1),
                known.unsqueeze(-1),
            ],
            dim=-1,
        )

    def _clock(self, conditions: Tensor) -> Tensor:
        since = conditions[..., Condition.SINCE_START].long()
        per_quarter = self.config.steps_per_quarter
        quarter = torch.div(since, per_quarter, rounding_mode="floor")
        bar = torch.div(quarter, _CLOCK[0], rounding_mode="floor")
        return torch.cat(
            [
                one_hot(since % per_quarter, per_quarter),
                *(one_hot(quarter % period, period) for period in _CLOCK),
                one_hot(bar % _CLOCK_BARS, _CLOCK_BARS),
                (since == 0).unsqueeze(-1),
                (quarter / _FAR_QUARTERS).clamp(0, 2).unsqueeze(-1),
            ],
            dim=-1,
        )

    def _plan(self, conditions: Tensor) -> Tensor:
        last = conditions[..., Condition.LAST_STEPS].long()
        reached = torch.stack([last >= bound for bound in LAST_BOUNDS]).sum(0)
        known = last >= 0
        return torch.cat(
            [
                one_hot(conditions[..., Condition.CADENCE], len(CADENCE_NAMES)),
                one_hot(torch.where(known, reached, UNKNOWN), len(LAST_BOUNDS) + 1),
                one_hot(conditions[..., Condition.RETURNS], 3),
                known.unsqueeze(-1),
            ],
            dim=-1,
        )

    def _beat(self, conditions: Tensor) -> Tensor:
        step, beat = conditions[..., Condition.STEP_IN_BAR].long(), conditions[..., Condition.BEAT_STEPS].long()
        known = beat > 0
        place = step % beat.clamp(min=1)
        dotted = known & (beat % 3 == 0)
        sixth = torch.div(place * _BEAT_PLACES, beat.clamp(min=1), rounding_mode="floor")
        return torch.cat(
            [
                one_hot(torch.where(dotted, sixth, UNKNOWN), _BEAT_PLACES),
                dotted.unsqueeze(-1),
                (known & (place == 0)).unsqueeze(-1),
            ],
            dim=-1,
        )

    def _form(self, conditions: Tensor) -> Tensor:
        to_end, to_fermata = conditions[..., Condition.TO_END], conditions[..., Condition.TO_FERMATA]
        since = conditions[..., Condition.SINCE_FERMATA]

        def scaled(steps: Tensor) -> Tensor:
            quarters = steps.to(torch.get_default_dtype()) / self.config.steps_per_quarter
            return (quarters / _FAR_QUARTERS).clamp(0, 1).unsqueeze(-1)

        return torch.cat(
            [
                conditions[..., Condition.FIRST].unsqueeze(-1),
                (to_end >= 0).unsqueeze(-1),
                one_hot(to_end, _COUNTDOWN_STEPS),
                scaled(to_end),
                (to_fermata >= 0).unsqueeze(-1),
                one_hot(to_fermata, _PHRASE_STEPS),
                scaled(to_fermata),
                one_hot(since - 1, _SINCE_STEPS),
                scaled(since),
            ],
            dim=-1,
        )
