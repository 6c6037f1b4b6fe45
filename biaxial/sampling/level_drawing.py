"""Drawing how loud notes are, when the notes of a piece are there: frame after frame, from the top note down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor

from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
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


class _Memory:
    """The levels of a piece that have been drawn, as far as :class:`~biaxial.models.dynamics_head.Heard` has them."""

    def __init__(self, num_voices: int) -> None:
        self.frame = self.before = self.above = 0
        self.voices = [0] * num_voices
        self._now: list[tuple[int, int]] = []

    def heard(self, voices: int, device: torch.device) -> Heard:
        """What a cell with a set of voices hears, shape ``(1,)``."""
        own = next((level for voice, level in enumerate(self.voices) if voices >> voice & 1), 0)
        found = (self.frame, self.before, own, self.above)
        return Heard(*(torch.tensor([level], device=device) for level in found))

    def take(self, voices: int, level: int) -> None:
        """Take the level of a cell of this frame."""
        self.above = level
        self._now.append((voices, level))

    def end_frame(self) -> None:
        """Go on to the next frame."""
        if self._now:
            self.before = self.frame
            self.frame = int(frame_level(torch.tensor([level for _, level in self._now])))
        for voices, level in self._now:
            self.voices = [level if voices >> v & 1 else old for v, old in enumerate(self.voices)]
        self.above, self._now = 0, []


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
    head, config = network.dynamics, network.config
    assert head is not None
    b, t, n = batch.outcomes.shape
    rows = (frames.time_output for frames in network.frames(batch, 2**15))
    outputs = torch.cat([rearrange(output, "(b t) n h -> b t n h", b=b) for output in rows], dim=1)
    sets = network.voice_sets[batch.outcomes.long()].cpu()
    struck = torch.from_numpy(config.alphabet.states)[batch.outcomes.long().cpu()] == STRIKE
    levels = torch.zeros(b, t, n, dtype=torch.uint8) if batch.levels is None else batch.levels.cpu().clone()
    total = torch.zeros(b, dtype=torch.float64)
    for piece, seed in enumerate(seeds):
        memory = _Memory(config.num_voices)
        for step in struck[piece].any(-1).nonzero().flatten().tolist():
            randoms = level_uniforms([seed], step, n, None if slots is None else [slots[piece]])[0]
            for note in struck[piece, step].nonzero().flatten().flip(0).tolist():
                place, voices = (piece, step, note), int(sets[piece, step, note])
                if not levels[place]:
                    here = outputs[place].unsqueeze(0), torch.tensor([voices], device=outputs.device)
                    log_probs = head(*here, memory.heard(voices, outputs.device))[0].double().cpu()
                    level = int((log_probs.exp().cumsum(0) <= randoms[note]).sum().clamp(max=len(log_probs) - 1))
                    levels[place] = 1 + level
                    total[piece] += log_probs[level]
                memory.take(voices, int(levels[place]))
            memory.end_frame()
    return Levels(levels, total)
