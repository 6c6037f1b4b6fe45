"""Where the time of a step of the compiled stepper goes, part by part."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Final
from unittest.mock import patch

from biaxial.sampling import compiled
from biaxial.sampling.choose import Precision, fast_stepper, one_thread
from scripts.bench.reporting import report, table
from scripts.bench.sampler_networks import Drawer, Setting

PRECISIONS: Final[tuple[Precision, ...]] = ("float32", "bfloat16")
_TURNS = 5
_PARTS = ("products", "inputs", "cells", "walk", "random numbers", "the rest")


class _Clock:
    """Processor seconds that this thread has spent in each part."""

    def __init__(self) -> None:
        self.spent = defaultdict[str, float](float)

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, which counts for a part."""

        def counted(*arguments: Any) -> Any:
            started = time.thread_time()
            result = work(*arguments)
            self.spent[part] += time.thread_time() - started
            return result

        return counted


def parts(settings: Sequence[Setting], batches: Sequence[int], steps: int) -> None:
    """Print the processor time of each part, in microseconds of a step and piece: the least of some turns."""
    print("## Parts\n\nMicroseconds of a step and piece, the least of some turns.\n")
    rows = []
    for setting in settings:
        for precision in PRECISIONS:
            for batch in batches:
                report(f"{setting.title}: parts of {precision}, batch of {batch}")
                found = _measure(setting, precision, batch, max(1, steps // batch))
                figures = [f"{1e6 * found[part]:.0f}" for part in (*_PARTS, "all")]
                rows.append([setting.title.split(",")[0], precision, batch, *figures])
    table(f"network | precision | batch | {' | '.join(_PARTS)} | all", rows)


def _measure(setting: Setting, precision: Precision, batch: int, steps: int) -> dict[str, float]:
    clock = _Clock()
    stepper = fast_stepper(setting.network, setting.proposal, precision)
    assert isinstance(stepper, compiled.CompiledStepper)
    drawer, weights = Drawer(stepper, setting, batch), stepper.weights
    matrices = [*weights.below, *weights.recurrent, weights.share]
    names = {"inputs_share": "inputs", "add_echo": "inputs", "lstm_cells": "cells", "walk": "walk"}
    best = {"all": float("inf")}
    with one_thread(), ExitStack() as patches:
        watched: list[tuple[object, str, str]] = [(compiled, name, part) for name, part in names.items()]
        watched += [(one, "add", "products") for one in matrices] + [(drawer, "randoms", "random numbers")]
        for owner, name, part in watched:
            patches.enter_context(patch.object(owner, name, clock.timed(part, getattr(owner, name))))
        drawer.advance(2)
        for _ in range(_TURNS):
            clock.spent.clear()
            started = time.thread_time()
            drawer.advance(steps)
            whole = time.thread_time() - started
            if whole < best["all"] * steps * batch:
                best = {part: spent / steps / batch for part, spent in clock.spent.items()}
                best |= {"the rest": whole / steps / batch - sum(best.values()), "all": whole / steps / batch}
    return best
