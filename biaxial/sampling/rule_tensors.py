"""The rules of drawing for the steppers in PyTorch: biases of outcomes at many places of the walk at once."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from biaxial.features.known import Known
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.sampling.constraints import Polyphony
from biaxial.sampling.voice_leading_rule import FIFTH, OCTAVE, SEVENTHS, VoiceLeadingRule

_NEVER = 9


class PolyphonyTensors:
    """What :class:`~biaxial.sampling.constraints.Polyphony` needs on a device."""

    def __init__(self, rule: Polyphony, device: torch.device) -> None:
        alphabet = rule.config.alphabet
        self.least, self.most, self.num_voices = rule.least, rule.most, rule.config.num_voices
        states = torch.from_numpy(alphabet.states).to(device)
        members = torch.from_numpy(alphabet.voice_matrix).to(device)
        # What counts is voices where there are any (v of them), else notes (v = 1).
        self.counts = members if self.num_voices else (states != SILENT).unsqueeze(1)  # k v
        alone = self.counts & (self.counts.sum(1, keepdim=True) == 1)  # k v
        self.strikes = alone & (states == states.max()).unsqueeze(1)
        self.holds = alone & (states == HOLD).unsqueeze(1)

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Forbid outcomes that exceed ``most``, or after which ``least`` can no longer be reached."""
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
        later = ((after == 0) & ((room > 0) | (ahead > 0))) if self.num_voices else room
        most = given.sum((1, 2)).clamp(min=self.most)  # what is known may be more than is allowed,
        least = torch.full_like(most, self.least)
        if known is not None and self.num_voices:  # and voices that are known to rest leave fewer to sound
            rests = (known.decided(self.num_voices) & (given.sum(1) == 0)).sum(1)
            least = torch.minimum(least, self.num_voices - rests)
        many, few = (after + ahead).sum(-1) > most[:, None, None], after.sum(-1) + later.sum(-1) < least[:, None, None]
        bad = many | few
        return torch.zeros(bad.shape, dtype=torch.float64, device=bad.device).masked_fill(bad, -torch.inf)


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


class VoiceLeadingTensors:
    """What :class:`~biaxial.sampling.voice_leading_rule.VoiceLeadingRule` needs on a device."""

    def __init__(self, rule: VoiceLeadingRule, device: torch.device) -> None:
        config, voices = rule.config, rule.config.num_voices
        self.weights, self.down = rule.weights, rule.down
        self.num_voices, self.two_states = voices, config.num_states == 2
        pitches = torch.arange(config.num_notes, device=device) + config.low_pitch
        pitches = pitches.flip(0) if self.down else pitches  # in the order of the walk
        # Tables from one place to another. The last row and column stand for a voice that does not sound.
        steps = pitches.unsqueeze(0) - pitches.unsqueeze(1)  # n n
        size = steps.abs()
        kinds = 1 * (size % OCTAVE == 0) + 2 * (size % OCTAVE == FIFTH)
        leaps = torch.isin(size, torch.tensor(SEVENTHS, device=device)) | (size > OCTAVE)
        self.motions, self.kinds, self.distances, self.leaps = (
            functional.pad(table.to(torch.int8), (0, 1, 0, 1)) for table in (steps.sign(), kinds, size, leaps)
        )  # n+1 n+1
        outside = torch.from_numpy(rule.outside).to(device)
        self.outside = (outside.flip(1) if self.down else outside).double()  # v n
        index = torch.arange(voices, device=device)
        self.order = (index.unsqueeze(0) - index.unsqueeze(1)).sign().to(torch.int8)  # u v: 1 where v is the lower one
        self.widest = torch.from_numpy(rule.widest).to(device, torch.int16).unsqueeze(2)  # u v 1
        pairs = torch.tensor(list(combinations(range(voices), 2)), dtype=torch.long, device=device)
        self.pairs = pairs.reshape(-1, 2).T  # 2 pairs
        # What an outcome is charged: for each voice in it, for each one it strikes, for each pair in it.
        self.members = torch.from_numpy(config.alphabet.voice_matrix).to(device)  # k v
        states = torch.from_numpy(config.alphabet.states).to(device)
        struck = self.members & (states == STRIKE).unsqueeze(1)
        both = self.members[:, self.pairs[0]] & self.members[:, self.pairs[1]]
        self.charged = -torch.cat([self.members, struck, both], dim=1).T.double()  # 2v+pairs k

    def bias(
        self, frame: Tensor, previous: Tensor, static: Tensor | None, places: slice, known: Known | None = None
    ) -> Tensor:
        """Biases of the outcomes at some places of the walk."""
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
            if self.two_states:  # struck is what did not sound here before
                alone += outside * (voices.was_at.unsqueeze(2) != voices.here)
            else:
                struck += outside
        together *= free[:, high] & free[:, low]
        return torch.cat([alone * free, struck * free, together], dim=1).transpose(1, 2) @ self.charged

    def _voices(self, frame: Tensor, previous: Tensor, places: slice, known: Known | None) -> _Voices:
        n = frame.shape[1]
        here = torch.arange(n, device=frame.device)[places]
        at, was_at = self._positions(frame), self._positions(previous)
        fixed = decided = torch.zeros_like(at, dtype=torch.bool)
        if known is not None:
            known_at = self._positions(known.outcomes)
            fixed = known_at < n
            at = torch.where(fixed, known_at, at)
            decided = known.decided(self.num_voices)  # b u
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
