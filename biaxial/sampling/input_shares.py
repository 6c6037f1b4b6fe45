"""What conditions add to the gates of a layer that reads them: the first of the time axis, and those of the context.

What depends on the key is the same for many steps and is kept; what all notes of a step share is a sum of rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.features.input_layout import Slices
from biaxial.features.of_conditions import ConditionInputs
from biaxial.sampling.kernels.tables import Floats

KEYS = [Condition.TONIC, Condition.MODE, Condition.PHRASE_TONIC, Condition.PHRASE_MODE]
"""What the share of the notes depends on, in the order in which it is asked for."""


def of_all_steps(inputs: ConditionInputs, conditions: NDArray[np.int16]) -> Floats:
    """The inputs that all notes of a step share, shape ``(b, t, f)``, in the order of :attr:`InputShares.steps`."""
    return np.concatenate([*inputs.of_steps(conditions).values(), np.zeros((*conditions.shape[:2], 0), np.float32)], -1)


def keys_of(conditions: NDArray[np.int16]) -> list[list[list[int]]]:
    """Tonic and mode of the piece and of the phrase, :data:`KEYS`, of each step of each piece."""
    found: list[list[list[int]]] = conditions[..., KEYS].tolist()
    return found


class InputShares:
    """The share of conditions in the gates ``g`` of a layer.

    Parameters
    ----------
    inputs
        The inputs that conditions make.
    slices
        Where they stand among the inputs of the layer.
    weights, biases
        Of the layer, shape ``(f, g)`` and ``(g,)``.

    Attributes
    ----------
    steps
        Weights of the inputs that all notes of a step share, shape ``(f, g)``.
    """

    def __init__(self, inputs: ConditionInputs, slices: Slices, weights: Floats, biases: Floats) -> None:
        self._inputs, self._slices, self._weights, self._biases = inputs, slices, weights, biases
        self._of_key: dict[tuple[int, int], Floats] = {}
        self._of_phrase: dict[tuple[int, int], Floats] = {}
        self.steps = np.concatenate([*(weights[slices[name]] for name in inputs.of_steps_names), weights[:0]])

    def of_keys(self, keys: Sequence[int]) -> tuple[Floats, Floats]:
        """:meth:`of_notes` and :meth:`of_phrase`, given what :func:`keys_of` says of a step."""
        tonic, mode, phrase_tonic, phrase_mode = keys
        return self.of_notes(tonic, mode), self.of_phrase(phrase_tonic, phrase_mode)

    def of_notes(self, tonic: int, mode: int) -> Floats:
        """The share of pitch and key with the layer's biases, shape ``(n, g)``."""
        if (tonic, mode) not in self._of_key:
            parts = self._inputs.of_notes(_conditions({Condition.TONIC: tonic, Condition.MODE: mode}))
            parts.pop("phrase_key", None)
            self._of_key[tonic, mode] = sum((self._share(*part) for part in parts.items()), self._biases)
        return self._of_key[tonic, mode]

    def of_phrase(self, tonic: int, mode: int) -> Floats:
        """The share of the key that a phrase closes in, shape ``(n, g)``, or ``(0, g)`` where it makes none."""
        if (tonic, mode) not in self._of_phrase:
            conditions = _conditions({Condition.PHRASE_TONIC: tonic, Condition.PHRASE_MODE: mode})
            part = self._inputs.keys(conditions).get("phrase_key")
            share = self._weights[:0] if part is None or tonic < 0 else self._share("phrase_key", part)
            self._of_phrase[tonic, mode] = share
        return self._of_phrase[tonic, mode]

    def _share(self, name: str, part: Floats) -> Floats:
        """The share of a group of inputs of one step, shape ``(1, 1, n, f)``."""
        share: Floats = part[0, 0] @ self._weights[self._slices[name]]
        return share


def _conditions(columns: dict[Condition, int]) -> NDArray[np.int16]:
    """Conditions of one step of which only some are known, shape ``(1, 1, c)``."""
    conditions = np.full((1, 1, len(Condition)), UNKNOWN, np.int16)
    for column, value in columns.items():
        conditions[..., column] = value
    return conditions
