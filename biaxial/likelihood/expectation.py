"""What a network expected in place of what came: the distribution of the next sounding cell on a walk.

After the last sounding cell before a moment, the walk goes on through silent cells until one sounds. The probability
that this is cell j, with an outcome x, is that of the silence of all cells before j times p(x), each given that all
before it are silent. These add up to one with the probability that nothing more sounds, and the share of what really
came is exp(-nats) of its :class:`~biaxial.likelihood.surprise.Moment`. Of two walks the first is asked, the one from
the top down, and then this last statement is only nearly true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor

from biaxial.features.conditions import outline_conditions
from biaxial.features.echo import Echo, echoes
from biaxial.likelihood.cell_nats import struck_after
from biaxial.likelihood.surprise import Happening, Moment, voices_in
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import State
from biaxial.music.constants import SILENT
from biaxial.music.roll import Roll

_STEPS = 512
"""Steps of the time axis that are run at once."""


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


class Frame(NamedTuple):
    """What a network has before it when it writes one frame.

    Attributes
    ----------
    state
        State of the time axis before the step, a row for each note; ``None`` at the first step.
    inputs
        Inputs of the time axis, shape ``(n, f)``.
    output
        Its output, shape ``(n, h)``.
    outcomes, before
        This frame and the one before it, shape ``(n,)``.
    echo
        The echo of the step, a batch of one frame, for a config that has it.
    """

    state: State | None
    inputs: Tensor
    output: Tensor
    outcomes: Tensor
    before: Tensor
    echo: Echo | None


@torch.inference_mode()
def replayed(network: BiaxialLSTM, roll: Roll, steps: Iterable[int]) -> dict[int, Frame]:
    """Run the time axis over a piece and stop at some steps.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    roll
        A piece on its grid and note range, as :func:`~biaxial.likelihood.surprise.laid_out` gives it.
    steps
        Where to stop, in any order.
    """
    outcomes = torch.from_numpy(network.config.alphabet.encode(roll.states, roll.voices)).to(network.device)
    conditions = torch.from_numpy(outline_conditions(roll.outline, roll.grid)).unsqueeze(0).to(network.device)
    before = Batch.whole(outcomes.unsqueeze(0), conditions).before
    heard = echoes(outcomes.unsqueeze(0)) if network.config.echo else None

    def at(first: int, last: int) -> tuple[Tensor, Tensor, Echo | None]:
        span = (slice(None), slice(first, last))
        return before[span], conditions[span], None if heard is None else heard.at(span)

    found: dict[int, Frame] = {}
    state, now = None, 0
    for step in sorted(set(steps)):
        while now < step:
            until = min(step, now + _STEPS)
            previous, known, echo = at(now, until)
            _, state = network.over_time(previous, known, state, echo)
            now = until
        previous, known, echo = at(step, step + 1)
        inputs = network.time_features(previous, known, echo)[0, 0]
        output, _ = network.time_axis(inputs.unsqueeze(1), state)
        echo = None if echo is None else Echo(*(x.flatten(0, 1) for x in echo))
        found[step] = Frame(state, inputs, output[:, 0], outcomes[step], previous[0, 0], echo)
    return found


@torch.inference_mode()
def expectations(
    network: BiaxialLSTM, roll: Roll, moments: Sequence[Moment], most: int = 3
) -> list[tuple[Expected, ...]]:
    """What was expected in place of some moments, the most probable first.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    roll
        The piece, as in :attr:`~biaxial.likelihood.surprise.Surprise.roll`.
    moments
        Moments of that piece.
    most
        How many of what might have come are told; what really came is not among them.
    """
    alphabet, turn = network.config.alphabet, network.walk(0).features.walk
    frames = replayed(network, roll, (moment.step for moment in moments))
    struck = struck_after(alphabet)
    pitches = turn(torch.arange(network.config.num_notes) + roll.low_pitch).tolist()
    found = []
    for moment in moments:
        frame = frames[moment.step]
        place = len(pitches) if moment.pitch is None else pitches.index(moment.pitch)
        outcomes, before = turn(frame.outcomes), turn(frame.before)
        last = max((i for i in range(place) if outcomes[i] != SILENT), default=-1)
        silent = outcomes.masked_fill(torch.arange(len(pitches), device=outcomes.device) > last, SILENT)
        log_probs, _ = network.over_notes(
            turn(frame.output.T).T.unsqueeze(0),
            silent.unsqueeze(0),
            before.unsqueeze(0),
            echo=None if frame.echo is None else frame.echo._replace(frame=turn(frame.echo.frame)),
        )
        ahead = log_probs[0, last + 1 :].double()  # places k
        quiet = ahead[:, 0].cumsum(0)
        sounding = (ahead[:, 1:] + (quiet - ahead[:, 0]).unsqueeze(1)).exp()
        nothing = quiet[-1:].exp() if len(quiet) else quiet.new_ones(1)
        came = 0 if moment.pitch is None else int(outcomes[place])
        shares = torch.cat([rearrange(sounding, "n k -> (n k)"), nothing])
        shares[(place - last - 1) * (len(alphabet) - 1) + came - 1 if came else -1] = -1.0
        told = []
        for index in shares.topk(min(most, len(shares) - 1)).indices.tolist():
            away, outcome = divmod(index, len(alphabet) - 1)
            if index == len(shares) - 1:
                told.append(Expected(None, (), "silent", float(shares[index])))
                continue
            there = last + 1 + away
            happening: Happening = "struck" if struck[int(before[there]), outcome + 1] else "held"
            voices = voices_in(int(alphabet.voices[outcome + 1]))
            told.append(Expected(pitches[there], voices, happening, float(shares[index])))
        found.append(tuple(told))
    return found
