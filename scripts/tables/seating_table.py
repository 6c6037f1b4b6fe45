"""Print how many notes of string quartets come back to their own part when the parts are forgotten.

Usage: ``python scripts/tables/seating_table.py QUARTETS`` with a folder of MusicXML files in four parts, from the first
violin to the cello, those of each composer in a folder of its own. Half a minute a file on one core, nearly all of it
to read them; files that cannot be read, or are not in four parts, are named and left out.

The parts are put together as a piano would play them, so that a unison is one note, and
``biaxial.music.performance.seating.seated`` gives the notes to the players again. A note has come back if a part had it
that is now given it. Shares are means over works, with the standard error over works:

- notes, and time: of all notes, and of how long they are.
- by height: of the notes, if the highest that sounds were always the first violin's, the next the second's, and so on.
- four: of notes that begin while four sound, one in each part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from biaxial.formats.read import read_parts
from biaxial.music.parts import Parts, erase_voices
from biaxial.music.performance.instruments import ENSEMBLES
from biaxial.music.performance.seating import seated
from biaxial.music.score import Note, Score

QUARTET = ENSEMBLES["quartet"]


class Shares(NamedTuple):
    """What came back of one work."""

    notes: float
    time: float
    by_height: float
    four: float


def shares(work: Parts) -> Shares | None:
    """Put the parts of a work together and give its notes out again; ``None`` if it is not in four parts."""
    if len(work.parts) != len(QUARTET):
        return None
    owners: dict[tuple[int, int], set[int]] = {}
    for player, part in enumerate(work.parts):
        for note in part.notes:
            owners.setdefault((note.onset_ticks, note.pitch), set()).add(player)
    together = erase_voices(replace(work.outline, notes=tuple(note for part in work.parts for note in part.notes)))
    given = seated(together, QUARTET).score.notes
    right = np.array([note.voice in owners[note.onset_ticks, note.pitch] for note in given])
    ticks = np.array([note.length_ticks for note in given])
    heights = [player in owners[note.onset_ticks, note.pitch] for note, player, _ in by_height(together)]
    four = {
        (note.onset_ticks, note.pitch)
        for note, _, sounding in by_height(together)
        if sorted(sorted(owners[other.onset_ticks, other.pitch]) for other in sounding) == [[0], [1], [2], [3]]
    }
    of_four = np.array([(note.onset_ticks, note.pitch) in four for note in given])
    return Shares(
        float(right.mean()),
        float(right @ ticks / ticks.sum()),
        float(np.mean(heights)),
        float(right[of_four].mean()) if of_four.any() else float("nan"),
    )


def by_height(score: Score) -> Iterator[tuple[Note, int, Sequence[Note]]]:
    """Each note with who would have it if parts never crossed, and all that sounds as it begins."""
    sounding: list[Note] = []
    for onset, new in groupby(score.notes, key=lambda note: note.onset_ticks):
        sounding = [*(note for note in sounding if note.end_ticks > onset), *new]
        sounding.sort(key=lambda note: -note.pitch)
        count = max(len(sounding), len(QUARTET))
        for rank, note in enumerate(sounding):
            if note.onset_ticks == onset:
                yield note, rank * len(QUARTET) // count, sounding


def read_works(folder: Path) -> Iterator[tuple[str, Parts]]:
    """The composer and the parts of each file that can be read, in the order of their names."""
    for path in sorted(path for suffix in ("mxl", "musicxml") for path in folder.rglob(f"*.{suffix}")):
        try:
            yield path.parent.name, read_parts(path, "once")
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)


def shares_of(works: Iterable[tuple[str, Parts]]) -> Iterator[tuple[str, Shares]]:
    """The composer of each work and what came back of it; what is not in four parts is named and left out."""
    for composer, work in works:
        share = shares(work)
        if share is None:
            print(f"{composer}, {work.outline.title or 'a work'}: not in four parts", file=sys.stderr)
        else:
            yield composer, share


def table(found: Sequence[tuple[str, Shares]]) -> str:
    """The table of works in the order of their names, each with its composer."""
    names = dict.fromkeys(composer for composer, _ in found)
    groups = {name: [share for composer, share in found if composer == name] for name in names}
    groups["all"] = [share for _, share in found]
    rows = ["| composer | works | notes | time | by height | four |", "|---|---|---|---|---|---|"]
    rows += [f"| {name} | {len(group)} | {' | '.join(_means(group))} |" for name, group in groups.items() if group]
    return "\n".join(rows)


def _means(group: Sequence[Shares]) -> Iterator[str]:
    for values in np.array(group).T:
        error = f" ± {values.std(ddof=1) / len(values) ** 0.5:.3f}" if len(values) > 1 else ""
        yield f"{np.mean(values):.3f}{error}"


def main() -> None:
    """Read the folder and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="QUARTETS", help="folder of MusicXML files in four parts")
    folder = parser.parse_args().folder
    if not any(folder.rglob("*.mxl")) and not any(folder.rglob("*.musicxml")):
        parser.error("the folder holds no .mxl or .musicxml file")
    print(table(list(shares_of(read_works(folder)))))


if __name__ == "__main__":
    main()
