#!/usr/bin/env python3
"""How often the guess of phrase ends finds the fermatas of the sopranos of the chorales, as a table.

The end of a piece is not counted. Run: ``python scripts/tables/phrase_table.py chorales/``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from biaxial.formats.read import read_score
from biaxial.music.phrase_guess import guessed_ends
from biaxial.music.score import Score


def counted(score: Score) -> tuple[int, int, int]:
    """Fermatas of the soprano, ends that are guessed, and how many of these are right."""
    notes = score.voice_notes(0)
    last = notes[-1].onset_ticks
    onsets = {note.onset_ticks for note in notes}
    printed = {tick for tick in score.fermatas or () if tick < last and tick in onsets}
    found = set(guessed_ends(replace(score, notes=notes))) - {last}
    return len(printed), len(found), len(printed & found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="folder with train, valid and test")
    options = parser.parse_args(arguments)
    print("| split | chorales | fermatas | guessed | precision | recall |\n|---|---|---|---|---|---|")
    for split in ("train", "valid", "test"):
        scores = [read_score(path) for path in sorted((options.chorales / split).glob("*.mid"))]
        rows = [counted(score) for score in scores if score.fermatas]
        printed, found, right = (sum(column) for column in zip(*rows, strict=True))
        print(f"| {split} | {len(rows)} | {printed} | {found} | {right / found:.2f} | {right / printed:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
