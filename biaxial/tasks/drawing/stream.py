"""A piece without an end: bar after bar, in bounded memory.

Nothing is known of the end. Where the faults of phrases are charged, a section of sixteen bars is planned after the
other, each of which closes at home, and its phrases are drawn one by one, by particles, as those of a piece are. Else
phrases are left to the network, and every frame is drawn once.

A bar comes when all notes that begin in it are over, and where phrases are charged when its last phrase is: at the
latest one phrase and four bars after it. For a note that is held for longer than four bars is cut, so that no bar waits
for ever. (A network with the echo input keeps all frames.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import Condition, hidden, unknown_conditions
from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, NUM_VOICES, SILENT, TICKS_PER_QUARTER
from biaxial.music.grid import Grid
from biaxial.music.phrases import PhrasePlan
from biaxial.music.plan_text import PlanWish
from biaxial.music.score import Key, Note, TimeSignature
from biaxial.sampling.charges import Charges
from biaxial.sampling.choose import one_thread
from biaxial.sampling.loop import Begun, Particles, Phrases, draw_pieces
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.stepping import FrameStepper, as_array
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions
from biaxial.tasks.plans.close_bias import close_bias
from biaxial.tasks.plans.composition import composition
from biaxial.tasks.plans.outline import make_outline
from biaxial.tasks.plans.phrase_spans import phrase_spans, piece_of
from biaxial.tasks.plans.plan import prepare
from biaxial.tasks.plans.planned_phrases import plan_phrases

_MAX_BARS = 4
SECTION_BARS: Final = 16
"""Bars that are planned together."""
_GOLDEN: Final = 0x9E3779B97F4A7C15
"""Sets the seeds of sections apart, as those of pieces are not."""


@dataclass(frozen=True)
class Bar:
    """One bar of a stream.

    Parameters
    ----------
    number
        Counted from 1.
    onset_ticks, length_ticks
        Where it begins, and how long it is, 480 ticks a quarter.
    notes
        The notes that begin in it, their onsets counted from the beginning of the stream.
    """

    number: int
    onset_ticks: int
    length_ticks: int
    notes: tuple[Note, ...]


def stream(
    stepper: FrameStepper,
    key: Key | None,
    signature: TimeSignature,
    seed: int,
    drawing: SamplingOptions,
    charges: Charges | None,
    progress: Progress | None,
) -> Iterator[Bar]:
    """Draw bars for ever.

    Parameters
    ----------
    stepper
        Draws the frames.
    key
        The key, ``None`` to leave it to the model.
    signature
        The metre; its bar is a whole number of steps.
    seed
        Seed of the random numbers.
    drawing
        Constraints, and how many particles.
    charges
        What the faults of a phrase cost; nothing by default.
    progress
        Called after every frame.
    """
    after_step = None if progress is None else partial(progress, 1)
    if charges is None:
        frames = _frames(stepper, key, signature, seed, drawing, after_step)
    else:
        frames = _phrases(stepper, key, signature, seed, drawing, charges, after_step)
    config = stepper.config
    unit = Grid(config.steps_per_quarter).step_ticks(TICKS_PER_QUARTER)
    bar_ticks = signature.bar_ticks(TICKS_PER_QUARTER)
    bar_steps = bar_ticks // unit
    last = np.zeros(config.num_notes, dtype=np.uint8)
    sounding: dict[int, Note] = {}  # by voice, or by pitch where there are none
    finished: list[Note] = []
    bars = 0
    for step, frame in enumerate(frames):
        heard = np.stack([last, frame])
        before, sounding = sounding, _sounding(heard, config, sounding, step * unit, unit, bar_ticks)
        last = frame
        lengthened = {line for line, note in sounding.items() if note.onset_ticks < step * unit}
        finished += [note for line, note in before.items() if line not in lengthened]
        while (bars + 1) * bar_steps <= step + 1:
            start, end = bars * bar_ticks, (bars + 1) * bar_ticks
            if any(note.onset_ticks < end for note in sounding.values()):
                break
            bars += 1
            yield Bar(bars, start, bar_ticks, tuple(sorted((n for n in finished if n.onset_ticks < end), key=_order)))
            finished = [note for note in finished if note.onset_ticks >= end]


def _frames(
    stepper: FrameStepper,
    key: Key | None,
    signature: TimeSignature,
    seed: int,
    drawing: SamplingOptions,
    after_step: Callable[[], None] | None,
) -> Iterator[NDArray[np.uint8]]:
    """Frames that are drawn once each, shape ``(n,)``."""
    config = stepper.config
    unit = Grid(config.steps_per_quarter).step_ticks(TICKS_PER_QUARTER)
    bar_steps, beat_steps = (
        ticks // unit for ticks in (signature.bar_ticks(TICKS_PER_QUARTER), signature.beat_ticks(TICKS_PER_QUARTER))
    )
    bias, rules = drawing.constraints(config)
    state = stepper.start(1)
    for step in count():
        place = step % bar_steps
        if place == 0:
            rows = unknown_conditions(bar_steps, step)
            rows[:, Condition.STEP_IN_BAR], rows[:, Condition.BAR_STEPS] = np.arange(bar_steps), bar_steps
            rows[:, Condition.BEAT_STEPS] = beat_steps
            if key is not None:
                rows[:, Condition.TONIC], rows[:, Condition.MODE] = key.tonic, key.mode == "minor"
            conditions = rows[None]
            encoded = stepper.encode(None, conditions)
        randoms = uniforms([seed], step, config.num_notes)
        with one_thread():
            frame, _, state = stepper.step(state, conditions[:, place], randoms, None, bias, rules, encoded.at(place))
        if after_step is not None:
            after_step()
        yield as_array(frame)[0]


def _phrases(
    stepper: FrameStepper,
    key: Key | None,
    signature: TimeSignature,
    seed: int,
    drawing: SamplingOptions,
    charges: Charges,
    after_step: Callable[[], None] | None,
) -> Iterator[NDArray[np.uint8]]:
    """Frames of planned phrases that pay for their faults, shape ``(n,)``, a phrase at a time."""
    config = stepper.config
    bar_ticks, quarter = signature.bar_ticks(TICKS_PER_QUARTER), config.steps_per_quarter
    unit = Grid(quarter).step_ticks(TICKS_PER_QUARTER)
    bias, rules = drawing.constraints(config)
    number = drawing.num_particles(charges)
    seeds = (seed + place * _GOLDEN for place in count())
    mode = "major" if key is None else key.mode
    plans = ((own, plan_phrases(SECTION_BARS, signature, mode, own, PlanWish(pickup_ticks=0))) for own in seeds)
    begun, before, first_step = None, None, 0
    for (own, plan), (_, after) in pairwise(plans):
        window, kept = _window(before, plan, after, bar_ticks)
        outline = make_outline(key=key, time_signature=signature, plan=window)
        prepared = prepare(replace(composition(outline, None, config), phrase_plan=window), config)
        steps = (kept + plan.length_ticks) // unit
        rows = hidden(prepared.conditions[:steps], "end")
        since = [Condition.FIRST, Condition.SINCE_START]
        rows[:, since] = unknown_conditions(steps, first_step)[:, since]
        spans, known = phrase_spans(prepared, quarter, window), None
        phrases = Phrases([spans], [piece_of(prepared, quarter)], charges)
        lean = None if key is None or config.num_voices != NUM_VOICES else [close_bias(window, key, config)]
        for end in [span.end for span in spans if span.fermata is not None and kept // unit < span.end <= steps]:
            start = 0 if begun is None else begun.outcomes.shape[1]
            with one_thread():
                drawn = draw_pieces(
                    stepper,
                    rows[None],
                    [own],
                    known=known,
                    bias=bias,
                    own_biases=lean,
                    rules=rules,
                    particles=Particles(start, number) if number > 1 else None,
                    phrases=phrases,
                    begun=begun,
                    until=end,
                    after_step=after_step,
                )
            begun, known = drawn.begun, drawn.known
            yield from drawn.outcomes[0, start:]
        before, first_step = plan, first_step + steps - bar_ticks // unit
        begun = Begun(drawn.outcomes[:, -(bar_ticks // unit) :], drawn.state)


def _window(before: PhrasePlan | None, plan: PhrasePlan, after: PhrasePlan, bar_ticks: int) -> tuple[PhrasePlan, int]:
    """A section with the last bar of the one before it and the first phrase of the next, and the ticks before it.

    So faults between two sections are found, and the network knows how far phrase ends are.
    """
    if before is None:
        return PhrasePlan((*plan.phrases, after.phrases[0])), 0
    last = before.phrases[-1]
    heard = replace(last, length_ticks=bar_ticks, last_ticks=min(last.last_ticks, bar_ticks), repeats=None, whole=False)
    moved = (replace(p, repeats=None if p.repeats is None else p.repeats + 1) for p in plan.phrases)
    return PhrasePlan((heard, *moved, after.phrases[0])), bar_ticks


def _sounding(
    heard: NDArray[np.uint8], config: ModelConfig, before: dict[int, Note], now: int, unit: int, bar_ticks: int
) -> dict[int, Note]:
    """The notes that sound in the second of two frames, as long as they are by now, by voice or by pitch."""
    states, sets = (part[1] for part in config.alphabet.articulated(heard))
    found: dict[int, Note] = {}
    for n in np.flatnonzero(states != SILENT).tolist():
        pitch = config.low_pitch + n
        lines = [v for v in range(config.num_voices) if sets[n] >> v & 1] if config.num_voices else [pitch]
        for line in lines:
            old = before.get(line)
            held = old is not None and old.pitch == pitch and states[n] == HOLD
            if held and old is not None and old.length_ticks < _MAX_BARS * bar_ticks:
                found[line] = replace(old, length_ticks=old.length_ticks + unit)
            else:
                found[line] = Note(now, unit, pitch, line if config.num_voices else None)
    return found


def _order(note: Note) -> tuple[int, int, int]:
    return note.onset_ticks, note.voice or 0, note.pitch
