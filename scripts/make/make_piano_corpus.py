"""Write the string quartets and keyboard music that music21 carries as MIDI files, for the preset ``piano``.

``python scripts/make/make_piano_corpus.py quartets`` takes about three minutes and makes ``quartets/train``, ``valid``
and ``test``, a file for each movement, or for each work where music21 has it in one file. All movements of a work are
on one side. Notes have no voices; ties are merged, grace notes left out, repeats not written out.
``biaxial-train quartets --preset piano`` reads the folder.

The files that are used state no terms of their own, but for a CC BY licence (Corelli). Left out are those whose terms
bind what is made of them (Clara Schumann's polonaises, CC BY-SA) or are in doubt (her trio), songs and wind music,
Schoenberg's atonal pieces, and, so that an epoch stays short, Beethoven's op. 59 no. 3 and the late opp. 132 and 133.
A file is refused where its parts drift apart, and where more than a tenth of its notes begin beside the grid.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from biaxial.corpora.splits import SPLITS, Split
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_parts
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Score

GRID: Final = Grid(12)
"""Twelve steps a quarter: sixteenths and triplets of eighths both lie on it."""
MAX_BESIDE: Final = 0.1
"""Share of the notes that may begin beside the grid."""


class Work(NamedTuple):
    """A work: its name, its side of the split, its file or folder in music21's corpus, and which files of a folder.

    A file that holds several movements states the key of its first one only, so it is taken to be unknown.
    """

    name: str
    split: Split
    source: str
    suffix: str = ".mxl"
    in_one_file: bool = False


WORKS: Final = (
    Work("bach-bwv846", "valid", "bach/bwv846.mxl"),
    Work("bach-cpe-h186", "train", "cpebach/h186.mxl"),
    Work("beethoven-op18no1", "test", "beethoven/opus18no1", ".krn"),
    Work("beethoven-op18no3", "train", "beethoven/opus18no3.mxl", in_one_file=True),
    Work("beethoven-op18no4", "train", "beethoven/opus18no4.mxl", in_one_file=True),
    Work("beethoven-op18no5", "train", "beethoven/opus18no5.mxl", in_one_file=True),
    Work("beethoven-op59no1", "train", "beethoven/opus59no1"),
    Work("beethoven-op59no2", "train", "beethoven/opus59no2"),
    Work("beethoven-op74", "train", "beethoven/opus74.mxl", in_one_file=True),
    Work("chopin-op6no2", "test", "chopin/mazurka06-2.krn"),
    Work("corelli-op3no1", "train", "corelli/opus3no1/1grave.xml"),
    Work("haydn-op1no1", "valid", "haydn/opus1no1"),
    Work("haydn-op74no1", "train", "haydn/opus74no1"),
    Work("joplin-maple-leaf-rag", "train", "joplin/maple_leaf_rag.mxl"),
    Work("mozart-k80", "test", "mozart/k80"),
    Work("mozart-k155", "train", "mozart/k155"),
    Work("mozart-k156", "valid", "mozart/k156"),
    Work("mozart-k458", "train", "mozart/k458"),
    Work("mozart-k545", "train", "mozart/k545/movement1_exposition.mxl"),
    Work("schumann-op41no1", "train", "schumann_robert/opus41no1"),
)


def files_of(work: Work) -> Iterator[tuple[str, Path]]:
    """Name and file of every movement."""
    import music21

    source = Path(music21.__file__).parent / "corpus" / work.source
    if source.is_file():
        yield work.name, source
    else:
        for path in sorted(source.glob(f"*{work.suffix}")):
            yield f"{work.name}-{path.stem.removeprefix('movement')}", path


def check_bars(path: Path) -> None:
    """See that bars begin together in all parts: after a bar that is too long or too short a part is out of step.

    Raises
    ------
    InputError
        If they do not, or the file has no parts.
    """
    from music21 import converter

    starts = [[bar.offset for bar in part.getElementsByClass("Measure")] for part in converter.parse(path).parts]
    for number, offsets in enumerate(zip(*starts, strict=False), 1):
        if len(set(offsets)) > 1:
            raise InputError(f"its parts do not begin bar {number} together")


def read(path: Path, work: Work) -> Score:
    """A file as a score without voices.

    Raises
    ------
    InputError
        If it cannot be read, its parts drift apart, or too many of its notes begin beside the grid.
    """
    check_bars(path)
    piece = read_parts(path)
    score = replace(piece.outline, notes=tuple(note for part in piece.parts for note in part.notes), title=work.name)
    step = GRID.step_ticks(score.ticks_per_quarter)
    beside = sum(note.onset_ticks % step != 0 for note in score.notes) / len(score.notes)
    if beside > MAX_BESIDE:
        raise InputError(f"{beside:.0%} of its notes begin beside the grid of {GRID.steps_per_quarter} steps a quarter")
    return replace(score, key=None) if work.in_one_file else score


def main() -> None:
    """Write the files, then say what is in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to make")
    options = parser.parse_args()
    found: dict[Split, list[tuple[str, Score]]] = defaultdict(list)
    for work in WORKS:
        for name, path in files_of(work):
            try:
                score = read(path, work)
                target = options.folder / work.split / f"{name}.mid"
                target.parent.mkdir(parents=True, exist_ok=True)
                write_midi(score, target)
                found[work.split].append((work.name, score))
            except InputError as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
    for split in SPLITS:
        scores = [score for _, score in found[split]]
        quarters = sum(score.length_ticks / score.ticks_per_quarter for score in scores)
        minutes = sum(score.length_ticks / score.ticks_per_quarter / score.tempo_bpm for score in scores)
        print(
            f"{split}: {len(scores)} files of {len({work for work, _ in found[split]})} works, "
            f"{sum(len(score.notes) for score in scores)} notes, {quarters:.0f} quarters, {minutes:.0f} minutes"
        )


if __name__ == "__main__":
    main()
