"""Statistics of composed pieces without voices beside those of held-out music, as a markdown table.

``python scripts/tables/piano_table.py quartets --checkpoint runs/piano/model.safetensors`` composes 40 pieces of 16
bars with seeds 0 to 39 and reads the held-out pieces (valid and test) of a folder made by
``scripts/make/make_piano_corpus.py``, or of a prepared corpus such as that of ``scripts/make/quartets.py``, in windows
of 16 bars. ``--style``, ``--temperature``, ``--density`` and ``--ranges`` are those of ``biaxial-compose``; the style
of a composer is measured beside the held-out pieces in this composer's folder. Each figure is a ratio of sums over
pieces with its standard error. ``--keep FOLDER`` keeps what was drawn.

The key is found from the notes (:func:`biaxial.music.keys.detect_key`); its scale is the major one, or the
minor one with both sixth and both seventh degrees. A bar returns if it strikes the same pitches at the same places as
an earlier bar of the piece that is not empty. Loudness is compared, where it is known, note by note: with the pitch,
with the notes that sound at once, with the place in the piece, and with the nearness to the middle of four bars, which
is where a phrase of the usual length is loudest; a correlation is the mean over pieces that are not of one level.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial import Score, TimeSignature, load
from biaxial.cli.writing import read_ranges
from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.features.conditions import Condition
from biaxial.likelihood.frame_nats import ratio
from biaxial.music.constants import SILENT, STRIKE, TICKS_PER_QUARTER
from biaxial.music.grid import Grid
from biaxial.music.keys import detect_key, pitch_class_durations
from biaxial.music.roll import Roll
from biaxial.tasks.drawing.sampling_options import SamplingOptions
from scripts.tables.composer_table import passages
from scripts.tables.drawn_pieces import composed

BARS: Final = 16
SCALES: Final = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}
TRIADS: Final = [
    frozenset((root + tone) % 12 for tone in chord) for root in range(12) for chord in ((0, 4, 7), (0, 3, 7))
]
TWELFTHS: Final = {
    "on a beat": (0,),
    "on the second eighth": (6,),
    "on the other sixteenths": (3, 9),
    "on the other triplets": (4, 8),
    "elsewhere": (1, 2, 5, 7, 10, 11),
}
"""Places in a quarter note, in twelfths of it."""


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


def prepared_windows(piece: CorpusPiece, grid: Grid, bars: int = BARS) -> Iterator[Score]:
    """A piece of a prepared corpus in windows of so many bars."""
    for passage in passages(piece, bars):
        quarters = Fraction(int(passage.conditions[0, Condition.BAR_STEPS]), grid.steps_per_quarter)
        metre = TimeSignature((quarters * 2).numerator, 8 // (quarters * 2).denominator)
        outline = Score(length_ticks=passage.num_steps * grid.step_ticks(TICKS_PER_QUARTER), time_signatures=(metre,))
        yield Roll(passage.states, None, 0, outline, grid, levels=passage.levels).to_score()


def loudness(score: Score) -> dict[str, tuple[float, float]]:
    """How loud the notes of a piece are, and how that goes with other things."""
    notes = [note for note in score.notes if note.velocity is not None]
    if not notes:
        return {}
    velocity, pitch, onset = np.array([(note.velocity, note.pitch, note.onset_ticks) for note in notes], float).T
    bar = score.time_signatures[0].bar_ticks(score.ticks_per_quarter)
    at_once = [sum(other.onset_ticks <= tick < other.end_ticks for other in score.notes) for tick in onset]
    with_what = {
        "pitch": pitch,
        "notes at once": np.array(at_once, float),
        "place in the piece": onset,
        "nearness to the middle of four bars": -np.abs(onset / (4 * bar) % 1 - 0.5),
    }
    found = {"velocity": (float(velocity.sum()), float(len(notes)))}
    found["notes of another level than the note before, %"] = (
        100.0 * float((np.diff(velocity) != 0).sum()),
        len(notes),
    )
    for name, other in with_what.items():
        uneven = velocity.std() > 0 and other.std() > 0
        value = float(np.corrcoef(velocity, other)[0, 1]) if uneven else 0.0
        found[f"correlation of velocity with {name}"] = (value, float(uneven))
    return found


def counts(score: Score, grid: Grid) -> dict[str, tuple[float, float]]:
    """Of one piece, for each figure: what is counted, and what it is divided by."""
    states = Roll.from_score(score, grid, 0, 128).states
    sounds, struck = states != SILENT, states == STRIKE
    steps, notes = len(states), int(struck.sum())
    quarters = steps / grid.steps_per_quarter
    moments = struck.any(axis=1)
    chords = [frozenset((np.flatnonzero(row) % 12).tolist()) for row in sounds]
    still = np.diff(np.flatnonzero([True, *moments, True]))
    key, durations = detect_key(score), pitch_class_durations(score)
    in_key = 0.0 if key is None else sum(durations[(key.tonic + degree) % 12] for degree in SCALES[key.mode])
    bar = score.time_signatures[0].bar_ticks(score.ticks_per_quarter) // grid.step_ticks(score.ticks_per_quarter)
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
        "longest note, quarters": (max(note.length_ticks for note in score.notes) / score.ticks_per_quarter, 1),
        "bars in which nothing begins, %": (
            100 * sum(not struck[first : first + bar].any() for first in range(0, steps, bar)),
            -(-steps // bar),
        ),
        "lowest pitch": (min(note.pitch for note in score.notes), 1),
        "highest pitch": (max(note.pitch for note in score.notes), 1),
        "length of a note, quarters": (sounds.sum() / grid.steps_per_quarter, notes),
        "longest time without a strike, quarters": (still.max() / grid.steps_per_quarter, 1),
        "within one triad, % of sounding time": (
            100 * sum(any(chord <= triad for triad in TRIADS) for chord in chords if chord),
            sum(bool(chord) for chord in chords),
        ),
        "in the scale of its key, % of sounding time": (100 * in_key, durations.sum()),
        "bars that return, %": (100 * (len(bars) - len(set(bars))), len(bars)),
        "bars like the bar before, %": (100 * sum(a == b for a, b in pairwise(bars)), len(bars)),
    }
    for name, places in TWELFTHS.items():
        steps_there = [place * grid.steps_per_quarter / 12 for place in places]
        on_grid = [int(step) for step in steps_there if step.is_integer()]
        if on_grid:
            there = sum(by_place[step :: grid.steps_per_quarter].sum() for step in on_grid)
            found[f"strikes {name}, %"] = (100 * there, notes)
    return found | loudness(score)


def column(scores: Sequence[Score], grid: Grid) -> dict[str, str]:
    """All figures of a set of pieces."""
    rows = [counts(score, grid) for score in scores]
    found = {"pieces": str(len(rows))}
    for name in dict.fromkeys(name for row in rows for name in row):
        figure = ratio(name, "", *zip(*(row.get(name, (0.0, 0.0)) for row in rows), strict=True))
        found[name] = f"{figure.value:.2f} ± {figure.standard_error:.2f}"
    return found


def held_out_windows(source: Path, grid: Grid, bars: int, style: str | None) -> list[Score]:
    """The held-out music of a folder or a prepared corpus, in windows of so many bars."""
    if source.suffix != ".npz":
        items, _ = read_folder(source)
        return [window for item in items if item.split != "train" for window in windows(item.score, bars)]
    pieces = [piece for piece in Corpus.load(source).pieces if piece.split != "train"]
    own = [piece for piece in pieces if piece.name.split("/")[0] == style] or pieces
    return [window for piece in own for window in prepared_windows(piece, grid, bars) if window.notes]


def main() -> None:
    """Read the command line, compose, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of music, or a prepared corpus")
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights without voices")
    parser.add_argument("-n", type=int, default=40, help="pieces to compose (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=BARS, help="of each, and of a window (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first (default: %(default)s)")
    parser.add_argument("--style", help="style, or mixture (default: what the weights carry)")
    parser.add_argument("--temperature", type=float, default=1.0, help="(default: %(default)s)")
    parser.add_argument("--density", type=float, default=0.0, help="(default: %(default)s)")
    parser.add_argument("--ranges", type=read_ranges, help="lowest and highest pitch, such as 36-93 (default: all)")
    parser.add_argument("--keep", type=Path, help="folder of what was drawn (default: it is not kept)")
    options = parser.parse_args()
    model = load(options.checkpoint)
    grid = Grid(model.config.steps_per_quarter)
    held_out = held_out_windows(options.corpus, grid, options.bars, options.style)
    if not held_out:
        parser.error(f"{options.corpus} holds no valid or test piece of {options.bars} bars; give fewer --bars")
    drawing = SamplingOptions(temperature=options.temperature, density=options.density, ranges=options.ranges)
    changes = {"drawing": drawing} | ({} if options.style is None else {"style": options.style})
    ours = column(composed(model, options.n, options.seed, options.bars, changes, options.keep), grid)
    theirs = column(held_out, grid)
    print("| | composed | held out |\n|---|---|---|")
    for name, value in theirs.items():
        print(f"| {name} | {ours.get(name, '')} | {value} |")


if __name__ == "__main__":
    main()
