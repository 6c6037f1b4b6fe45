"""Inputs of the time axis: what every cell sees of the frame before it and of the conditions of its step.

Each group of inputs is a named slice of the last axis (:attr:`TimeFeatures.slices`); nothing is addressed by number.
The neighbourhood and the rotated chord follow Johnson (2015); the groups that a config switches off take no room.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.config import FeatureConfig
from biaxial.features.echo import Echo
from biaxial.features.input_layout import LENGTH_BOUNDS, cell_planes, note_positions, time_layout
from biaxial.features.of_conditions import ConditionInputs, one_hot


def echo_strength(echo: Echo) -> Tensor:
    """How far an echo can be trusted: the class of its length and whether it began with the piece; zeros for none.

    Shape ``(..., 12)`` for an echo of shape ``(...)``.
    """
    # No tensor of the bounds: copying one to a device is not allowed while a CUDA graph is captured.
    reached = torch.stack([echo.length >= bound for bound in LENGTH_BOUNDS])
    return torch.cat([one_hot(reached.sum(0) - 1, len(LENGTH_BOUNDS)), echo.from_start.unsqueeze(-1)], dim=-1)


class TimeFeatures(nn.Module):
    """Roll and conditions -> inputs of the time axis.

    Attributes
    ----------
    slices
        Name of every group of inputs and where it stands on the last axis.
    width
        Number of inputs of a cell.
    """

    planes: Tensor
    pitch: Tensor
    pitch_class: Tensor
    rotation: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        self.slices, self.width = time_layout(config)
        self.of = ConditionInputs(config)
        planes = torch.from_numpy(cell_planes(config, config.voice_neighbourhood))
        self.register_buffer("planes", planes, persistent=False)  # k p
        pitches = torch.arange(config.num_notes) + config.low_pitch
        self.register_buffer("pitch", torch.from_numpy(note_positions(config.num_notes)), persistent=False)  # n 1
        self.register_buffer("pitch_class", one_hot(pitches % 12, 12).float(), persistent=False)  # n 12
        rotation = (pitches.unsqueeze(1) + torch.arange(12)) % 12
        self.register_buffer("rotation", rotation, persistent=False)  # n 12

    def of_steps(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that are the same for all notes of a step, by name (:meth:`.ConditionInputs.of_steps`)."""
        return self.of.of_steps(conditions)

    def of_notes(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that each note has of itself and of the key, by name; arguments and shapes as below."""
        (b, t, _), n = conditions.shape, self.config.num_notes
        own = {"position": self.pitch.expand(b, t, n, 1), "pitch_class": self.pitch_class.expand(b, t, n, 12)}
        return own | self.of.keys(conditions)

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
        return self.of_notes(conditions) | self._repeated(conditions)

    def _repeated(self, conditions: Tensor) -> dict[str, Tensor]:
        """The inputs that are the same for all notes of a step, for each note: shape ``(b, t, n, f)``."""
        n = self.config.num_notes
        return {name: repeat(part, "b t f -> b t n f", n=n) for name, part in self.of_steps(conditions).items()}

    def of_cells(self, previous: Tensor, conditions: Tensor, echo: Echo | None = None) -> dict[str, Tensor]:
        """The inputs in which the notes of a step differ, by name; arguments and shapes as below."""
        n = previous.shape[2]
        planes = self.planes[previous.long()]  # b t n p
        parts = self.of_notes(conditions)
        parts |= {"neighbourhood": self._neighbourhood(planes), "chord": self._chord(planes[..., 0])}
        if "echo" in self.slices:
            assert echo is not None
            strength = repeat(echo_strength(echo), "b t f -> b t n f", n=n)
            parts["echo"] = torch.cat([self.planes[echo.frame.long()], strength.to(planes.dtype)], dim=-1)
        return parts

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
        parts = self.of_cells(previous, conditions, echo) | self._repeated(conditions)
        return torch.cat([parts[name].to(self.planes.dtype) for name in self.slices], dim=-1)

    def _neighbourhood(self, planes: Tensor) -> Tensor:
        reach = self.config.neighbourhood
        padded = functional.pad(planes, (0, 0, reach, reach))  # b t n+2r p
        return rearrange(padded.unfold(2, 2 * reach + 1, 1), "b t n p w -> b t n (p w)")

    def _chord(self, sounding: Tensor) -> Tensor:
        counts = sounding @ self.pitch_class.to(sounding.dtype)  # b t 12
        return counts[..., self.rotation]  # b t n 12
