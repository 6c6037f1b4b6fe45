"""Draw a piece as a piano roll: ``python scripts/piano_roll.py piece.mid picture.png``.

Time runs to the right, a line for each bar and shade for the black keys. Pillow, which matplotlib brings, makes the
file small.
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from biaxial import Score
from biaxial.io.files import atomic_write
from biaxial.io.load import read_score

BLACK_KEYS = (1, 3, 6, 8, 10)


def picture(score: Score) -> bytes:
    """The roll as a PNG of at most 32 colours."""
    quarter = score.ticks_per_quarter
    lowest, highest = min(note.pitch for note in score.notes), max(note.pitch for note in score.notes)
    figure = Figure(figsize=(10, 3.2), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for pitch in range(lowest - 1, highest + 2):
        if pitch % 12 in BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#f0f0f0", linewidth=0)
    for start in score.bar_starts():
        axes.axvline(start / quarter, color="#c0c0c0", linewidth=0.8)
    axes.barh(
        [note.pitch for note in score.notes],
        [0.92 * note.length_ticks / quarter for note in score.notes],
        0.9,
        [note.onset_ticks / quarter for note in score.notes],
        color="#0a4fa3",
    )
    octaves = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 == 0]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    axes.set_xlim(0, score.length_ticks / quarter)
    axes.set_ylim(lowest - 1.5, highest + 1.5)
    axes.set_xlabel("quarter notes")
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    small = BytesIO()
    Image.open(buffer).convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("piece", type=Path, help="file of music")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    options = parser.parse_args()
    try:
        atomic_write(options.picture, picture(read_score(options.piece)))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
