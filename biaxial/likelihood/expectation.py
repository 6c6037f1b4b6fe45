"""What was expected in place of what came: the distribution of the next sounding cell on a walk.

After the last sounding cell before a moment, the walk goes on through silent cells until one sounds. The probability
that this is cell j, with an outcome x, is that of the silence of all cells before j times p(x), each given that all
before it are silent. These add up to one with the probability that nothing more sounds, and the share of what really
came is exp(-nats) of its :class:`~biaxial.likelihood.surprise.Moment`. Of two walks the first is asked, the one from
the top down, and then this last statement is only nearly true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import outline_conditions
from biaxial.likelihood.surprise import Happening, Moment, voices_in
from biaxial.music.constants import SILENT
from biaxial.music.roll import Roll
from biaxial.sampling.piece_scorer import Frames, PieceScorer

if TYPE_CHECKING:
    from biaxial.models.biaxial import BiaxialLSTM


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that might have come.

    Parameters
    ----------
    pitch
        Where the next cell sounds; ``None`` if nothing more does.
    voices
        The voices in it; empty in music without.
    happening
        Struck, held, or silent where nothing more sounds.
    probability
        How probable it was.
    """

    pitch: int | None
    voices: tuple[int, ...]
    happening: Happening
    probability: float


def expectations(
    teller: BiaxialLSTM | PieceScorer, roll: Roll, moments: Sequence[Moment], most: int = 3
) -> list[tuple[Expected, ...]]:
    """What was expected in place of some moments, the most probable first.

    Parameters
    ----------
    teller
        The network, in evaluation mode, or what scores by the kernels that draw.
    roll
        The piece, as in :attr:`~biaxial.likelihood.surprise.Surprise.roll`.
    moments
        Moments of that piece.
    most
        How many of what might have come are told; what really came is not among them.
    """
    if not moments:
        return []
    alphabet, size = teller.config.alphabet, roll.num_notes
    notes = np.arange(size)[:: -1 if teller.config.walks_down else 1]  # in the order of the walk, as what follows
    piece = alphabet.encode(roll.states, roll.voices)
    outcomes = piece[[moment.step for moment in moments]][:, notes]
    places = [size if moment.pitch is None else int(notes[moment.pitch - roll.low_pitch]) for moment in moments]
    lasts = [
        max(np.flatnonzero(own[:place] != SILENT), default=-1) for own, place in zip(outcomes, places, strict=True)
    ]
    silent = np.where(np.arange(size) > np.array(lasts)[:, None], SILENT, outcomes)
    found = []
    for moment, place, last, own, log_probs in zip(
        moments, places, lasts, outcomes, _walked(teller, roll, piece, silent[:, notes], moments), strict=True
    ):
        ahead = log_probs[notes][last + 1 :].astype(np.float64)  # places k
        quiet = ahead[:, 0].cumsum()
        sounding = np.exp(ahead[:, 1:] + (quiet - ahead[:, 0])[:, None])
        shares = np.append(sounding, np.exp(quiet[-1]) if len(quiet) else 1.0)
        came = 0 if moment.pitch is None else int(own[place])
        shares[(place - last - 1) * (len(alphabet) - 1) + came - 1 if came else -1] = -1.0
        previous = piece[moment.step - 1] if moment.step else np.zeros_like(piece[0])
        told = []
        for index in np.argsort(-shares, kind="stable")[: min(most, len(shares) - 1)].tolist():
            away, outcome = divmod(index, len(alphabet) - 1)
            if index == len(shares) - 1:
                told.append(Expected(None, (), "silent", float(shares[index])))
                continue
            note = int(notes[last + 1 + away])
            happening: Happening = "struck" if alphabet.struck_after[previous[note], outcome + 1] else "held"
            voices = voices_in(int(alphabet.voices[outcome + 1]))
            told.append(Expected(roll.low_pitch + note, voices, happening, float(shares[index])))
        found.append(tuple(told))
    return found


def _walked(
    teller: BiaxialLSTM | PieceScorer,
    roll: Roll,
    piece: NDArray[np.uint8],
    frames: NDArray[np.uint8],
    moments: Sequence[Moment],
) -> NDArray[np.float32]:
    """Log-probabilities of all outcomes in frames in the place of those of some moments, shape ``(w, n, k)``."""
    steps = [moment.step for moment in moments]
    if not isinstance(teller, PieceScorer):
        from biaxial.likelihood.replay import walked  # loads PyTorch

        return walked(teller, roll, frames, steps)
    conditions = outline_conditions(roll.outline, roll.grid)
    every = teller.score(piece, conditions, Frames(frames, np.array(steps)), every=True).every
    assert every is not None
    return every
