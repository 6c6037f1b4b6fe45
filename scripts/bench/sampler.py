"""Measure how fast frames are drawn: all steppers, a plain PyTorch generator, and the floor that the arithmetic sets.

``python scripts/bench/sampler.py`` prints Markdown tables. It takes about five minutes on one free core, with
``--quick`` one. It has five sections; ``--speed``, ``--agreement`` and ``--start`` are made by default:

``--speed``
    Time of a step and of 16 bars for one piece and for batches. One network has the sizes of Hexahedria, random weights
    and 49 notes; beside our steppers it runs as a plain PyTorch generator (:class:`PlainGenerator`). The other one is
    the shipped weights with their default constraints. Systems take turns, so that whatever else the machine does slows
    all of them; figures and ratios are medians over the turns.
    The *floor* is the time of the arithmetic alone: the multiplications and additions of all dense products of a step,
    for all notes, at the rate that ``torch.mm`` reaches in the same turns. It is also given without the inputs, most of
    which are zeros: with the products of hidden states alone.
``--agreement N``
    Steppers are led along N frames that the float64 reference draws, and their decisions compared.
``--held-out CHORALES``
    Nats of the validation pieces of a folder made by ``biaxial-chorales``, in each precision (half a minute).
``--start``
    What ``biaxial-compose --bars 16 --seed 1 -q`` takes from its first import to its last byte, and its memory.
``--lengths``
    Whether a long piece takes as long for each bar as a short one (several minutes).
``--gpu``
    Time of many pieces of 16 bars on another device.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

import biaxial
from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.features.conditions import outline_conditions
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS, ModelConfig
from biaxial.music.grid import Grid
from biaxial.sampling.choose import Precision, fast_stepper
from biaxial.sampling.constraints import Rule
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.loop import draw_pieces
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.step_types import Proposal, StepState
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.plans.drawn_keys import drawn_key
from biaxial.tasks.plans.outline import make_outline

BARS = 16
STEPS = 256
"""Steps of 16 bars."""
EDGE = 1e-5
"""A decision may fall otherwise in float32 if its random number is as close as this to a threshold."""

_BEAT = 4
_WARM_UP = 2
_DTYPES: Final[dict[Precision, torch.dtype]] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}
_SPEED_HEAD = (
    "batch | system | ms a step | s for 16 bars | ms a step and piece | s for 16 bars of a piece | times the floor | "
    "times the floor without inputs | times as fast as plain"
)
_COMMAND = "import sys; from biaxial.cli.compose import main; sys.exit(main())"
_PARTS = """
import json, sys, time
marks = [time.perf_counter()]
import torch
torch.set_num_threads(1)
marks.append(time.perf_counter())
import biaxial.cli.compose, biaxial.tasks.model
marks.append(time.perf_counter())
model = biaxial.tasks.model.load(None, "cpu")
marks.append(time.perf_counter())
piece = model.compose(16, seed=1)
marks.append(time.perf_counter())
piece.save(sys.argv[1])
marks.append(time.perf_counter())
print(json.dumps([after - before for before, after in zip(marks, marks[1:])]))
"""
_PART_NAMES = ("import torch", "import biaxial", "load", "compute", "write")


class PlainGenerator(nn.Module):
    """Hexahedria's network as one writes it in PyTorch, drawing a batch of pieces with random weights.

    An ``nn.LSTM`` over time that keeps its state, every note a row of its batch, and a loop of ``nn.LSTMCell`` over the
    notes. A cell has his 80 inputs: position, pitch class, the previous frame from an octave below to one above, its
    pitch classes, four bits of the beat and a zero.

    Parameters
    ----------
    config
        Sizes, and the note range.
    batch
        Number of pieces.
    """

    def __init__(self, config: ModelConfig, batch: int) -> None:
        super().__init__()
        n, reach = config.num_notes, config.neighbourhood
        self.reach = reach
        sizes = (80, *config.time_hidden)
        self.time_axis = nn.ModuleList(nn.LSTM(i, o) for i, o in itertools.pairwise(sizes))
        self.time_states: list[tuple[Tensor, Tensor] | None] = [None for _ in config.time_hidden]
        sizes = (config.time_hidden[-1] + 2, *config.note_hidden)
        self.note_axis = nn.ModuleList(nn.LSTMCell(i, o) for i, o in itertools.pairwise(sizes))
        self.head = nn.Linear(config.note_hidden[-1], 2)
        pitches = torch.arange(n) + config.low_pitch
        self.pitch_class = functional.one_hot(pitches % 12, 12).float()  # n 12
        self.rotation = (pitches.unsqueeze(1) + torch.arange(12)) % 12  # n 12
        self.beats = 2.0 * (torch.arange(16).unsqueeze(1) >> torch.arange(4) & 1) - 1
        self.inputs = torch.zeros(batch, n, 80)
        self.inputs[..., 0] = torch.linspace(0, 1, n)
        self.inputs[..., 1:13] = self.pitch_class
        self.previous = torch.zeros(batch, n, 2)
        self.nothing = torch.zeros(batch, 2)
        self.step = 0
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([-math.log(11), 0.0]))  # four of 49 notes sound

    @torch.inference_mode()
    def advance(self, steps: int) -> None:
        """Draw so many frames."""
        for _ in range(steps):
            self._draw()

    def _draw(self) -> None:
        b, n, _ = self.inputs.shape
        around = functional.pad(self.previous, (0, 0, self.reach, self.reach)).unfold(1, 2 * self.reach + 1, 1)
        self.inputs[..., 13:63] = around.reshape(b, n, -1)
        self.inputs[..., 63:75] = (self.previous[..., 0] @ self.pitch_class)[:, self.rotation]
        self.inputs[..., 75:79] = self.beats[self.step % 16]
        x = self.inputs.view(1, b * n, -1)
        for index, layer in enumerate(self.time_axis):
            x, self.time_states[index] = layer(x, self.time_states[index])
        heard = x.view(b, n, -1).transpose(0, 1).contiguous()  # n b h
        randoms = torch.rand(n, b, 2)
        states: list[tuple[Tensor, Tensor] | None] = [None for _ in self.note_axis]
        chosen, frame = self.nothing, []
        for note in range(n):
            y = torch.cat([heard[note], chosen], 1)
            for index, cell in enumerate(self.note_axis):
                state = states[index] = cell(y, states[index])
                y = state[0]
            chosen = (randoms[note] < self.head(y).sigmoid()).float()
            chosen[:, 1] *= chosen[:, 0]  # what does not play is not articulated
            frame.append(chosen)
        self.previous = torch.stack(frame, 1)
        self.step += 1


@dataclass(frozen=True)
class Setting:
    """A network and how frames are drawn from it."""

    title: str
    network: BiaxialLSTM
    proposal: Proposal
    bias: Tensor | None
    rules: tuple[Rule, ...]
    keys: dict[str, int]
    """How often the corpus has each key."""

    def conditions(self, pieces: int, bars: int = BARS) -> Tensor:
        """Conditions of pieces in their own keys, shape ``(b, t, c)``."""
        grid, outline = Grid(self.network.config.steps_per_quarter), make_outline(bars)
        outlines = [replace(outline, key=drawn_key(self.keys, seed)) for seed in range(pieces)]
        rows = {one.key: torch.from_numpy(outline_conditions(one, grid)) for one in outlines}
        return torch.stack([rows[one.key] for one in outlines])

    def operations(self, *, inputs: bool) -> int:
        """Multiplications and additions of a step's dense products, with or without those of the inputs."""
        config, network = self.network.config, self.network
        total, width = 0, network.time_features.width if inputs else 0
        for hidden in config.time_hidden:
            total += 4 * hidden * (width + hidden)
            width = hidden
        width += network.note_features.width if inputs else 0
        of_head = width if config.head_sees_inputs else 0
        for hidden in config.note_hidden:
            total += 4 * hidden * (width + hidden)
            width = hidden
        return 2 * config.num_notes * (total + len(config.alphabet) * (width + of_head))


def hexahedria() -> Setting:
    """Hexahedria's network over 49 notes with random weights, nothing asked of what it draws.

    Its last biases are those of music in which four notes sound and last four steps: what a frame takes may depend on
    how many do.
    """
    torch.manual_seed(0)
    network = BiaxialLSTM(PRESETS["hexahedria"]).narrowed(12, 49).eval()
    with torch.no_grad():
        network.walk(0).head.bias.copy_(torch.tensor([0.0, math.log(3), -math.log(44)]))  # silent, hold, strike
    return Setting("hexahedria, 49 notes, random weights", network, Proposal(), None, (), {})


def chorale() -> Setting:
    """The shipped weights, drawn as ``biaxial-compose`` does but for the ending."""
    model, drawing = biaxial.load(None, "cpu"), SamplingOptions()
    bias, rules = drawing.constraints(model.network.config)
    return Setting(
        f"{model.name}, {model.network.config.num_notes} notes, shipped weights",
        model.network,
        drawing.proposal(model.made),
        bias,
        rules,
        model.made.get("keys", {}),
    )


NETWORKS: Final[dict[str, Callable[[], Setting]]] = {"hexahedria": hexahedria, "chorale": chorale}


class Drawer:
    """A stepper that draws a batch of pieces, random numbers included."""

    def __init__(self, stepper: Stepper, setting: Setting, batch: int) -> None:
        self.stepper, self.setting = stepper, setting
        self.conditions = setting.conditions(batch)
        self.encoded = stepper.encode(None, self.conditions)
        self.state, self.step = stepper.start(batch), 0

    def randoms(self) -> Tensor:
        """The random numbers of the next step."""
        return uniforms(range(len(self.conditions)), self.step, self.stepper.config.num_notes)

    def draw(
        self, state: StepState, randoms: Tensor, bias: Tensor | None, rules: Sequence[Rule]
    ) -> tuple[Tensor, Tensor, StepState]:
        """Draw the next step from a state."""
        at = self.step % self.conditions.shape[1]
        return self.stepper.step(state, self.conditions[:, at], randoms, None, bias, rules, self.encoded.at(at))

    def advance(self, steps: int) -> None:
        """Draw so many frames."""
        for _ in range(steps):
            _, _, self.state = self.draw(self.state, self.randoms(), self.setting.bias, self.setting.rules)
            self.step += 1


@dataclass(eq=False)
class System:
    """Something that draws frames, and the seconds of a step in each of its turns.

    It draws at least ``least`` frames at once: a beat, if what a step takes depends on its place in it.
    """

    name: str
    precision: Precision
    advance: Callable[[int], None]
    least: int = 1
    steps: int = 1
    seconds: list[float] = field(default_factory=list)

    def warm(self, budget: float) -> None:
        """Draw the first frames, and choose how many a turn of so many seconds will have."""
        self.advance(_WARM_UP * self.least)
        took = timed(self.advance, self.least)
        self.steps = self.least * min(STEPS // self.least, max(1, round(budget / took)))

    def measure(self) -> None:
        """Take a turn."""
        self.seconds.append(timed(self.advance, self.steps) / self.steps)


class MatrixRate:
    """Operations a second of ``torch.mm`` with some numbers of rows, in each precision."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.found: dict[tuple[Precision, int, int], list[float]] = {
            size: [] for size in itertools.product(_DTYPES, rows, (300, 600))
        }

    @torch.inference_mode()
    def measure(self) -> dict[Precision, float]:
        """Take a turn; returns the rate of the best size, that of float32 where bfloat16 is slower."""
        for (name, m, k), rates in self.found.items():
            one, other, out = (torch.rand(size).to(_DTYPES[name]) for size in ((m, k), (k, 1200), (m, 1200)))
            times = max(1, 4096 // m)
            _multiply(one, other, out, 1)
            rates.append(2 * one.numel() * 1200 * times / timed(_multiply, one, other, out, times))
        best = {name: max(rates[-1] for key, rates in self.found.items() if key[0] == name) for name in _DTYPES}
        return best | {"bfloat16": max(best["float32"], best["bfloat16"])}

    def median(self, precision: Precision, rows: int) -> float:
        """The rate with so many rows in all turns."""
        return max(statistics.median(r) for (name, m, _), r in self.found.items() if (name, m) == (precision, rows))


def _multiply(one: Tensor, other: Tensor, out: Tensor, times: int) -> None:
    for _ in range(times):
        torch.mm(one, other, out=out)


def systems_of(setting: Setting, batch: int, threads: int) -> Iterator[System]:
    """All systems that draw a batch from a network."""
    net, proposal = setting.network, setting.proposal
    if not net.config.num_voices:
        torch.manual_seed(0)
        yield System("plain PyTorch, float32", "float32", PlainGenerator(net.config, batch).eval().advance)
    steppers: list[tuple[Precision, Stepper, int]] = [
        ("float64", Stepper(net, proposal), 1),
        ("float32", Stepper(net, proposal, torch.float32), 1),
        ("float32", ParallelStepper(net, proposal, torch.float32), _BEAT),
        ("float32", fast_stepper(net, proposal, "float32", threads), _BEAT),
        ("bfloat16", fast_stepper(net, proposal, "bfloat16", threads), _BEAT),
    ]
    for precision, stepper, least in steppers:
        yield System(name_of(stepper, precision), precision, Drawer(stepper, setting, batch).advance, least)


def speed(settings: Sequence[Setting], batches: Sequence[int], threads: int, seconds: float, turns: int) -> None:
    """Print the time of a step."""
    results: dict[tuple[int, int], tuple[list[System], list[dict[Precision, float]]]] = {}
    rows = settings[0].network.config.num_notes, 1024, 6272
    rate = MatrixRate(rows)
    for (index, setting), batch in itertools.product(enumerate(settings), batches):
        report(f"{setting.title}: batch of {batch}")
        systems, rates = results[index, batch] = list(systems_of(setting, batch, threads)), []
        for system in systems:
            system.warm(seconds / turns)
        for turn in range(turns):
            rates.append(rate.measure())
            for system in systems[turn % len(systems) :] + systems[: turn % len(systems)]:
                time.sleep(0.01)  # threads of the one before fall asleep
                system.measure()
    print("## Speed\n\nRate of `torch.mm` by its rows, 10⁹ operations a second; the floor has the best of each turn.\n")
    cells = ([name, *(f"{rate.median(name, m) / 1e9:.0f}" for m in rows)] for name in _DTYPES)
    table(f"precision | {' | '.join(map(str, rows))}", cells)
    for index, setting in enumerate(settings):
        counts = [setting.operations(inputs=inputs) for inputs in (True, False)]
        print(f"### {setting.title}\n\nMillion operations of a step: {counts[0] / 1e6:.1f},", end=" ")
        print(f"{counts[1] / 1e6:.1f} without those of inputs.\n")
        lines = []
        for batch in batches:
            systems, rates = results[index, batch]
            for system in systems:
                step = statistics.median(system.seconds)
                each, turns_of = step / batch, list(zip(system.seconds, rates, systems[0].seconds, strict=True))
                figures = [f"{1e3 * step:.2f}", f"{STEPS * step:.2f}", f"{1e3 * each:.3f}", f"{STEPS * each:.3f}"]
                work = statistics.median(took * rate[system.precision] for took, rate, _ in turns_of) / batch
                faster = statistics.median(plain / took for took, _, plain in turns_of)
                ratio = f"{faster:.2f}" if systems[0].name.startswith("plain") else "–"
                lines.append([batch, system.name, *figures, *(f"{work / count:.2f}" for count in counts), ratio])
        table(_SPEED_HEAD, lines)


@dataclass
class Led:
    """A stepper that is led along the reference's path, and how it differs."""

    name: str
    drawer: Drawer
    frames: int = 0
    cells: int = 0
    near: int = 0
    weight: float = 0.0
    nats: float = 0.0

    def follow(self, reference: Drawer, old: StepState, new: StepState, randoms: Tensor, weight: Tensor) -> None:
        """Draw the step in which the reference came from one state to another with some random numbers."""
        setting, frame, state = self.drawer.setting, new.previous, self.drawer.state
        outcomes = torch.arange(len(setting.network.config.alphabet))
        forced = torch.where(outcomes == frame.unsqueeze(-1), 0.0, -torch.inf).double()
        _, _, scored = self.drawer.draw(state, randoms, forced, ())
        gained = scored.log_likelihood - state.log_likelihood
        self.nats += float((gained - (new.log_likelihood - old.log_likelihood)).sum())
        drawn, found, after = self.drawer.draw(state, randoms, setting.bias, setting.rules)
        self.drawer.state = replace(after, previous=frame)
        self.drawer.step += 1
        different = drawn != frame  # b n
        rows = different.any(1)
        self.frames, self.cells = self.frames + int(rows.sum()), self.cells + int(different.sum())
        gaps = torch.where((weight == found) | rows, 0.0, (weight - found).abs())
        self.weight = max(self.weight, float(gaps.max()))
        if not rows.any():
            return
        places = torch.arange(different.shape[1])
        places = places.flip(0) if setting.network.config.walks_down else places
        first = torch.where(different, places, len(places)).argmin(1, keepdim=True)  # b 1
        near = torch.zeros_like(rows)
        for edge in (-EDGE, EDGE):
            moved = randoms.scatter(1, first, (randoms.gather(1, first) + edge).clamp(0, 1 - 1e-12))
            other, _, _ = reference.draw(old, moved, setting.bias, setting.rules)
            near |= (other.gather(1, first) == drawn.gather(1, first)).squeeze(1)
        self.near += int((near & rows).sum())


def agreement(setting: Setting, frames: int, threads: int) -> None:
    """Print how often fast steppers decide otherwise than the reference."""
    net, proposal = setting.network, setting.proposal
    pieces = -(-frames // STEPS)
    length = -(-frames // pieces)
    reference = Drawer(ParallelStepper(net, proposal), setting, pieces)
    steppers: list[tuple[Precision, Stepper]] = [
        ("float32", ParallelStepper(net, proposal, torch.float32)),
        ("float32", fast_stepper(net, proposal, "float32", threads)),
        ("bfloat16", fast_stepper(net, proposal, "bfloat16", threads)),
    ]
    others = [Led(name_of(stepper, name), Drawer(stepper, setting, pieces)) for name, stepper in steppers]
    total = pieces * length
    report(f"{setting.title}: agreement along {total} frames")
    for _ in range(length):
        randoms, old = reference.randoms(), reference.state
        _, weight, reference.state = reference.draw(old, randoms, setting.bias, setting.rules)
        for other in others:
            other.follow(reference, old, reference.state, randoms, weight)
        reference.step += 1
    print(f"## Agreement\n\nLed along {total} frames of {pieces} pieces that the float64 reference draws. Near: it")
    print(f"draws the first of the cells so too if its random number is moved by {EDGE:g}.\n")
    table(
        "system | frames drawn otherwise | near | cells | largest difference of log-weights | nats a step more likely",
        ([o.name, o.frames, o.near, o.cells, f"{o.weight:.1e}", f"{o.nats / total:+.1e}"] for o in others),
    )


def held_out(setting: Setting, folder: Path) -> None:
    """Print the nats of held-out pieces, with every step forced onto the piece by biases."""
    config, network = setting.network.config, copy.deepcopy(setting.network).double()
    corpus, _ = Corpus.read(folder, Grid(config.steps_per_quarter))
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    steppers = {precision: fast_stepper(setting.network, None, precision) for precision in precisions}
    nats = dict.fromkeys(("float64, the parallel pass", *(name_of(s, p) for p, s in steppers.items())), 0.0)
    steps, pieces = 0, corpus.split("valid")
    for piece in pieces:
        report(f"held out: {piece.name}")
        outcomes = torch.from_numpy(outcomes_of(piece, config)).unsqueeze(0)
        conditions = torch.from_numpy(piece.conditions).unsqueeze(0)
        steps += piece.num_steps
        with torch.inference_mode():
            frames = network.frame_log_likelihood(outcomes, torch.zeros_like(outcomes[:, 0]), conditions)
        nats["float64, the parallel pass"] -= float(frames.sum())
        allowed = torch.full((*outcomes.shape, len(config.alphabet)), -torch.inf, dtype=torch.float64)
        allowed.scatter_(-1, outcomes.long().unsqueeze(-1), 0.0)
        for precision, stepper in steppers.items():
            encoded, state, randoms = (
                stepper.encode(None, conditions),
                stepper.start(1),
                torch.zeros(1, config.num_notes),
            )
            for step in range(piece.num_steps):
                _, _, state = stepper.step(
                    state, conditions[:, step], randoms, None, allowed[:, step], (), encoded.at(step)
                )
            nats[name_of(stepper, precision)] -= float(state.log_likelihood)
    print(f"\n## Held out\n\n{len(pieces)} validation pieces of {folder.name}, {steps} steps, conditions known.\n")
    exact = nats["float64, the parallel pass"] / steps
    table(
        "system | nats a step | change",
        [(name, f"{total / steps:.6f}", f"{total / steps - exact:+.1e}") for name, total in nats.items()],
    )


def child(code: str, arguments: Sequence[str], compiled: Path | None) -> tuple[float, float, str]:
    """Run a Python process; returns its seconds, its peak memory in MiB, and what it printed.

    Raises
    ------
    RuntimeError
        If it failed.
    """
    variables = os.environ if compiled is None else {**os.environ, "NUMBA_CACHE_DIR": str(compiled)}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"a process that is measured ended with {process.returncode}")
    return seconds, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10), printed


def start(repeats: int) -> None:
    """Print what the command takes; to be called early, as a new process inherits the peak of this one's memory."""
    report("start of the command")
    rows: dict[str, list[list[float]]] = {"first ever": [], "first": [], "later": []}
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "piece.mid")
        words = ["--bars", str(BARS), "--seed", "1", "-q"]
        for turn in range(repeats + 2):
            # first two that have nothing compiled; then two that fill the usual cache, should it be empty
            caches = [Path(folder) / name if turn == 0 else None for name in ("parts", "command")]
            took, _, printed = child(_PARTS, [output], caches[0])
            parts = json.loads(printed)
            seconds, peak, _ = child(_COMMAND, [*words, "-o", output], caches[1])
            rows[("first ever", "first", "later")[min(turn, 2)]].append([*parts, took - sum(parts), seconds, peak])
    print(
        f"## Start\n\n`biaxial-compose {' '.join(words)}`: seconds of its parts, in a process that does the same, and"
    )
    print(f"of the command itself; medians of {repeats}, and the first run ever, which has nothing compiled.\n")
    lines = []
    for name in ("first ever", "later"):
        *medians, peak = [statistics.median(column) for column in zip(*rows[name], strict=True)]
        lines.append([name, *(f"{part:.2f}" for part in medians), f"{peak:.0f}"])
    table(f"run | {' | '.join(_PART_NAMES)} | Python's own start and end | whole command | peak memory in MiB", lines)


def lengths(bars: Sequence[int], turns: int) -> None:
    """Print how the time of a piece grows with its length."""
    model, drawing = biaxial.load(None, "cpu"), SamplingOptions(cadence=False)
    model.compose(1, drawing=drawing)
    found: dict[int, list[float]] = {many: [] for many in bars}
    for turn, many in itertools.product(range(turns), bars):
        report(f"length: {many} bars, turn {turn + 1} of {turns}")
        for index in range(max(1, min(8, max(bars) // many))):  # short pieces several times: they vary more
            draw = partial(model.compose, seed=8 * turn + index, drawing=drawing)
            found[many].append(timed(draw, many))
    print("## Lengths\n")
    each = {many: 1e3 * statistics.median(times) / many for many, times in found.items()}
    lines = ([n, f"{ms * n / 1e3:.2f}", f"{ms:.2f}", f"{ms / each[bars[0]]:.3f}"] for n, ms in each.items())
    table(f"bars | seconds | ms a bar | a bar to one of {bars[0]}", lines)


def gpu(device: str, pieces: Sequence[int], bars: int) -> None:
    """Print the time of many pieces on a device."""
    setting, lines = chorale(), []
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    for precision in precisions:
        stepper = ParallelStepper(setting.network, setting.proposal, _DTYPES[precision], device)

        def draw(many: int, length: int, stepper: Stepper = stepper) -> None:
            conditions = setting.conditions(many, length)
            draw_pieces(stepper, conditions, range(many), bias=setting.bias, rules=setting.rules).outcomes.cpu()

        for many in pieces:
            report(f"{device}, {precision}: {many} pieces")
            draw(many, 1)  # warm
            took = timed(draw, many, bars)
            per_step = 1e3 * took / (bars * STEPS / BARS)
            lines.append([precision, many, f"{took:.2f}", f"{many / took:.2f}", f"{per_step:.2f}"])
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    print(f"## Many pieces\n\n{name}, pieces of {bars} bars, all in one batch.\n")
    table("precision | pieces | seconds | pieces a second | ms a step", lines)


def name_of(stepper: Stepper, precision: Precision) -> str:
    """What a stepper is called in tables."""
    return f"`{type(stepper).__name__}`, {precision}"


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def report(line: str) -> None:
    """Say on stderr what is being done."""
    print(line, file=sys.stderr)


def table(head: str, rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    print(f"| {head} |\n|{'---|' * (head.count('|') + 1)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(flush=True)


def main() -> None:
    """Read the command line, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true", help="time of a step")
    parser.add_argument("--agreement", type=int, nargs="?", const=2000, metavar="N", help="frames (default: 2000)")
    parser.add_argument("--held-out", type=Path, metavar="CHORALES", help="nats of the validation pieces of a folder")
    parser.add_argument("--start", action="store_true", help="start and memory of biaxial-compose")
    parser.add_argument("--lengths", type=int, nargs="*", metavar="BARS", help="default: 16 64 250 1000")
    parser.add_argument("--gpu", action="store_true", help="time of many pieces on a device")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of all systems (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="default: both")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 128], help="default: 1 16 128")
    parser.add_argument("--seconds", type=float, help="for each system and batch (default: 2.5, with --quick 0.5)")
    parser.add_argument("--device", default="cuda", help="of --gpu (default: %(default)s)")
    many = [1, 4, 16, 64, 256, 1000, 1024, 4096]
    parser.add_argument("--pieces", type=int, nargs="+", default=many, help=f"of --gpu (default: {many})")
    parser.add_argument("--bars", type=int, default=BARS, help="of --gpu (default: %(default)s)")
    options = parser.parse_args()
    if min(options.threads, *options.batches, *options.pieces, options.bars) < 1:
        parser.error("threads, batches, pieces and bars are at least 1")
    chosen = options.speed or options.start or options.gpu or options.held_out
    if not (chosen or options.agreement is not None or options.lengths is not None):
        options.speed, options.start, options.agreement = True, True, 256 if options.quick else 2000
    torch.set_num_threads(options.threads)
    print(f"{options.threads} CPU thread(s), PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}\n")
    if options.start:
        start(1 if options.quick else 3)
    if options.speed:
        seconds = options.seconds or (0.5 if options.quick else 2.5)
        settings = [NETWORKS[name]() for name in options.networks]
        speed(settings, options.batches, options.threads, seconds, 2 if options.quick else 5)
    if options.agreement:
        agreement(chorale(), options.agreement, options.threads)
    if options.held_out:
        held_out(chorale(), options.held_out)
    if options.lengths is not None:
        lengths(options.lengths or [16, 64, 250, 1000], 1 if options.quick else 3)
    if options.gpu:
        gpu(options.device, options.pieces, options.bars)


if __name__ == "__main__":
    main()
