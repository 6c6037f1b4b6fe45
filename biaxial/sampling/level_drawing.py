"""Drawing how loud notes are, when the notes of a piece are there: frame after frame, from the top note down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from biaxial.models.biaxial import Batch, BiaxialLSTM
from biaxial.models.dynamics_head import Heard, frame_level
from biaxial.music.constants import STRIKE
from biaxial.sampling.randomness import level_uniforms


class Levels(NamedTuple):
    """Levels of pieces.

    Attributes
    ----------
    levels
        0 for none, else 1 (ppp) to 8 (fff), shape ``(b, t, n)``.
    log_likelihood
        Log-probability of those that were drawn, given the notes and the others, in nats, shape ``(b,)``.
    """

    levels: Tensor
    log_likelihood: Tensor


@torch.inference_mode()
def draw_levels(network: BiaxialLSTM, batch: Batch, seeds: Sequence[int], slots: Sequence[int] | None = None) -> Levels:
    """Draw a level for each struck cell that has none.

    Parameters
    ----------
    network
        A network with dynamics, in evaluation mode.
    batch
        Whole pieces, with the levels that are known.
    seeds, slots
        Of the random numbers of each piece.
    """
    assert network.dynamics is not None
    b, _, n = batch.outcomes.shape
    outputs = torch.cat([rows.time_output.unflatten(0, (b, -1)) for rows in network.frames(batch, 2**15)], dim=1)
    voices = network.voice_sets[batch.outcomes.long()]
    states = torch.from_numpy(network.config.alphabet.states).to(batch.outcomes.device)
    struck = states[batch.outcomes.long()] == STRIKE
    levels = torch.zeros_like(batch.outcomes, dtype=torch.uint8) if batch.levels is None else batch.levels.clone()
    total = torch.zeros(b, dtype=torch.float64)
    for piece in range(b):
        memory = [0] * (2 + network.config.num_voices)  # the last frame, the one before, each voice
        for step in range(batch.outcomes.shape[1]):
            places = struck[piece, step].nonzero().flatten().flip(0).tolist()
            if not places:
                continue
            slot = None if slots is None else [slots[piece]]
            randoms = level_uniforms([seeds[piece]], step, n, slot)[0]
            above = 0
            for place in places:
                singing = [v for v in range(network.config.num_voices) if int(voices[piece, step, place]) >> v & 1]
                if not int(levels[piece, step, place]):
                    own = memory[2 + singing[0]] if singing else 0
                    heard = Heard(*(torch.tensor([level]) for level in (memory[0], memory[1], own, above)))
                    output = outputs[piece, step, place].unsqueeze(0)
                    log_probs = network.dynamics(output, voices[piece, step, place].unsqueeze(0), heard)[0].double()
                    cumulative = log_probs.exp().cumsum(0)
                    level = int(torch.searchsorted(cumulative, randoms[place] * cumulative[-1], right=True))
                    level = min(level, len(log_probs) - 1)
                    total[piece] += log_probs[level]
                    levels[piece, step, place] = 1 + level
                above = int(levels[piece, step, place])
            memory[:2] = int(frame_level(levels[piece, step].long())), memory[0]
            for place in places:
                for voice in range(network.config.num_voices):
                    if int(voices[piece, step, place]) >> voice & 1:
                        memory[2 + voice] = int(levels[piece, step, place])
    return Levels(levels, total)
