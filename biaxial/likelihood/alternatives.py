"""What else a voice might do at a moment, and how probable each of it is: exact, and adding up to one.

A voice strikes a pitch, holds the one it had, or rests. Each of these makes a frame with what the other voices do, and
the frame's probability, given all frames before it and what is known of the piece, is what the network says: the
probabilities of these frames, scaled to one, are those of the voice given all that. Frames to come are looked at only
as far as they are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import outline_conditions
from biaxial.features.known import Known
from biaxial.likelihood.surprise import Happening
from biaxial.models.batch import Batch, Frames
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.constants import HOLD, SILENT, STRIKE
from biaxial.music.roll import Roll


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something that a voice might do.

    Parameters
    ----------
    pitch
        MIDI number; ``None`` for a rest.
    happening
        Struck, held, or silent for a rest.
    probability
        Of all that it might do.
    """

    pitch: int | None
    happening: Happening
    probability: float


@torch.inference_mode()
def alternatives(
    network: BiaxialLSTM, roll: Roll, others: Roll | None, step: int, voice: int, known: Known | None = None
) -> tuple[Alternative, ...]:
    """All that a voice might do at a step, the most probable first.

    Parameters
    ----------
    network
        A network of voices, in evaluation mode.
    roll
        The piece on its grid and note range.
    others
        The same with the voice silent at this step, so that it says what the others do where they meet it; ``None``
        where nothing else sounds in the whole piece.
    step, voice
        Where.
    known
        What is known of the piece, shape ``(t, n)``, this voice at this step not; nothing by default.
    """
    assert roll.voices is not None
    alphabet = network.config.alphabet
    outcomes = torch.from_numpy(alphabet.encode(roll.states, roll.voices)).unsqueeze(0).to(network.device)
    conditions = torch.from_numpy(outline_conditions(roll.outline, roll.grid)).unsqueeze(0).to(network.device)
    told = None if known is None else Known(*(part.unsqueeze(0).to(network.device) for part in known))
    frames = next(iter(network.frames(Batch.whole(outcomes, conditions, told))))
    before = roll.voices[step - 1] if step else np.zeros_like(roll.voices[0])
    states, sets = np.zeros_like(roll.states[0]), np.zeros_like(roll.voices[0])
    if others is not None and others.voices is not None:
        states, sets = others.states[step], others.voices[step]
    states, sets, what = _ways(states, sets, before, voice)
    found = torch.from_numpy(alphabet.encode(states, sets)).to(network.device)
    log_probs = _of_frames(network, frames, step, found)
    shares = log_probs.softmax(0).tolist()
    named = zip(what, shares, strict=True)
    ways = [
        Alternative(None if place is None else place + roll.low_pitch, happening, share)
        for (place, happening), share in named
    ]
    return tuple(sorted(ways, key=lambda way: -way.probability))


def _ways(
    states: NDArray[np.int8], sets: NDArray[np.uint8], before: NDArray[np.uint8], voice: int
) -> tuple[NDArray[np.int8], NDArray[np.uint8], list[tuple[int | None, Happening]]]:
    """The frames that a voice can make with what the others do, shape ``(ways, n)``, and what it does in each."""
    bit, size = 1 << voice, len(states)
    what: list[tuple[int | None, Happening]] = [(place, "struck") for place in range(size)]
    all_states, all_sets = np.tile(states, (size + 1, 1)), np.tile(sets, (size + 1, 1))
    diagonal = np.arange(size)
    all_states[diagonal, diagonal] = STRIKE
    all_sets[diagonal, diagonal] |= bit
    what.append((None, "silent"))  # the last row
    for place in np.flatnonzero(before & bit):
        if states[place] in (SILENT, HOLD):  # else it would be struck with the others there
            held_states, held_sets = states.copy(), sets.copy()
            held_states[place], held_sets[place] = HOLD, held_sets[place] | bit
            all_states, all_sets = np.vstack([all_states, held_states]), np.vstack([all_sets, held_sets])
            what.append((int(place), "held"))
    return all_states, all_sets, what


def _of_frames(network: BiaxialLSTM, frames: Frames, step: int, outcomes: torch.Tensor) -> torch.Tensor:
    """Log-probability of each of some frames in the place of one, shape ``(ways,)``."""
    ways = len(outcomes)

    def row(x: torch.Tensor) -> torch.Tensor:
        return x[step : step + 1].expand(ways, *x.shape[1:])

    placed = Frames(
        row(frames.time_output),
        outcomes,
        row(frames.before),
        None if frames.echo is None else type(frames.echo)(*(row(part) for part in frames.echo)),
        None if frames.known is None else Known(*(row(part) for part in frames.known)),
    )
    found = []
    for walk in range(len(network.walks)):
        output, cells, before, echo, known, _ = placed.turned(network.walk(walk).features.walk)
        log_probs, _ = network.over_notes(output, cells, before, echo=echo, walk=walk, known=known)
        found.append(log_probs.double().gather(-1, cells.long().unsqueeze(-1)).squeeze(-1).sum(1))
    return torch.stack(found).logsumexp(0)
