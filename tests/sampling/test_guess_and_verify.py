"""Passes over everything, as a GPU makes them: the draws are those of the walk, and nothing is on the wrong device.

No test needs a GPU. A CUDA graph is stood in for by a recording of all operations on the CPU, and a GPU by the meta
device, whose tensors have a shape and no content: what needs a number of them fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from biaxial.features.conditions import Condition
from biaxial.features.known import Known
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.music.cells import CellAlphabet
from biaxial.music.constants import HOLD, STRIKE
from biaxial.sampling import guess_and_verify as parallel
from biaxial.sampling.constraints import Biases, Polyphony, Rule, RuleOnDevices, range_bias
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Encoded, Task
from biaxial.sampling.stepping import Proposal
from biaxial.sampling.voice_leading_rule import VoiceLeadingRule
from biaxial.sampling.voice_leading_weights import VoiceLeading

MakeNetwork = Callable[..., BiaxialLSTM]
BATCH, STEPS, NOTES = 12, 6, 14
PROPOSALS = {
    "plain": Proposal(),
    "cooler": Proposal(0.8, 0.2, -0.1, 0.02, target="draw"),
    "pieces": Proposal(0.6, 0.2, -0.1, target="piece"),
}


@dataclass(frozen=True)
class Given:
    """What the pieces of a test are drawn with."""

    known: Known | None = None
    bias: Biases | None = None
    rules: Sequence[Rule] = ()

    def at(self, step: int) -> Known | None:
        return None if self.known is None else self.known.at((slice(None), step))


def everything(model: BiaxialLSTM) -> Given:
    """A known voice, ranges, and both kinds of rules, for three voices."""
    alphabet = CellAlphabet(model.config.num_states, 3)
    frames = np.zeros((STEPS, NOTES), dtype=np.uint8)
    for step, (note, state) in enumerate([(9, STRIKE), (8, STRIKE), (8, HOLD), (4, STRIKE), (11, STRIKE)]):
        frames[step, note] = alphabet.encode(np.array([state], dtype=np.int8), np.array([2], dtype=np.uint8))[0]
    one = Known.of(frames, np.full_like(frames, 2), alphabet)
    ranges = [(64, 73), (60, 73), (60, 68)]
    rules: list[Rule] = [
        Polyphony(model.config, 2, 3),
        VoiceLeadingRule(model.config, VoiceLeading(4, 2, 1, 2, 1), ranges),
    ]
    return Given(Known(*(x.expand(BATCH, *x.shape) for x in one)), range_bias(model.config, ranges), rules)


def conditions(batch: int) -> Tensor:
    rows = torch.full((batch, STEPS, len(Condition)), -1, dtype=torch.int16)
    rows[..., Condition.FIRST] = torch.arange(STEPS) == 0
    rows[..., Condition.SINCE_START] = torch.arange(STEPS)
    return rows


def draw(stepper: Stepper, given: Given) -> tuple[Tensor, Tensor, Tensor]:
    """Frames, log-weights and log-likelihoods."""
    state, frames, weights = stepper.start(BATCH), [], []
    rows, encoded = conditions(BATCH), stepper.encode(given.known, conditions(BATCH))
    for step in range(STEPS):
        randoms = uniforms(range(BATCH), step, stepper.config.num_notes)
        frame, weight, state = stepper.step(
            state, rows[:, step], randoms, given.at(step), given.bias, given.rules, encoded.at(step)
        )
        frames.append(frame)
        weights.append(weight)
    return torch.stack(frames, 1), torch.stack(weights, 1), state.log_likelihood


def agree(one: tuple[Tensor, Tensor, Tensor], other: tuple[Tensor, Tensor, Tensor]) -> bool:
    return torch.equal(one[0], other[0]) and all(
        torch.allclose(x, y, rtol=0, atol=1e-10) for x, y in zip(one[1:], other[1:], strict=True)
    )


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=list(PROPOSALS))
@pytest.mark.parametrize("order", ["high-to-low", "low-to-high", "both"])
@pytest.mark.parametrize("constrained", [False, True], ids=["free", "constrained"])
def test_passes_over_everything_draw_what_the_walk_draws(
    make_network: MakeNetwork, order: str, proposal: Proposal, constrained: bool
) -> None:
    model = make_network(3, 3, num_notes=NOTES, order=order)
    given = everything(model) if constrained else Given()
    drawn = draw(Stepper(model, proposal), given)
    assert len(set(map(tuple, drawn[0].flatten(0, 1).tolist()))) > BATCH
    assert agree(draw(ParallelStepper(model, proposal, passes="shrinking"), given), drawn)
    assert agree(draw(ParallelStepper(model, proposal, passes="whole"), given), drawn)


@pytest.mark.parametrize("states", [2, 3])
def test_passes_over_everything_draw_what_the_walk_draws_without_voices(make_network: MakeNetwork, states: int) -> None:
    model = make_network(states, 0, 5, echo=True, ranks=2, next_voice=True, clock=True)
    given = Given(rules=[Polyphony(model.config, 1, 3)])
    drawn = draw(Stepper(model), given)
    for passes in ("shrinking", "whole"):
        assert agree(draw(ParallelStepper(model, passes=passes), given), drawn)


# A recording in place of a graph

WAITING = (torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero)
"""What the host waits for: a number, and how many elements there are."""


class Recorder(TorchDispatchMode):
    """Notes down every operation with its arguments and results, and refuses those that wait."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket not in WAITING
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result


class Recording:
    """Stands in for ``torch.cuda.CUDAGraph``: replays what was recorded in the same memory."""

    count = 0

    def __init__(self) -> None:
        Recording.count += 1
        self.recorder = Recorder()

    def replay(self) -> None:
        for func, args, kwargs, result in self.recorder.calls:
            for old, new in zip(tree_leaves(result), tree_leaves(func(*args, **kwargs)), strict=True):
                if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():  # else a view, or changed in place
                    old.copy_(new)


class Nowhere:
    """Stands in for a stream."""

    def wait_stream(self, other: Nowhere) -> None:
        """Nothing to wait for."""


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def graph(recording: Recording) -> Iterator[None]:
        with recording.recorder:
            yield

    Recording.count = 0
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recording)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "Stream", Nowhere)
    monkeypatch.setattr(torch.cuda, "current_stream", Nowhere)
    monkeypatch.setattr(torch.cuda, "stream", nullcontext)
    monkeypatch.setattr(torch.cuda, "device", nullcontext)


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("order", ["high-to-low", "both"])
@pytest.mark.parametrize("constrained", [False, True], ids=["free", "constrained"])
def test_a_recorded_pass_draws_what_the_walk_draws(make_network: MakeNetwork, order: str, constrained: bool) -> None:
    model = make_network(3, 3, num_notes=NOTES, order=order, context_hidden=3)
    assert model.context is not None
    with torch.no_grad():
        model.context.into_output.weight.normal_()
    given = everything(model) if constrained else Given()
    stepper = ParallelStepper(model, PROPOSALS["cooler"], passes="captured")
    drawn = draw(stepper, given)
    assert agree(drawn, draw(Stepper(model, PROPOSALS["cooler"]), given))
    assert Recording.count == len(model.walks)  # every frame has the same shapes
    assert agree(drawn, draw(stepper, given))
    assert Recording.count == len(model.walks)


@pytest.mark.usefixtures("recording")
def test_a_recorded_pass_hears_echoes(make_network: MakeNetwork) -> None:
    model = make_network(2, 0, 3, echo=True, ranks=2, next_voice=True, clock=True)
    assert agree(draw(ParallelStepper(model, passes="captured"), Given()), draw(Stepper(model), Given()))


@pytest.mark.usefixtures("recording")
def test_passes_with_other_rules_are_recorded_anew(make_network: MakeNetwork) -> None:
    model = make_network(3, 3, num_notes=NOTES)
    stepper = ParallelStepper(model, passes="captured")
    for voices in (1, 2, 1):
        given = Given(rules=[Polyphony(model.config, voices, voices)])
        assert agree(draw(stepper, given), draw(Stepper(model), given))


@pytest.mark.usefixtures("recording")
def test_passes_of_other_shapes_are_recorded_anew_and_old_ones_go(
    make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_network(3, 3, num_notes=NOTES)
    stepper, constrained = ParallelStepper(model, passes="captured"), everything(model)
    monkeypatch.setattr(parallel, "_GRAPHS", 1)
    free = draw(stepper, Given())
    draw(stepper, constrained)
    assert Recording.count == 2
    assert agree(draw(stepper, Given()), free)
    assert Recording.count == 3
    assert len(stepper._graphs) == 1


# The meta device in place of a GPU


COPYING = (torch.ops.aten._to_copy, torch.ops.aten.to)


class NothingElsewhere(TorchDispatchMode):
    """Refuses every tensor that is not on the meta device, but for copies from elsewhere where they are allowed."""

    def __init__(self, copies: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.copies = copies

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        copied = self.copies and func.overloadpacket in COPYING
        for x in tree_leaves(result if copied else (args, kwargs, result)):
            assert not isinstance(x, Tensor) or x.is_meta, f"{func} elsewhere"
        return result


class OnePass(ParallelStepper):
    """Makes one pass and does not ask whether it was enough: a tensor without content has no answer."""

    def _walk(self, task: Task) -> tuple[Tensor, Tensor, Tensor]:
        guess = self._first_guess(task)
        self._pass(task, guess)  # rules may bring their tables to the device, as while a graph warms up
        # Outside inference mode, since within it one does not see what an operation is made of.
        with torch.inference_mode(False), torch.no_grad(), NothingElsewhere(copies=False):
            again, weight, log_p, done = self._pass(task.filled(task.tensors()), guess)
            assert done.all().shape == ()
        assert again.shape == guess.shape
        assert again.dtype == guess.dtype
        return again, weight, log_p


def draw_nowhere(stepper: Stepper, given: Given, context: Tensor | None = None) -> None:
    """Draw on the meta device with all that is given coming from the CPU."""
    state, rows = stepper.start(BATCH), conditions(BATCH)
    encoded = None if context is None else Encoded(context)
    bias = None if given.bias is None else torch.as_tensor(given.bias)
    for rule in given.rules:
        for down in (False, True):
            turned = rule.turned(down)
            assert isinstance(turned, RuleOnDevices)
            turned.on(stepper.device)  # its tables come from the CPU
    for step in range(3):
        randoms, known = torch.zeros(BATCH, stepper.config.num_notes, dtype=torch.float64), given.at(step)
        now, every = rows[:, step], torch.arange(BATCH)
        with NothingElsewhere(copies=True):
            frame, weight, state = stepper.step(state, now, randoms, known, bias, given.rules, encoded)
            state = state.take(every)
        assert all(x.is_meta for x in (frame, weight, state.previous, state.log_likelihood))
        assert weight.dtype == state.log_likelihood.dtype == torch.float64


@pytest.mark.parametrize("precision", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("order", ["high-to-low", "low-to-high", "both"])
@pytest.mark.parametrize("constrained", [False, True], ids=["free", "constrained"])
@pytest.mark.slow
def test_no_tensor_of_a_step_is_on_another_device(
    make_network: MakeNetwork, order: str, precision: torch.dtype, constrained: bool
) -> None:
    model = make_network(3, 3, num_notes=NOTES, order=order, context_hidden=3)
    given = everything(model) if constrained else Given()
    stepper = OnePass(model, PROPOSALS["cooler"], precision, "meta")
    draw_nowhere(stepper, given, torch.zeros(BATCH, NOTES, 6, dtype=precision) if constrained else None)


def test_no_tensor_of_an_echo_is_on_another_device(make_network: MakeNetwork) -> None:
    model = make_network(2, 0, 5, echo=True, ranks=2, next_voice=True, clock=True)
    draw_nowhere(OnePass(model, device="meta"), Given(rules=[Polyphony(model.config, 1, 3)]))


def test_no_tensor_of_the_context_encoder_is_on_another_device(make_network: MakeNetwork) -> None:
    model = make_network(3, 3, num_notes=NOTES, context_hidden=3)
    known, network = everything(model).known, ParallelStepper(model, device="meta").model
    assert known is not None
    assert network.context is not None
    rows, known = conditions(BATCH).to("meta"), known.to(network.device)
    with NothingElsewhere(copies=False), torch.no_grad():
        context = network.context(known, rows, network.time_features)
    assert context.shape == (BATCH, STEPS, NOTES, 6)


@pytest.mark.parametrize("late", [False, True], ids=["in a step", "in a recorded pass"])
def test_a_tensor_on_another_device_is_found(make_network: MakeNetwork, late: bool) -> None:
    model = make_network(3, 3, num_notes=NOTES)
    table = torch.from_numpy(model.config.alphabet.states)  # left where it is

    class Careless(Polyphony):
        def bias(self, frame: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            bias = super().bias(frame, *args, **kwargs)
            return bias + (table.to(bias.device) if late else table)

    with pytest.raises((AssertionError, RuntimeError), match=r"elsewhere|device"):
        draw_nowhere(OnePass(model, device="meta"), Given(rules=[Careless(model.config, 2, 3)]))


def test_without_a_graph_the_passes_go_on(make_network: MakeNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("biaxial.sampling.guess_and_verify.Captured", refuse)
    model = make_network(3, 3, num_notes=NOTES)
    stepper = ParallelStepper(model, passes="captured")
    randoms, rows = uniforms([1, 2], 0, NOTES), torch.full((2, len(Condition)), -1, dtype=torch.int16)
    with pytest.warns(UserWarning, match="no CUDA graph"):
        frame, _, _ = stepper.step(stepper.start(2), rows, randoms)
    plain = ParallelStepper(model)
    assert torch.equal(frame, plain.step(plain.start(2), rows, randoms)[0])
