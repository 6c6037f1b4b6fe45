"""A biaxial LSTM that writes and judges four-part polyphony: one recurrence over time, one over notes.

Importing it is cheap: the network and its libraries are loaded with the first model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from biaxial.constants import VERSION
from biaxial.errors import InputError
from biaxial.score import Grid, Key, Note, Score, TimeSignature

if TYPE_CHECKING:
    from biaxial.tasks.compose import Drawing
    from biaxial.tasks.model import Model, load
    from biaxial.tasks.piece import LogLikelihood, Piece

__version__ = VERSION
__all__ = [
    "Drawing",
    "Grid",
    "InputError",
    "Key",
    "LogLikelihood",
    "Model",
    "Note",
    "Piece",
    "Score",
    "TimeSignature",
    "load",
]

_LAZY = {
    "Drawing": "biaxial.tasks.compose",
    "LogLikelihood": "biaxial.tasks.piece",
    "Model": "biaxial.tasks.model",
    "Piece": "biaxial.tasks.piece",
    "load": "biaxial.tasks.model",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'biaxial' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
