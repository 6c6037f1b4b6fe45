"""A biaxial LSTM that writes and judges four-part polyphony: one recurrence over time, one over notes.

Importing it is cheap: every name is imported when it is first used, the network and its libraries with the first model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from biaxial.music.constants import VERSION

if TYPE_CHECKING:
    from biaxial.formats.audio.audio_reader import read_audio
    from biaxial.music.errors import InputError
    from biaxial.music.grid import Grid
    from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature
    from biaxial.sampling.voice_leading_weights import VoiceLeading
    from biaxial.tasks.drawing.sampling_options import SamplingOptions
    from biaxial.tasks.drawing.stream import Bar
    from biaxial.tasks.explanation import Explanation
    from biaxial.tasks.harmonised_tunes import harmonised_tunes
    from biaxial.tasks.loading import load
    from biaxial.tasks.model import Model
    from biaxial.tasks.piece import LogLikelihood, Piece
    from biaxial.tasks.plans.harmonisation import Forbidden
    from biaxial.tasks.token_model import TokenModel
    from biaxial.tokens.token_stepper import TokenOptions

__version__ = VERSION
__all__ = [
    "Bar",
    "ChordSymbol",
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
    "TokenModel",
    "TokenOptions",
    "VoiceLeading",
    "harmonised_tunes",
    "load",
    "read_audio",
]

_LAZY = {
    **dict.fromkeys(("ChordSymbol", "Key", "Note", "Score", "Syllable", "TimeSignature"), "biaxial.music.score"),
    "InputError": "biaxial.music.errors",
    "Grid": "biaxial.music.grid",
    "Bar": "biaxial.tasks.drawing.stream",
    "Explanation": "biaxial.tasks.explanation",
    "Forbidden": "biaxial.tasks.plans.harmonisation",
    "LogLikelihood": "biaxial.tasks.piece",
    "Model": "biaxial.tasks.model",
    "Piece": "biaxial.tasks.piece",
    "SamplingOptions": "biaxial.tasks.drawing.sampling_options",
    "TokenModel": "biaxial.tasks.token_model",
    "TokenOptions": "biaxial.tokens.token_stepper",
    "VoiceLeading": "biaxial.sampling.voice_leading_weights",
    "harmonised_tunes": "biaxial.tasks.harmonised_tunes",
    "load": "biaxial.tasks.loading",
    "read_audio": "biaxial.formats.audio.audio_reader",
}
_RENAMED = {
    "Drawing": "SamplingOptions",
    "EventDrawing": "TokenOptions",
    "EventModel": "TokenModel",
    "load_events": "load",
}
"""Names of the version before, which go with the next one."""


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        import warnings

        warnings.warn(f"biaxial.{name} is now called biaxial.{_RENAMED[name]}", FutureWarning, stacklevel=2)
        name = _RENAMED[name]
    if name not in _LAZY:
        raise AttributeError(f"module 'biaxial' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
