"""A new piece from two models: one writes a tune, the other one the voices below it.

The tune lies in the range of the soprano and ends on its tonic, so that the piece can end with a chord on it. Where it
states its phrase ends they are the fermatas of the piece, which the other model hears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from biaxial.music.constants import VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, TimeSignature
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.token_model import DEFAULT_TEMPO_BPM, TokenModel
from biaxial.tokens.token_stepper import TokenOptions


def harmonised_tunes(
    model: Model,
    tunes: TokenModel,
    num_outputs: int,
    events: int | None = None,
    *,
    key: Key | str | None = None,
    time_signature: TimeSignature | str | None = None,
    tempo_bpm: float | None = None,
    seed: int = 0,
    tune_drawing: TokenOptions | None = None,
    drawing: SamplingOptions | None = None,
    progress: Progress | None = None,
) -> Iterator[Piece]:
    """Compose tunes and harmonise each; pieces come as they are finished.

    Parameters
    ----------
    model
        Writes the lower voices.
    tunes
        A ``melody`` model, which writes the tunes.
    num_outputs, events, key, time_signature
        As for :meth:`~biaxial.tasks.token_model.TokenModel.plan_composition`.
    tempo_bpm
        Quarter notes a minute.
    seed
        Piece ``i`` is the one that ``seed + i`` gives alone: its tune is the one that ``tunes``
        writes with that seed within the range of the soprano.
    tune_drawing, drawing
        How the tune and how the other voices are drawn.
    progress
        Called with the number of frames drawn since its last call.

    Raises
    ------
    InputError, ValueError
        If a value cannot be used.
    """
    if tunes.config.kind != "melody":
        raise InputError(f"{tunes.name} is a {tunes.config.kind} model; tunes are written by melody weights")
    for number in range(seed, seed + num_outputs):
        tune = tunes.compose(
            events,
            key=key,
            time_signature=time_signature,
            tempo_bpm=tempo_bpm or DEFAULT_TEMPO_BPM,
            pitch_range=VOICE_RANGES[0],
            seed=number,
            drawing=tune_drawing,
        )
        piece = model.harmonise(tune.score, voice="soprano", seed=number, drawing=drawing, progress=progress)
        yield replace(
            piece,
            score=replace(piece.score, title=f"Chorale on tune {number}"),
            model=f"{tunes.name} + {piece.model}",
            remarks=(*tune.remarks, *piece.remarks),
        )
