"""The weights that ship with the package."""

from __future__ import annotations

from pathlib import Path

DEFAULT = "chorales-v2"


def pretrained_path(name: str = DEFAULT) -> Path:
    """Where the shipped weights of a name lie."""
    return Path(__file__).parent.parent / "assets" / f"{name}.safetensors"
