"""How time grows: long pieces on the CPU, and many pieces on another device."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from functools import partial

import torch

import biaxial
from biaxial.sampling.choose import Precision
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.loop import draw_pieces
from biaxial.sampling.reference_stepper import Stepper
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from scripts.bench.reporting import report, table, timed
from scripts.bench.sampler_networks import BARS, DTYPES, STEPS, chorale


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
        stepper = ParallelStepper(setting.network, setting.proposal, DTYPES[precision], device)

        def draw(many: int, length: int, stepper: Stepper = stepper) -> None:
            conditions = setting.conditions(many, length)
            draw_pieces(stepper, conditions, range(many), bias=setting.bias, rules=setting.rules)

        for many in pieces:
            report(f"{device}, {precision}: {many} pieces")
            draw(many, 1)  # warm
            took = timed(draw, many, bars)
            per_step = 1e3 * took / (bars * STEPS / BARS)
            lines.append([precision, many, f"{took:.2f}", f"{many / took:.2f}", f"{per_step:.2f}"])
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    print(f"## Many pieces\n\n{name}, pieces of {bars} bars, all in one batch.\n")
    table("precision | pieces | seconds | pieces a second | ms a step", lines)
