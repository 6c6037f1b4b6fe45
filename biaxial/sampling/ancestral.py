"""Ancestral sampling: draw a piece frame after frame from its beginning. There is no other generation loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from biaxial.sampling.constraints import Rule
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.stepper import Stepper, StepState


def draw_frames(
    stepper: Stepper,
    conditions: Tensor,
    seeds: Sequence[int],
    known: Tensor | None = None,
    bias: Tensor | None = None,
    rules: Sequence[Rule] = (),
) -> Iterator[tuple[Tensor, Tensor, StepState]]:
    """Draw a batch of pieces.

    Parameters
    ----------
    stepper
        Draws each frame.
    conditions
        Conditions, shape ``(b, t, c)``.
    seeds
        Seed of each piece.
    known
        Outcomes of the first frames, -1 for a cell that is to be drawn, shape ``(b, t', n)`` with ``t' <= t``.
    bias, rules
        Constraints of every frame that is not wholly known, as in :meth:`Stepper.step`.

    Yields
    ------
    What :meth:`Stepper.step` returns, for each step in turn.
    """
    state = stepper.start(len(seeds))
    for step in range(conditions.shape[1]):
        given = known[:, step] if known is not None and step < known.shape[1] else None
        randoms = uniforms(seeds, step, stepper.config.num_notes)
        free = given is None or bool((given < 0).any())
        frame, log_weight, state = stepper.step(
            state, conditions[:, step], randoms, given, bias if free else None, rules if free else ()
        )
        yield frame, log_weight, state


def stacked(frames: Iterator[tuple[Tensor, Tensor, StepState]]) -> tuple[Tensor, Tensor, Tensor]:
    """Run to the end: outcomes ``(b, t, n)``, log-weights ``(b,)`` and log-likelihoods ``(b,)``."""
    drawn = list(frames)
    rolls = torch.stack([frame for frame, _, _ in drawn], dim=1)
    return rolls, torch.stack([weight for _, weight, _ in drawn]).sum(0), drawn[-1][2].log_likelihood
