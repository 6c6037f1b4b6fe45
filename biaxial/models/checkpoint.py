"""Weights for users: one ``safetensors`` file with everything that is needed to use them, and no pickle.

The header's ``biaxial`` entry is a JSON object: ``format``, ``config`` (all fields of the model's config), and
``made``: how the weights came to be (corpus checksum, splits, validation nats, versions). Weights may be stored as
float16.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from biaxial.errors import InputError
from biaxial.io.files import atomic_write
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import ModelConfig

FORMAT = 1


def save_weights(path: Path, model: BiaxialLSTM, made: dict[str, Any], dtype: torch.dtype = torch.float32) -> None:
    """Write a model.

    Parameters
    ----------
    path
        Name of the file; it appears whole or not at all.
    model
        The network.
    made
        How it came to be: plain values that JSON can hold.
    dtype
        Precision of the stored weights.
    """
    header = {"format": FORMAT, "config": asdict(model.config), "made": made}
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in model.state_dict().items()}
    atomic_write(path, safetensors.torch.save(tensors, {"biaxial": json.dumps(header)}))


def load_weights(path: Path) -> tuple[BiaxialLSTM, dict[str, Any]]:
    """Read a model, ready for drawing and scoring (in evaluation mode, float32, on the CPU).

    Returns
    -------
    The network, and how it came to be.

    Raises
    ------
    InputError
        If the file is missing, damaged, not a safetensors file or not one of ours.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such weights; give a .safetensors file made by biaxial-train")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {_today(name): file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a whole safetensors file ({reason}); get or make the weights again") from error
    if "biaxial" not in metadata:
        raise InputError(f"{path}: these weights are not a biaxial model; give a file made by biaxial-train")
    try:
        header = json.loads(metadata["biaxial"])
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']} is not {FORMAT}")
        model = BiaxialLSTM(config_from_dict(header["config"]))
        model.load_state_dict(tensors)
        made = header["made"]
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: weights of another version ({reason}); make them again with biaxial-train"
        ) from error
    return model.eval(), made


def start_with(model: BiaxialLSTM, path: Path) -> None:
    """Give a new network the weights of a file; a context encoder that the file lacks stays as it is.

    Raises
    ------
    InputError
        As :func:`load_weights`, and if the two configs differ in anything that weights depend on.
    """
    old, _ = load_weights(path)
    ours, theirs = asdict(model.config), asdict(old.config)
    for name in ("dropout", "context_hidden") if old.context is None else ("dropout",):
        ours[name] = theirs[name]
    for name, value in ours.items():
        if value != theirs[name]:
            raise InputError(f"{path}: {name} is {theirs[name]} there and {value} here; set it alike to go on from it")
    model.load_state_dict(old.state_dict(), strict=old.context is not None)


def _today(name: str) -> str:
    """The name of a tensor that was stored when there was one walk only."""
    if name.startswith("head."):
        return f"walks.0.{name}"
    return name.replace("note_axis.", "walks.0.axis.", 1)


def config_from_dict(values: dict[str, Any]) -> ModelConfig:
    """A config from the plain values of :func:`dataclasses.asdict`, as JSON gives them back.

    Raises
    ------
    ValueError
        If a field is unknown, or a value impossible.
    """
    known = {field.name for field in fields(ModelConfig)}
    if unknown := set(values) - known:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    fitting: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return ModelConfig(**fitting)
