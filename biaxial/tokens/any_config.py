"""Configs of networks of any kind, and other dataclasses, from the plain values that JSON gives back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from biaxial.files.json_value import shown
from biaxial.models.config import ModelConfig
from biaxial.music.grid import Grid
from biaxial.tokens.config import SequenceConfig

AnyConfig = ModelConfig | SequenceConfig
_T = TypeVar("_T")


def config_from_dict(values: dict[str, Any]) -> ModelConfig:
    """A biaxial config from the plain values of :func:`dataclasses.asdict`, as JSON gives them back.

    Raises
    ------
    ValueError
        If a field is unknown, or a value impossible.
    """
    config = any_config(values)
    if not isinstance(config, ModelConfig):
        raise ValueError(f"the config is that of a {config.kind} model")
    return config


def any_config(values: dict[str, Any]) -> AnyConfig:
    """A config of any kind, as :func:`config_from_dict`."""
    if not isinstance(values, dict):
        raise ValueError("the config is not an object")
    config: AnyConfig = made_of(SequenceConfig, values) if "kind" in values else made_of(ModelConfig, values)
    Grid(config.steps_per_quarter)
    return config


def made_of(cls: type[_T], values: object) -> _T:
    """A dataclass from plain values.

    Raises
    ------
    ValueError
        If they are not an object, a field is unknown or of another kind, or a value impossible.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{shown(values)} is not an object")
    types = get_type_hints(cls)
    if unknown := set(values) - {field.name for field in fields(cls)}:  # type: ignore[arg-type]
        raise ValueError(f"unknown field {min(unknown)!r}")
    fitting: dict[str, Any] = {key: _tuples(value) for key, value in values.items()}
    for name, value in fitting.items():
        if not _fits(value, types[name]):
            raise ValueError(f"{name} has a value of another kind, {shown(values[name])}")
    return cls(**fitting)


def _tuples(value: object, depth: int = 2) -> object:
    """Lists, and lists in lists, as tuples."""
    return tuple(_tuples(item, depth - 1) for item in value) if isinstance(value, list) and depth else value


def _fits(value: object, kind: Any) -> bool:
    """Whether a value is of the kind of a field of the config."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(item, get_args(kind)[0]) for item in value)
    return type(value) is kind or (kind is float and type(value) is int)
