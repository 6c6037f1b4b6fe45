"""Ancestral sampling: draw a piece frame after frame from its beginning. There is no other generation loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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


def collected(
    drawn: Iterator[tuple[Tensor, Tensor, StepState]], after_step: Callable[[], None] | None = None
) -> tuple[Tensor, Tensor]:
    """Run :func:`draw_frames` to its end.

    Parameters
    ----------
    drawn
        What it yields.
    after_step
        Called after every frame.

    Returns
    -------
    Outcomes, shape ``(b, t, n)``, and log-likelihoods under the model, shape ``(b,)``.
    """
    frames = []
    for frame, _, state in drawn:  # noqa: B007  (the last state is wanted)
        frames.append(frame)
        if after_step is not None:
            after_step()
    return torch.stack(frames, dim=1), state.log_likelihood
