"""How tunes end, alone and in four parts, as two markdown tables.

``python scripts/tables/tune_ends.py`` composes 100 tunes (seeds 0 to 99) with the shipped melody weights, and 20 pieces
as ``biaxial-compose --tune-by hymn-tunes-v1 -n 20`` does, all with default settings. It takes some minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from biaxial.music.constants import NUM_VOICES, VOICE_RANGES
from biaxial.music.score import Note, Score
from biaxial.tasks.harmonised_tunes import harmonised_tunes
from biaxial.tasks.loading import load_model, load_token_model


def is_home(score: Score, notes: Sequence[Note]) -> bool:
    """Whether some notes are the tonic triad, root at the bottom."""
    assert score.key is not None
    classes = {(note.pitch - score.key.tonic) % 12 for note in notes}
    lowest = min(note.pitch for note in notes)
    return (lowest - score.key.tonic) % 12 == 0 and classes <= (
        {0, 3, 4, 7} if score.key.mode == "minor" else {0, 4, 7}
    )


def ends_on_tonic(score: Score) -> bool:
    """Whether the last note of a tune is its tonic and nothing follows."""
    assert score.key is not None
    last = score.notes[-1]
    return last.pitch % 12 == score.key.tonic and last.end_ticks == score.length_ticks


def ends_with_bar(score: Score) -> bool:
    """Whether the last bar is full, or completed by the pickup."""
    bar = score.time_signatures[0].bar_ticks(score.ticks_per_quarter)
    return (score.length_ticks - score.pickup_ticks) % bar in (0, bar - score.pickup_ticks)


def quarters_between(score: Score) -> list[float]:
    """Quarters from one phrase end to the next."""
    return [float(gap) / score.ticks_per_quarter for gap in np.diff(score.fermatas or ())]


def spread(values: Sequence[float], shares: Sequence[float]) -> str:
    """Quantiles of some values; a dash where there are none."""
    return " / ".join(f"{value:g}" for value in np.quantile(values, shares)) if values else "-"


def main() -> None:
    """Read the command line, compose, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tunes", default="hymn-tunes-v1", help="melody weights (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=100, help="tunes (default: %(default)s)")
    parser.add_argument("--pieces", type=int, default=20, help="pieces in four parts (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, help="weights that harmonise (default: the shipped ones)")
    options = parser.parse_args()
    model = load_token_model(options.tunes, "cpu")
    tunes = list(model.draw(model.plan_composition(n=options.seeds)))
    scores = [tune.score for tune in tunes]
    lengths = [score.length_ticks / score.ticks_per_quarter for score in scores]
    gaps = [gap for score in scores for gap in quarters_between(score)]
    rows = [
        ("tunes", len(scores)),
        ("end on their tonic, without a rest", sum(map(ends_on_tonic, scores))),
        ("ended by the model, not broken off", sum(not tune.remarks for tune in tunes)),
        ("end with a full bar", sum(map(ends_with_bar, scores))),
        ("quarters: shortest, median, longest", spread(lengths, (0, 0.5, 1))),
        ("quarters from phrase end to phrase end: 10%, median, 90%", spread(gaps, (0.1, 0.5, 0.9))),
    ]
    print("| tunes alone | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows), flush=True)
    pieces = [piece.score for piece in harmonised_tunes(load_model(options.checkpoint, "cpu"), model, options.pieces)]
    last = [[note for note in score.notes if note.end_ticks == score.length_ticks] for score in pieces]
    low, high = VOICE_RANGES[0]
    inside = [all(low <= note.pitch <= high for note in score.voice_notes(0)) for score in pieces]
    voices = [len({note.voice for note in notes}) == NUM_VOICES for notes in last]
    homes = [all_there and is_home(score, notes) for all_there, score, notes in zip(voices, pieces, last, strict=True)]
    rows = [
        ("pieces", len(pieces)),
        ("all four voices sound to the end", sum(voices)),
        ("in a tonic chord in root position", sum(homes)),
        ("soprano within its range", sum(inside)),
    ]
    print("\n| in four parts | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows))


if __name__ == "__main__":
    main()
