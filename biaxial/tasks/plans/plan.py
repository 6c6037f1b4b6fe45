"""A plan: everything that is decided about pieces before the first note is drawn.

Each verb of a model has a function that plans and that fails there, if anything is wrong; :meth:`Model.draw
<biaxial.tasks.model.Model.draw>` draws what was planned. A plan knows how long drawing will take, in frames. It has a
request for each piece: its outline, the notes that are given, and where each voice is known.

Given notes come out of every verb as they went in, onset and length in ticks. The network hears them on its grid and
within its note range; what it draws is put beside them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import lcm

import numpy as np
from numpy.typing import NDArray

from biaxial.features.conditions import outline_conditions
from biaxial.features.known_arrays import KnownArrays
from biaxial.models.config import ModelConfig
from biaxial.music.constants import HOLD, STRIKE
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.phrases import PhrasePlan
from biaxial.music.roll import Roll
from biaxial.music.score import Note, Score
from biaxial.sampling.constraints import Biases, Rule, StepBias
from biaxial.sampling.loop import Particles
from biaxial.tasks.drawing.sampling_options import SamplingOptions

MAX_STEPS = 64_000
"""Frames of the longest piece that is drawn: a thousand bars of 4/4 at 16 steps a quarter."""


@dataclass(frozen=True, eq=False)
class Request:
    """A piece to be written.

    Parameters
    ----------
    score
        Outline and given notes; its resolution is a multiple of the grid (:func:`refined`).
    known
        At which steps each voice is known, its rests too, shape ``(t, v)``; one column for all notes in a corpus
        without voices. A given note is known as long as it sounds, wherever this says so or not.
    heard
        The given notes as the network hears them; those of the score by default.
    told
        The outline that the network is told; the score's by default.
    shift
        Semitones that drawn notes are moved by in the end.
    on_top
        In a corpus without voices, whether nothing sounds above the highest given note.
    bias
        Static bias of every step.
    remarks
        What the user should be told.
    phrase_plan
        What its phrases are to be, if that was planned.
    """

    score: Score
    known: NDArray[np.bool_]
    heard: tuple[Note, ...] | None = None
    told: Score | None = None
    shift: int = 0
    on_top: bool = False
    bias: StepBias | None = None
    remarks: tuple[str, ...] = ()
    phrase_plan: PhrasePlan | None = None


@dataclass(frozen=True)
class Ending:
    """Constraints of the last steps, and who looks for what meets them.

    Parameters
    ----------
    bias
        Static bias, shape ``(e, n, k)``.
    rules
        Constraints that read the frame so far.
    particles
        Where and how many.
    """

    bias: Biases
    rules: Sequence[Rule]
    particles: Particles

    def is_drawn_as(self, other: Ending | None) -> bool:
        """Whether pieces that end so can be drawn together."""
        return other is not None and (len(self.bias), self.particles) == (len(other.bias), other.particles)


@dataclass(frozen=True, eq=False)
class Plan:
    """Pieces of equal length that are to be drawn with the same options.

    Parameters
    ----------
    requests
        What each piece is to be.
    seeds
        The seed of each piece, which is the piece that this seed gives alone.
    options
        Temperature, particles and constraints.
    endings
        The end of each piece as a constraint, if there is one.
    steps_per_quarter
        The time grid.
    """

    requests: tuple[Request, ...]
    seeds: tuple[int, ...]
    options: SamplingOptions
    endings: tuple[Ending | None, ...]
    steps_per_quarter: int

    @property
    def num_steps(self) -> int:
        """Frames that are drawn, over all pieces."""
        return len(self.requests) * num_steps(self.requests[0].score, Grid(self.steps_per_quarter))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was decided in planning and is worth telling, one line each."""
        return tuple(dict.fromkeys(remark for request in self.requests for remark in request.remarks))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A request as arrays.

    Attributes
    ----------
    known
        What is known, shape ``(t, n)``.
    conditions
        Conditions of each step, shape ``(t, c)``.
    outline
        The outline on the grid.
    levels
        How loud the given notes are, shape ``(t, n)``: 1 (ppp) to 8 (fff), 0 where nobody says.
    """

    known: KnownArrays
    conditions: NDArray[np.int16]
    outline: Score
    levels: NDArray[np.uint8]


def seeds_of(seed: int, n: int) -> range:
    """The seeds of so many pieces.

    Raises
    ------
    InputError
        If there are none.
    """
    if n < 1:
        raise InputError("no pieces were asked for; give a number of at least 1")
    return range(seed, seed + n)


def num_steps(score: Score, grid: Grid) -> int:
    """Frames of a score on a grid, its last notes moved to the nearest step."""
    quantised, _ = grid.quantised(score)
    return -(-quantised.length_ticks // grid.step_ticks(quantised.ticks_per_quarter))


def rescaled(score: Score, ticks_per_quarter: int) -> Score:
    """The same score at another resolution, every time moved to the nearest tick and no note shorter than one."""
    old = score.ticks_per_quarter

    def ticks(value: int) -> int:
        return (2 * value * ticks_per_quarter + old) // (2 * old)

    return score.retimed(ticks, ticks_per_quarter)


def refined(score: Score, grid: Grid) -> Score:
    """The same score at a resolution that is a multiple of the grid: no time is moved."""
    resolution = lcm(score.ticks_per_quarter, grid.steps_per_quarter)
    return score if resolution == score.ticks_per_quarter else rescaled(score, resolution)


def within(pitch: int, low: int, high: int) -> int:
    """A pitch moved by octaves until it lies in a range, which has an octave at least."""
    if pitch < low:
        return pitch + 12 * -((pitch - low) // 12)
    return pitch - 12 * -((high - pitch) // 12) if pitch > high else pitch


def prepare(request: Request, config: ModelConfig) -> Prepared:
    """Lay a request on the grid of a model.

    Raises
    ------
    InputError
        If the piece is empty or too long.
    """
    grid, alphabet = Grid(config.steps_per_quarter), config.alphabet
    heard = tuple(
        replace(
            note,
            pitch=within(note.pitch, config.low_pitch, config.high_pitch),
            voice=note.voice if config.num_voices else None,
        )
        for note in (request.score.notes if request.heard is None else request.heard)
    )
    roll = Roll.from_score(
        replace(request.told or request.score, notes=heard), grid, config.low_pitch, config.num_notes
    )
    if not 0 < roll.num_steps <= MAX_STEPS:
        raise InputError(f"the piece has {roll.num_steps} steps; give one of 1 to {MAX_STEPS}")
    sets = roll.voices if roll.voices is not None else np.zeros_like(roll.states, dtype=np.uint8)
    outcomes = alphabet.encode(roll.states, sets if config.num_voices else None)
    wanted = np.zeros((roll.num_steps, request.known.shape[1]), dtype=bool)
    wanted[: len(request.known)] = request.known[: roll.num_steps]
    if config.num_voices:
        wanted = wanted | alphabet.voice_matrix[outcomes].any(axis=1)
        bits = (wanted * (1 << np.arange(config.num_voices))).sum(axis=1).astype(np.uint8)
        voices = np.broadcast_to(bits[:, None], outcomes.shape)
    else:
        sounds = outcomes > 0
        known = wanted | sounds
        if request.on_top:
            known |= np.cumsum(sounds, axis=1) > 0
        voices = known.astype(np.uint8)
    rows = outline_conditions(roll.outline, grid, request.phrase_plan)
    levels = np.zeros_like(outcomes) if roll.levels is None else roll.levels
    return Prepared(KnownArrays.of(outcomes, voices, alphabet), rows, roll.outline, levels)


def assembled(
    request: Request,
    prepared: Prepared,
    outcomes: NDArray[np.uint8],
    config: ModelConfig,
    levels: NDArray[np.uint8] | None = None,
) -> Score:
    """The piece: the given notes, and beside them what was drawn, shape ``(t, n)``, as loud as its levels say.

    Without levels a drawn note is as loud as the given note that began last, if anybody says how loud that is.
    """
    states, sets = config.alphabet.articulated(outcomes)
    if config.num_states == 2:  # nothing says that a pitch is struck again, but a known note ends where it ends
        ended = prepared.known.ended & np.maximum(sets, 1)
        states = np.where((states == HOLD) & (ended > 0), STRIKE, states).astype(np.int8)
    grid = Grid(config.steps_per_quarter)
    unit = grid.step_ticks(prepared.outline.ticks_per_quarter)
    voices = sets if config.num_voices else None
    given = request.score.notes if config.num_voices else tuple(replace(n, voice=None) for n in request.score.notes)
    notes = list(given)
    beside = _beside_the_grid(request, unit)
    drawn: dict[tuple[int | None, int], int] = {}  # by voice and pitch: the place of the last drawn note
    lines: dict[int | None, list[Note]] = {}  # by voice, or by pitch where there are none
    loud = _loudness(given) if levels is None else None
    for note in given:
        lines.setdefault(note.voice if config.num_voices else note.pitch, []).append(note)
    for note in Roll(states, voices, config.low_pitch, prepared.outline, grid, levels=levels).to_score().notes:
        known = int(prepared.known.voices[note.onset_ticks // unit, note.pitch - config.low_pitch])
        if known >> (note.voice or 0) & 1:
            continue  # one of those given
        pitch = min(127, max(0, note.pitch + request.shift))
        others = lines.get(note.voice if config.num_voices else pitch, [])
        onset, end = _room(others, note.onset_ticks, min(note.end_ticks, request.score.length_ticks))
        if end <= onset:
            continue
        last = drawn.get((note.voice, pitch))
        if last is not None and notes[last].end_ticks == onset and (note.onset_ticks, note.pitch) in beside:
            notes[last] = replace(notes[last], length_ticks=end - notes[last].onset_ticks)
            continue
        drawn[note.voice, pitch] = len(notes)
        velocity = note.velocity if loud is None else loud(onset)
        notes.append(replace(note, onset_ticks=onset, length_ticks=end - onset, pitch=pitch, velocity=velocity))
    return replace(request.score, notes=tuple(notes))


def _loudness(given: Sequence[Note]) -> Callable[[int], int | None]:
    """How loud music is at a tick: as the given note that began last, the highest of several, or as the first one."""
    said: dict[int, int] = {}
    for note in sorted(given, key=lambda note: (note.onset_ticks, -1 if note.voice is None else note.voice)):
        if note.velocity is not None:
            said.setdefault(note.onset_ticks, note.velocity)
    ticks, velocities = list(said), list(said.values())
    return lambda tick: velocities[max(bisect_right(ticks, tick) - 1, 0)] if ticks else None


def _beside_the_grid(request: Request, unit: int) -> set[tuple[int, int]]:
    """Tick on the grid and pitch of the given notes that begin beside it, such as those of triplets.

    A roll strikes all voices that sound a pitch where one of them does. A voice that holds a pitch while such a note
    comes to it is therefore held on: struck again it would be a sixteenth that nobody meant.
    """
    heard = request.score.notes if request.heard is None else request.heard
    beside = (note for note in heard if note.onset_ticks % unit)
    return {((2 * note.onset_ticks + unit) // (2 * unit) * unit, note.pitch) for note in beside}


def _room(given: list[Note], onset: int, end: int) -> tuple[int, int]:
    """The time of a drawn note that given ones of its line leave, in order; they may stand beside the grid."""
    for other in given:
        if other.onset_ticks <= onset < other.end_ticks:
            onset = other.end_ticks
        elif onset < other.onset_ticks < end:
            end = other.onset_ticks
    return onset, end
