"""A biaxial LSTM that writes and judges four-part polyphony: one recurrence over time, one over notes.

Importing it is cheap: the network and its libraries are loaded with the first model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature

if TYPE_CHECKING:
    from biaxial.sampling.voice_leading_weights import VoiceLeading
    from biaxial.tasks.drawing.sampling_options import SamplingOptions
    from biaxial.tasks.drawing.stream import Bar
    from biaxial.tasks.explanation import Explanation
    from biaxial.tasks.harmonised_tunes import harmonised_tunes
    from biaxial.tasks.model import Model, load
    from biaxial.tasks.piece import LogLikelihood, Piece
    from biaxial.tasks.plans.harmonisation import Forbidden
    from biaxial.tasks.token_model import EventDrawing, EventModel, load_events

__version__ = VERSION
__all__ = [
    "Bar",
    "ChordSymbol",
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
    "SamplingOptions",
    "Score",
    "Syllable",
    "TimeSignature",
    "VoiceLeading",
    "harmonised_tunes",
    "load",
    "load_events",
]

_LAZY = {
    "Bar": "biaxial.tasks.drawing.stream",
    "Explanation": "biaxial.tasks.explanation",
    "EventDrawing": "biaxial.tasks.token_model",
    "EventModel": "biaxial.tasks.token_model",
    "Forbidden": "biaxial.tasks.plans.harmonisation",
    "LogLikelihood": "biaxial.tasks.piece",
    "Model": "biaxial.tasks.model",
    "Piece": "biaxial.tasks.piece",
    "SamplingOptions": "biaxial.tasks.drawing.sampling_options",
    "VoiceLeading": "biaxial.sampling.voice_leading_weights",
    "harmonised_tunes": "biaxial.tasks.harmonised_tunes",
    "load": "biaxial.tasks.model",
    "load_events": "biaxial.tasks.token_model",
}


def __getattr__(name: str) -> Any:
    if name == "Drawing":
        import warnings

        warnings.warn("biaxial.Drawing is now called biaxial.SamplingOptions", FutureWarning, stacklevel=2)
        name = "SamplingOptions"
    if name not in _LAZY:
        raise AttributeError(f"module 'biaxial' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
