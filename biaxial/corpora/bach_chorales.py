"""The four-part Bach chorales that music21 carries, read into :class:`~biaxial.music.score.Score`, and their manifest.

Notes are read by :mod:`biaxial.formats.music21_reader`, as those of any printed music. What the files leave open is
decided in one place each: bars (:mod:`biaxial.music.bar_lines`), keys (:mod:`biaxial.music.keys`), titles (here).
music21 is imported inside the functions, since only the commands that prepare a corpus need it.

The manifest has one row for each ``bwv`` file of music21: what it is, and on which side of the split it falls.
``scripts/make/make_manifest.py`` writes it, ``biaxial-chorales`` follows it; in the project it is
``data/chorales.csv``, in an installed package it lies among the assets.

Source: the `music21 corpus <https://www.music21.org>`_, files ``bach/bwv*``; titles from its list of chorales by
Riemenschneider, Kalmus and BWV numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from io import StringIO
from pathlib import Path

from biaxial.files.assets import ASSETS, PACKAGE
from biaxial.formats.music21_reader import measures_of, part_notes, printed_signature
from biaxial.formats.written_music import DEFAULT_TEMPO_BPM, ticks
from biaxial.music.bar_lines import pickup_and_metres
from biaxial.music.constants import NUM_VOICES
from biaxial.music.errors import InputError
from biaxial.music.keys import MODES, musical_key
from biaxial.music.parts import phrase_ends
from biaxial.music.score import Key, Score


class NotFourPartsError(ValueError):
    """The file has more or fewer than four parts.

    Parameters
    ----------
    num_parts
        How many it has.
    """

    def __init__(self, num_parts: int) -> None:
        super().__init__(f"it has {num_parts} parts, a chorale four")
        self.num_parts = num_parts


def chorale_paths() -> list[Path]:
    """The files of music21's corpus that may be chorales: all its ``bwv`` files by Bach, in order of their names."""
    from music21 import corpus

    paths = [Path(path) for path in corpus.getComposer("bach") if Path(path).name.startswith("bwv")]
    return sorted(paths, key=lambda path: (path.stem, path.suffix))


def read_chorale(path: Path) -> Score:
    """Read one four-part chorale.

    Parameters
    ----------
    path
        A file from :func:`chorale_paths`, named for its BWV number.

    Returns
    -------
    The piece, its parts as voices 0 (soprano) to 3 (bass), 480 ticks a quarter.

    Raises
    ------
    NotFourPartsError
        If the file has not exactly four parts.
    """
    return read_with_signature(path)[0]


def read_with_signature(path: Path) -> tuple[Score, str]:
    """Read one chorale, as :func:`read_chorale`, and its key signature as the file prints it.

    The signature is the name of the key that it states: ``"A minor"`` also where the music is D minor with its flat
    left out. Without a mode it is the number of sharps, such as ``"-1"``.
    """
    from music21 import converter

    piece = converter.parse(path, forceSource=True)
    parts = list(piece.parts)
    if len(parts) != NUM_VOICES:
        raise NotFourPartsError(len(parts))
    read = [part_notes(part, voice) for voice, part in enumerate(parts)]
    notes = [note for voice_notes, _ in read for note in voice_notes]
    pickup, signatures = pickup_and_metres(measures_of(parts[0]))
    sharps, mode = printed_signature(parts[0])
    score = Score(
        notes=tuple(notes),
        length_ticks=max(ticks(part.highestTime) for part in parts),
        time_signatures=signatures,
        pickup_ticks=pickup,
        key=musical_key(sharps or 0, mode, notes),
        fermatas=phrase_ends([fermatas for _, fermatas in read]),
        tempo_bpm=DEFAULT_TEMPO_BPM,  # those that some files have are their encoders', for playing them back
        title=_title(path.stem),
    )
    printed = next((Key(sharps or 0, stated).name for stated in MODES if stated == mode), f"{sharps or 0:+d}")
    return score, printed


def _title(name: str) -> str:
    """``"BWV 269: Aus meines Herzens Grunde"``; the number alone where music21 lists no title for it."""
    number = name.removeprefix("bwv")
    entry = _listed().get(number) or _listed().get(number.split("-")[0])
    return f"BWV {number}: {entry['title']}" if entry else f"BWV {number}"


@cache
def _listed() -> Mapping[str, Mapping[str, str]]:
    from music21.corpus.chorales import ChoraleListRKBWV

    by_number: Mapping[str, Mapping[str, str]] = ChoraleListRKBWV().byBWV
    return by_number


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
