"""How loud each struck note is: a level of eight, given all notes up to its frame and all levels before it.

A piece is its notes and their levels, and its probability the product of theirs: ``p(notes) p(levels | notes)``. Levels
are drawn when the notes are there, frame after frame and from the top note down, so whatever draws or scores notes goes
on as it did. A cell has one level, also where several voices strike it. A level is 0 where there is none, or nobody
knows it, and else 1 (ppp) to 8 (fff); what is not known is neither scored nor heard.

The head reads the time axis's output, which knows the piece up to the frame before and its outline, the voices of the
cell, and four levels: that of the last frame in which a note was struck, that of the one before it, that of the last
note of the same voice, and that of the note struck last in this frame. It does not change what the time axis learns.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import LEVEL_UNITS, LEVELS_HEARD
from biaxial.music.performance.dynamics import LEVELS

NUM_LEVELS: Final = len(LEVELS)


class Heard(NamedTuple):
    """The levels that the level of a cell depends on, 0 for none; integers of one shape.

    Attributes
    ----------
    frame, before
        Rounded mean of the last frame that has levels, and of the one before that.
    voice
        The last of the highest voice that sounds in the cell.
    above
        The last in this frame, from the top note down.
    """

    frame: Tensor
    before: Tensor
    voice: Tensor
    above: Tensor

    @classmethod
    def of(cls, levels: Tensor, voices: Tensor, num_voices: int) -> Heard:
        """What each cell of whole pieces hears.

        Parameters
        ----------
        levels, voices
            Levels and voice sets of all cells, shape ``(b, t, n)``; only struck cells have levels.
        num_voices
            Voices of the corpus.
        """
        levels = levels.long()
        means = frame_level(levels)  # b t
        frame, places = _last(means)
        before = functional.pad(frame, (1, 0)).gather(1, places)
        voice = torch.zeros_like(levels)
        for number in reversed(range(num_voices)):
            sings = (voices.long() >> number & 1).bool()  # b t n
            line, _ = _last(torch.where(sings, levels, 0).amax(-1))
            voice = torch.where(sings, line.unsqueeze(-1), voice)
        above, _ = _last(levels.flip(-1))
        wide = (frame.unsqueeze(-1).expand_as(levels), before.unsqueeze(-1).expand_as(levels))
        return cls(*wide, voice, above.flip(-1))


def frame_level(levels: Tensor) -> Tensor:
    """Rounded mean of the levels of a frame, 0 where there are none; shape ``(..., n)`` to ``(...)``."""
    count = (levels > 0).sum(-1)
    return (2 * levels.sum(-1) + count) // (2 * count).clamp(min=1)


def _last(levels: Tensor) -> tuple[Tensor, Tensor]:
    """The last level before each place of the last axis, 0 where there is none, and its place, counted from 1."""
    numbers = torch.arange(1, levels.shape[-1] + 1, device=levels.device).expand_as(levels)
    places = torch.where(levels > 0, numbers, 0).cummax(-1).values
    places = functional.pad(places[..., :-1], (1, 0))
    return functional.pad(levels, (1, 0)).gather(-1, places), places


class DynamicsHead(nn.Module):
    """The last layers for levels.

    Parameters
    ----------
    config
        Sizes, and the voices of the corpus.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.num_voices = config.num_voices
        width = config.time_hidden[-1] + config.num_voices + LEVELS_HEARD * (NUM_LEVELS + 1)
        self.hidden = nn.Linear(width, LEVEL_UNITS)
        self.out = nn.Linear(LEVEL_UNITS, NUM_LEVELS)

    def forward(self, time_output: Tensor, voices: Tensor, heard: Heard) -> Tensor:
        """Log-probabilities of levels 1 to 8 of some cells, shape ``(rows, 8)``.

        Parameters
        ----------
        time_output
            Output of the time axis, shape ``(rows, h)``.
        voices
            Voice set of each, shape ``(rows,)``.
        heard
            What each hears, shape ``(rows,)``.
        """
        bits = torch.arange(self.num_voices, device=voices.device)
        parts = [time_output, (voices.long().unsqueeze(-1) >> bits & 1).to(time_output.dtype)]
        parts += [functional.one_hot(level, NUM_LEVELS + 1).to(time_output.dtype) for level in heard]
        found: Tensor = self.out(torch.tanh(self.hidden(torch.cat(parts, dim=-1)))).log_softmax(-1)
        return found
