"""String quartets as a prepared corpus without voices, with composers for styles and written dynamics.

``python scripts/make/quartets.py OPENSCORE quartets.npz`` reads the OpenScore String Quartets
(https://github.com/OpenScore/StringQuartets, CC0), a folder of compressed MusicXML files for each composer. Then
``biaxial-train quartets.npz --preset deepj --styles folders`` trains on them (``scripts/make/train_quartets.py``).

Used are composers with at least :data:`WORKS` works. A file has several movements: one begins at a bar that is numbered
0 or 1, and after a final bar line. A movement is cut into the passages of at least :data:`BARS` bars in which all notes
begin on the grid of sixteenths and lie in the range of a quartet, so there are no triplets. Of a passage it is known
where in the movement it begins, and how far the end is if it reaches it. Notes of all players are one texture, as for a
piano. An eighth of the works of each composer, rounded up, is held out as test and one more as valid, by a hash of
their names.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import unicodedata
import xml.etree.ElementTree as ET
import zipfile
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.corpora.corpus import Corpus, CorpusPiece
from biaxial.corpora.splits import SPLITS, Split
from biaxial.features.conditions import UNKNOWN, Condition, outline_conditions
from biaxial.formats.read import read_parts
from biaxial.models.config import PRESETS
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.keys import stated_key
from biaxial.music.roll import Roll
from biaxial.music.score import Score

WORKS: Final = 4
"""Works that a composer has at least."""
BARS: Final = 8
"""Bars that a passage has at least."""
PLAYERS: Final = 4
CONFIG: Final = PRESETS["deepj"]
GRID: Final = Grid(CONFIG.steps_per_quarter)
FIRST: Final = ("0", "1")
"""Numbers of the bar that a movement begins with: a pickup, or a whole one."""
_HELD_OUT = 8


class Bar(NamedTuple):
    """A bar as printed, with its length in quarter notes, and the signature of the key that holds in it."""

    number: str
    quarters: float
    fifths: int
    mode: str | None
    ends_movement: bool


class Work(NamedTuple):
    """A work: its composer, its name and its files."""

    composer: str
    name: str
    paths: tuple[Path, ...]

    @property
    def place(self) -> str:
        """A hash by which works are put in an order that says nothing of them."""
        return hashlib.sha256(f"{self.composer}/{self.name}".encode()).hexdigest()


def works(folder: Path) -> list[Work]:
    """The works of all composers who have enough of them.

    Below the folder of a composer, whose family name counts, a work is a folder with its files; or files lie there
    themselves, and those that differ in their last number alone are one work.
    """
    files = defaultdict[tuple[str, str], list[Path]](list)
    for path in sorted(folder.glob("*/**/*.mxl")):
        composer, *inner, _ = (unicodedata.normalize("NFC", part) for part in path.relative_to(folder).parts)
        work = inner[0] if inner else re.sub(r"\.sq\d+$", "", path.stem)
        files[composer.partition(",")[0].lower(), re.sub(r"[^\w.-]", "", work)].append(path)
    count = Counter(composer for composer, _ in files)
    return [Work(*name, tuple(paths)) for name, paths in files.items() if count[name[0]] >= WORKS]


def sides(found: Sequence[Work]) -> dict[Work, Split]:
    """Which split each work belongs to."""
    side: dict[Work, Split] = {}
    for _, group in groupby(sorted(found), key=lambda work: work.composer):
        of_composer = sorted(group, key=lambda work: work.place)
        tested = -(-len(of_composer) // _HELD_OUT)
        for number, work in enumerate(of_composer):
            side[work] = "test" if number < tested else "valid" if number == tested else "train"
    return side


def read_bars(path: Path) -> list[Bar]:
    """The bars of a file, each as long as the longest of its parts."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".xml") and not n.startswith("META-INF"))
        parts = ET.fromstring(archive.read(name)).findall("part")
    bars: list[Bar] = []
    for number, part in enumerate(parts):
        divisions, fifths, mode = 1, 0, None
        for place, measure in enumerate(part.findall("measure")):
            if (key := measure.find("attributes/key")) is not None:
                fifths, mode = int(key.findtext("fifths") or 0), key.findtext("mode")
            now = longest = 0.0
            for element in measure:
                divisions = int(element.findtext("divisions") or divisions)
                quarters = int(element.findtext("duration") or 0) / divisions
                if element.tag == "backup":
                    now -= quarters
                elif element.tag == "forward" or (element.tag == "note" and element.find("chord") is None):
                    now += quarters
                longest = max(longest, now)
            ends = any(
                line.findtext("bar-style") == "light-heavy" and line.find("repeat") is None
                for line in measure.findall("barline")
            )
            if number == 0:
                bars.append(Bar(measure.get("number", ""), longest, fifths, mode, ends))
            else:
                bars[place] = bars[place]._replace(quarters=max(bars[place].quarters, longest))
    return bars


def movements(path: Path) -> list[Score]:
    """The movements of a file, notes of all players together.

    Raises
    ------
    InputError
        If it cannot be read, is not for four players, or its bars do not add up.
    """
    parts = read_parts(path, "once")
    if len(parts.parts) != PLAYERS:
        raise InputError(f"{path}: {len(parts.parts)} parts")
    notes = tuple(note for part in parts.parts for note in part.notes)
    whole = replace(parts.outline, notes=notes, repeats=(), fermatas=None)
    bars, per_quarter = read_bars(path), whole.ticks_per_quarter
    ticks = [0]
    for bar in bars:
        ticks.append(ticks[-1] + round(bar.quarters * per_quarter))
    if ticks[-1] != whole.length_ticks:
        raise InputError(f"{path}: bars of {ticks[-1]} ticks, music of {whole.length_ticks}")
    begins = [
        place
        for place, bar in enumerate(bars)
        if place == 0 or bars[place - 1].ends_movement or (bar.number in FIRST and bars[place - 1].number != "0")
    ]
    found = []
    for first, end in zip(begins, [*begins[1:], len(bars)], strict=True):
        movement = in_whole_bars(whole.cut(ticks[first], ticks[end]))
        if movement.notes:
            found.append(replace(movement, key=stated_key(bars[first].fifths, bars[first].mode, movement.notes)))
    return found


def in_whole_bars(movement: Score) -> Score:
    """A movement in which bars that a repeat sign divides are whole, and a first bar that is short is a pickup."""
    signatures = list(movement.time_signatures)
    lengths = [signature.bar_ticks(movement.ticks_per_quarter) for signature in signatures]
    onsets = [*(signature.onset_ticks for signature in signatures), movement.length_ticks]
    pickup = movement.pickup_ticks
    if not pickup and len(signatures) > 1 and onsets[1] == lengths[0] < lengths[1]:
        pickup = onsets[1]
        signatures[1] = replace(signatures[1], onset_ticks=0)
        del signatures[0]
        lengths, onsets = lengths[1:], [0, *onsets[2:]]
    kept = signatures[:1]
    metre, place = signatures[0], 1
    while place < len(signatures):
        halves = lengths[place : place + 2]
        if len(halves) == 2 and onsets[place + 2] - onsets[place] == sum(halves) == metre.bar_ticks(
            movement.ticks_per_quarter
        ):
            place += 2
            continue
        here = signatures[place]
        if (here.numerator, here.denominator) != (metre.numerator, metre.denominator):
            kept.append(here)
            metre = here
        place += 1
    return replace(movement, time_signatures=tuple(kept), pickup_ticks=pickup)


def passages(movement: Score) -> Iterator[tuple[int, int]]:
    """First tick and end of each run of enough bars that can be used."""
    unit = GRID.step_ticks(movement.ticks_per_quarter)
    edges = sorted({0, *movement.bar_starts(), movement.length_ticks})
    unusable = {place for place, edge in enumerate(edges) if edge % unit}
    unusable |= {place - 1 for place in unusable}
    for note in movement.notes:
        first = bisect_right(edges, note.onset_ticks) - 1
        if note.onset_ticks % unit:
            unusable.add(first)
        if not CONFIG.low_pitch <= note.pitch <= CONFIG.high_pitch:
            unusable.update(range(first, bisect_left(edges, note.end_ticks)))
    for usable, run in groupby(range(len(edges) - 1), key=lambda place: place not in unusable):
        bars = list(run)
        if usable and len(bars) >= BARS:
            yield edges[bars[0]], edges[bars[-1] + 1]


def piece_of(movement: Score, first: int, end: int, name: str, split: Split) -> CorpusPiece:
    """A passage of a movement as arrays, with what is known of where it stands."""
    unit = GRID.step_ticks(movement.ticks_per_quarter)
    passage = movement.cut(first, end)
    roll = Roll.from_score(passage, GRID, 0, 128)
    rows = slice(first // unit, first // unit + len(roll.states))
    conditions = outline_conditions(GRID.quantised(replace(movement, notes=()))[0], GRID)[rows]
    if end < movement.length_ticks:
        conditions[:, Condition.TO_END] = UNKNOWN
    return CorpusPiece(name, split, roll.states, np.zeros(roll.states.shape, np.uint8), conditions, roll.levels)


def read_work(work: Work, split: Split) -> tuple[list[CorpusPiece], list[str], int, int]:
    """The passages of a work, why files of it are left out, and how many of how many quarter notes are used."""
    found, left_out = list[CorpusPiece](), list[str]()
    used = total = number = 0
    for path in work.paths:
        try:
            of_file = movements(path)
        except ValueError as error:
            left_out.append(str(error))
            continue
        for movement in of_file:
            number += 1
            total += movement.length_ticks // movement.ticks_per_quarter
            for first, end in passages(movement):
                used += (end - first) // movement.ticks_per_quarter
                name = f"{work.composer}/{work.name}/{number}-{first // movement.ticks_per_quarter:04}"
                found.append(piece_of(movement, first, end, name, split))
    return found, left_out, used, total


@command("quartets")
def main(arguments: Arguments) -> None:
    """Read the command line, write the corpus, and print how much of each composer is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, help="folder of the OpenScore String Quartets, one folder a composer")
    parser.add_argument("output", type=Path, help="the .npz file to write")
    parser.add_argument("--readers", type=int, default=2, help="processes that read (default: %(default)s)")
    options = parser.parse_args(arguments)
    side = sides(works(options.scores))
    if not side:
        raise InputError(f"{options.scores}: no composer with {WORKS} works; give a folder with a folder for each")
    with ProcessPoolExecutor(options.readers) as pool:
        read = list(pool.map(read_work, side, side.values()))
    pieces = sorted((piece for found, *_ in read for piece in found), key=lambda piece: piece.name)
    Corpus(tuple(pieces), GRID.steps_per_quarter, 0).save(options.output)
    print("composer | works (train, valid, test) | passages | quarter notes used | share of all")
    print("---|---|---|---|---")
    for composer in sorted({work.composer for work in side}):
        of_composer = [work for work in side if work.composer == composer]
        counts = ", ".join(str(sum(side[work] == split for work in of_composer)) for split in SPLITS)
        rows = [row for work, row in zip(side, read, strict=True) if work.composer == composer]
        used, total = sum(row[2] for row in rows), sum(row[3] for row in rows)
        print(f"{composer} | {counts} | {sum(len(row[0]) for row in rows)} | {used} | {used / total:.0%}")
    for _, left_out, _, _ in read:
        for line in left_out:
            print(f"left out: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(None))
