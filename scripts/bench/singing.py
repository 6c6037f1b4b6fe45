"""Measure how well a tune is read from sound: notes, bars, seconds; from clean sound and from sound as people make it.

``python scripts/bench/singing.py --hymnal OPEN-HYMNAL`` renders 40 tunes, those of ``docs/tunes`` and sopranos of a
folder of the ABC files of the Open Hymnal Project, by turns on the package's choir and piano, a minute of each at
most, in keys that take them from A2 to A5, each at a tempo of its own. It reads them, and prints a row for the clean
sound and one for sound with all of

- a vibrato of 30 cents to either side, 5.5 times a second,
- a pitch that drifts by 20 cents a minute, upwards and downwards by turns,
- white noise 20 dB below the music,
- a tempo that breathes by 5%, in waves of twelve seconds.

It takes three minutes on one core. One voice is one voice: a note is released when the next begins, and there is no
hall around it; ``--hall`` adds the row of the sound that the package makes of a piece, where each note rings for two
seconds into the next ones. ``--tracker pyin`` measures librosa's tracker in place of SwiftF0, which needs librosa.

Notes are matched by mir_eval: the pitch within 50 cents, the onset within a sixteenth; where a note ends is left out.
*Bars* are right if metre and pickup are those of the tune: as many quarter notes to a bar and before the first bar
line, at its tempo, beats divided by two or by three as in the tune. A sound does not say how it is printed: 2/2 may be
read as 4/4, 3/2, 4/2 and 6/4 with notes of half the length as 3/4, 4/4 and 6/8 (or 3/4, for which 6/4 is printed too),
and 12/8 as 6/8. *Values* are the notes of which the next one too was found, in the right distance on the page.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.formats.abc.tune import read_abc
from biaxial.formats.audio.audio_reader import HeardTune, heard_tune
from biaxial.formats.audio.pitch_tracker import pitch_frames
from biaxial.formats.audio.sound_file import RATE as HEARD_RATE
from biaxial.formats.audio.sound_file import library
from biaxial.formats.audio.sung_notes import PitchFrames
from biaxial.formats.melody_file import skyline
from biaxial.music.bar_lines import is_beamed_by_three
from biaxial.music.errors import InputError
from biaxial.music.score import Note, Score
from biaxial.render.audio import INSTRUMENTS, own_sampler, played, render_audio
from scripts.bench.reporting import processor, report, table

TUNES: Final = Path(__file__).parents[2] / "docs" / "tunes"
LOWEST, HIGHEST = 45, 81
"""A2 and A5, as MIDI numbers."""
RATE: Final = 44100
NUM_TUNES: Final = 40
MOST_SECONDS: Final = 60
F1_CLEAN, F1_ALL, BARS_RIGHT, SECONDS_A_MINUTE = 0.95, 0.90, 30, 6.0
"""What was asked for."""
SAME_BARS: Final = {
    **{name: {(name, 1)} for name in ("2/4", "3/4", "4/4", "6/8")},
    "2/2": {("4/4", 1)},
    "3/2": {("3/4", 2)},
    "4/2": {("4/4", 2)},
    "6/4": {("6/8", 2), ("3/4", 2)},
    "12/8": {("6/8", 1)},
}
"""How a printed metre may be read, and what its note values are divided by then."""
SAME_TEMPO: Final = 0.12
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
        Note(int(start), int(end - start), note.pitch, 0)
        for start, end, note in zip(first, last, tune.notes, strict=True)
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
    metre = tune.time_signatures[0]
    beat = 1.5 if is_beamed_by_three(metre) else 4 / metre.denominator  # in quarter notes
    tempo = beat * draw.uniform(66, 108)
    if metre.name == "6/4":
        tempo = 3 * draw.uniform(44, 60)  # two slow beats
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


def pyin_frames(sound: NDArray[np.float32]) -> PitchFrames:
    """The frames of librosa's pYIN, with the spectra of the package's."""
    frames = pitch_frames(sound)
    found, voiced, _ = library("librosa").pyin(
        sound, sr=HEARD_RATE, fmin=65, fmax=1050, frame_length=2048, hop_length=256
    )
    count = len(frames.pitches)
    pitches = 69 + 12 * np.log2(np.nan_to_num(found[:count], nan=440.0) / 440)
    return replace(frames, pitches=pitches, confidences=np.where(voiced[:count], 0.9, 0.1))


@dataclass(frozen=True)
class Measured:
    """What came of a tune: precision, recall and F1 of its notes, whether its bars are right, values, seconds."""

    notes: tuple[float, float, float]
    bars: bool
    values: float
    seconds: float
    minutes: float


def measured(sung: Sung, track: Callable[[NDArray[np.float32]], PitchFrames]) -> Measured:
    """Read a tune, its pitch by a tracker, and compare."""
    resample = library("soxr").resample
    started = time.process_time()
    try:
        heard = heard_tune(track(resample(sung.sound, RATE, HEARD_RATE)), sung.name)
    except InputError as error:
        report(str(error))
        heard = None
    seconds, minutes = time.process_time() - started, len(sung.sound) / RATE / 60
    if heard is None:
        return Measured((0.0, 0.0, 0.0), False, 0.0, seconds, minutes)
    return Measured(*compared(sung, heard), seconds, minutes)


def compared(sung: Sung, heard: HeardTune) -> tuple[tuple[float, float, float], bool, float]:
    """Precision, recall and F1; whether the bars are right; and the share of right values."""
    from mir_eval.transcription import match_notes

    true = np.column_stack((sung.onsets_seconds, sung.onsets_seconds + 0.1))
    found = np.array([(note.onset_seconds, note.end_seconds) for note in heard.notes])
    pitches = [
        440 * 2 ** ((np.array([note.pitch for note in tune]) - 69) / 12) for tune in (sung.tune.notes, heard.notes)
    ]
    tolerance = 15 / sung.tune.tempo_bpm
    pairs = match_notes(true, pitches[0], found, pitches[1], onset_tolerance=tolerance, offset_ratio=None)
    precision, recall = len(pairs) / len(found), len(pairs) / len(true)
    place = dict(pairs)
    quarter, ways = sung.tune.ticks_per_quarter, SAME_BARS.get(sung.tune.time_signatures[0].name, set())
    steps = [note.onset_ticks * 4 / quarter for note in sung.tune.notes]
    right = [
        sum(
            place.get(index + 1, -1) == place.get(index, -3) + 1
            and heard.rhythm.values[place[index]] * divisor == steps[index + 1] - steps[index]
            for index in range(len(steps) - 1)
        )
        for divisor in {divisor for _, divisor in ways}
    ]
    pickup = heard.tune.pickup_ticks / heard.tune.ticks_per_quarter
    bars = any(
        heard.rhythm.metre == metre
        and pickup * divisor == sung.tune.pickup_ticks / quarter
        and abs(np.log(heard.tune.tempo_bpm * divisor / sung.tune.tempo_bpm)) < SAME_TEMPO
        for metre, divisor in ways
    )
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return (precision, recall, f1), bars, max(right, default=0) / (len(steps) - 1)


@command("singing")
def main(arguments: Arguments) -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--hymnal", type=Path, help="folder of the ABC files of Open Hymnal (default: tunes of docs only)"
    )
    parser.add_argument("--tunes", type=int, default=NUM_TUNES, help="how many tunes")
    parser.add_argument("--tracker", choices=("swift-f0", "pyin"), default="swift-f0")
    parser.add_argument("--hall", action="store_true", help="also the clean sound in the package's halls")
    options = parser.parse_args(arguments)
    track = pyin_frames if options.tracker == "pyin" else pitch_frames
    paths = chosen_paths(options.hymnal, options.tunes)
    rows = []
    for name, with_all, in_hall in (
        ("clean", False, False),
        ("all four", True, False),
        ("clean, in a hall", False, True),
    ):
        if in_hall and not options.hall:
            continue
        found = []
        for number, path in enumerate(paths):
            one = sung(path, number, len(paths), with_all=with_all, in_hall=in_hall)
            found.append(measured(one, track))
            rhythm = "right" if found[-1].bars else "wrong"
            report(f"{name}: {one.name}: F1 {found[-1].notes[2]:.3f}, bars {rhythm}, values {found[-1].values:.2f}")
        precision, recall, f1 = np.mean([each.notes for each in found], axis=0)
        choir, piano = (
            np.mean([each.notes[2] for each in found[half::2]]) if found[half::2] else np.nan for half in (0, 1)
        )
        bars, values = sum(each.bars for each in found), np.mean([each.values for each in found])
        seconds = sum(each.seconds for each in found) / sum(each.minutes for each in found)
        figures = (f"{figure:.3f}" for figure in (precision, recall, f1, choir, piano))
        rows.append((name, *figures, f"{bars} of {len(found)}", f"{values:.2f}", f"{seconds:.2f}"))
    print(f"{options.tracker}, {len(paths)} tunes, one thread of {processor()}\n")
    table("sound | precision | recall | F1 | choir | piano | bars | values | seconds a minute", rows)
    print(f"Asked for: F1 {F1_CLEAN} clean and {F1_ALL} with all four, bars {BARS_RIGHT} of {NUM_TUNES}, ", end="")
    print(f"{SECONDS_A_MINUTE:g} seconds. Most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB.")


if __name__ == "__main__":
    sys.exit(main(None))
