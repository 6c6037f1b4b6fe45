"""``biaxial-compose`` with the weights of a token LSTM: tunes, notes and chords, and tunes that are then harmonised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from biaxial.cli.writing import WritingOptions, drawing_of, load_model, seed_of, write_pieces
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.render.files import Rendering
from biaxial.sampling.voice_leading_weights import VoiceLeading

if TYPE_CHECKING:
    from biaxial.cli.compose import ComposeOptions
    from biaxial.tasks.drawing.sampling_options import Progress
    from biaxial.tasks.piece import Piece
    from biaxial.tasks.token_model import EventDrawing, EventModel

_EXPECTED_EVENTS = 64
"""What a progress bar takes a tune to have that ends by itself."""


def is_event_weights(path: Path) -> bool:
    """Whether weights are those of a token LSTM."""
    from biaxial.weights.checkpoint import weights_kind
    from biaxial.weights.shipped import weights_path

    return weights_kind(weights_path(path)) != "biaxial"


def refuse_event_options(options: ComposeOptions) -> None:
    """Refuse what only the weights of a token LSTM can do.

    Raises
    ------
    InputError
        With the option.
    """
    given = {
        "events": options.events is not None,
        "nearest-chords": options.nearest_chords,
        "top-p": options.top_p < 1,
        "loops": options.loops,
    }
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise InputError(f"--{wrong[0]} is for melody and chord weights; leave it out")


def compose_events(
    options: ComposeOptions,
    writing: WritingOptions,
    leading: VoiceLeading,
    rendering: Rendering,
    paths: list[list[Path]],
    started: float,
) -> None:
    """Compose with melody or chord weights, write the files, and print what was written."""
    for name in ("bars", "phrases", "pickup", "form", "plan"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for chorales; give melody and chord weights --events, or let them end")
    for name in ("density", "min_voices", "max_voices", "ranges", "particles", "threads"):
        if getattr(writing, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} is for biaxial weights; leave it out")
    if writing.best_of > 1 or not options.cadence or writing.precision != "float32" or leading != VoiceLeading():
        raise InputError(
            "--best-of, --no-cadence, --precision and the weights of voice leading are for biaxial weights; "
            "leave them out"
        )
    primer = None if options.primer is None else read_score(options.primer)
    assert writing.checkpoint is not None
    model = _event_model(writing.checkpoint, writing.device)
    tempo = {} if options.tempo is None else {"tempo_bpm": options.tempo}
    write_pieces(
        writing,
        rendering,
        paths,
        started,
        writing.num_outputs * (options.events or _EXPECTED_EVENTS),
        lambda progress: model.compose_many(
            writing.num_outputs,
            options.events,
            key=options.key,
            time_signature=options.time_signature,
            primer=primer,
            nearest_chords=options.nearest_chords,
            seed=seed_of(writing),
            drawing=_event_drawing(options, writing),
            progress=progress,
            **tempo,
        ),
        unit=" events",
    )


def compose_on_tunes(
    options: ComposeOptions,
    writing: WritingOptions,
    leading: VoiceLeading,
    rendering: Rendering,
    paths: list[list[Path]],
    started: float,
) -> None:
    """Let one model write tunes and another one harmonise them, write the files, and print what was written."""
    for name in ("bars", "phrases", "pickup", "form", "plan", "primer"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for pieces without --tune-by; leave one of them out")
    if options.nearest_chords:
        raise InputError("--nearest-chords is for a primer, which a tune does not have; leave it out")
    assert options.tune_by is not None
    tunes = _event_model(options.tune_by)
    if tunes.config.kind != "melody":
        raise InputError(f"{options.tune_by}: holds a {tunes.config.kind} model; --tune-by needs melody weights")
    model = load_model(writing)
    from biaxial.tasks.drawing.sampling_options import HARMONISING
    from biaxial.tasks.harmonised_tunes import harmonised_tunes

    drawing = drawing_of(writing, leading, HARMONISING, cadence=options.cadence)
    tune_drawing = _event_drawing(
        options, replace(writing, temperature=None)
    )  # -t is that of the other voices, as elsewhere

    def draw(progress: Progress) -> Iterator[Piece]:
        return harmonised_tunes(
            model,
            tunes,
            writing.num_outputs,
            options.events,
            key=options.key,
            time_signature=options.time_signature,
            tempo_bpm=options.tempo,
            seed=seed_of(writing),
            tune_drawing=tune_drawing,
            drawing=drawing,
            progress=progress,
        )

    write_pieces(
        writing, rendering, paths, started, writing.num_outputs * 4 * (options.events or _EXPECTED_EVENTS), draw
    )


def _event_model(path: Path, device: str = "cpu") -> EventModel:
    from biaxial.tasks.token_model import load_events

    return load_events(path, "cpu" if device == "auto" else device)


def _event_drawing(options: ComposeOptions, writing: WritingOptions) -> EventDrawing:
    from biaxial.tasks.token_model import EventDrawing

    drawing = EventDrawing(top_p=options.top_p, min_p=writing.min_p, guard=not options.loops)
    return drawing if writing.temperature is None else replace(drawing, temperature=writing.temperature)
