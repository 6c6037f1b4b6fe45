"""A biaxial LSTM that writes and judges four-part polyphony: one recurrence over time, one over notes.

Importing it is cheap: the network and its libraries are loaded with the first model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from biaxial.constants import VERSION
from biaxial.errors import InputError
from biaxial.grid import Grid
from biaxial.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature

if TYPE_CHECKING:
    from biaxial.sampling.charges import VoiceLeading
    from biaxial.tasks.drawing import Drawing
    from biaxial.tasks.events import EventDrawing, EventModel, load_events
    from biaxial.tasks.explain import Explanation
    from biaxial.tasks.harmonise import Forbidden
    from biaxial.tasks.model import Model, load
    from biaxial.tasks.piece import LogLikelihood, Piece
    from biaxial.tasks.stream import Bar
    from biaxial.tasks.tunes import harmonised_tunes

__version__ = VERSION
__all__ = [
    "Bar",
    "ChordSymbol",
    "Drawing",
    "EventDrawing",
    "EventModel",
    "Explanation",
    "Forbidden",
    "Grid",
    "InputError",
    "Key",
    "LogLikelihood",
    "Model",
    "Note",
    "Piece",
    "Score",
    "Syllable",
    "TimeSignature",
    "VoiceLeading",
    "harmonised_tunes",
    "load",
    "load_events",
]

_LAZY = {
    "Bar": "biaxial.tasks.stream",
    "Drawing": "biaxial.tasks.drawing",
    "Explanation": "biaxial.tasks.explain",
    "EventDrawing": "biaxial.tasks.events",
    "EventModel": "biaxial.tasks.events",
    "Forbidden": "biaxial.tasks.harmonise",
    "LogLikelihood": "biaxial.tasks.piece",
    "Model": "biaxial.tasks.model",
    "Piece": "biaxial.tasks.piece",
    "VoiceLeading": "biaxial.sampling.charges",
    "harmonised_tunes": "biaxial.tasks.tunes",
    "load": "biaxial.tasks.model",
    "load_events": "biaxial.tasks.events",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'biaxial' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
