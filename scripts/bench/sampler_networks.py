"""The networks that are drawn from, how frames are drawn from them, and steppers that draw batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

import biaxial
from biaxial.features.conditions import outline_conditions
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.sampling.choose import Precision
from biaxial.sampling.constraints import Biases, Rule
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.stepping import FrameStepper, Proposal, as_array
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.plans.outline import drawn_key, make_outline

BARS = 16
STEPS = 256
"""Steps of 16 bars."""
DTYPES: Final[dict[Precision, torch.dtype]] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True)
class Setting:
    """A network and how frames are drawn from it."""

    title: str
    network: BiaxialLSTM
    proposal: Proposal
    bias: Biases | None
    rules: tuple[Rule, ...]
    keys: dict[str, int]
    """How often the corpus has each key."""

    def conditions(self, pieces: int, bars: int = BARS) -> NDArray[np.int16]:
        """Conditions of pieces in their own keys, shape ``(b, t, c)``."""
        grid, outline = Grid(self.network.config.steps_per_quarter), make_outline(bars)
        outlines = [replace(outline, key=drawn_key(self.keys, seed)) for seed in range(pieces)]
        rows = {one.key: outline_conditions(one, grid) for one in outlines}
        return np.stack([rows[one.key] for one in outlines])

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
    bias, rules = drawing.constraints(model.config)
    return Setting(
        f"{model.name}, {model.config.num_notes} notes, shipped weights",
        model.in_style(),
        drawing.proposal(model.history),
        bias,
        rules,
        model.history.get("keys", {}),
    )


NETWORKS: Final[dict[str, Callable[[], Setting]]] = {"hexahedria": hexahedria, "chorale": chorale}


class Drawer:
    """A stepper that draws a batch of pieces, random numbers included."""

    def __init__(self, stepper: FrameStepper, setting: Setting, batch: int) -> None:
        self.stepper, self.setting = stepper, setting
        self.conditions = setting.conditions(batch)
        self.encoded = stepper.encode(None, self.conditions)
        self.state, self.step = stepper.start(batch), 0

    def randoms(self) -> NDArray[np.float64]:
        """The random numbers of the next step."""
        return uniforms(range(len(self.conditions)), self.step, self.stepper.config.num_notes)

    def draw(
        self, state: Any, randoms: NDArray[np.float64], bias: Biases | None, rules: Sequence[Rule]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], Any]:
        """Draw the next step from a state of the stepper; returns frame, log-weight and the new state."""
        at = self.step % self.conditions.shape[1]
        drawn = self.stepper.step(state, self.conditions[:, at], randoms, None, bias, rules, self.encoded.at(at))
        return as_array(drawn[0]), as_array(drawn[1]), drawn[2]

    def advance(self, steps: int) -> None:
        """Draw so many frames."""
        for _ in range(steps):
            _, _, self.state = self.draw(self.state, self.randoms(), self.setting.bias, self.setting.rules)
            self.step += 1


def name_of(stepper: FrameStepper, precision: Precision) -> str:
    """What a stepper is called in tables."""
    return f"`{type(stepper).__name__}`, {precision}"
