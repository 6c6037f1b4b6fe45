"""What each input of a cell weighs: occlusion, one named slice at a time.

An input is taken away and the network asked again; the change in log-probability is what it weighed (occlusion, Zeiler
and Fergus 2014; Covert, Lundberg and Lee 2021 on what "taken away" can mean). Metre, key, form and clock are made what
they are in music of which they are not known, zeros, which training has shown the network; every other slice becomes
its mean over all notes of this step. A memory, the state that an LSTM brings along, becomes that of its beginning: the
time axis then hears the piece begin here, the note axis the frame. Only the one cell is asked again: what its inputs
do to earlier steps or to other cells of the frame stays as it was.

Weights do not add up. Two inputs that say the same can each be missed without harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from biaxial.likelihood.input_words import MEMORY, TIME_AXIS, InputWeight
from biaxial.likelihood.replay import replayed
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.layers import State
from biaxial.models.network_arrays import IMPOSSIBLE
from biaxial.music.constants import SILENT
from biaxial.music.roll import Roll

_MAY_BE_UNKNOWN = ("key", "metre", "form", "clock", "plan", "phrase_key", "beat")


@dataclass(frozen=True)
class CellWeights:
    """A cell and its inputs.

    Parameters
    ----------
    step, note_index
        Which cell.
    log_prob
        Log-probability of what it holds, given all that its walk visited before.
    sounds, strikes
        Probability that it sounds, and that it is struck.
    inputs
        What each input weighs, in the order of the features.
    """

    step: int
    note_index: int
    log_prob: float
    sounds: float
    strikes: float
    inputs: tuple[InputWeight, ...]


@torch.inference_mode()
def weigh_inputs(network: BiaxialLSTM, roll: Roll, step: int, note_index: int, walk: int = 0) -> CellWeights:
    """Take away the inputs of one cell, one after another.

    Parameters
    ----------
    network
        The network, in evaluation mode.
    roll
        The piece, as in :attr:`~biaxial.likelihood.surprise.Surprise.roll`.
    step, note_index
        Which cell.
    walk
        Index of the walk that comes to it.
    """
    net, frame = network.walk(walk), replayed(network, roll, [step])[step]
    turn = net.features.walk
    place = turn(torch.arange(network.config.num_notes)).tolist().index(note_index)
    output = turn(frame.output.T).T  # n h, in the order of the walk, as all that follows
    outcomes, before = turn(frame.outcomes).unsqueeze(0), turn(frame.before).unsqueeze(0)
    echo = None if frame.echo is None else frame.echo._replace(frame=turn(frame.echo.frame))
    features = net.features(outcomes, before, echo=echo)[0].to(output.dtype)  # n f
    log_probs, _ = network.over_notes(output.unsqueeze(0), outcomes, before, echo=echo, walk=walk)
    actual, possible = log_probs[0, place], log_probs[0, place] > IMPOSSIBLE / 2
    state = net.axis(torch.cat([output, features], -1)[:place].unsqueeze(0))[1] if place else None
    outcome, sounding = (
        int(outcomes[0, place]),
        torch.from_numpy(net.config.alphabet.states).to(actual.device) != SILENT,
    )

    def asked(told: Tensor, seen: Tensor, remembered: State | None) -> tuple[float, float]:
        """What is lost if the cell is told this by the time axis, sees this in the frame, and remembers this."""
        inputs = torch.cat([told, seen]).view(1, 1, -1)
        hidden, _ = net.axis(inputs, remembered)
        logits = net.head(torch.cat([hidden, inputs], -1) if net.config.head_sees_inputs else hidden)[0, 0]
        found = torch.where(possible, logits, IMPOSSIBLE).log_softmax(-1)
        lost = actual[outcome] - found[outcome], actual[sounding].logsumexp(0) - found[sounding].logsumexp(0)
        return float(lost[0]), float(lost[1])

    own, rows = frame.inputs[note_index], _row(frame.state, note_index)
    inputs = []
    for name, part in network.time_features.slices.items():
        missing = torch.zeros_like(own) if name in _MAY_BE_UNKNOWN else frame.inputs.mean(0)
        told = network.time_axis(_replaced(own, part, missing).view(1, 1, -1), rows)[0][0, 0]
        inputs.append(InputWeight("time", name, _values(own[part]), *asked(told, features[place], state)))
    told = network.time_axis(own.view(1, 1, -1))[0][0, 0]
    inputs.append(InputWeight("time", MEMORY, (), *asked(told, features[place], state)))
    for name, part in net.features.slices.items():
        seen = _replaced(features[place], part, features.mean(0))
        inputs.append(InputWeight("note", name, _values(features[place, part]), *asked(output[place], seen, state)))
    inputs.append(InputWeight("note", TIME_AXIS, (), *asked(output.mean(0), features[place], state)))
    inputs.append(InputWeight("note", MEMORY, (), *asked(output[place], features[place], None)))
    p = actual.exp()
    struck = torch.from_numpy(net.config.alphabet.struck_after[int(before[0, place])]).to(p.device)
    return CellWeights(
        step, note_index, float(actual[outcome]), float(p[sounding].sum()), float(p[struck].sum()), tuple(inputs)
    )


def _row(state: State | None, note_index: int) -> State | None:
    """The state of the time axis for one note."""
    if state is None:
        return None
    here = slice(note_index, note_index + 1)
    return tuple((hidden[:, here].contiguous(), cell[:, here].contiguous()) for hidden, cell in state)


def _replaced(x: Tensor, part: slice, by: Tensor) -> Tensor:
    """A vector with a slice of another one in it."""
    x = x.clone()
    x[part] = by[part]
    return x


def _values(x: Tensor) -> tuple[float, ...]:
    return tuple(float(value) for value in x)
