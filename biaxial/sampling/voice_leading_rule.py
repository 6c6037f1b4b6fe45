"""Voice leading as soft constraints: what a textbook advises against costs an outcome some nats before it is drawn.

Bach does now and then what the rules forbid, so nothing is forbidden, and ``scripts/make/fit_voice_leading.py``
measures which weights bring his rates. The definitions are those of the detectors
(:mod:`biaxial.metrics.writing.voice_leading`), read from the frame before to this one; a step in which no voice moves
or strikes costs nothing, and a voice that rested in the frame before has no motion.

An event of two voices is charged once, to the outcome that decides it: that of the voice drawn later, and for a
crossing that of the voice drawn earlier, since from the top down a voice that is placed before a higher one leaves that
one no other place than below it. (Should the higher one rest in the end, the charge was too much.) Known voices count
from the start of the walk, wherever they stand; among themselves they cost nothing, since there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from biaxial.features.config import FeatureConfig
from biaxial.features.known import Known
from biaxial.music.constants import STRIKE
from biaxial.sampling.constraints import RuleOfTables
from biaxial.sampling.voice_leading_weights import VoiceLeading

USUAL_RANGES = ((62, 78), (57, 72), (52, 67), (40, 60))
"""Pitches of each voice, S A T B, from the 1st to the 99th percentile of its struck notes (the lowest pitch that so
many do not exceed), over the 364 chorales that ``biaxial-chorales`` writes, whole, in their own keys."""

# As in biaxial.metrics.writing.voice_leading, which stands above this room; a test counts the same events with both.
_FIFTH, _OCTAVE = 7, 12
_SEVENTHS = (10, 11)
_MAX_SPACING = (12, 12)
_NEVER = 9


class _Voices(NamedTuple):
    """Where the voices are, seen from some places of the walk; ``u`` and ``v`` are voices, ``p`` the places.

    A voice is at ``n`` where it does not sound. Of a voice that is not placed ``at`` may be a guess, not to be read.
    """

    here: Tensor  # p: the places
    at: Tensor  # b u
    was_at: Tensor  # b u
    fixed: Tensor  # b u: known to sound, and where
    placed: Tensor  # b u p: drawn before a place, or fixed
    to_come: Tensor  # b u p: neither placed nor known to rest
    motion: Tensor  # b v p: direction in which a voice moves to a place


class VoiceLeadingRule(RuleOfTables):
    """Rule: events of voice leading cost their weights.

    The rule is that of the config's first walk; :meth:`turned` gives that of a walk in the other direction.

    Parameters
    ----------
    config
        Note range, voices, and direction of the walk.
    weights
        What is charged.
    ranges
        Lowest and highest pitch of each voice, for ``weights.range``. By default :data:`USUAL_RANGES` in a corpus of
        four voices; in others no note is outside.

    Raises
    ------
    ValueError
        If the corpus has no voices, or there are not as many ranges as voices.
    """

    def __init__(
        self,
        config: FeatureConfig,
        weights: VoiceLeading | None = None,
        ranges: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__()
        voices = config.num_voices
        if not voices:
            raise ValueError("voice leading needs a corpus with voices, and this one has none")
        if ranges is None:
            ranges = USUAL_RANGES if voices == len(USUAL_RANGES) else ((0, 127),) * voices
        if len(ranges) != voices:
            raise ValueError(f"{len(ranges)} ranges given for {voices} voices")
        self.config, self.weights, self.ranges = config, weights or VoiceLeading(), tuple(ranges)
        self.down = config.walks_down
        self._other: VoiceLeadingRule | None = None
        n = config.num_notes
        pitches = torch.arange(n) + config.low_pitch
        pitches = pitches.flip(0) if self.down else pitches  # in the order of the walk
        # Tables from one place to another. The last row and column stand for a voice that does not sound.
        steps = pitches.unsqueeze(0) - pitches.unsqueeze(1)  # n n
        size = steps.abs()
        kinds = 1 * (size % _OCTAVE == 0) + 2 * (size % _OCTAVE == _FIFTH)
        leaps = torch.isin(size, torch.tensor(_SEVENTHS)) | (size > _OCTAVE)
        self.motions, self.kinds, self.distances, self.leaps = (
            functional.pad(table.to(torch.int8), (0, 1, 0, 1)) for table in (steps.sign(), kinds, size, leaps)
        )  # n+1 n+1
        bounds = torch.tensor(self.ranges).unsqueeze(2)  # v 2 1
        self.outside = ((pitches < bounds[:, 0]) | (pitches > bounds[:, 1])).double()  # v n
        index = torch.arange(voices)
        self.order = (index.unsqueeze(0) - index.unsqueeze(1)).sign().to(torch.int8)  # u v: 1 where v is the lower one
        self.widest = torch.full((voices, voices, 1), n, dtype=torch.int16)  # u v 1
        for high, limit in enumerate(_MAX_SPACING[: voices - 1]):
            self.widest[high, high + 1] = self.widest[high + 1, high] = limit
        self.pairs = torch.tensor(list(combinations(range(voices), 2)), dtype=torch.long).reshape(-1, 2).T  # 2 pairs
        # What an outcome is charged: for each voice in it, for each one it strikes, for each pair in it.
        alphabet = config.alphabet
        self.members = torch.from_numpy(alphabet.voice_matrix)  # k v
        struck = self.members & (torch.from_numpy(alphabet.states) == STRIKE).unsqueeze(1)
        both = self.members[:, self.pairs[0]] & self.members[:, self.pairs[1]]
        self.charged = -torch.cat([self.members, struck, both], dim=1).T.double()  # 2v+pairs k

    def turned(self, down: bool) -> VoiceLeadingRule:
        """The rule for a walk from the highest note down, or from the lowest up."""
        if down == self.down:
            return self
        if self._other is None:
            config = replace(self.config, order="high-to-low" if down else "low-to-high")
            self._other = VoiceLeadingRule(config, self.weights, self.ranges)
        return self._other

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Biases of the outcomes at some places of the walk; arguments as in :class:`~.constraints.Rule`."""
        if frame.device != self.members.device:
            return self.on(frame.device).bias(frame, previous, static, places, known)
        weights, voices = self.weights, self._voices(frame, previous, places, known)
        free = ~voices.fixed.unsqueeze(2)  # b v 1
        alone = torch.zeros(voices.motion.shape, dtype=torch.float64, device=frame.device)  # b v p
        struck = torch.zeros_like(alone)
        high, low = self.pairs
        together = alone.new_zeros(len(alone), len(high), alone.shape[2])  # b pairs p
        if weights.parallels:
            parallel, at_once = self._parallels(voices)
            alone += weights.parallels * parallel
            together += weights.parallels * at_once
        if weights.crossing:
            crossing = self._crossings(voices)  # b u v p
            alone += weights.crossing * crossing.sum(1)
            # not with a voice to come that comes here
            together -= weights.crossing * (crossing[:, high, low] if self.down else crossing[:, low, high])
        if weights.spacing:
            alone += weights.spacing * self._too_far(voices)
        if weights.leaps:
            alone += weights.leaps * _seen(self.leaps, voices.was_at, voices.here)
        if weights.range:
            outside = weights.range * self.outside[:, places]
            if self.config.num_states == 2:  # struck is what did not sound here before
                alone += outside * (voices.was_at.unsqueeze(2) != voices.here)
            else:
                struck += outside
        together *= free[:, high] & free[:, low]
        return torch.cat([alone * free, struck * free, together], dim=1).transpose(1, 2) @ self.charged

    def _voices(self, frame: Tensor, previous: Tensor, places: slice, known: Known | None) -> _Voices:
        n = self.config.num_notes
        here = torch.arange(n, device=frame.device)[places]
        at, was_at = self._positions(frame), self._positions(previous)
        fixed = decided = torch.zeros_like(at, dtype=torch.bool)
        if known is not None:
            known_at = self._positions(known.outcomes)
            fixed = known_at < n
            at = torch.where(fixed, known_at, at)
            decided = known.decided(self.config.num_voices)  # b u
        placed = (at.unsqueeze(2) < here) | fixed.unsqueeze(2)
        to_come = ~(placed | decided.unsqueeze(2))
        return _Voices(here, at, was_at, fixed, placed, to_come, _seen(self.motions, was_at, here))

    def _positions(self, frame: Tensor) -> Tensor:
        """First place of each voice in the walk, shape ``(b, v)``; ``n`` where it does not sound."""
        n = frame.shape[1]
        index = torch.arange(n, device=frame.device).view(1, n, 1)
        return torch.where(self.members[frame.long()], index, n).amin(1)

    def _parallels(self, voices: _Voices) -> tuple[Tensor, Tensor]:
        """Parallels of voice ``v`` with those placed, shape ``(b, v, p)``, and of pairs that come to one place at once.

        The kind of an interval (1 unison and octave, 2 fifth) times a direction says in one number what has to agree.
        """
        high, low = self.pairs
        before = self.kinds[voices.was_at.unsqueeze(2), voices.was_at.unsqueeze(1)]  # b u v
        needed = before * self.motions[voices.was_at, voices.at].unsqueeze(2) * self.order.abs()
        needed = needed.masked_fill(needed == 0, _NEVER).unsqueeze(3)
        after = _seen(self.kinds, voices.at, voices.here) * voices.placed  # b u p
        made = after.unsqueeze(2) * voices.motion.unsqueeze(1) == needed  # b u v p
        similar = voices.motion[:, high] * voices.motion[:, low] > 0
        return made.sum(1), similar & (before[:, high, low] == 1).unsqueeze(2)

    def _crossings(self, voices: _Voices) -> Tensor:
        """Whether voice ``v``, placed here, begins to cross a known voice ``u`` or one still to come: ``b u v p``."""
        crossed = self.order * self.motions[voices.was_at.unsqueeze(2), voices.was_at.unsqueeze(1)] > 0  # b u v
        wanted = torch.where(crossed | (self.order == 0), _NEVER, self.order).unsqueeze(3)
        side = _seen(self.motions, voices.at, voices.here) * voices.fixed.unsqueeze(2)  # b u p: 1 if here is above u
        side = torch.where(voices.to_come, 1 if self.down else -1, side)
        return side.unsqueeze(2) == wanted

    def _too_far(self, voices: _Voices) -> Tensor:
        """Pairs of voice ``v`` with a neighbour that is placed too far away, shape ``(b, v, p)``."""
        distance = _seen(self.distances, voices.at, voices.here) * voices.placed  # b u p
        far = distance.unsqueeze(2) > self.widest  # b u v p
        stays = voices.was_at.unsqueeze(2) == voices.here  # b v p
        unchanged = (voices.at == voices.was_at).unsqueeze(2).unsqueeze(3) & stays.unsqueeze(1)
        return (far & ~unchanged).sum(1)


def _seen(table: Tensor, at: Tensor, here: Tensor) -> Tensor:
    """A table's entries from where each voice is to some places, shape ``(b, v, p)``."""
    return table[:, here][at]
