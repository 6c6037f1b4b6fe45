"""Measure how well a tune is read from sound: notes, bars and seconds, from clean sound and from sound as people make it.

``python scripts/bench/singing.py OPEN-HYMNAL`` renders 40 tunes, those of ``docs/tunes`` and sopranos of a folder of the
ABC files of the Open Hymnal Project, by turns on the package's choir and piano, in keys that take them from A2 to A5,
each at a tempo of its own; reads them; and prints a row for the clean sound and one for sound with all of

- a vibrato of 30 cents to either side, 5.5 times a second,
- a pitch that drifts by 20 cents a minute, upwards and downwards by turns,
- white noise 20 dB below the music,
- a tempo that breathes by 5%, in waves of twelve seconds.

Notes are matched by mir_eval: the pitch within 50 cents, the onset within a sixteenth; where a note ends is left out.
*Metre and pickup* are right if the bars are those of the tune: as many quarter notes to a bar and before the first bar
line, beats divided by two or by three as in the tune. A tune in 2/2, 3/2 or 4/2 may be read with notes of half the
length and in 4/4, 3/4, 4/4, and one in 6/4 in 6/8: a sound does not say how it is printed. *Values* are the notes whose
distance to the next, in the printed tune or in one of those, is right.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.formats.abc.tune import read_abc
from biaxial.formats.melody_file import skyline
from biaxial.music.score import Note, Score, TimeSignature
from biaxial.render.audio import INSTRUMENTS, own_sampler, played, render_audio

TUNES: Final = Path(__file__).parents[2] / "docs" / "tunes"
LOWEST, HIGHEST = 45, 81
"""A2 and A5, as MIDI numbers."""
RATE: Final = 44100
NUM_TUNES: Final = 40
MOST_SECONDS: Final = 60
VIBRATO_CENTS, VIBRATO_HERTZ, DRIFT_CENTS, NOISE_DB, BREATH, BREATH_SECONDS = 30, 5.5, 20, 20, 0.05, 12.0


@dataclass(frozen=True)
class Sung:
    """A tune as it sounds.

    Parameters
    ----------
    name
        Its file.
    tune
        As it is printed.
    sound
        Mono, at :data:`RATE`.
    onsets_seconds
        Where each of its notes begins in the sound.
    """

    name: str
    tune: Score
    sound: NDArray[np.float32]
    onsets_seconds: NDArray[np.float64]


def read_tune(path: Path) -> Score | None:
    """The highest line of a file, in one metre, or ``None`` where there is no such line of six notes or more."""
    try:
        parts = read_abc(path)
    except ValueError:
        return None
    if not parts.parts or len(parts.outline.time_signatures) > 1:
        return None
    notes, _, _ = skyline(parts.parts[0].notes)
    step = parts.outline.ticks_per_quarter // 4
    if len(notes) < 6 or any(note.onset_ticks % step or note.length_ticks % step for note in notes):
        return None
    outline = replace(parts.outline, chords=(), lyrics=(), repeats=(), fermatas=None)
    return replace(outline, notes=tuple(replace(note, voice=0) for note in notes), length_ticks=notes[-1].end_ticks)


def chosen_paths(hymnal: Path | None, number: int) -> list[Path]:
    """The tunes of docs, and files of the hymnal, evenly spaced by name."""
    paths = sorted(TUNES.glob("*.abc"))
    if hymnal is not None:
        hymns = [path for path in sorted(hymnal.glob("*.abc")) if read_tune(path) is not None]
        wanted = max(0, number - len(paths))
        paths += [hymns[index * len(hymns) // wanted] for index in range(wanted)]
    return paths[:number]


def in_seconds(tune: Score, breath: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Onsets and ends of its notes, at a tempo that goes up and down by a share of itself."""
    even = np.arange(0, tune.duration_seconds + 1, 0.01)
    waves = breath * BREATH_SECONDS / (2 * np.pi) * (1 - np.cos(2 * np.pi * even / BREATH_SECONDS))
    tick = 60 / (tune.tempo_bpm * tune.ticks_per_quarter)
    onsets = np.array([note.onset_ticks for note in tune.notes]) * tick
    ends = np.array([note.end_ticks for note in tune.notes]) * tick
    return np.interp(onsets, even, even + waves), np.interp(ends, even, even + waves)


def rendered(
    tune: Score, instrument: str, breath: float = 0.0, *, in_hall: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Mono sound of a tune, and where its notes begin in it."""
    onsets, ends = in_seconds(tune, breath)
    first, last = np.round(1000 * onsets).astype(int), np.round(1000 * ends).astype(int)
    notes = [
        Note(int(start), int(end - start), note.pitch, 0) for start, end, note in zip(first, last, tune.notes, strict=True)
    ]
    score = Score(tuple(notes), ticks_per_quarter=1000, tempo_bpm=60.0)  # a tick is a millisecond
    if in_hall:
        return render_audio(score, instrument=instrument, strict_tempo=True, sample_rate=RATE).mean(axis=1), onsets
    struck = played(score, INSTRUMENTS[instrument], strict_tempo=True)
    mix = np.zeros((2, round(RATE * (ends[-1] + 0.5))), np.float32)
    own_sampler(instrument, RATE).play((replace(note, choked=True) for note in struck), mix)
    return mix.mean(axis=0) * (0.5 / np.abs(mix).max()), onsets


def worn(
    sound: NDArray[np.float32], onsets: NDArray[np.float64], draw: np.random.Generator, drift: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The sound with vibrato, drift (cents a minute) and noise, and where its notes begin then."""
    times = np.arange(len(sound)) / RATE
    cents = VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HERTZ * times) + drift * times / 60
    places = np.concatenate(([0.0], np.cumsum(2 ** (cents[:-1] / 1200)) / RATE))
    bent = np.interp(places, times, sound)
    noise = draw.normal(size=len(bent)) * np.sqrt(np.mean(bent**2)) * 10 ** (-NOISE_DB / 20)
    return (bent + noise).astype(np.float32), np.interp(onsets, places, times)


def sung(path: Path, number: int, total: int, *, with_all: bool, in_hall: bool = False) -> Sung:
    """A tune of the table: its register, tempo and instrument follow from its number."""
    tune = read_tune(path)
    assert tune is not None
    draw = Random(number)
    pitches = [note.pitch for note in tune.notes]
    low, high = LOWEST - min(pitches), HIGHEST - max(pitches)
    tune = tune.transposed(low + round((high - low) * ((number * 7) % total) / max(total - 1, 1)))
    beats = tune.time_signatures[0]
    unit = {2: 2, 4: 1, 8: Fraction(3, 2) if beats.numerator % 3 == 0 and beats.numerator > 3 else Fraction(1, 2)}
    tempo = float(unit.get(beats.denominator, 1)) * draw.uniform(66, 108)
    if beats.name == "6/4":
        tempo = 3 * draw.uniform(44, 60)
    tune = replace(tune, tempo_bpm=tempo)
    most = int(MOST_SECONDS * tempo / 60 * tune.ticks_per_quarter)
    kept = tuple(note for note in tune.notes if note.end_ticks <= most)
    tune = replace(tune, notes=kept, length_ticks=kept[-1].end_ticks)
    instrument = ("choir", "piano")[number % 2]
    if not with_all:
        return Sung(path.stem, tune, *rendered(tune, instrument, in_hall=in_hall))
    sound, onsets = rendered(tune, instrument, BREATH, in_hall=in_hall)
    drift = DRIFT_CENTS if number % 4 < 2 else -DRIFT_CENTS
    return Sung(path.stem, tune, *worn(sound, onsets, np.random.default_rng(number), drift))
