"""Weights for users: one ``safetensors`` file with everything that is needed to use them, and no pickle.

The header says ``format: pt``, as other programs expect of PyTorch's weights, and under which ``license`` they are. Its
``biaxial`` entry is a JSON object: ``format``, ``config`` (all fields of the model's config; only that of a token LSTM
has a ``kind``), and ``made``: the history of the weights (corpus checksum, splits, validation nats, versions). Weights
may be stored as float16. Some weights ship with the package and have a name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from biaxial.files.atomic import atomic_write
from biaxial.files.weights_file import header_of, not_whole, other_kind
from biaxial.models.config import ModelConfig
from biaxial.models.network_arrays import NetworkArrays, parameter_shapes
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import read_instruments
from biaxial.music.score import Key
from biaxial.music.style import mixture_of, shares_of
from biaxial.sampling.charges import FAULTS
from biaxial.tokens.any_config import AnyConfig, any_config
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.token_shapes import token_shapes

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.tokens.network import Network

FORMAT = 1
LICENCE_UNKNOWN = "unknown"
"""What the header says of weights whose history has no ``licence``."""
_TYPES = {"F16": "<f2", "BF16": "<u2", "F32": "<f4"}


def save_weights(path: Path, model: Network, history: dict[str, Any], dtype: torch.dtype | None = None) -> None:
    """Write a model.

    Parameters
    ----------
    path
        Name of the file; it appears whole or not at all.
    model
        The network.
    history
        How it came to be: plain values that JSON can hold; ``licence`` among them goes into the header too.
    dtype
        Precision of the stored weights, float32 by default.
    """
    import safetensors.torch
    import torch

    dtype = dtype or torch.float32
    header = {"format": FORMAT, "config": asdict(model.config), "made": history}
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in model.state_dict().items()}
    licence = str(history.get("licence", LICENCE_UNKNOWN))
    metadata = {"format": "pt", "license": licence.lower(), "biaxial": json.dumps(header)}
    atomic_write(path, _in_order(safetensors.torch.save(tensors, metadata)))


def _in_order(data: bytes) -> bytes:
    """A safetensors file with its metadata sorted: the library writes them in another order each time."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]


def load_weights(path: Path) -> tuple[BiaxialLSTM, dict[str, Any]]:
    """Read a biaxial model, ready for drawing and scoring (in evaluation mode, float32, on the CPU).

    Returns
    -------
    The network, and how it came to be.

    Raises
    ------
    InputError
        If the file is missing, damaged, not a safetensors file, not one of ours, or holds a model of another kind.
    """
    from biaxial.models.biaxial import BiaxialLSTM

    network, history = load_network(path)
    if not isinstance(network, BiaxialLSTM):
        raise other_kind(path, network.config.kind)
    return network, history


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """Read a model of any kind, as :func:`load_weights`."""
    arrays, history = read_weights(path)
    return network_of(arrays), history


def network_of(arrays: NetworkArrays[Any]) -> Any:
    """The network that arrays are, in evaluation mode on the CPU: a biaxial or a token LSTM, as their config says."""
    import torch

    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.tokens.network import SequenceLSTM

    config = arrays.config
    network: Network = SequenceLSTM(config) if isinstance(config, SequenceConfig) else BiaxialLSTM(config)
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.weights.items()})
    return network.eval()


def read_weights(path: Path) -> tuple[NetworkArrays[Any], dict[str, Any]]:
    """Read a model of any kind as arrays, without PyTorch, and how it came to be; errors as of :func:`load_weights`."""
    if not path.is_file():
        raise InputError(f"{path}: no such weights; give a .safetensors file made by biaxial-train")
    try:
        metadata = header_of(path).get("__metadata__", {})
        stored = safetensors.deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
        names = [name for name, _ in stored]
        weights = {_today(name, names): _array(name, parts) for name, parts in stored}
    except (safetensors.SafetensorError, OSError, ValueError, RecursionError) as error:
        raise not_whole(path, error) from error
    if "biaxial" not in metadata:
        raise InputError(f"{path}: these weights are not a biaxial model; give a file made by biaxial-train")
    try:
        header = json.loads(metadata["biaxial"])
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']} is not {FORMAT}")
        config = any_config(header["config"])
        _check_shapes(config, weights)
        history = header["made"]
        _check_history(history)
        if isinstance(config, ModelConfig):
            shares_of(mixture_of(history.get("style")), config.styles)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{path}: weights of another version ({reason}); make them again with biaxial-train"
        ) from error
    return NetworkArrays(config, weights), history


def _array(name: str, parts: dict[str, Any]) -> NDArray[np.float32]:
    """A stored tensor in float32.

    Raises
    ------
    ValueError
        If its numbers are of another kind, or not all finite.
    """
    if (kind := parts["dtype"]) not in _TYPES:
        raise ValueError(f"{name} holds {kind} and not one of {', '.join(_TYPES)}")
    numbers: NDArray[Any] = np.frombuffer(parts["data"], _TYPES[kind]).reshape(parts["shape"])
    if kind == "BF16":  # the first half of a float32
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    return np.array(numbers, dtype=np.float32)


def _check_shapes(config: AnyConfig, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Compare the sizes of a config with the arrays.

    Raises
    ------
    ValueError
        If an array is missing, has another shape, or is one too many.
    """
    shapes = parameter_shapes(config) if isinstance(config, ModelConfig) else token_shapes(config)
    for name, shape in shapes.items():
        if name not in weights or weights[name].shape != shape:
            raise ValueError(f"there is no {name} of the shape {shape} that its config says")
    if strange := weights.keys() - shapes.keys():
        raise ValueError(f"{min(strange)} belongs to no layer of its config")


def _check_history(history: object) -> None:
    """Look at what drawing takes from the history of the weights.

    Raises
    ------
    ValueError
        If it is not a history, or a value in it has a wrong type.
    """
    if not isinstance(history, dict):
        raise ValueError("made is not an object")
    rows, of_styles = history.get("density_biases", []), history.get("style_keys", {})
    if not isinstance(of_styles, dict):
        raise ValueError("made.style_keys are not keys by the names of styles")
    for keys in (history.get("keys", {}), *of_styles.values()):
        if not isinstance(keys, dict) or not all(_is_number(count) and count > 0 for count in keys.values()):
            raise ValueError("made.keys are not numbers of pieces in each key")
        for name in keys:
            Key.from_name(name)
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) == 3 and all(map(_is_number, row)) for row in rows
    ):
        raise ValueError("made.density_biases are not rows of three numbers")
    densities = history.get("style_density", {})
    if not isinstance(densities, dict) or not all(map(_is_number, (history.get("density", 0.0), *densities.values()))):
        raise ValueError("made.density is not a number")
    instruments = history.get("instruments", "")
    if not isinstance(instruments, str) or (instruments and not read_instruments(instruments)):
        raise ValueError("made.instruments are not a text")
    charges = history.get("charges", {})
    if not isinstance(charges, dict) or not all(_is_number(price) and price >= 0 for price in charges.values()):
        raise ValueError("made.charges are not numbers of nats, 0 or more, by their names")
    if unknown := charges.keys() - set(FAULTS):
        raise ValueError(f"made.charges name {min(unknown)!r}, which is not a fault")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)


def start_with(model: Network, path: Path) -> None:
    """Give a new network the weights of a file.

    A context encoder, styles and dynamics that the file lacks stay as they are: they begin with telling nothing. Of
    styles that both know, what stands for them is taken over.

    Raises
    ------
    InputError
        As :func:`load_weights`, and if the two configs differ in anything that weights depend on.
    """
    from biaxial.models.biaxial import BiaxialLSTM

    old, _ = load_network(path)
    if type(old) is not type(model):
        raise InputError(f"{path}: holds a model of another kind; give weights of the kind that is trained")
    ours, theirs = asdict(model.config), asdict(old.config)
    free = {"dropout", "styles"}
    found = old.state_dict()
    if isinstance(model, BiaxialLSTM) and isinstance(old, BiaxialLSTM):
        free |= set() if old.context else {"context_hidden"}
        free |= set() if old.dynamics else {"dynamics"}
        free |= set() if old.config.styles else {"style_hidden"}
        if old.config.styles and not model.config.styles:
            known = ", ".join(old.config.styles)
            raise InputError(f"{path}: knows the styles {known}; give --styles with the names to go on with")
        found = {name: tensor for name, tensor in found.items() if name != "styles.weight"} | _styles(model, old)
    for name, value in ours.items():
        if name not in free and value != theirs[name]:
            raise InputError(f"{path}: {name} is {theirs[name]} there and {value} here; set it alike to go on from it")
    model.load_state_dict(model.state_dict() | found)


def _styles(model: BiaxialLSTM, old: BiaxialLSTM) -> dict[str, Tensor]:
    """What stands for each style of a network, taken from another one where that knows it too."""
    if model.styles is None:
        return {}
    weight = model.styles.weight.detach().clone()
    for column, name in enumerate(model.config.styles):
        if old.styles is not None and name in old.config.styles:
            weight[:, column] = old.styles.weight[:, old.config.styles.index(name)].detach()
    return {"styles.weight": weight}


def _today(name: str, names: Collection[str]) -> str:
    """The name of a tensor that was stored when there was one walk only."""
    if "stack.layers.0.weight_hh_l0" in names:
        return name
    if name.startswith("head."):
        return f"walks.0.{name}"
    return name.replace("note_axis.", "walks.0.axis.", 1)
