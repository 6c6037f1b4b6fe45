"""Harmonise the tunes of docs/tunes and engrave them as the pictures of docs/harmonise.md.

``python scripts/make/engrave.py`` writes a PNG for each row of :data:`PICTURES` into docs/pictures, with the shipped
weights or those of ``--checkpoint``, in a minute or two; run it again when the weights change. Each picture is what the
command on the page gives with the same seed: two staves, soprano and alto above, tenor and bass below, the notes of the
tune in blue.

The pages are those of :mod:`biaxial.render.engraving`, which says what to install; Pillow, which matplotlib brings,
makes the files small.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import biaxial
from biaxial import Score
from biaxial.formats.read import read_score
from biaxial.render.engraving import png, svg_pages
from biaxial.render.files import GIVEN_COLOUR

ROOT = Path(__file__).parents[2]
ODE_CHORDS = (
    "D | A7 | D | D A7 | D | A7 | D | A7 D | A | A7 D | A7 / D A7 | D E7 A D | D | A7 | D | A7 D"  # as on the page
)
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "new-britain": ("new-britain", {}),
    "greensleeves": ("greensleeves", {}),
    "ode-to-joy": ("ode-to-joy", {}),
    "ode-chords": ("ode-to-joy", {"chords": ODE_CHORDS}),
    "auld-lang-syne": ("auld-lang-syne", {}),
    "ode-tenor": ("ode-to-joy", {"voice": "tenor"}),
    "maman": ("maman", {}),
}
"""Name of a picture: its tune, and what is asked for beside seed 1."""

WIDTH_MM = 175
HEIGHT_MM = 1000
WIDTH = 960


def engraved(score: Score, captions: Sequence[tuple[int, str]] = (), width_mm: int = WIDTH_MM) -> bytes:
    """A score as PNG, without its title and on one page; captions as :func:`~biaxial.render.engraving.svg_pages`."""
    from PIL import Image

    size_mm = (width_mm, HEIGHT_MM)
    (page,) = svg_pages(replace(score, title=""), given_colour=GIVEN_COLOUR, size_mm=size_mm, captions=captions)
    out = io.BytesIO()
    Image.open(io.BytesIO(png(page, WIDTH))).convert("RGB").quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="weights (default: those in the package)")
    parser.add_argument("--only", nargs="+", choices=list(PICTURES), help="some of the pictures")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "pictures", help="folder (docs/pictures)")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    model = biaxial.load(options.checkpoint, device="cpu")
    for name in options.only or PICTURES:
        tune, wanted = PICTURES[name]
        path = ROOT / "docs" / "tunes" / f"{tune}.abc"
        piece = model.harmonise(path, seed=1, **wanted)
        score = piece.score if piece.score.key else replace(piece.score, key=read_score(path).key)
        (options.output / f"{name}.png").write_bytes(engraved(score))
        print(f"{name}.png: {(options.output / f'{name}.png').stat().st_size} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
