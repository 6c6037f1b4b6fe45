"""A piece without an end: bar after bar, in bounded memory.

Nothing is known of the end, and phrases are left to the network. A bar comes when all notes that begin in it are over;
a note that is held for longer than four bars is cut, so that no bar waits for ever. (A network with the echo input
keeps all frames.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray

from biaxial.features.conditions import Condition, unknown_conditions
from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, SILENT, TICKS_PER_QUARTER
from biaxial.music.grid import Grid
from biaxial.music.score import Key, Note, TimeSignature
from biaxial.sampling.choose import one_thread
from biaxial.sampling.randomness import uniforms
from biaxial.sampling.reference_stepper import Stepper
from biaxial.tasks.drawing.sampling_options import Progress, SamplingOptions

_MAX_BARS = 4


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
    stepper: Stepper,
    key: Key | None,
    signature: TimeSignature,
    seed: int,
    drawing: SamplingOptions,
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
        Constraints.
    progress
        Called after every frame.
    """
    config = stepper.config
    unit = Grid(config.steps_per_quarter).step_ticks(TICKS_PER_QUARTER)
    bar_ticks = signature.bar_ticks(TICKS_PER_QUARTER)
    bar_steps, beat_steps = bar_ticks // unit, signature.beat_ticks(TICKS_PER_QUARTER) // unit
    bias, rules = drawing.constraints(config)
    state = stepper.start(1)
    last = np.zeros(config.num_notes, dtype=np.uint8)
    sounding: dict[int, Note] = {}  # by voice, or by pitch where there are none
    finished: list[Note] = []
    bars = 0
    for step in count():
        place = step % bar_steps
        if place == 0:
            rows = unknown_conditions(bar_steps, step)
            rows[:, Condition.STEP_IN_BAR], rows[:, Condition.BAR_STEPS] = np.arange(bar_steps), bar_steps
            rows[:, Condition.BEAT_STEPS] = beat_steps
            if key is not None:
                rows[:, Condition.TONIC], rows[:, Condition.MODE] = key.tonic, key.mode == "minor"
            conditions = torch.from_numpy(rows).unsqueeze(0)
            encoded = stepper.encode(None, conditions)
        randoms = uniforms([seed], step, config.num_notes)
        with one_thread():
            frame, _, state = stepper.step(state, conditions[:, place], randoms, None, bias, rules, encoded.at(place))
        if progress is not None:
            progress(1)
        heard = np.stack([last, frame[0].numpy()])
        before, sounding = sounding, _sounding(heard, config, sounding, step * unit, unit, bar_ticks)
        last = heard[1]
        lengthened = {line for line, note in sounding.items() if note.onset_ticks < step * unit}
        finished += [note for line, note in before.items() if line not in lengthened]
        while (bars + 1) * bar_steps <= step + 1:
            start, end = bars * bar_ticks, (bars + 1) * bar_ticks
            if any(note.onset_ticks < end for note in sounding.values()):
                break
            bars += 1
            yield Bar(bars, start, bar_ticks, tuple(sorted((n for n in finished if n.onset_ticks < end), key=_order)))
            finished = [note for note in finished if note.onset_ticks >= end]


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
