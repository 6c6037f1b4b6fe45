"""What inputs weigh: what is lost is what asking the network without them gives; what says nothing weighs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from biaxial.features.conditions import hidden, outline_conditions
from biaxial.likelihood.attribution import CellWeights, weigh_inputs
from biaxial.likelihood.input_words import MEMORY, TIME_AXIS, InputWeight
from biaxial.likelihood.replay import replayed
from biaxial.likelihood.surprise import Surprise, surprises
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.score import Key, Note, Score

Q = 480
SCORE = Score(
    tuple(
        Note(i * Q, Q, p, v)
        for v, line in enumerate(((72, 74), (67, 65), (64, 62), (48, 50)))
        for i, p in enumerate(line)
    ),
    key=Key(0),
    fermatas=(Q,),
)
STEP, ALTO = 4, 65 - 36


def network(**fields: Any) -> BiaxialLSTM:
    torch.manual_seed(0)
    found = BiaxialLSTM(replace(PRESETS["tiny"], **fields)).eval()
    for parameter in found.parameters():
        parameter.data *= 2
    return found


def surprise(net: BiaxialLSTM, score: Score = SCORE) -> Surprise:
    (found,) = surprises(net, [score])
    return found


def the(found: CellWeights, axis: str, name: str) -> InputWeight:
    (one,) = [weighed for weighed in found.inputs if (weighed.axis, weighed.name) == (axis, name)]
    return one


@pytest.mark.parametrize("fields", [{}, {"order": "low-to-high"}, {"num_states": 2, "echo": True}])
@pytest.mark.parametrize(("step", "n"), [(0, 45), (0, 0), (STEP, ALTO), (STEP + 3, 74 - 36)])
def test_every_input_is_weighed_once_and_the_cell_is_the_one_that_was_scored(
    fields: dict[str, Any], step: int, n: int
) -> None:
    net = network(**fields)
    found, cells = surprise(net), weigh_inputs(net, surprise(net).roll, step, n)
    assert -cells.log_prob == pytest.approx(found.cells.nats[step, n], abs=1e-5)
    assert cells.sounds == pytest.approx(found.cells.sounds[step, n], abs=1e-6)
    assert cells.strikes == pytest.approx(found.cells.strikes[step, n], abs=1e-6)
    time, note = net.time_features.slices, net.note_features.slices
    named = [("time", name) for name in (*time, MEMORY)] + [("note", name) for name in (*note, TIME_AXIS, MEMORY)]
    assert [(weighed.axis, weighed.name) for weighed in cells.inputs] == named
    for weighed in cells.inputs[: len(time)]:
        assert len(weighed.values) == time[weighed.name].stop - time[weighed.name].start


@pytest.mark.parametrize("group", ["metre", "key"])
def test_what_can_be_unknown_is_taken_away_as_if_it_were(group: str) -> None:
    net = network()
    roll = surprise(net).roll
    found = the(weigh_inputs(net, roll, STEP, ALTO), "time", group)
    frame = replayed(net, roll, [STEP])[STEP]
    rows = torch.from_numpy(hidden(outline_conditions(roll.outline, roll.grid), group)[STEP]).view(1, 1, -1)
    with torch.inference_mode():
        told, _ = net.over_time(frame.before.view(1, 1, -1), rows, frame.state)
        output = frame.output.clone()
        output[ALTO] = told[0, 0, ALTO]

        def log_prob(output: torch.Tensor) -> float:
            output, outcomes, before = (x.flip(0).unsqueeze(0) for x in (output, frame.outcomes, frame.before))
            return float(net.over_notes(output, outcomes, before)[0][0, 45 - ALTO, frame.outcomes[ALTO].long()])

        assert found.log_prob == pytest.approx(log_prob(frame.output) - log_prob(output), abs=1e-5)
    assert abs(found.log_prob) > 1e-3


def test_an_input_that_the_network_does_not_read_weighs_nothing() -> None:
    net = network()
    features = net.time_features
    roll = surprise(net).roll
    assert abs(the(weigh_inputs(net, roll, STEP, ALTO), "time", "chord").log_prob) > 1e-4
    next(net.time_axis.parameters()).data[:, features.slices["chord"]] = 0
    found = the(weigh_inputs(net, roll, STEP, ALTO), "time", "chord")
    assert (found.log_prob, found.log_sounding) == pytest.approx((0, 0), abs=1e-5)
    assert sum(found.values) == 4, "it is there all the same"


def test_unknown_inputs_and_memories_that_have_not_begun_weigh_nothing() -> None:
    net = network()
    score = replace(SCORE, key=None, fermatas=None)
    found = weigh_inputs(net, surprise(net, score).roll, 0, 45)
    for axis, name in (("time", "key"), ("time", MEMORY), ("note", MEMORY)):
        assert the(found, axis, name).log_prob == pytest.approx(0, abs=1e-6)
    assert the(found, "time", "form").log_prob != 0, "the end is known"
    later = weigh_inputs(net, surprise(net, score).roll, STEP, ALTO)
    assert the(later, "time", MEMORY).log_prob != 0
    assert the(later, "note", MEMORY).log_prob != 0


def test_what_is_impossible_stays_impossible() -> None:
    net = network()
    found = weigh_inputs(net, surprise(net).roll, STEP, 0)  # below the bass, where all voices are placed
    assert found.sounds == 0
    assert all(weighed.log_prob == 0 for weighed in found.inputs)
