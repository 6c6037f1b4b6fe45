"""The plan of phrases that a given tune asks for.

Its lengths, last notes and returns are those of the tune. How a phrase closes is drawn given the degree of its last
note and the step to it, out of counts over the chorales
(``tunes`` of :class:`~biaxial.tasks.plans.plan_model.PlanModel`): these two tell key and cadence of three phrases in
four, and more of the tune tells no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from biaxial.metrics.harmony.phrase_plans import phrase_bounds, repeated_phrase
from biaxial.music.constants import TICKS_PER_QUARTER
from biaxial.music.phrases import CADENCES, Phrase, PhrasePlan, home_numeral
from biaxial.music.score import Key, Mode, Note, Score
from biaxial.tasks.plans.backoff import draw_index
from biaxial.tasks.plans.plan_drawing import CLOSES
from biaxial.tasks.plans.plan_model import KEYS, PlanModel, form_of_plan, whole_context

_STREAM: Final = 2**36
LEAP: Final = 3
"""What stands for a step of three semitones or more, up or down."""
_SHARPER: Final = 2.0
"""A plan is decided more coldly than its notes: one strange close spoils a phrase."""
_TRIAD: Final = (0, 3, 4, 7)


def close_context(melody: Sequence[Note], last_tick: int, home: Key) -> tuple[str, int, int]:
    """What is known of how a phrase closes: mode, degree of its last note in semitones, and the step to it.

    Parameters
    ----------
    melody
        The notes of the tune, in order.
    last_tick
        Onset of the last note of the phrase, or a time at which it sounds.
    home
        The key of the piece.
    """
    sung = [note.pitch for note in melody if note.onset_ticks <= last_tick]
    step = sung[-1] - sung[-2] if len(sung) > 1 else 0
    return home.mode, (sung[-1] - home.tonic) % 12, LEAP if abs(step) >= LEAP else step


def plan_of_tune(
    tune: Score, ends: Sequence[int], home: Key, model: PlanModel, seed: int, temperature: float = 1.0
) -> PhrasePlan | None:
    """Draw the plan that a tune is set by.

    Parameters
    ----------
    tune
        Its notes in voice 0; others are not looked at.
    ends
        Onsets of the notes that end phrases; the last note ends one in any case.
    home
        The key.
    model
        What closes are drawn from.
    seed
        The random number.
    temperature
        That of the notes, above 0; closes are drawn at half of it.

    Returns
    -------
    The plan; ``None`` where the times of the tune are not whole ticks of a plan.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed % 2**64, _STREAM]))
    melody = tune.voice_notes(0)
    spans, lasts = phrase_bounds(melody, ends, tune.length_ticks)

    def ticks(value: int) -> int:
        return value * TICKS_PER_QUARTER // tune.ticks_per_quarter

    times = [tune.pickup_ticks, *lasts, *(end for _, end in spans)]
    if any(value * TICKS_PER_QUARTER % tune.ticks_per_quarter for value in times):
        return None
    phrases = list[Phrase]()
    for place, ((start, end), last) in enumerate(zip(spans, lasts, strict=True)):
        again = repeated_phrase(melody, spans, lasts, phrases)
        context = close_context(melody, last, home)
        at_end = place == len(spans) - 1 and context[1] in _TRIAD
        close = _close(model, rng, context, temperature, at_end)
        whole = False
        if again is not None:
            form = form_of_plan(PhrasePlan(tuple(phrases)))
            whole = model.wholes.drawn(rng, whole_context(form, "start" if again == 0 else "other"), (False, True))
            close = (phrases[again].key, phrases[again].cadence) if whole else close
        phrases.append(Phrase(ticks(end) - ticks(start), ticks(end) - ticks(last), *close, again, whole))
    return PhrasePlan(tuple(phrases), ticks(tune.pickup_ticks))


def _close(
    model: PlanModel, rng: np.random.Generator, context: tuple[str, int, int], temperature: float, at_end: bool
) -> tuple[str, str]:
    """Key and cadence of a phrase; the last one of a piece closes at home."""
    mode: Mode = "minor" if context[0] == "minor" else "major"
    keys, cadences = ([home_numeral(mode)], CLOSES) if at_end else (KEYS[mode], tuple(CADENCES))
    support = [f"{key} {cadence}" for key in keys for cadence in cadences]
    shares = model.tunes.probabilities(context, support) ** (_SHARPER / temperature)
    key, cadence = support[draw_index(rng, shares)].split()
    return key, cadence
