"""Draw a piece as a piano roll: ``python scripts/make/piano_roll.py piece.mid picture.png``, or ``picture.svg``."""

from __future__ import annotations

import argparse
from pathlib import Path

from biaxial.formats.read import read_score
from biaxial.render.piano_roll import save_piano_roll


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("piece", type=Path, help="file of music")
    parser.add_argument("picture", type=Path, help="the PNG or SVG to write")
    options = parser.parse_args()
    try:
        save_piano_roll(read_score(options.piece), options.picture)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
