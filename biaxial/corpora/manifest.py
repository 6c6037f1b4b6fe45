"""The manifest of the chorales: what every file of the corpus is, and on which side of the split it falls.

One row for each ``bwv`` file that music21 carries. ``scripts/make/make_manifest.py`` writes it, ``biaxial-chorales``
follows it; in the project it is ``data/chorales.csv``, in an installed package it lies among the assets.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path

from biaxial.files.assets import ASSETS, PACKAGE
from biaxial.music.errors import InputError


@dataclass(frozen=True)
class ManifestRow:
    """One file of the corpus.

    Parameters
    ----------
    file
        Its name in music21's corpus.
    left_out
        Why it is no chorale of ours, empty if it is one; then the other fields are empty.
    name
        Name of our MIDI file, without suffix.
    bwv
        Number in the catalogue of Bach's works.
    title
        First line of the hymn; empty where music21 lists none.
    key
        Musical key.
    printed
        The key that the printed signature states.
    metre
        Time signatures in their order, separated by spaces.
    pickup_quarters
        Length of the pickup.
    num_steps
        Length in sixteenths.
    num_fermatas
        Number of phrase ends; empty where the source has none.
    tune
        Number of the hymn tune: settings of one tune share it.
    split
        ``train``, ``valid`` or ``test``.
    sha256
        Checksum of the music (:func:`biaxial.music.checksum.music_checksum`), whichever library wrote it.
    """

    file: str
    left_out: str = ""
    name: str = ""
    bwv: str = ""
    title: str = ""
    key: str = ""
    printed: str = ""
    metre: str = ""
    pickup_quarters: str = ""
    num_steps: str = ""
    num_fermatas: str = ""
    tune: str = ""
    split: str = ""
    sha256: str = ""


def manifest_path() -> Path:
    """Where the manifest lies: among the assets of an installed package, in ``data/`` of a source tree.

    Raises
    ------
    InputError
        If it is in neither place.
    """
    for path in (ASSETS / "chorales.csv", PACKAGE.parent / "data" / "chorales.csv"):
        if path.is_file():
            return path
    raise InputError("the manifest chorales.csv is missing from the package; install biaxial again")


def read_manifest(path: Path | None = None) -> tuple[ManifestRow, ...]:
    """Read the manifest, or another file of its kind."""
    with (path or manifest_path()).open(newline="", encoding="utf-8") as file:
        return tuple(ManifestRow(**row) for row in csv.DictReader(file))


def manifest_bytes(rows: tuple[ManifestRow, ...]) -> bytes:
    """The manifest as a CSV file."""
    text = StringIO()
    names = [field.name for field in fields(ManifestRow)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: getattr(row, name) for name in names} for row in rows)
    return text.getvalue().encode()
