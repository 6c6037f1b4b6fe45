"""The context encoder: what every cell is told of all that is known of the piece, in its past and in its future.

For each cell it reads the known voices of the same frame around its note, the chord that they make, metre, key and
form, with an LSTM that runs over time in both directions, its weights shared by all notes as those of the time axis
are. Two projections, which start at zero, add what it found to the inputs of the time axis and to its output: a network
that is given an encoder draws as it did before until it has learnt to listen. Where nothing is known of a piece, the
encoder's output is exactly zero.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.known import Known
from biaxial.features.time_axis import TimeFeatures, named_slices
from biaxial.models.config import ModelConfig
from biaxial.music.constants import STRIKE

_REACH = 24


class ContextFeatures(nn.Module):
    """Known cells and conditions -> inputs of the encoder.

    Attributes
    ----------
    slices
        Name of every group of inputs and where it stands on the last axis.
    width
        Number of inputs of a cell.
    """

    planes: Tensor
    struck: Tensor
    bits: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        alphabet = config.alphabet
        sounding = torch.from_numpy(alphabet.states) != 0
        planes = torch.from_numpy(alphabet.voice_matrix) if config.num_voices else sounding.unsqueeze(1)
        self.register_buffer("planes", planes.float(), persistent=False)  # k v
        self.register_buffer("struck", torch.from_numpy(alphabet.states) == STRIKE, persistent=False)  # k
        self.register_buffer("bits", torch.arange(planes.shape[1]), persistent=False)  # v
        voices = planes.shape[1]
        widths = {"known": (2 * _REACH + 1) * voices, "struck": voices, "is_known": voices, "chord": 12}
        self.slices, self.width = named_slices(widths)

    def forward(self, known: Known, time_features: TimeFeatures) -> Tensor:
        """Compute the inputs, shape ``(b, t, n, f)``; those shared with the time axis are left to it."""
        outcomes = known.outcomes.long()
        planes = self.planes[outcomes]  # b t n v
        padded = functional.pad(planes, (0, 0, _REACH, _REACH))
        around = rearrange(padded.unfold(2, 2 * _REACH + 1, 1), "b t n v w -> b t n (v w)")
        struck = (planes * self.struck[outcomes].unsqueeze(-1)).amax(2, keepdim=True)  # b t 1 v
        counts = planes.amax(-1) @ time_features.pitch_class.to(planes.dtype)  # b t 12
        parts = {
            "known": around,
            "struck": struck.expand_as(planes),
            "is_known": (known.voices.unsqueeze(-1) >> self.bits & 1).to(planes.dtype),
            "chord": counts[..., time_features.rotation],
        }
        return torch.cat([parts[name] for name in self.slices], dim=-1)


class ContextEncoder(nn.Module):
    """The encoder with its two projections.

    Parameters
    ----------
    config
        Inputs and sizes; ``context_hidden`` units read in each direction.
    time_features
        Inputs of the time axis, of which the encoder shares those of pitch, key, metre and form.
    """

    def __init__(self, config: ModelConfig, time_features: TimeFeatures) -> None:
        super().__init__()
        hidden = config.context_hidden
        self.features = ContextFeatures(config)
        self.dropout = config.dropout
        width = self.features.width + time_features.conditions_width
        self.forwards = nn.LSTM(width, hidden, batch_first=True)
        self.backwards = nn.LSTM(width, hidden, batch_first=True)
        self.into_inputs = nn.Linear(2 * hidden, time_features.width, bias=False)
        self.into_output = nn.Linear(2 * hidden, config.time_hidden[-1], bias=False)
        for projection in (self.into_inputs, self.into_output):
            nn.init.zeros_(projection.weight)

    def forward(
        self, known: Known, conditions: Tensor, time_features: TimeFeatures, lengths: Tensor | None = None
    ) -> Tensor:
        """Read all that is known.

        Parameters
        ----------
        known
            What is known, shape ``(b, t, n)``.
        conditions
            Conditions of each step, shape ``(b, t, c)``.
        time_features
            Inputs of the time axis.
        lengths
            Steps of each piece, shape ``(b,)``, where shorter ones are padded; all by default.

        Returns
        -------
        What is told to each cell, shape ``(b, t, n, h)``; zero for a piece of which nothing is known.
        """
        b, t, n = known.outcomes.shape
        of_known = self.features(known, time_features)
        shared = [part.to(of_known.dtype) for part in time_features.of_conditions(conditions).values()]
        rows = rearrange(torch.cat([of_known, *shared], dim=-1), "b t n f -> (b n) t f")
        steps = torch.arange(t, device=rows.device)
        ends = torch.full((b,), t, device=rows.device) if lengths is None else lengths
        mirror = torch.where(steps < ends.unsqueeze(1), ends.unsqueeze(1) - 1 - steps, steps)  # b t
        mirror = repeat(mirror, "b t -> (b n) t 1", n=n)
        past, _ = self.forwards(rows)
        future, _ = self.backwards(rows.gather(1, mirror.expand_as(rows)))
        found = torch.cat([past, future.gather(1, mirror.expand_as(future))], dim=-1)
        if self.training and self.dropout > 0:
            found = found * found.new_empty(b * n, 1, found.shape[-1]).bernoulli_(1 - self.dropout)
            found = found / (1 - self.dropout)
        return rearrange(found, "(b n) t h -> b t n h", b=b) * known.pieces[:, None, None, None]
