"""Inputs of the note axis: what has been chosen so far in the frame, seen from the next note of the walk.

A walk visits the notes of a frame one after another, from the highest down or from the lowest up. At every place of the
walk these inputs depend only on places before it (and on the previous frame), so one call serves training, where
the whole frame is known, and drawing, where the rest of the frame is still silence.

What is known of the frame beforehand (:mod:`biaxial.features.known`) counts as chosen from the start of the walk,
wherever it stands in the order.

The parallel flags are the "theory vector beside the input": for each voice still to come, would taking this cell make a
perfect fifth, or an octave or unison, with a voice already placed, that both voices reach in the same
direction from the same interval.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional

from biaxial.features.config import FeatureConfig
from biaxial.features.echo import Echo
from biaxial.features.input_layout import LEAP, NEAREST, cell_planes, note_layout
from biaxial.features.known import Known
from biaxial.features.of_conditions import one_hot
from biaxial.features.time_axis import echo_strength
from biaxial.music.constants import SILENT

_OCTAVE = 12.0
_DISSONANT = (1, 2, 10, 11)
"""Seconds and sevenths, in semitones within the octave."""


class NoteFeatures(nn.Module):
    """Frames chosen so far -> inputs of the note axis, in the order of the walk.

    Attributes
    ----------
    slices
        Name of every group of inputs and where it stands on the last axis.
    width
        Number of inputs of a cell.
    """

    planes: Tensor
    sounds: Tensor
    voice_matrix: Tensor
    pitches: Tensor
    pitch_class: Tensor
    rotation: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        alphabet = config.alphabet
        states = torch.from_numpy(alphabet.states)
        voice_matrix = torch.from_numpy(alphabet.voice_matrix)
        pitches = torch.arange(config.num_notes) + config.low_pitch
        pitches = pitches.flip(0) if config.walks_down else pitches  # in the order of the walk
        self.register_buffer("planes", torch.from_numpy(cell_planes(config, True)), persistent=False)  # k p
        self.register_buffer("sounds", (states != SILENT).float(), persistent=False)  # k
        self.register_buffer("voice_matrix", voice_matrix, persistent=False)  # k v
        self.register_buffer("pitches", pitches, persistent=False)  # n
        self.register_buffer("pitch_class", one_hot(pitches % 12, 12).float(), persistent=False)  # n 12
        rotation = (pitches.unsqueeze(1) + torch.arange(12)) % 12
        self.register_buffer("rotation", rotation, persistent=False)  # n 12
        self.slices, self.width = note_layout(config)

    def walk(self, x: Tensor) -> Tensor:
        """Turn the note axis (dimension -1) from low-to-high into the order of the walk, or back."""
        return x.flip(-1) if self.config.walks_down else x

    def forward(
        self,
        frame: Tensor,
        previous: Tensor,
        places: slice = slice(None),
        echo: Echo | None = None,
        known: Known | None = None,
    ) -> Tensor:
        """Compute the inputs.

        Parameters
        ----------
        frame, previous
            Outcomes of this frame and of the one before, integers, shape ``(b, n)``, in the order of the walk.
            Places of ``frame`` that are not drawn yet hold 0 (silence).
        places
            Places of the walk to compute, all by default.
        echo
            The echo of this step for a config that has it, its frame of shape ``(b, n)`` in the order of the walk.
        known
            What is known of the frame, shape ``(b, n)``, in the order of the walk.

        Returns
        -------
        Inputs, shape ``(b, places, f)``.
        """
        frame, previous = frame.long(), previous.long()
        sounds = self.sounds[frame]  # b n
        before = functional.pad(self.planes[frame], (0, 0, 1, 0))[:, :-1]  # b n p
        parts = {"chosen_before": before[:, places]}
        if "running_chord" in self.slices:
            given = None if known is None else self.sounds[known.outcomes.long()]
            parts["running_chord"] = self._running_chord(sounds, places, given)
        if self.slices.keys() & {"to_come", "voice_intervals", "parallels", "dissonance", "next_voice"}:
            parts |= self._voices(frame, previous, places, known)
        if "echo" in self.slices:
            assert echo is not None
            parts["echo"] = self._echo(frame, echo, places)
        return torch.cat([parts[name].to(before.dtype) for name in self.slices], dim=-1)

    def _running_chord(self, sounds: Tensor, places: slice, given: Tensor | None) -> Tensor:
        b, n = sounds.shape
        pitch_classes = sounds.unsqueeze(-1) * self.pitch_class.to(sounds.dtype)  # b n 12
        counts = pitch_classes.cumsum(1) - pitch_classes  # chosen strictly before
        if given is not None:  # and known from here on
            known_classes = given.unsqueeze(-1) * self.pitch_class.to(given.dtype)
            counts = counts + known_classes.flip(1).cumsum(1).flip(1)
        rotated = counts[:, places].gather(2, self.rotation[places].expand(b, -1, 12))
        index = torch.arange(n, device=sounds.device)
        last = torch.where(sounds > 0, index, -1).cummax(1).values
        last = functional.pad(last, (1, 0), value=-1)[:, :-1]
        distance = torch.where(last >= 0, (index - last).clamp(max=NEAREST), 0)[:, places]
        return torch.cat([rotated, one_hot(distance, NEAREST + 1).to(sounds.dtype)], dim=-1)

    def _positions(self, frame: Tensor) -> Tensor:
        """Place of each voice or rank in the walk, shape ``(b, v)``; ``n`` where it does not sound."""
        n = frame.shape[1]
        if self.config.num_voices:
            sounding = self.voice_matrix[frame]  # b n v
        else:
            sounds = self.sounds[frame] > 0
            rank = torch.where(sounds, sounds.cumsum(1) - 1, -1)
            sounding = rank.unsqueeze(-1) == torch.arange(self.config.ranks, device=frame.device)
        index = torch.arange(n, device=frame.device).view(1, n, 1)
        return torch.where(sounding, index, n).amin(1)

    def _voices(self, frame: Tensor, previous: Tensor, places: slice, known: Known | None) -> dict[str, Tensor]:
        n = frame.shape[1]
        here = torch.arange(n, device=frame.device)[places]
        at, was_at = self._positions(frame), self._positions(previous)  # b v
        placed = at.unsqueeze(1) < here.view(1, -1, 1)  # b n v
        to_come = ~placed
        if known is not None and self.config.num_voices:
            known_at = self._positions(known.outcomes.long())  # b v
            at = torch.minimum(at, known_at)
            placed = placed | (known_at < n).unsqueeze(1)
            to_come = to_come & ~known.decided(self.config.num_voices).unsqueeze(1)
        sounded = was_at < n  # b v
        pitch, old = self.pitches[at.clamp(max=n - 1)], self.pitches[was_at.clamp(max=n - 1)]  # b v
        here_pitch = self.pitches[places].view(1, -1, 1)
        interval = pitch.unsqueeze(1) - here_pitch  # b n v
        motion = pitch - old
        parts = {}
        if "to_come" in self.slices:
            parts["to_come"] = to_come.float()
        if "voice_intervals" in self.slices:
            classes = one_hot(torch.where(placed, interval.abs() % 12, -1), 12)
            size = (interval / _OCTAVE * placed).unsqueeze(-1)
            moves = torch.stack(
                [~sounded, sounded & (motion < 0), sounded & (motion == 0), sounded & (motion > 0)], dim=-1
            )  # b v 4
            moves = torch.cat([moves, (motion / _OCTAVE * sounded).unsqueeze(-1)], dim=-1)
            moves = repeat(moves, "b v m -> b n v m", n=len(here)) * placed.unsqueeze(-1)
            parts["voice_intervals"] = rearrange(torch.cat([classes, size, moves], -1), "b n v f -> b n (v f)")
        if "parallels" in self.slices:
            # u is a placed voice, v one still to come
            old_interval = old.unsqueeze(2) - old.unsqueeze(1)  # b u v
            own_motion = here_pitch - old.unsqueeze(1)  # b n v
            similar = motion.sign().unsqueeze(1).unsqueeze(-1) * own_motion.sign().unsqueeze(2) > 0  # b n u v
            both = (sounded.unsqueeze(2) & sounded.unsqueeze(1)).unsqueeze(1)
            live = placed.unsqueeze(-1) & to_come.unsqueeze(2) & similar & both
            same = (old_interval.unsqueeze(1).abs() % 12) == (interval.abs() % 12).unsqueeze(-1)
            kind = (interval.abs() % 12).unsqueeze(-1)
            fifth, octave = live & same & (kind == 7), live & same & (kind == 0)
            parts["parallels"] = torch.cat([fifth.any(2), octave.any(2)], dim=-1)
        if "dissonance" in self.slices:
            kinds = interval.abs() % 12
            clashes = torch.stack([kinds == kind for kind in _DISSONANT]).any(0) & placed  # b n u
            live = clashes.any(2, keepdim=True) & to_come & sounded.unsqueeze(1)  # b n v, v still to come
            size = (here_pitch - old.unsqueeze(1)).abs()  # b n v
            stays, steps = size == 0, (size == 1) | (size == 2)
            parts["dissonance"] = torch.cat([live & stays, live & steps, live & ~(stays | steps)], dim=-1)
        if "next_voice" in self.slices:
            # voices are numbered from the top, ranks in the order of the walk
            backwards = bool(self.config.num_voices) and not self.config.walks_down
            waiting = to_come.flip(2) if backwards else to_come
            next_voice = waiting.int().argmax(2)  # b n
            there = old.flip(1) if backwards else old
            live = waiting.any(2) & (sounded.flip(1) if backwards else sounded).gather(1, next_voice)
            leap = here_pitch[..., 0] - there.gather(1, next_voice)  # b n
            near = one_hot(torch.where(live, leap.clamp(-LEAP, LEAP) + LEAP, -1), 2 * LEAP + 1)
            size = (leap / _OCTAVE * live).unsqueeze(-1)
            parts["next_voice"] = torch.cat([near, size, live.unsqueeze(-1)], dim=-1)
        return parts

    def _echo(self, frame: Tensor, echo: Echo, places: slice) -> Tensor:
        """The echo's cell here, how far the echo can be trusted, and whether the frame has followed it so far."""
        heard = echo.frame.long()
        same = (frame == heard).cumprod(1)
        same = functional.pad(same, (1, 0), value=1)[:, :-1] * (echo.length > 0).unsqueeze(1)
        strength = repeat(echo_strength(echo), "b f -> b n f", n=frame.shape[1])
        return torch.cat([self.planes[heard], strength, same.unsqueeze(-1)], dim=-1)[:, places]
