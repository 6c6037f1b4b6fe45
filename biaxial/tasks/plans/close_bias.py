"""The closes of a plan as a soft constraint: where a phrase is to close, its two last chords are likelier than others.

A network that is told a cadence seldom steers to it, and at the last note it is too late if nothing has led there. So
notes of the planned chords gain some nats as they are drawn, and others lose some: the last chord during the first
quarter note of it, the chord before on the last beat before that and half a beat later. All else is left to the
network: which voice has what, suspensions, passing notes. The nats were chosen by trying (docs/plans.md).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, SILENT, TICKS_PER_QUARTER
from biaxial.music.phrases import PhrasePlan, key_at
from biaxial.music.score import Key
from biaxial.sampling.constraints import Biases, StepBias

NATS: Final = {"bass": (2.0, -5.0), "last": (1.2, -2.5), "before": (1.0, -2.5)}
"""What a note that belongs to a planned chord gains, and what another one loses: as the bass on the root of the last
chord, in the last chord, and struck in the chord before."""

_DOMINANT: Final = frozenset({7, 11, 2, 5})
_SUBDOMINANT: Final = frozenset({5, 8, 9, 0})
_DEGREES: Final[dict[str, tuple[frozenset[int] | None, int]]] = {
    "authentic": (_DOMINANT, 0),
    "half": (None, 7),
    "plagal": (_SUBDOMINANT, 0),
    "deceptive": (_DOMINANT, 9),
}
"""Degrees of the chord before, ``None`` for any, and of the root of the last chord, in major."""

_Part = tuple[str, frozenset[int]]
"""A key of :data:`NATS`, and the pitch classes that belong."""


def close_bias(plan: PhrasePlan, home: Key, config: ModelConfig) -> StepBias:
    """Static bias of every step of a planned piece.

    Parameters
    ----------
    plan
        The phrases of the piece.
    home
        Its key.
    config
        The network, of music in voices.
    """
    unit = TICKS_PER_QUARTER // config.steps_per_quarter
    quarter, half = config.steps_per_quarter, max(1, config.steps_per_quarter // 2)
    parts: list[tuple[_Part, ...]] = [()] * -(-plan.length_ticks // unit)
    for start, onset, phrase in zip(plan.starts, plan.last_onsets, plan.phrases, strict=True):
        if phrase.cadence not in _DEGREES:
            continue
        before, root, last = closing_chords(phrase.cadence, key_at(phrase.key, home))
        first, fermata, end = start // unit, onset // unit, (start + phrase.length_ticks) // unit
        for step in range(fermata - 2 * half, fermata, half):
            if before is not None and step >= first:
                parts[step] += (("before", before),)
        for step in range(fermata, min(end, fermata + quarter)):
            parts[step] += (("last", last),)
        parts[fermata] += (("bass", frozenset({root})),)
    number = {one: index for index, one in enumerate(dict.fromkeys(parts))}
    return StepBias(tuple(_sum_of(one, config) for one in number), [number[one] for one in parts])


def closing_chords(cadence: str, key: Key) -> tuple[frozenset[int] | None, int, frozenset[int]]:
    """The pitch classes of the chord before the last one, ``None`` for any; the last one's root; and its triad.

    Parameters
    ----------
    cadence
        One of :data:`~biaxial.music.phrases.CADENCES` but ``"open"``.
    key
        The key that the phrase closes in. In minor a tonic may have either third, as Bach's have.
    """
    minor, (degrees, root) = key.mode == "minor", _DEGREES[cadence]
    thirds = {"half": {4}, "deceptive": {4 if minor else 3}}.get(cadence, {3, 4} if minor else {4})
    root = (key.tonic + root - (minor and cadence == "deceptive")) % 12
    before = None if degrees is None else frozenset((key.tonic + degree) % 12 for degree in degrees)
    return before, root, frozenset((root + degree) % 12 for degree in {0, 7} | thirds)


def _sum_of(parts: tuple[_Part, ...], config: ModelConfig) -> Biases:
    """The bias of a step out of its parts, shape ``(n, k)``."""
    alphabet = config.alphabet
    states = alphabet.states
    concerned = {
        "bass": alphabet.voice_matrix[:, -1],
        "last": states != SILENT,
        "before": (states != SILENT) & (states != HOLD),
    }
    pitch_classes = (np.arange(config.num_notes) + config.low_pitch) % 12
    bias = np.zeros((config.num_notes, len(alphabet)))
    for kind, of in parts:
        gain, loss = NATS[kind]
        belongs = np.isin(pitch_classes, sorted(of))
        bias += np.where(belongs, gain, loss)[:, None] * concerned[kind]
    return bias
