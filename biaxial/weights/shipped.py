"""The weights that ship with the package."""

from __future__ import annotations

from pathlib import Path

from biaxial.files.assets import ASSETS

DEFAULT = "chorales-v2"


def pretrained_path(name: str = DEFAULT) -> Path:
    """Where the shipped weights of a name lie."""
    return ASSETS / f"{name}.safetensors"


def weights_path(name: str | Path) -> Path:
    """Where weights lie: the file of that name if it ends in ``.safetensors``, else those that ship under the name."""
    path = Path(name)
    return path if path.suffix or path.exists() else pretrained_path(str(name))
