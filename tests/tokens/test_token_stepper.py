"""Drawing strings: the step equals the parallel pass, draws have its frequencies, and constraints hold."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from biaxial.metrics.figures.statistics import find_loop
from biaxial.models.network_arrays import arrays_of
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.melody_codec import END, HOLD, REST
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.token_stepper import DrawnString, Repetitions, TokenOptions, TokenStepper, draw_string

CONFIGS = {
    "melody": SequenceConfig(kind="melody", embedding=6, hidden=(8, 7)),
    "chord": SequenceConfig(kind="chord", embedding=6, hidden=(8,), chords=((48,), (60, 64)), lengths=(1, 2)),
    "last pitch": SequenceConfig(kind="melody", phrases=True, last_pitch=True, embedding=6, hidden=(8,)),
    "no metre": SequenceConfig(kind="melody", embedding=6, hidden=(8,), metre=False),
}


def network(name: str) -> SequenceLSTM:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return SequenceLSTM(CONFIGS[name]).eval()


def given_at(step: int) -> tuple[int, int, int]:
    return step % 12, 12, 0


PLAIN = TokenOptions(temperature=1.0, guard=False)


def draw(stepper: TokenStepper, seed: int, drawing: TokenOptions = PLAIN, **wishes: object) -> DrawnString:
    settings = {"events": (0, 40), "most_steps": 400} | wishes
    return draw_string(stepper, seed, given_at, drawing, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_the_step_equals_the_parallel_pass(name: str) -> None:
    model = network(name)
    stepper, codec, rng = TokenStepper(arrays_of(model)), model.codec, np.random.default_rng(1)
    walk, tokens, rows, given, steps = codec.walk(), [codec.start], [], [], []
    pitches = [128]
    for _ in range(30):
        rows.append(walk.state)
        given.append((*given_at(walk.time), pitches[-1]))
        steps.append(stepper.step(tokens[-1], given[-1], walk.state))
        possible = np.flatnonzero(codec.allowed[walk.state] & (np.arange(codec.size) != codec.end))
        tokens.append(int(rng.choice(possible)))
        walk.push(tokens[-1])
        pitches.append(tokens[-1] if tokens[-1] < 128 else pitches[-1])
    with torch.no_grad():
        found, _ = model(torch.tensor([tokens[:-1]]), torch.tensor([given]), torch.tensor([rows]))
    allowed = codec.allowed[rows]
    assert np.allclose(np.stack(steps)[allowed], found[0].double().numpy()[allowed], atol=1e-5)


def test_draws_are_as_frequent_as_the_network_says() -> None:
    log_probs = np.log(np.array([0.5, 0.3, 0.2]))
    uniforms = (np.arange(1000) + 0.5) / 1000
    assert Counter(PLAIN.drawn(log_probs, u) for u in uniforms) == {0: 500, 1: 300, 2: 200}
    cold = Counter(TokenOptions(temperature=0.5).drawn(log_probs, u) for u in uniforms)
    assert cold[0] == pytest.approx(1000 * 0.25 / 0.38, abs=1)
    assert Counter(TokenOptions(1, top_p=0.6).drawn(log_probs, u) for u in uniforms) == {0: 625, 1: 375}
    assert set(Counter(TokenOptions(1, top_p=0.5).drawn(log_probs, u) for u in uniforms)) == {0}
    assert set(Counter(TokenOptions(1, min_p=0.25).drawn(log_probs, u) for u in uniforms)) == {0, 1}
    assert set(Counter(TokenOptions(1, min_p=0.9).drawn(log_probs, u) for u in uniforms)) == {0}
    assert {TokenOptions(temperature=0).drawn(log_probs, u) for u in uniforms} == {0}
    holes = np.array([-np.inf, 0.0, -np.inf])
    assert {PLAIN.drawn(holes, u) for u in (0.0, 0.5, 1 - 1e-12)} == {1}


@pytest.mark.parametrize("changes", [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.1}, {"min_p": 1}])
def test_options_that_cannot_be(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        TokenOptions(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["melody", "chord"])
def test_a_seed_gives_the_same_string_whatever_was_drawn_before(name: str) -> None:
    stepper = TokenStepper(arrays_of(network(name)))
    alone = draw(stepper, 7)
    draw(stepper, 3)
    again = draw(stepper, 7)
    assert alone.walk.notes() == again.walk.notes()
    assert alone.nats == again.nats
    assert alone.walk.notes() != draw(stepper, 8).walk.notes()


def test_a_primer_stays_and_costs_nothing() -> None:
    stepper = TokenStepper(arrays_of(network("melody")))
    primer = [60, HOLD, REST, 64]
    drawn = draw(stepper, 1, primer=primer, events=(10, 20))
    assert drawn.walk.notes()[:2][0] == (0, 2, 60)
    assert drawn.walk.notes()[1][::2] == (3, 64)
    longer = draw(stepper, 1, primer=[*primer, HOLD], events=(10, 20))
    assert drawn.num_given == 4
    assert longer.nats != drawn.nats
    with pytest.raises(ValueError, match="cannot follow"):
        draw(stepper, 1, primer=[HOLD])


@pytest.mark.parametrize("name", ["melody", "chord"])
def test_a_piece_has_the_wanted_number_of_events(name: str) -> None:
    stepper = TokenStepper(arrays_of(network(name)))
    for seed in range(5):
        drawn = draw(stepper, seed, events=(30, 40), most_steps=10**9)
        assert 30 <= drawn.walk.num_events <= 40
        assert drawn.ended or drawn.walk.num_events == 40
        assert drawn.log_evidence < 0  # an END was forbidden
    assert draw(stepper, 0, events=(10**6, 10**6), most_steps=50).walk.time >= 50


class Parrot:
    """A codec's tokens that repeat a cycle for ever, unless one of them is forbidden."""

    def __init__(self, cycle: list[int]) -> None:
        onsets = np.arange(132) < 128
        self.cycle, self.watch, self.tokens = cycle, Repetitions(onsets, onsets), list[int]()

    def run(self, length: int) -> list[int]:
        for place in range(length):
            token = self.cycle[place % len(self.cycle)]
            if token in self.watch.forbidden():
                break
            self.watch.push(token)
            self.tokens.append(token)
        return self.tokens


def test_the_guard_breaks_a_cycle_when_it_has_come_three_times() -> None:
    assert len(Parrot([60]).run(100)) == 12
    assert len(Parrot([60, HOLD]).run(100)) == 24
    assert len(Parrot([60, HOLD, 62, HOLD]).run(100)) == 24
    eight = [token for pitch in range(60, 68) for token in (pitch, HOLD)]
    assert len(Parrot(eight).run(200)) == 48
    assert len(Parrot([*eight, 70]).run(2000)) == 2000  # nine events: a phrase may return
    assert len(Parrot([REST]).run(300)) == 300  # silence is no onset
    assert len(Parrot([60, *[HOLD] * 299]).run(3000)) == 3000  # longer than is watched


def test_a_cycle_of_chords_is_counted_by_its_moments() -> None:
    onsets, moments = np.arange(4) < 2, np.arange(4) == 3
    watch, cycle, written = Repetitions(onsets, moments), [0, 2, 1, 2, 3] * 8, 0
    while cycle[written % 40] not in watch.forbidden() and written < 2000:
        watch.push(cycle[written % 40])
        written += 1
    assert written == 5 * 12  # a cycle of one moment, though of two chords

    different = [token for first in range(8) for token in (10 + first, 30, 20 + first, 30, 40)]
    onsets, moments = (np.arange(41) >= 10) & (np.arange(41) < 30), np.arange(41) == 40
    watch, written = Repetitions(onsets, moments), 0
    while different[written % 40] not in watch.forbidden() and written < 2000:
        watch.push(different[written % 40])
        written += 1
    assert written == 3 * 40  # eight moments, sixteen chords


def test_no_string_under_the_guard_has_a_loop() -> None:
    model = network("melody")
    with torch.no_grad():  # a net that loves three tokens above all others
        model.head.bias.zero_()
        model.head.bias[[60, 64, HOLD]] = torch.tensor([10.0, 9.0, 8.0])
        model.head.bias[END] = -9.0
    stepper = TokenStepper(arrays_of(model))
    for seed in range(5):
        for temperature in (0.0, 0.5):
            guarded = TokenOptions(temperature=temperature)
            found = draw(stepper, seed, guarded, events=(200, 200), most_steps=3000)
            assert find_loop([(size, pitch) for _, size, pitch in found.walk.notes()]) is None
    plain = draw(stepper, 0, TokenOptions(temperature=0, guard=False), events=(200, 200), most_steps=3000)
    notes = [(size, pitch) for _, size, pitch in plain.walk.notes()]
    assert find_loop(notes) is not None
