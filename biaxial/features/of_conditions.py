"""Inputs that follow from the conditions of a step alone, of arrays of numpy or of PyTorch's tensors alike.

Drawing on the CPU needs numpy only, training and scoring are PyTorch's: both read the same lines here. What is given
decides what comes out, so that nothing here imports PyTorch.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import CADENCE_NAMES, UNKNOWN, Condition
from biaxial.features.config import FeatureConfig
from biaxial.features.input_layout import (
    BEAT_PLACES,
    BEATS,
    CLOCK,
    CLOCK_BARS,
    COUNTDOWN_STEPS,
    LAST_BOUNDS,
    OF_STEPS,
    PHRASE_STEPS,
    SINCE_STEPS,
    note_positions,
    time_layout,
)

Numbers = Any
"""An array of numpy, or a tensor."""

_FAR_QUARTERS = 32.0


def _is_array(x: Numbers) -> bool:
    return isinstance(x, np.ndarray)


def _library(x: Numbers) -> Any:
    """Numpy for its arrays, else PyTorch, which is loaded where there are tensors."""
    return np if _is_array(x) else sys.modules["torch"]


def floats(x: Numbers) -> Numbers:
    """As the numbers of a network: float32, or for tensors PyTorch's default."""
    return x.astype(np.float32) if _is_array(x) else x.to(_library(x).get_default_dtype())


def _whole(x: Numbers) -> Numbers:
    return x.astype(np.int64) if _is_array(x) else x.long()


def _count(like: Numbers, size: int) -> Numbers:
    """The numbers from 0 on, where ``like`` is."""
    return np.arange(size) if _is_array(like) else _library(like).arange(size, device=like.device)


def one_hot(index: Numbers, size: int) -> Numbers:
    """One-hot rows of integers; a number outside ``0 .. size - 1`` (such as "unknown") gives a row of zeros."""
    return floats(index[..., None] == _count(index, size))


class ConditionInputs:
    """Conditions -> those inputs of the time axis that depend on no frame.

    Parameters
    ----------
    config
        Which inputs there are.
    positions
        Where each note stands in the note range, shape ``(n, 1)``; by default as :func:`~.input_layout.note_positions`.

    Attributes
    ----------
    slices
        Name of every group of inputs of the time axis and where it stands on the last axis.
    of_steps_names
        Names of the groups that are the same for all notes of a step.
    """

    def __init__(self, config: FeatureConfig, positions: NDArray[np.float32] | None = None) -> None:
        self.config = config
        self._positions = note_positions(config.num_notes) if positions is None else positions
        self.slices, _ = time_layout(config)
        self.of_steps_names = tuple(name for name in OF_STEPS if name in self.slices)

    def of_steps(self, conditions: Numbers) -> dict[str, Numbers]:
        """The inputs that are the same for all notes of a step, by name.

        Parameters
        ----------
        conditions
            Conditions of each step, integers, shape ``(b, t, c)``.

        Returns
        -------
        Each of shape ``(b, t, f)``.
        """
        compute = {
            "metre": self._metre,
            "clock": self._clock,
            "form": self._form,
            "plan": self._plan,
            "beat": self._beat,
        }
        return {name: floats(compute[name](conditions)) for name in self.of_steps_names}

    def keys(self, conditions: Numbers) -> dict[str, Numbers]:
        """Each note as seen from the tonic, and from that of the phrase, shape ``(b, t, n, 24)``, by name."""
        columns = {
            "key": (Condition.TONIC, Condition.MODE),
            "phrase_key": (Condition.PHRASE_TONIC, Condition.PHRASE_MODE),
        }
        return {name: self._key(conditions, *columns[name]) for name in columns if name in self.slices}

    def of_notes(self, conditions: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """The inputs that each note has of itself and of the key, by name; arrays of shape ``(b, t, n, f)``."""
        (b, t, _), n = conditions.shape, self.config.num_notes
        pitches = np.arange(n) + self.config.low_pitch
        own = {"position": self._positions, "pitch_class": one_hot(pitches % 12, 12)}
        return {name: np.broadcast_to(part, (b, t, *part.shape)) for name, part in own.items()} | self.keys(conditions)

    def _key(self, conditions: Numbers, of_tonic: Condition, in_mode: Condition) -> Numbers:
        tonic, mode = _whole(conditions[..., of_tonic]), _whole(conditions[..., in_mode])
        pitches = _count(tonic, self.config.num_notes) + self.config.low_pitch
        known = (tonic >= 0)[..., None]
        degree = one_hot(_library(tonic).where(known, (pitches - tonic[..., None]) % 12, UNKNOWN), 12)  # b t n d
        of_mode = (mode[..., None] == _count(mode, 2)) | (mode == UNKNOWN)[..., None]  # b t m
        by_mode = degree[..., None, :] * of_mode[:, :, None, :, None]
        return by_mode.reshape(*by_mode.shape[:-2], 24)

    def _metre(self, conditions: Numbers) -> Numbers:
        step, bar = _whole(conditions[..., Condition.STEP_IN_BAR]), _whole(conditions[..., Condition.BAR_STEPS])
        known, where = step >= 0, _library(step).where
        if self.config.metre == "bits":
            since = _whole(conditions[..., Condition.SINCE_START])
            count = where(known, step, since)  # without bars Johnson's count begins with the piece
            bits = (count[..., None] >> _count(count, 4)) & 1
            return (2 * bits - 1) * (count >= 0)[..., None]
        per_quarter = self.config.steps_per_quarter
        beat, left = step // per_quarter, (bar - 1 - step) // per_quarter
        on_beat = step % per_quarter == 0
        half = (2 * step == bar) & on_beat
        strength = where(step == 0, 1.0, where(half, 0.5, where(on_beat, 0.25, 0.0)))
        return _joined(
            one_hot(where(known, step % per_quarter, UNKNOWN), per_quarter),
            one_hot(where(known, beat.clip(max=BEATS - 1), UNKNOWN), BEATS),
            one_hot(where(known, left.clip(max=BEATS - 1), UNKNOWN), BEATS),
            strength * known,
            known,
        )

    def _clock(self, conditions: Numbers) -> Numbers:
        since = _whole(conditions[..., Condition.SINCE_START])
        per_quarter = self.config.steps_per_quarter
        quarter = since // per_quarter
        return _joined(
            one_hot(since % per_quarter, per_quarter),
            *(one_hot(quarter % period, period) for period in CLOCK),
            one_hot(quarter // CLOCK[0] % CLOCK_BARS, CLOCK_BARS),
            since == 0,
            (quarter / _FAR_QUARTERS).clip(0, 2),
        )

    def _plan(self, conditions: Numbers) -> Numbers:
        last = _whole(conditions[..., Condition.LAST_STEPS])
        reached, known = sum(_whole(last >= bound) for bound in LAST_BOUNDS), last >= 0
        return _joined(
            one_hot(conditions[..., Condition.CADENCE], len(CADENCE_NAMES)),
            one_hot(_library(last).where(known, reached, UNKNOWN), len(LAST_BOUNDS) + 1),
            one_hot(conditions[..., Condition.RETURNS], 3),
            known,
        )

    def _beat(self, conditions: Numbers) -> Numbers:
        step, beat = _whole(conditions[..., Condition.STEP_IN_BAR]), _whole(conditions[..., Condition.BEAT_STEPS])
        known, length = beat > 0, beat.clip(min=1)
        place, dotted = step % length, known & (beat % 3 == 0)
        sixth = place * BEAT_PLACES // length
        return _joined(one_hot(_library(step).where(dotted, sixth, UNKNOWN), BEAT_PLACES), dotted, known & (place == 0))

    def _form(self, conditions: Numbers) -> Numbers:
        to_end, to_fermata = conditions[..., Condition.TO_END], conditions[..., Condition.TO_FERMATA]
        since = conditions[..., Condition.SINCE_FERMATA]

        def scaled(steps: Numbers) -> Numbers:
            return (floats(steps) / self.config.steps_per_quarter / _FAR_QUARTERS).clip(0, 1)

        return _joined(
            conditions[..., Condition.FIRST],
            to_end >= 0,
            one_hot(to_end, COUNTDOWN_STEPS),
            scaled(to_end),
            to_fermata >= 0,
            one_hot(to_fermata, PHRASE_STEPS),
            scaled(to_fermata),
            one_hot(since - 1, SINCE_STEPS),
            scaled(since),
        )


def _joined(*parts: Numbers) -> Numbers:
    """Inputs of steps on one axis: rows, or single numbers for each step, which have an axis less."""
    rank = max(part.ndim for part in parts)
    rows = [floats(part if part.ndim == rank else part[..., None]) for part in parts]
    return _library(rows[0]).concatenate(rows, axis=-1)
