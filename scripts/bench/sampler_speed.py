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
    cells = ([name, *(f"{rate.median(name, m) / 1e9:.0f}" for m in rows)] for name in DTYPES)
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
