"""Where weights lie, and what the header of their file says, without the network: PyTorch is not imported here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from biaxial.files.assets import ASSETS
from biaxial.music.errors import InputError

DEFAULT = "chorales-v3"
"""The shipped weights that every command uses unless it is told otherwise."""
MAX_WEIGHTS_BYTES: Final = 256 << 20
"""Most bytes of a file; the shipped weights have 2.5 million. In memory they may take four times as much."""
MAX_HEADER_BYTES: Final = 1 << 20
"""Most bytes of its header; ours have 5,000."""


def pretrained_path(name: str = DEFAULT) -> Path:
    """Where the shipped weights of a name lie."""
    return ASSETS / f"{name}.safetensors"


def weights_path(name: str | Path) -> Path:
    """Where weights lie: the file of that name if it ends in ``.safetensors``, else those that ship under the name."""
    path = Path(name)
    return path if path.suffix or path.exists() else pretrained_path(str(name))


def check_weights(path: Path) -> None:
    """Refuse weights that are not there, or not whole as far as their header says.

    Raises
    ------
    InputError
        In one line that names the file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such weights; give a .safetensors file made by biaxial-train")
    try:
        header_of(path)
    except (OSError, ValueError, RecursionError) as error:
        raise not_whole(path, error) from error


def not_whole(path: Path, error: Exception) -> InputError:
    """What to say of a file that cannot be read."""
    reason = " ".join(str(error).split())[:160]
    return InputError(f"{path}: not a whole safetensors file ({reason}); get or make the weights again")


def weights_kind(path: Path) -> str:
    """``"biaxial"``, ``"melody"`` or ``"chord"``, as the header of a file says; ``"biaxial"`` where it says nothing."""
    return str(config_in_header(path).get("kind", "biaxial"))


def config_in_header(path: Path) -> dict[str, Any]:
    """The config of the network as plain values; empty where the header has none that can be read."""
    try:
        config = json.loads(header_of(path)["__metadata__"]["biaxial"])["config"]
        return dict(config)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}  # whoever loads it will say what is wrong


def check_kind(path: Path, *, biaxial: bool) -> None:
    """Refuse weights of the other kind.

    Raises
    ------
    InputError
        If the header says that they are.
    """
    kind = weights_kind(path)
    if (kind == "biaxial") != biaxial:
        raise other_kind(path, kind)


def other_kind(path: Path | str, kind: str) -> InputError:
    """What to say where weights are of a kind that cannot be used."""
    if kind == "biaxial":
        return InputError(f"{path}: holds a biaxial model; give melody or chord weights")
    return InputError(
        f"{path}: holds a {kind} model, which can compose and be evaluated; for all else give the weights of a biaxial "
        "one"
    )


def check_sizes(path: Path) -> int:
    """The size of the header; what is too large is refused before anything of it is read.

    Raises
    ------
    ValueError
        If the file or its header is.
    """
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
    if header_size > MAX_HEADER_BYTES or path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise ValueError(f"at most {MAX_WEIGHTS_BYTES} bytes and a header of {MAX_HEADER_BYTES} are read")
    return header_size


def header_of(path: Path) -> dict[str, Any]:
    """The header of a file, which is JSON.

    Raises
    ------
    ValueError, RecursionError
        If it is too large or damaged.
    """
    size = check_sizes(path)
    with path.open("rb") as file:
        header = json.loads(file.read(8 + size)[8:])
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    return header
