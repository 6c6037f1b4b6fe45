"""A network as its config and its weights in arrays: all that drawing on the CPU needs, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from biaxial.features.config import Order
from biaxial.features.input_layout import context_layout, note_layout, time_layout, width_of_conditions
from biaxial.models.config import ModelConfig
from biaxial.music.performance.dynamics import LEVELS

IMPOSSIBLE: Final = -1e9
"""Logit of an outcome that cannot be; its probability is exactly zero."""

LEVEL_UNITS: Final = 64
"""Units of the hidden layer that says how loud notes are."""
LEVELS_HEARD: Final = 4
"""Levels that one level depends on (:class:`biaxial.models.dynamics_head.Heard`)."""

Config = TypeVar("Config")
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class NetworkArrays(Generic[Config]):
    """A network of any kind, in evaluation mode.

    Attributes
    ----------
    config
        Its config.
    weights
        Its parameters by their names in the network, float32.
    positions
        Where each note stands in the note range, shape ``(n, 1)``, of a network over a part of its own range.
    """

    config: Config
    weights: Mapping[str, NDArray[np.float32]]
    positions: NDArray[np.float32] | None = None


def arrays_of(network: Any) -> NetworkArrays[Any]:
    """The arrays of a network of PyTorch, of any kind: a copy of its weights."""
    weights = {name: tensor.detach().cpu().float().numpy().copy() for name, tensor in network.state_dict().items()}
    features = getattr(network, "time_features", None)
    return NetworkArrays(network.config, weights, None if features is None else features.pitch.cpu().float().numpy())


def settled(arrays: NetworkArrays[ModelConfig], shares: Sequence[float]) -> NetworkArrays[ModelConfig]:
    """A network without styles that says what this one says in one style (:meth:`.BiaxialLSTM.in_style`).

    Parameters
    ----------
    arrays
        The network, which has styles.
    shares
        The share of each style; all zero for none.
    """
    weights = {name: array for name, array in arrays.weights.items() if "style" not in name}
    if any(shares):
        told = arrays.weights["styles.weight"] @ np.array(shares, np.float32).astype(np.float64)
        for name, into in arrays.weights.items():
            if ".layers." in name and name.endswith("weight_ih_l0"):
                bias = name.replace("weight_ih", "bias_ih")
                added = into @ np.tanh(arrays.weights[_of_style(name)] @ told)  # in float64, as everything here
                weights[bias] = (weights[bias] + added).astype(np.float32)
    return NetworkArrays(replace(arrays.config, styles=()), weights, arrays.positions)


def _of_style(weights_of_layer: str) -> str:
    """The name of the projection that adds a style to the input of a layer, given that of the layer's weights."""
    return weights_of_layer.replace(".layers.", ".of_style.").replace(".weight_ih_l0", ".weight")


def orders_of(config: ModelConfig) -> tuple[Order, ...]:
    """Directions of the walks."""
    return ("high-to-low", "low-to-high") if config.order == "both" else (config.order,)


def lstm_shapes(name: str, width: int, hidden: int) -> Shapes:
    """Names and shapes of the parameters of an LSTM layer."""
    gates = 4 * hidden
    return {
        f"{name}.weight_ih_l0": (gates, width),
        f"{name}.weight_hh_l0": (gates, hidden),
        f"{name}.bias_ih_l0": (gates,),
        f"{name}.bias_hh_l0": (gates,),
    }


def stack_shapes(name: str, width: int, hidden: tuple[int, ...]) -> Shapes:
    """Names and shapes of the parameters of a stack of LSTM layers."""
    found: Shapes = {}
    for index, (below, size) in enumerate(zip((width, *hidden[:-1]), hidden, strict=True)):
        found |= lstm_shapes(f"{name}.layers.{index}", below, size)
    return found


def parameter_shapes(config: ModelConfig) -> Shapes:
    """Names and shapes of all parameters of a :class:`~biaxial.models.biaxial.BiaxialLSTM`."""
    _, width = time_layout(config)
    heard, last = config.time_hidden[-1], config.note_hidden[-1]
    found = stack_shapes("time_axis", width, config.time_hidden)
    seen = heard + note_layout(config)[1]
    for walk in range(len(orders_of(config))):
        found |= stack_shapes(f"walks.{walk}.axis", seen, config.note_hidden)
        outcomes = len(config.alphabet)
        found[f"walks.{walk}.head.weight"] = outcomes, last + (seen if config.head_sees_inputs else 0)
        found[f"walks.{walk}.head.bias"] = (outcomes,)
    if hidden := config.context_hidden:
        read = context_layout(config)[1] + width_of_conditions(config)
        for way in ("forwards", "backwards"):
            found |= lstm_shapes(f"context.{way}", read, hidden)
        found["context.into_inputs.weight"] = width, 2 * hidden
        found["context.into_output.weight"] = heard, 2 * hidden
    if config.styles:
        found["styles.weight"] = config.style_hidden, len(config.styles)
        layers = [name for name in found if ".layers." in name and name.endswith("weight_ih_l0")]
        found |= {_of_style(name): (found[name][1], config.style_hidden) for name in layers}
    if config.dynamics:
        levels = len(LEVELS)
        read = heard + config.num_voices + LEVELS_HEARD * (levels + 1)
        found |= {"dynamics.hidden.weight": (LEVEL_UNITS, read), "dynamics.hidden.bias": (LEVEL_UNITS,)}
        found |= {"dynamics.out.weight": (levels, LEVEL_UNITS), "dynamics.out.bias": (levels,)}
    return found
