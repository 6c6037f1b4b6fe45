"""Compose the ten pieces of docs/scores.md and engrave them: ``python scripts/make/ten_scores.py``, in a minute.

Their seeds are :data:`SEEDS` and everything else is what ``biaxial-compose`` does by default, with the shipped weights
or those of ``--checkpoint``. A PNG of each is written into docs/pictures/scores, the plan under its phrases, and its
plan line is printed. The page tells of these very notes: run it again when the weights or the sampler change, and write
the page anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # run as a file: where the siblings are
import biaxial  # noqa: E402
from biaxial.render.files import plan_under  # noqa: E402
from scripts.make.engrave import engraved  # noqa: E402

SEEDS = range(9000, 9010)
BARS = 16
WIDTH_MM = 210


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pictures and print the plans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="weights (default: those in the package)")
    folder = ROOT / "docs" / "pictures" / "scores"
    parser.add_argument("--output", type=Path, default=folder, help="folder (docs/pictures/scores)")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    model = biaxial.load(options.checkpoint, device="cpu")
    for seed in SEEDS:
        piece = model.compose(BARS, seed=seed)
        captions = plan_under(piece.score, piece.plan) if piece.plan else ()
        (options.output / f"{seed}.png").write_bytes(engraved(piece.score, captions, WIDTH_MM))
        print(f"{seed}: {piece.plan.summary if piece.plan else 'no plan'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
