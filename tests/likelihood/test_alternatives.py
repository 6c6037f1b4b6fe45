"""What a voice might do adds up to one and is what the likelihoods of whole pieces say."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from biaxial import Key, Note, Score
from biaxial.features.conditions import outline_conditions
from biaxial.likelihood.alternatives import alternatives
from biaxial.likelihood.cell_nats import cell_nats
from biaxial.likelihood.surprise import laid_out
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.tasks.plans.plan import prepare
from biaxial.tasks.plans.regions import Region, rewriting

LINES = ((72, 74, 76, 76), (67, 65, 67, 72), (64, 62, 60, 60), (48, 50, 52, 48))


def score(*notes: Note) -> Score:
    every = (Note(480 * i, 480, p, v) for v, line in enumerate(LINES) for i, p in enumerate(line))
    return Score(tuple(notes) or tuple(every), 4 * 480, key=Key(0))


@pytest.fixture(scope="module", params=["high-to-low", "low-to-high", "both"])
def network(request: pytest.FixtureRequest) -> BiaxialLSTM:
    torch.manual_seed(1)
    return BiaxialLSTM(replace(PRESETS["tiny"], order=request.param)).eval()


def piece_nats(network: BiaxialLSTM, piece: Score) -> float:
    roll = laid_out(piece, network.config)
    outcomes = network.config.alphabet.encode(roll.states, roll.voices)
    (found,) = cell_nats(network, [outcomes], [outline_conditions(roll.outline, roll.grid)])
    return float(found.nats.sum())


@pytest.mark.parametrize("voice", [0, 2])
def test_they_are_what_whole_pieces_say(network: BiaxialLSTM, voice: int) -> None:
    """At the last step of a piece nothing else follows, so that the pieces differ in that frame alone."""
    whole = score()
    step = 15
    own = next(note for note in whole.notes if note.voice == voice and note.onset_ticks == 3 * 480)
    rest = tuple(note for note in whole.notes if note is not own)
    before = replace(own, length_ticks=3 * 120)
    roll, others = (laid_out(one, network.config) for one in (whole, replace(whole, notes=(*rest, before))))
    found = alternatives(network, roll, others, step, voice)
    assert sum(way.probability for way in found) == pytest.approx(1, abs=1e-6)
    assert len(found) == network.config.num_notes + 2
    assert [way.probability for way in found] == sorted((way.probability for way in found), reverse=True)
    last = {note.pitch for note in rest if note.onset_ticks == 3 * 480}
    nats, logs = [], []
    for way in found:
        if way.happening == "struck" and way.pitch in last:
            continue  # a unison with a note that is held: both would be struck, and the piece says otherwise before
        added = {
            "struck": (before, Note(15 * 120, 120, way.pitch or 0, voice)),
            "held": (own,),
            "silent": (before,),
        }[way.happening]
        nats.append(-piece_nats(network, replace(whole, notes=(*rest, *added))))
        logs.append(math.log(way.probability))
    shifts = [log - nat for log, nat in zip(logs, nats, strict=True)]
    assert max(shifts) - min(shifts) < 1e-3


def test_what_is_known_of_the_future_counts() -> None:
    torch.manual_seed(1)
    network = BiaxialLSTM(PRESETS["tiny"]).eval()
    assert network.context is not None
    with torch.no_grad():
        for weights in network.context.into_output.parameters():
            torch.nn.init.normal_(weights)
    whole = score()
    others = replace(whole, notes=tuple(n for n in whole.notes if (n.voice, n.onset_ticks) != (1, 480)))
    roll, apart = laid_out(whole, network.config), laid_out(others, network.config)
    plain = alternatives(network, roll, apart, 4, 1)
    everywhere = [Region(voice, 0, 1920) for voice in range(4)]
    told = []
    for last in (76, 77):  # the soprano is known, and ends in one way or the other
        line = tuple(replace(n, locked=n.voice == 0) for n in others.notes)
        line = tuple(replace(n, pitch=last) if n.voice == 0 and n.onset_ticks == 1440 else n for n in line)
        known = prepare(rewriting(replace(others, notes=line), network.config, everywhere), network.config).known.to(
            "cpu"
        )
        told.append(alternatives(network, roll, apart, 4, 1, known))
    assert plain != told[0] != told[1]
    for ways in told:
        assert sum(way.probability for way in ways) == pytest.approx(1, abs=1e-6)


def test_a_voice_alone_has_alternatives_too() -> None:
    torch.manual_seed(1)
    network = BiaxialLSTM(PRESETS["tiny"]).eval()
    alone = score(Note(0, 480, 72, 0))
    found = alternatives(network, laid_out(alone, network.config), None, 0, 0)
    assert len(found) == network.config.num_notes + 1  # nothing is held yet
    assert sum(way.probability for way in found) == pytest.approx(1, abs=1e-6)
