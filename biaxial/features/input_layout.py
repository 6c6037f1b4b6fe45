"""Where each group of the network's inputs stands, and what a cell shows in them: facts of a config, without PyTorch.

The groups of an axis are named slices of its last axis, in a fixed order; what a config switches off takes no room.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import CADENCE_NAMES
from biaxial.features.config import FeatureConfig
from biaxial.music.constants import SILENT, STRIKE

BEATS: Final = 8
"""Beats of a bar, counted from its beginning and from its end, that are told apart."""
COUNTDOWN_STEPS: Final = 16
PHRASE_STEPS: Final = 16
SINCE_STEPS: Final = 8
"""Steps that are told apart: before the end, before the end of a phrase, and after one."""
CLOCK: Final = (4, 3)
"""Quarters in the bars that the clock counts, for music whose bars are unknown."""
CLOCK_BARS: Final = 4
BEAT_PLACES: Final = 6
LENGTH_BOUNDS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""Lower bounds of the classes of length of an echo (:mod:`biaxial.features.echo`), in frames."""
LAST_BOUNDS: Final = (2, 4, 6, 8, 12, 16)
"""Lower bounds of the classes of length of the last note of a phrase, in steps."""
NEAREST: Final = 24
"""Distances to the note chosen last that are told apart, in semitones."""
LEAP: Final = 12
"""Distances of the next voice from where it was that are told apart, in semitones, either way."""
CONTEXT_REACH: Final = 24
"""How far the context encoder looks on either side of a note, in semitones."""
OF_STEPS: Final = ("metre", "clock", "form", "plan", "beat")
"""Groups of the time axis that are the same for all notes of a step."""
OF_NOTES: Final = ("position", "pitch_class", "key", "phrase_key")
"""Groups of the time axis that each note has of itself and of the key."""

Slices = dict[str, slice]


def named_slices(widths: dict[str, int]) -> tuple[Slices, int]:
    """Where each group of inputs stands on the last axis, and how wide that is; groups without width are left out."""
    slices, end = {}, 0
    for name, width in widths.items():
        if width:
            slices[name] = slice(end, end + width)
            end += width
    return slices, end


def time_layout(config: FeatureConfig) -> tuple[Slices, int]:
    """Where the groups of the time axis stand, and how many inputs it has."""
    planes = cell_planes(config, config.voice_neighbourhood).shape[1]
    return named_slices(
        {
            "position": 1,
            "pitch_class": 12,
            "neighbourhood": (2 * config.neighbourhood + 1) * planes,
            "chord": 12,
            "key": 24 if config.key else 0,
            "metre": {"none": 0, "bits": 4, "full": config.steps_per_quarter + 2 * BEATS + 2}[config.metre],
            "clock": config.steps_per_quarter + sum(CLOCK) + CLOCK_BARS + 2 if config.clock else 0,
            "echo": planes + len(LENGTH_BOUNDS) + 1 if config.echo else 0,
            "form": 6 + COUNTDOWN_STEPS + PHRASE_STEPS + SINCE_STEPS if config.form else 0,
            "plan": len(CADENCE_NAMES) + len(LAST_BOUNDS) + 1 + 3 + 1 if config.plan else 0,
            "beat": BEAT_PLACES + 2 if config.beat else 0,
            "phrase_key": 24 if config.plan else 0,
        }
    )


def width_of_conditions(config: FeatureConfig) -> int:
    """How many inputs of the time axis depend on no frame."""
    slices, _ = time_layout(config)
    return sum(part.stop - part.start for name, part in slices.items() if name in (*OF_NOTES, *OF_STEPS))


def note_layout(config: FeatureConfig) -> tuple[Slices, int]:
    """Where the groups of the note axis stand, and how many inputs it has besides the time axis's output."""
    planes, voices = cell_planes(config, True).shape[1], config.num_lines
    return named_slices(
        {
            "chosen_before": planes,
            "running_chord": 12 + NEAREST + 1 if config.running_chord else 0,
            "to_come": voices if config.running_chord else 0,
            "voice_intervals": voices * (12 + 1 + 5) if config.voice_intervals else 0,
            "parallels": voices * 2 if config.parallels else 0,
            "dissonance": voices * 3 if config.dissonance else 0,
            "next_voice": 2 * LEAP + 1 + 2 if config.next_voice and voices else 0,
            "echo": planes + len(LENGTH_BOUNDS) + 2 if config.echo else 0,
        }
    )


def context_layout(config: FeatureConfig) -> tuple[Slices, int]:
    """Where the groups of known cells stand that the context encoder reads, and how many inputs they are."""
    voices = max(1, config.num_voices)
    return named_slices({"known": (2 * CONTEXT_REACH + 1) * voices, "struck": voices, "is_known": voices, "chord": 12})


def cell_planes(config: FeatureConfig, with_voices: bool) -> NDArray[np.float32]:
    """What each outcome shows: that it sounds, with three states that it is struck, its voices; shape ``(k, p)``."""
    states = config.alphabet.states
    columns = [states != SILENT] if config.num_states == 2 else [states != SILENT, states == STRIKE]
    if with_voices:
        columns += list(config.alphabet.voice_matrix.T)
    return np.stack(columns, axis=1).astype(np.float32)


def note_positions(num_notes: int) -> NDArray[np.float32]:
    """Where each note stands in the note range, from 0 to 1, shape ``(n, 1)``; either half mirrors the other."""
    step = np.float32(1 / max(1, num_notes - 1))
    rising = np.arange(num_notes, dtype=np.float32) * step
    mirrored = np.float32(1) - rising[::-1] if num_notes > 1 else rising
    return np.where(np.arange(num_notes) < num_notes // 2, rising, mirrored)[:, None]
