"""Composing: outlines in, pieces out; and the ending of a piece as a constraint."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.parts import assign_voices
from biaxial.music.score import Score
from biaxial.sampling.constraints import Polyphony, bass_bias, triad_bias
from biaxial.sampling.loop import Particles
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from biaxial.tasks.plans.plan import Ending, Request, num_steps, refined, rescaled

CADENCE_PARTICLES = 8
"""Continuations among which the end of a piece is chosen."""
CADENCE_QUARTERS = 4
"""So many quarter notes before the last chord they part. Earlier costs more, and the endings are no likelier."""


def composition(outline: Score, primer: Score | None, config: ModelConfig, *, keep_fermatas: bool = True) -> Request:
    """A piece of which nothing is known but its outline, and its beginning if there is a primer.

    A primer without voices gets them by least movement; a single line is the highest voice. Its title and words are
    those of the piece, and so are its fermatas, as far as it goes, unless ``keep_fermatas`` is false.

    Raises
    ------
    InputError
        If the primer is empty, in another metre than the outline, as long as it or longer, or leaves the note range.
    """
    grid = Grid(config.steps_per_quarter)
    columns = max(1, config.num_voices)
    if primer is None:
        return Request(refined(outline, grid), np.zeros((0, columns), dtype=bool))
    if not primer.notes:
        raise InputError("the primer has no notes; give one with at least one note")
    if (metre := primer.time_signatures[0].name) != outline.time_signatures[0].name:
        raise InputError(f"the primer is in {metre}; add --time-signature {metre}")
    for note in primer.notes:
        if not config.low_pitch <= note.pitch <= config.high_pitch:
            raise InputError(
                f"the primer cannot be used: pitch {note.pitch} is outside the note range {config.low_pitch} to "
                f"{config.high_pitch}"
            )
    steps, given = num_steps(outline, grid), num_steps(primer, grid)
    if given >= steps:
        bars = len(primer.bar_starts())
        raise InputError(
            f"the primer has {bars} bars, the piece {len(outline.bar_starts())}; ask for more bars, at least {bars + 1}"
        )
    opening = rescaled(with_voices(primer, config.num_voices), outline.ticks_per_quarter)
    ends = outline.fermatas
    if keep_fermatas and opening.fermatas is not None:
        later = (end for end in ends or () if end >= opening.length_ticks or end == (ends or ())[-1])
        ends = tuple(sorted({*opening.fermatas, *later}))
    begun = replace(
        outline, notes=opening.notes, title=primer.title or outline.title, lyrics=opening.lyrics, fermatas=ends
    )
    return Request(refined(begun, grid), np.ones((given, columns), dtype=bool))


def with_voices(score: Score, num_voices: int) -> Score:
    """A score whose notes have voices: its own, the highest one for a single line, else those of the least movement.

    Raises
    ------
    InputError
        If more notes sound at once than there are voices.
    """
    if not num_voices or not score.notes or 0 < score.num_voices <= num_voices:
        return score
    notes = tuple(replace(note, voice=None) for note in score.notes)
    if all(one.end_ticks <= other.onset_ticks for one, other in pairwise(notes)):
        return replace(score, notes=tuple(replace(note, voice=0) for note in notes))
    try:
        return assign_voices(replace(score, notes=notes), num_voices)
    except ValueError as error:
        raise InputError(f"the notes cannot be given to {num_voices} voices: {error}") from error


def cadence(
    outline: Score, config: ModelConfig, drawing: SamplingOptions, first_free: int, last: int | None = None
) -> Ending | None:
    """The end of a piece as a constraint, and the particles that meet it; nothing where its key is unknown.

    With the last chord, at the onset of the last phrase end unless ``last`` gives its step, the bass comes to the tonic
    and stays there while all voices sound. The last quarter note is nothing but the triad; before it suspensions may
    resolve. The particles branch four quarter notes before that.
    """
    per_quarter = config.steps_per_quarter
    unit = Grid(per_quarter).step_ticks(outline.ticks_per_quarter)
    length = outline.length_ticks // unit
    ends = [tick // unit for tick in outline.fermatas or ()]
    if last is None:
        last = ends[-1] if ends else max(0, length - 2 * per_quarter)
    last = max(last, first_free)
    branch = max(last - CADENCE_QUARTERS * per_quarter, first_free, 0)
    if last >= length or outline.key is None:
        return None
    voices = config.num_voices if drawing.max_voices is None else min(config.num_voices, drawing.max_voices)
    before, rest = min(1, last - first_free), length - last - 1
    pure = min(per_quarter, rest)
    chord, bass = triad_bias(config, outline.key), triad_bias(config, outline.key, bass_only=True)
    held = bass_bias(config, outline.key, held=True)
    steps = [bass_bias(config, outline.key, off_tonic=True)] * before
    steps += [bass if rest > pure else chord]
    steps += [bass + held] * (rest - pure) + [chord + held] * pure
    rules = [Polyphony(config, voices, voices)] if config.num_voices else []
    return Ending(np.stack(steps), rules, Particles(branch, CADENCE_PARTICLES))
