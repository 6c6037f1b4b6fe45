"""A sound in which one voice sings, hums, whistles or plays -> a tune on the grid, to be looked through and corrected.

Pitch by :mod:`~biaxial.formats.audio.pitch_tracker`, notes by :mod:`~biaxial.formats.audio.sung_notes`, bars by
:mod:`~biaxial.formats.audio.rhythm`, the key as of any piece (:func:`~biaxial.music.keys.detect_key`). All four are
guesses, and the remark says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from biaxial.formats.audio.pitch_tracker import pitch_frames
from biaxial.formats.audio.rhythm import METRES, Rhythm, rhythm_of
from biaxial.formats.audio.sound_file import read_sound
from biaxial.formats.audio.sung_notes import VOICED, PitchFrames, SungNote, sung_notes
from biaxial.music.constants import STEPS_PER_QUARTER, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.keys import detect_key
from biaxial.music.score import Note, Score, TimeSignature

_FEWEST_NOTES: Final = 4
_STEP: Final = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_REST_STEPS: Final = 3
_REST_SHARE: Final = 0.45
"""A note is followed by a rest if that many sixteenths, and that share of the way to the next note, are silent."""
_HELD_SEMITONES: Final = 0.6
"""How far a frame may be from its note's pitch: a vibrato stays within it."""
_HELD_SECONDS: Final = 0.15
_HELD_SHARE: Final = 0.6
"""Share of what has a pitch that is held so long in a tune. In the tunes of ``scripts/bench/singing.py`` it is 0.8 and
more; in four languages spoken by eSpeak at most 0.45, in a drum loop nothing."""
_SURE: Final = 3.0
"""Lead of a metre from which it is called sure."""


@dataclass(frozen=True)
class HeardTune:
    """What was heard in a sound.

    Parameters
    ----------
    tune
        One line without voices, on the grid of sixteenths, with metre, pickup, key and tempo.
    notes
        The same notes as they were sung, in seconds.
    rhythm
        The bars, before they became ticks.
    remark
        One line for whoever looks through the tune.
    """

    tune: Score
    notes: tuple[SungNote, ...]
    rhythm: Rhythm
    remark: str


def read_audio(source: str | os.PathLike[str] | bytes, name: str = "") -> HeardTune:
    """Hear a tune in a sound file.

    Parameters
    ----------
    source
        A WAV, FLAC, Ogg or MP3 file of ten minutes at most, of any rate, mono or stereo; or the content of one.
    name
        What messages call it (default: its path).

    Raises
    ------
    InputError
        If it is no such file, nobody sings in it, or ``biaxial[audio]`` is not installed: one line that names the
        file, what is wrong and what to do.
    OSError
        If it cannot be opened.
    """
    name = name or ("the recording" if isinstance(source, bytes) else os.fspath(source))
    title = "" if isinstance(source, bytes) else Path(source).stem
    return heard_tune(pitch_frames(read_sound(source, name)), name, title)


def heard_tune(frames: PitchFrames, name: str = "the sound", title: str = "") -> HeardTune:
    """Make a tune of what a pitch tracker heard.

    Parameters
    ----------
    frames
        Of one voice.
    name
        What messages call it.
    title
        Title of the tune.

    Raises
    ------
    InputError
        If nobody sings in it.
    """
    notes = sung_notes(frames)
    heard = ""
    if len(notes) < _FEWEST_NOTES:
        heard = f"{len(notes) or 'no'} notes heard in {len(frames.pitches) * frames.hop_seconds:.1f} seconds"
    elif _held_share(frames, notes) < _HELD_SHARE:
        heard = "what is heard keeps no pitch, as speech and drums do not"
    if heard:
        raise InputError(f"{name}: {heard}; sing, hum, whistle or play a tune in one voice, near to the microphone")
    rhythm = rhythm_of([note.onset_seconds for note in notes])
    tune = _on_grid(notes, rhythm, title)
    return HeardTune(tune, notes, rhythm, _remark(tune, notes, rhythm))


def _held_share(frames: PitchFrames, notes: Sequence[SungNote]) -> float:
    """Share of the frames with a pitch that lie in a stretch near the pitch of a note that is no syllable of speech."""
    voiced = frames.confidences >= VOICED
    near = np.zeros(len(voiced) + 2, bool)
    for note in notes:
        first, last = (round(edge / frames.hop_seconds) for edge in (note.onset_seconds, note.end_seconds))
        away = np.abs(frames.pitches[first:last] - note.pitch - note.cents / 100)
        near[first + 1 : last + 1] = voiced[first:last] & (away <= _HELD_SEMITONES)
    lengths = np.diff(np.flatnonzero(near[1:] != near[:-1]))[::2]
    return float(lengths[lengths * frames.hop_seconds >= _HELD_SECONDS].sum() / max(1, voiced.sum()))


def _on_grid(notes: Sequence[SungNote], rhythm: Rhythm, title: str) -> Score:
    """The notes in ticks, with a rest where one is heard; the last note lasts whole beats."""
    metre = METRES[rhythm.metre]
    pickup = -rhythm.first_step % metre.num_steps
    onset, written = 0, []
    for note, value, seconds in zip(notes, (*rhythm.values, 0), rhythm.step_seconds, strict=True):
        sounded = (note.end_seconds - note.onset_seconds) / seconds
        if not value:
            length = metre.beat_steps * max(1, round(sounded / metre.beat_steps))
        elif value - sounded >= max(_REST_STEPS, _REST_SHARE * value):
            length = min(value, max(2, 2 * round(sounded / 2)))
        else:
            length = value
        written.append(Note(onset * _STEP, length * _STEP, note.pitch))
        onset += value
    tempo = 60 / (STEPS_PER_QUARTER * float(np.median(rhythm.step_seconds)))
    numerator, denominator = map(int, rhythm.metre.split("/"))
    score = Score(
        tuple(written),
        time_signatures=(TimeSignature(numerator, denominator),),
        pickup_ticks=pickup * _STEP,
        tempo_bpm=float(round(tempo)),
        title=title,
    )
    return replace(score, key=detect_key(score))


def _remark(tune: Score, notes: Sequence[SungNote], rhythm: Rhythm) -> str:
    """What was guessed, in one line."""
    quarters = tune.pickup_ticks / TICKS_PER_QUARTER
    pickup = f"a pickup of {quarters:g} quarter notes" if quarters else "no pickup"
    key = "no key" if tune.key is None else tune.key.name
    unsure = "" if rhythm.lead >= _SURE else " (unsure)"
    cents = round(float(np.median([note.cents for note in notes])))
    tuned = f", {abs(cents)} cents {'above' if cents > 0 else 'below'} the piano" if abs(cents) >= 10 else ""
    return (
        f"guessed from the sound: {len(notes)} notes{tuned}, {rhythm.metre}{unsure} with {pickup}, {key}, "
        f"{tune.tempo_bpm:g} quarter notes a minute"
    )
