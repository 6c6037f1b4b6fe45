"""Statistics of composed pieces without voices beside those of held-out music, as a markdown table.

``python scripts/tables/piano_table.py quartets --checkpoint runs/piano/model.safetensors`` composes 40 pieces of 16
bars with seeds 0 to 39 and reads the held-out pieces (valid and test) of a folder made by
``scripts/make/make_piano_corpus.py``, in windows of 16 bars. ``--temperature``, ``--density`` and ``--ranges`` are
those of ``biaxial-compose``. Each figure is a ratio of sums over pieces with its standard error.

The key is found from the notes (:func:`biaxial.music.keys.detect_key`); its scale is the major one, or the
minor one with both sixth and both seventh degrees. A bar returns if it strikes the same pitches at the same places as
an earlier bar of the piece that is not empty.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from biaxial import Score, load
from biaxial.cli.writing import read_ranges
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.likelihood.frame_nats import ratio
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.keys import detect_key, pitch_class_durations
from biaxial.music.roll import Roll
from biaxial.tasks.drawing.sampling_options import SamplingOptions

BARS: Final = 16
GRID: Final = Grid(12)
SCALES: Final = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}
TRIADS: Final = [
    frozenset((root + tone) % 12 for tone in chord) for root in range(12) for chord in ((0, 4, 7), (0, 3, 7))
]
PLACES: Final = {
    "on a beat": (0,),
    "on the second eighth": (6,),
    "on the other sixteenths": (3, 9),
    "on the other triplets": (4, 8),
    "elsewhere": (1, 2, 5, 7, 10, 11),
}
"""Steps of a quarter note, twelve to a quarter."""


def windows(score: Score, bars: int = BARS) -> Iterator[Score]:
    """A piece in windows of so many bars; what is left over at its end goes."""
    starts = score.bar_starts()
    for first, end in zip(starts[::bars], starts[bars::bars], strict=False):
        cut = tuple(
            replace(
                note, onset_ticks=note.onset_ticks - first, length_ticks=min(note.end_ticks, end) - note.onset_ticks
            )
            for note in score.notes
            if first <= note.onset_ticks < end
        )
        if cut:
            metre = replace(score.time_signature_at(first), onset_ticks=0)
            yield Score(cut, end - first, score.ticks_per_quarter, (metre,))


def counts(score: Score) -> dict[str, tuple[float, float]]:
    """Of one piece, for each figure: what is counted, and what it is divided by."""
    states = Roll.from_score(score, GRID, 0, 128).states
    sounds, struck = states != SILENT, states == STRIKE
    steps, notes = len(states), int(struck.sum())
    quarters = steps / GRID.steps_per_quarter
    moments = struck.any(axis=1)
    chords = [frozenset((np.flatnonzero(row) % 12).tolist()) for row in sounds]
    still = np.diff(np.flatnonzero([True, *moments, True]))
    key, durations = detect_key(score), pitch_class_durations(score)
    in_key = 0.0 if key is None else sum(durations[(key.tonic + degree) % 12] for degree in SCALES[key.mode])
    bar = score.time_signatures[0].bar_ticks(score.ticks_per_quarter) // GRID.step_ticks(score.ticks_per_quarter)
    bars = [
        struck[first : first + bar].tobytes() for first in range(0, steps, bar) if struck[first : first + bar].any()
    ]
    by_place = struck.sum(axis=1)
    found: dict[str, tuple[float, float]] = {
        "notes at once": (sounds.sum(), steps),
        "silence, % of time": (100 * (~sounds.any(axis=1)).sum(), steps),
        "five notes and more, % of time": (100 * (sounds.sum(axis=1) > 4).sum(), steps),
        "struck notes a quarter": (notes, quarters),
        "moments with a strike a quarter": (moments.sum(), quarters),
        "length of a note, quarters": (sounds.sum() / GRID.steps_per_quarter, notes),
        "longest time without a strike, quarters": (still.max() / GRID.steps_per_quarter, 1),
        "within one triad, % of sounding time": (
            100 * sum(any(chord <= triad for triad in TRIADS) for chord in chords if chord),
            sum(bool(chord) for chord in chords),
        ),
        "in the scale of its key, % of sounding time": (100 * in_key, durations.sum()),
        "bars that return, %": (100 * (len(bars) - len(set(bars))), len(bars)),
        "bars like the bar before, %": (100 * sum(a == b for a, b in pairwise(bars)), len(bars)),
    }
    for name, places in PLACES.items():
        there = sum(by_place[place :: GRID.steps_per_quarter].sum() for place in places)
        found[f"strikes {name}, %"] = (100 * there, notes)
    return found


def column(scores: Sequence[Score]) -> dict[str, str]:
    """All figures of a set of pieces."""
    rows = [counts(score) for score in scores]
    found = {"pieces": str(len(rows))}
    for name in rows[0]:
        figure = ratio(name, "", *zip(*(row[name] for row in rows), strict=True))
        found[name] = f"{figure.value:.2f} ± {figure.standard_error:.2f}"
    return found


def main() -> None:
    """Read the command line, compose, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder made by scripts/make/make_piano_corpus.py")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights without voices")
    parser.add_argument("-n", type=int, default=40, help="pieces to compose (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=BARS, help="of each, and of a window (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=1.0, help="(default: %(default)s)")
    parser.add_argument("--density", type=float, default=0.0, help="(default: %(default)s)")
    parser.add_argument("--ranges", type=read_ranges, help="lowest and highest pitch, such as 36-93 (default: all)")
    options = parser.parse_args()
    items, _ = read_folder(options.folder)
    held_out = [window for item in items if item.split != "train" for window in windows(item.score, options.bars)]
    if not held_out:
        parser.error(f"{options.folder} holds no valid or test piece of {options.bars} bars; give fewer --bars")
    drawing = SamplingOptions(temperature=options.temperature, density=options.density, ranges=options.ranges)
    model = load(options.checkpoint)
    pieces = model.draw(model.plan_composition(options.bars, n=options.n, seed=options.seed, drawing=drawing))
    composed = [piece.score for piece in pieces]
    print(f"composed {len(composed)} pieces", file=sys.stderr)
    ours, theirs = column(composed), column(held_out)
    print("| | composed | held out |\n|---|---|---|")
    for name, value in ours.items():
        print(f"| {name} | {value} | {theirs[name]} |")


if __name__ == "__main__":
    main()
