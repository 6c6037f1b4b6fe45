"""Recordings of several notes at once, a piano or a choir, as MIDI files to train on; a verdict for each.

``python scripts/make/recordings.py RECORDINGS MIDI`` reads every WAV, FLAC, Ogg and MP3 file below ``RECORDINGS`` and
writes a MIDI file of the same name below ``MIDI``; ``biaxial-train MIDI --preset piano`` trains on them. It needs
``pip install 'biaxial[audio]'`` and ``pip install --no-deps basic-pitch``: of that package the weights alone are used
(R. Bittner et al., "A lightweight instrument-agnostic model for polyphonic note transcription and multipitch
estimation", ICASSP 2022; Apache 2.0), since what it wants beside it is TensorFlow of 2023.

The weights say at each moment how likely each of 88 keys begins, and sounds. A note begins at a peak of the first, and
ends where the second has been low for an eighth of a second. The highest voice is put into bars as a tune is
(:mod:`biaxial.formats.audio.rhythm`), and the others where they begin beside it: good enough for hymns and the like.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.formats.audio.rhythm import METRES, rhythm_of
from biaxial.formats.audio.sound_file import SUFFIXES, library, read_sound
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.music.constants import STEPS_PER_QUARTER, TICKS_PER_QUARTER
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score, TimeSignature

RATE: Final = 22_050
HOP: Final = 256
WINDOW: Final = 2 * RATE - HOP
MARGIN: Final = 15
"""Frames at both ends of a window that are left to its neighbours."""
LOWEST: Final = 21
BEGINS, SOUNDS, END_FRAMES = 0.5, 0.3, 11
TOGETHER_SECONDS: Final = 0.06
FEWEST_NOTES: Final = 8
MOST_STEPS: Final = 64
"""Sixteenths after the last onset of the highest voice that are of use."""
STEP: Final = TICKS_PER_QUARTER // STEPS_PER_QUARTER


class Played(NamedTuple):
    """A note in seconds."""

    onset: float
    end: float
    pitch: int


def weights() -> Any:
    """The network of basic-pitch.

    Raises
    ------
    InputError
        If it is not installed.
    """
    found = find_spec("basic_pitch")
    if found is None or not found.submodule_search_locations:
        raise InputError("this needs the weights of basic-pitch: pip install --no-deps basic-pitch")
    path = Path(found.submodule_search_locations[0]) / "saved_models" / "icassp_2022" / "nmp.onnx"
    return library("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])


def played(sound: NDArray[np.float32], network: Any) -> list[Played]:
    """The notes that are heard in mono sound at :data:`RATE`, by their onsets."""
    hop = WINDOW - 2 * MARGIN * HOP
    padded = np.pad(sound, (MARGIN * HOP, WINDOW))
    names = ["StatefulPartitionedCall:1", "StatefulPartitionedCall:2"]  # sounding, beginning
    sounding, beginning, times = [], [], []
    for start in range(0, len(sound), hop):
        window = padded[None, start : start + WINDOW, None]
        sounds, begins = network.run(names, {"serving_default_input_2:0": window})
        count = sounds.shape[1] - 2 * MARGIN
        sounding.append(sounds[0, MARGIN : MARGIN + count])
        beginning.append(begins[0, MARGIN : MARGIN + count])
        times.append((start + HOP * np.arange(count)) / RATE)
    return notes_of(np.concatenate(sounding), np.concatenate(beginning), np.concatenate(times))


def notes_of(sounding: NDArray[np.float32], beginning: NDArray[np.float32], times: NDArray[np.float64]) -> list[Played]:
    """Notes out of how likely each key sounds and begins, both ``(t, 88)``."""
    before, after = np.roll(beginning, 1, axis=0), np.roll(beginning, -1, axis=0)
    peaks = (beginning >= BEGINS) & (beginning > before) & (beginning >= after)
    found = []
    for key in range(sounding.shape[1]):
        starts = np.flatnonzero(peaks[:, key]).tolist()
        for start, limit in pairwise([*starts, len(times)]):
            loud = np.flatnonzero(sounding[start:limit, key] >= SOUNDS)
            last = _before_gap(loud.tolist())
            if last >= END_FRAMES:
                found.append(Played(float(times[start]), float(times[start + last]), key + LOWEST))
    return sorted(found)


def _before_gap(frames: Sequence[int]) -> int:
    """The last of rising frames, from 0 on, before a gap that ends a note."""
    last = 0
    for frame in frames:
        if frame - last > END_FRAMES:
            break
        last = frame
    return last


def highest_onsets(notes: Sequence[Played]) -> list[float]:
    """Where notes begin above which nothing sounds."""
    found: list[float] = []
    for note in notes:
        above = any(
            other.pitch > note.pitch and other.onset <= note.onset + TOGETHER_SECONDS and note.onset < other.end
            for other in notes
        )
        if not above and (not found or note.onset - found[-1] > TOGETHER_SECONDS):
            found.append(note.onset)
    return found


def in_bars(notes: Sequence[Played], title: str) -> Score:
    """Notes on the grid of sixteenths.

    Raises
    ------
    InputError
        If the highest voice has too few.
    """
    tune = highest_onsets(notes)
    if len(tune) < FEWEST_NOTES:
        raise InputError(f"{len(tune)} notes of a highest voice are heard; {FEWEST_NOTES} are the fewest")
    rhythm = rhythm_of(tune)
    steps = np.concatenate(([0], np.cumsum(rhythm.values)))
    seconds = [*tune, tune[-1] + float(MOST_STEPS * rhythm.step_seconds[-1])]
    places = [*steps, steps[-1] + MOST_STEPS]
    onsets, ends = (np.rint(np.interp([note[edge] for note in notes], seconds, places)).astype(int) for edge in (0, 1))
    line = {
        (int(onset), note.pitch): Note(int(onset) * STEP, max(1, int(end - onset)) * STEP, note.pitch)
        for onset, end, note in zip(onsets, ends, notes, strict=True)
    }
    numerator, denominator = map(int, rhythm.metre.split("/"))
    return Score(
        tuple(line.values()),
        time_signatures=(TimeSignature(numerator, denominator),),
        pickup_ticks=(-rhythm.first_step % METRES[rhythm.metre].num_steps) * STEP,
        tempo_bpm=float(round(60 / (STEPS_PER_QUARTER * float(np.median(rhythm.step_seconds))))),
        title=title,
    )


@command("recordings")
def main(arguments: Arguments) -> None:
    """Read the command line, write the folder, and print a verdict for each recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, help="folder of sound files")
    parser.add_argument("output", type=Path, help="folder to write to")
    options = parser.parse_args(arguments)
    paths = sorted(path for path in options.recordings.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise InputError(f"{options.recordings}: no sound files in it; give a folder of {', '.join(SUFFIXES)}")
    network, used = weights(), 0
    for path in paths:
        name = path.relative_to(options.recordings)
        try:
            score = in_bars(played(read_sound(path, rate=RATE), network), path.stem)
        except (ValueError, OSError) as error:
            print(f"{name}: left out: {str(error).removeprefix(f'{path}: ')}")
            continue
        target = (options.output / name).with_suffix(".mid")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_midi(score, target)
        used += 1
        bars = len(score.bar_starts())
        print(f"{name}: {len(score.notes)} notes in {bars} bars of {score.time_signatures[0].name}")
    print(f"{options.output}: {used} of {len(paths)} recordings")


if __name__ == "__main__":
    sys.exit(main(None))
