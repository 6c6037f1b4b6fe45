"""How near fast steppers are to the reference: their decisions along its path, and held-out nats."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.corpora.corpus import Corpus, outcomes_of
from biaxial.features.conditions import hidden
from biaxial.likelihood.cell_nats import log_mean
from biaxial.models.batch import Batch
from biaxial.music.grid import Grid
from biaxial.sampling.choose import Precision, fast_stepper
from biaxial.sampling.guess_and_verify import ParallelStepper
from biaxial.sampling.stepping import FrameStepper, as_array
from scripts.bench.reporting import report, table
from scripts.bench.sampler_networks import STEPS, Drawer, Setting, name_of

EDGE = 1e-5
"""A decision may fall otherwise in float32 if its random number is as close as this to a threshold."""


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

    def follow(
        self, reference: Drawer, old: Any, new: Any, randoms: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> None:
        """Draw the step in which the reference came from one state to another with some random numbers."""
        setting, frame, state = self.drawer.setting, as_array(new.previous), self.drawer.state
        outcomes = np.arange(len(setting.network.config.alphabet))
        forced = np.where(outcomes == frame[:, :, None], 0.0, -np.inf)
        _, _, scored = self.drawer.draw(state, randoms, forced, ())
        for sign, each in ((1, scored), (-1, state), (-1, new), (1, old)):
            self.nats += sign * float(as_array(each.log_likelihood).sum())
        drawn, found, after = self.drawer.draw(state, randoms, setting.bias, setting.rules)
        self.drawer.state = replace(after, previous=frame if isinstance(after.previous, np.ndarray) else new.previous)
        self.drawer.step += 1
        different = drawn != frame  # b n
        rows = different.any(axis=1)
        self.frames, self.cells = self.frames + int(rows.sum()), self.cells + int(different.sum())
        gaps = np.abs(np.where((weight == found) | rows, 0.0, weight - found))
        self.weight = max(self.weight, float(gaps.max()))
        if not rows.any():
            return
        places = np.arange(different.shape[1])
        places = places[::-1] if setting.network.config.walks_down else places
        every, first = np.arange(len(rows)), np.where(different, places, len(places)).argmin(axis=1)
        near = np.zeros_like(rows)
        for edge in (-EDGE, EDGE):
            moved = randoms.copy()
            moved[every, first] = (randoms[every, first] + edge).clip(0, 1 - 1e-12)
            other, _, _ = reference.draw(old, moved, setting.bias, setting.rules)
            near |= other[every, first] == drawn[every, first]
        self.near += int((near & rows).sum())


def agreement(setting: Setting, frames: int, threads: int) -> None:
    """Print how often fast steppers decide otherwise than the reference."""
    net, proposal = setting.network, setting.proposal
    pieces = -(-frames // STEPS)
    length = -(-frames // pieces)
    reference = Drawer(ParallelStepper(net, proposal), setting, pieces)
    steppers: list[tuple[Precision, FrameStepper]] = [
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
        conditions = hidden(piece.conditions, "plan")[None]
        steps += piece.num_steps
        with torch.inference_mode():
            frames = log_mean(network.walk_log_likelihood(Batch.whole(outcomes, torch.from_numpy(conditions))).sum(-1))
        nats["float64, the parallel pass"] -= float(frames.sum())
        allowed = np.where(outcomes.numpy()[..., None] == np.arange(len(config.alphabet)), 0.0, -np.inf)
        for precision, stepper in steppers.items():
            encoded, state, randoms = (
                stepper.encode(None, conditions),
                stepper.start(1),
                np.zeros((1, config.num_notes)),
            )
            for step in range(piece.num_steps):
                _, _, state = stepper.step(
                    state, conditions[:, step], randoms, None, allowed[:, step], (), encoded.at(step)
                )
            nats[name_of(stepper, precision)] -= float(as_array(state.log_likelihood)[0])
    print(f"\n## Held out\n\n{len(pieces)} validation pieces of {folder.name}, {steps} steps;", end=" ")
    print("conditions known but the plan.\n")
    exact = nats["float64, the parallel pass"] / steps
    table(
        "system | nats a step | change",
        [(name, f"{total / steps:.6f}", f"{total / steps - exact:+.1e}") for name, total in nats.items()],
    )
