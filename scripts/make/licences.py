"""Write ``LICENSES.md``: what each file of the package that is not code was made from, and under which terms it is.

``python scripts/make/licences.py`` takes a moment. Run it when a file was added to the package or changed its terms.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from biaxial.files.atomic import atomic_write
from biaxial.sampling.machine_code import shipped_code

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "LICENSES.md"
STUDIO_PAGE: Final = ROOT / "biaxial" / "studio" / "page"

HYMNAL: Final = "hymns of the Open Hymnal Project, in the public domain (scripts/make/hymns.py)"
CHORALES: Final = "The chorales of J. S. Bach, in the public domain, as music21 carries them (data/README.md)"
OWN: Final = "MIT (LICENSE)"


@dataclass(frozen=True)
class Part:
    """A file of the package that is not code.

    Parameters
    ----------
    path
        In the wheel.
    what
        What it is.
    source
        What it was made from, and the terms of that.
    licence
        What it is under itself.
    """

    path: str
    what: str
    source: str
    licence: str


PARTS: Final = (
    Part("biaxial/assets/bach.npz", "Measures and hashes of the chorales, no music", CHORALES, OWN),
    Part("biaxial/assets/chorales-v2.safetensors", "Weights that also say how likely music is", CHORALES, OWN),
    Part("biaxial/assets/chorales-v3.safetensors", "Weights that compose and harmonise", f"{CHORALES}; {HYMNAL}", OWN),
    Part("biaxial/assets/chorales.csv", "Names, keys and checksums of the chorales, no music", CHORALES, OWN),
    Part("biaxial/assets/chords-v1.safetensors", "Weights that write chords", CHORALES, OWN),
    Part(
        "biaxial/assets/fluid-chorale.LICENSE.txt",
        "The licence of the soundfont",
        "Fluid (R3) SoundFont by Frank Wen",
        "MIT",
    ),
    Part(
        "biaxial/assets/fluid-chorale.sf3",
        "Samples of an organ, a choir, strings and a piano",
        "Fluid (R3) SoundFont by Frank Wen, MIT",
        "MIT (biaxial/assets/fluid-chorale.LICENSE.txt)",
    ),
    Part(
        "biaxial/assets/hymn-tunes-v1.safetensors",
        "Weights that write tunes",
        "Sopranos of the Open Hymnal Project, public domain, and of the chorales of J. S. Bach "
        "(docs/model-card-hymn-tunes.md)",
        OWN,
    ),
    Part(
        f"biaxial/assets/{shipped_code().name}",
        "Kernels of drawing and scoring as LLVM's intermediate code",
        "Compiled from biaxial/sampling/kernels by numba (scripts/make/kernels.py)",
        OWN,
    ),
    Part(
        "biaxial/assets/musescore/biaxial.js", "What the plugin for MuseScore computes", "Written for this package", OWN
    ),
    Part("biaxial/assets/musescore/biaxial.qml", "The plugin for MuseScore", "Written for this package", OWN),
    Part("biaxial/assets/plans-v1.json", "Counts of how phrases follow each other", CHORALES, OWN),
    Part(
        "biaxial/assets/quartets-v1.safetensors",
        "Weights that compose string quartets",
        "The OpenScore String Quartets, CC0 (docs/model-card-quartets.md)",
        OWN,
    ),
    Part(
        "biaxial/assets/rhythms-v1.json",
        "Counts of which note values stand where in bars",
        "Sopranos of the Open Hymnal Project, public domain, and of the chorales of J. S. Bach (docs/singing.md)",
        OWN,
    ),
    Part("biaxial/judge/page.html.j2", "The frame of the judge's page", "Written for this package", OWN),
    Part("biaxial/py.typed", "Says that the package has types; empty", "Written for this package", OWN),
    *(
        Part(path.relative_to(ROOT).as_posix(), "Part of the page of the studio", "Written for this package", OWN)
        for path in sorted(STUDIO_PAGE.rglob("*"))
        if path.is_file()
    ),
)
"""Every file in the wheel that is not Python, in the order of their paths."""

HEAD: Final = """# Licences

The code of this package is under the MIT licence ([LICENSE](LICENSE)). So is all else in it; the table says what each
file was made from. No music of others and no font is in the package: printed pages use the fonts of Verovio, Typst and
Matplotlib, which are installed beside it under licences of their own, as every package that this one needs is.

`scripts/make/licences.py` makes this page.

| file | what it is | made from | licence |
|---|---|---|---|
"""


def page() -> str:
    """Text of ``LICENSES.md``."""
    rows = (f"| `{part.path}` | {part.what} | {part.source} | {part.licence} |\n" for part in PARTS)
    return HEAD + "".join(rows)


def main() -> None:
    """Write the page."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    atomic_write(TARGET, page().encode())
    print(f"{TARGET}: {len(PARTS)} files")


if __name__ == "__main__":
    main()
