"""Time of a step: systems that take turns, and the floor that the arithmetic sets."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from biaxial.sampling.choose import Precision, fast_stepper
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.reference_stepper import Stepper
from biaxial.sampling.stepping import FrameStepper
from scripts.bench.plain_generator import PlainGenerator
from scripts.bench.reporting import report, table, timed
from scripts.bench.sampler_networks import DTYPES, STEPS, Drawer, Setting, name_of

_BEAT = 4
_WARM_UP = 2
_SPEED_HEAD = (
    "batch | system | ms a step | s for 16 bars | ms a step and piece | s for 16 bars of a piece | times the floor | "
    "times the floor without inputs | times as fast as plain"
)


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
        self.rows = rows
        self.found: dict[tuple[Precision, int, int], list[float]] = {
            size: [] for size in itertools.product(DTYPES, rows, (300, 600))
        }

    @torch.inference_mode()
    def measure(self) -> dict[Precision, float]:
        """Take a turn; returns the rate of the best size, that of float32 where bfloat16 is slower."""
        for (name, m, k), rates in self.found.items():
            one, other, out = (torch.rand(size).to(DTYPES[name]) for size in ((m, k), (k, 1200), (m, 1200)))
            times = max(1, 4096 // m)
            _multiply(one, other, out, 1)
            rates.append(2 * one.numel() * 1200 * times / timed(_multiply, one, other, out, times))
        best = {name: max(rates[-1] for key, rates in self.found.items() if key[0] == name) for name in DTYPES}
        return best | {"bfloat16": max(best["float32"], best["bfloat16"])}

    def median(self, precision: Precision, rows: int) -> float:
        """The rate with so many rows in all turns."""
        return max(statistics.median(r) for (name, m, _), r in self.found.items() if (name, m) == (precision, rows))


def _multiply(one: Tensor, other: Tensor, out: Tensor, times: int) -> None:
    for _ in range(times):
        torch.mm(one, other, out=out)


def systems_of(setting: Setting, batch: int, threads: int, *, every: bool) -> Iterator[System]:
    """Systems that draw a batch from a network: all, or the plain one and the fast ones."""
    net, proposal = setting.network, setting.proposal
    if not net.config.num_voices:
        torch.manual_seed(0)
        yield System("plain PyTorch, float32", "float32", PlainGenerator(net.config, batch).eval().advance)
    steppers: list[tuple[Precision, FrameStepper, int]] = [
        ("float32", fast_stepper(net, proposal, "float32", threads), _BEAT),
        ("bfloat16", fast_stepper(net, proposal, "bfloat16", threads), _BEAT),
    ]
    if every:
        steppers = [
            ("float64", Stepper(net, proposal), 1),
            ("float32", Stepper(net, proposal, torch.float32), 1),
            ("float32", ParallelStepper(net, proposal, torch.float32), _BEAT),
            *steppers,
        ]
    for precision, stepper, least in steppers:
        yield System(name_of(stepper, precision), precision, Drawer(stepper, setting, batch).advance, least)


@dataclass(frozen=True)
class Race:
    """Systems that drew a batch from one network in turns, and the rate of products in each turn."""

    setting: Setting
    batch: int
    systems: tuple[System, ...]
    rates: tuple[dict[Precision, float], ...]

    def step_seconds(self, system: System) -> float:
        """The time of a step of all pieces."""
        return statistics.median(system.seconds)

    def times_floor(self, system: System, *, inputs: bool = True) -> float:
        """The time beside that of the arithmetic, with or without the products of inputs."""
        turns = zip(system.seconds, self.rates, strict=True)
        done = statistics.median(took * rate[system.precision] for took, rate in turns)
        return done / self.batch / self.setting.operations(inputs=inputs)

    @property
    def plain(self) -> System | None:
        """The plain generator, where the network is one that it knows."""
        return self.systems[0] if self.systems[0].name.startswith("plain") else None

    def times_plain(self, system: System) -> float | None:
        """How many times as fast as the plain generator a system is."""
        if self.plain is None:
            return None
        return statistics.median(plain / took for plain, took in zip(self.plain.seconds, system.seconds, strict=True))


def race(
    setting: Setting, batch: int, threads: int, seconds: float, turns: int, rate: MatrixRate, *, every: bool = True
) -> Race:
    """Let systems draw a batch from a network in turns."""
    report(f"{setting.title}: batch of {batch}")
    systems, rates = tuple(systems_of(setting, batch, threads, every=every)), []
    for system in systems:
        system.warm(seconds / turns)
    for turn in range(turns):
        rates.append(rate.measure())
        for system in systems[turn % len(systems) :] + systems[: turn % len(systems)]:
            time.sleep(0.01)  # threads of the one before fall asleep
            system.measure()
    return Race(setting, batch, systems, tuple(rates))


def matrix_rate(setting: Setting) -> MatrixRate:
    """A clock of matrix products with as many rows as one piece of a network has, and as batches have."""
    return MatrixRate((setting.network.config.num_notes, 1024, 6272))


def speed(settings: Sequence[Setting], batches: Sequence[int], threads: int, seconds: float, turns: int) -> None:
    """Print the time of a step."""
    rate = matrix_rate(settings[0])
    races = {
        setting.title: [race(setting, batch, threads, seconds, turns, rate) for batch in batches]
        for setting in settings
    }
    print("## Speed\n\nRate of `torch.mm` by its rows, 10⁹ operations a second; the floor has the best of each turn.\n")
    cells = ([name, *(f"{rate.median(name, m) / 1e9:.0f}" for m in rate.rows)] for name in DTYPES)
    table(f"precision | {' | '.join(map(str, rate.rows))}", cells)
    for setting in settings:
        counts = [setting.operations(inputs=inputs) / 1e6 for inputs in (True, False)]
        print(f"### {setting.title}\n\nMillion operations of a step: {counts[0]:.1f},", end=" ")
        print(f"{counts[1]:.1f} without those of inputs.\n")
        table(_SPEED_HEAD, (_line(one, system) for one in races[setting.title] for system in one.systems))


def _line(one: Race, system: System) -> list[object]:
    step, faster = one.step_seconds(system), one.times_plain(system)
    each = step / one.batch
    figures = [f"{1e3 * step:.2f}", f"{STEPS * step:.2f}", f"{1e3 * each:.3f}", f"{STEPS * each:.3f}"]
    floors = [f"{one.times_floor(system, inputs=inputs):.2f}" for inputs in (True, False)]
    return [one.batch, system.name, *figures, *floors, "–" if faster is None else f"{faster:.2f}"]
