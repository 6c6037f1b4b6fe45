"""A piece played again to a network of PyTorch: what it has before it when it writes some of the frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biaxial.features.conditions import outline_conditions
from biaxial.features.echo import Echo, echoes
from biaxial.models.batch import Batch
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import State
from biaxial.music.roll import Roll

_STEPS = 512
"""Steps of the time axis that are run at once."""


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
def walked(network: BiaxialLSTM, roll: Roll, frames: NDArray[np.uint8], steps: Sequence[int]) -> NDArray[np.float32]:
    """Walk frames in the place of some of a piece, by the first walk.

    Parameters
    ----------
    network, roll
        As for :func:`replayed`.
    frames
        Outcomes, shape ``(w, n)``, notes from low to high; at least one frame.
    steps
        In whose place each of them is.

    Returns
    -------
    Log-probabilities of all outcomes, shape ``(w, n, k)``, notes from low to high.
    """
    turn, there, found = network.walk(0).features.walk, replayed(network, roll, steps), []
    for outcomes, step in zip(torch.from_numpy(frames).to(network.device), steps, strict=True):
        frame = there[step]
        log_probs, _ = network.over_notes(
            turn(frame.output.T).T.unsqueeze(0),
            turn(outcomes).unsqueeze(0),
            turn(frame.before).unsqueeze(0),
            echo=None if frame.echo is None else frame.echo._replace(frame=turn(frame.echo.frame)),
        )
        found.append(turn(log_probs[0].T).T.float().cpu().numpy())
    return np.stack(found)
