"""A new piece from two models: one writes a tune, the other one the voices below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from biaxial.music.constants import VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Score, TimeSignature
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
from biaxial.tasks.model import Model
from biaxial.tasks.piece import Piece
from biaxial.tasks.token_model import DEFAULT_TEMPO_BPM, TokenModel
from biaxial.tokens.token_stepper import TokenOptions

SINGABLE: Final = VOICE_RANGES[0]
"""Range of the soprano, into which a tune is moved by octaves or, without a wished key, to the nearest that fits."""


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
        Piece ``i`` is the one that ``seed + i`` gives alone: its tune is the tune of that seed.
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
            seed=number,
            drawing=tune_drawing,
        )
        score = sung(tune.score, keeps_key=key is not None)
        piece = model.harmonise(score, voice="soprano", seed=number, drawing=drawing, progress=progress)
        yield replace(
            piece,
            score=replace(piece.score, title=f"Chorale on tune {number}"),
            model=f"{tunes.name} + {piece.model}",
            remarks=(*tune.remarks, *piece.remarks),
        )


def sung(score: Score, *, keeps_key: bool = False) -> Score:
    """A tune moved into the range of the soprano: by octaves, or, if that is not enough, by as little as fits.

    Parameters
    ----------
    score
        One line with at least one note.
    keeps_key
        Move it by octaves only, so that a tune with a wide range may leave the soprano's.
    """
    pitches = [note.pitch for note in score.notes]
    low, high = SINGABLE

    def outside(shift: int) -> int:
        return max(0, low - min(pitches) - shift) + max(0, max(pitches) + shift - high)

    octaves = sorted((-24, -12, 0, 12, 24), key=lambda shift: (outside(shift), abs(shift)))
    if keeps_key or outside(octaves[0]) == 0:
        return score.transposed(octaves[0])
    return score.transposed(min(range(-24, 25), key=lambda shift: (outside(shift), abs(shift))))
