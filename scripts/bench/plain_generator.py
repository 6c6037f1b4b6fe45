"""Hexahedria's network as a plain PyTorch generator, which the steppers are compared with."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from biaxial.models.config import ModelConfig


class PlainGenerator(nn.Module):
    """Hexahedria's network as one writes it in PyTorch, drawing a batch of pieces with random weights.

    An ``nn.LSTM`` over time that keeps its state, every note a row of its batch, and a loop of ``nn.LSTMCell`` over the
    notes. A cell has his 80 inputs: position, pitch class, the previous frame from an octave below to one above, its
    pitch classes, four bits of the beat and a zero.

    Parameters
    ----------
    config
        Sizes, and the note range.
    batch
        Number of pieces.
    """

    def __init__(self, config: ModelConfig, batch: int) -> None:
        super().__init__()
        n, reach = config.num_notes, config.neighbourhood
        self.reach = reach
        sizes = (80, *config.time_hidden)
        self.time_axis = nn.ModuleList(nn.LSTM(i, o) for i, o in itertools.pairwise(sizes))
        self.time_states: list[tuple[Tensor, Tensor] | None] = [None for _ in config.time_hidden]
        sizes = (config.time_hidden[-1] + 2, *config.note_hidden)
        self.note_axis = nn.ModuleList(nn.LSTMCell(i, o) for i, o in itertools.pairwise(sizes))
        self.head = nn.Linear(config.note_hidden[-1], 2)
        pitches = torch.arange(n) + config.low_pitch
        self.pitch_class = functional.one_hot(pitches % 12, 12).float()  # n 12
        self.rotation = (pitches.unsqueeze(1) + torch.arange(12)) % 12  # n 12
        self.beats = 2.0 * (torch.arange(16).unsqueeze(1) >> torch.arange(4) & 1) - 1
        self.inputs = torch.zeros(batch, n, 80)
        self.inputs[..., 0] = torch.linspace(0, 1, n)
        self.inputs[..., 1:13] = self.pitch_class
        self.previous = torch.zeros(batch, n, 2)
        self.nothing = torch.zeros(batch, 2)
        self.step = 0
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([-math.log(11), 0.0]))  # four of 49 notes sound

    @torch.inference_mode()
    def advance(self, steps: int) -> None:
        """Draw so many frames."""
        for _ in range(steps):
            self._draw()

    def _draw(self) -> None:
        b, n, _ = self.inputs.shape
        around = functional.pad(self.previous, (0, 0, self.reach, self.reach)).unfold(1, 2 * self.reach + 1, 1)
        self.inputs[..., 13:63] = around.reshape(b, n, -1)
        self.inputs[..., 63:75] = (self.previous[..., 0] @ self.pitch_class)[:, self.rotation]
        self.inputs[..., 75:79] = self.beats[self.step % 16]
        x = self.inputs.view(1, b * n, -1)
        for index, layer in enumerate(self.time_axis):
            x, self.time_states[index] = layer(x, self.time_states[index])
        heard = x.view(b, n, -1).transpose(0, 1).contiguous()  # n b h
        randoms = torch.rand(n, b, 2)
        states: list[tuple[Tensor, Tensor] | None] = [None for _ in self.note_axis]
        chosen, frame = self.nothing, []
        for note in range(n):
            y = torch.cat([heard[note], chosen], 1)
            for index, cell in enumerate(self.note_axis):
                state = states[index] = cell(y, states[index])
                y = state[0]
            chosen = (randoms[note] < self.head(y).sigmoid()).float()
            chosen[:, 1] *= chosen[:, 0]  # what does not play is not articulated
            frame.append(chosen)
        self.previous = torch.stack(frame, 1)
        self.step += 1
