"""Count which note values stand where in bars, for reading tunes from sound.

``python scripts/make/fit_rhythms.py OPEN-HYMNAL CHORALES`` reads the sopranos of a folder of the ABC files of the Open
Hymnal Project (https://openhymnal.org, public domain) and of one made by ``biaxial-chorales``, and writes
``biaxial/assets/rhythms-v1.json``. Tunes that ``scripts/bench/singing.py`` measures with are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.corpora.splits import music_paths
from biaxial.files.atomic import atomic_write
from biaxial.formats.audio.rhythm import COUNTS, METRES, VALUES
from biaxial.formats.read import read_score
from biaxial.music.score import Score
from scripts.bench.singing import NUM_TUNES, chosen_paths, read_tune

HEARD_AS: Final = {
    **{name: (name, 1) for name in METRES},
    "2/2": ("4/4", 1),
    "3/2": ("3/4", 2),
    "4/2": ("4/4", 2),
    "6/4": ("6/8", 2),
    "12/8": ("6/8", 1),
}
"""The metre that a printed one is counted as, and what its note values are divided by."""


def tunes(hymnal: Path, chorales: Path) -> Iterator[Score]:
    """The tunes that are counted."""
    measured = set(chosen_paths(hymnal, NUM_TUNES))
    for path in sorted(hymnal.glob("*.abc")):
        if path not in measured and (tune := read_tune(path)) is not None:
            yield tune
    for path in music_paths(chorales):
        score = read_score(path)
        if len(score.time_signatures) == 1:
            yield replace(score, notes=score.voice_notes(0))


def counted(scores: Iterator[Score]) -> dict[str, Any]:
    """For each metre the number of tunes, and counts of first and last places and of the values from each place."""
    found: dict[str, Any] = {
        name: {
            "tunes": 0,
            "starts": [0] * metre.num_steps,
            "ends": [0] * metre.num_steps,
            "values": [Counter[int]() for _ in range(metre.num_steps)],
        }
        for name, metre in METRES.items()
    }
    for score in scores:
        name, divisor = HEARD_AS.get(score.time_signatures[0].name, ("", 1))
        step = score.ticks_per_quarter * divisor // 4
        if not name or any((note.onset_ticks - score.pickup_ticks) % step for note in score.notes):
            continue
        places = [(note.onset_ticks - score.pickup_ticks) // step for note in score.notes]
        num_steps, row = METRES[name].num_steps, found[name]
        row["tunes"] += 1
        row["starts"][places[0] % num_steps] += 1
        row["ends"][places[-1] % num_steps] += 1
        for place, after in pairwise(places):
            if after - place in VALUES:
                row["values"][place % num_steps][after - place] += 1
    for row in found.values():
        row["values"] = [{str(value): count for value, count in sorted(counts.items())} for counts in row["values"]]
    return found


@command("fit_rhythms")
def main(arguments: Arguments) -> None:
    """Read the command line, count, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hymnal", type=Path, help="folder of the ABC files of Open Hymnal")
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    options = parser.parse_args(arguments)
    found = counted(tunes(options.hymnal, options.chorales))
    lines = ",\n".join(f' "{name}": {json.dumps(row, separators=(",", ":"))}' for name, row in found.items())
    atomic_write(COUNTS, f"{{\n{lines}\n}}\n".encode())
    print(f"{COUNTS}: " + ", ".join(f"{row['tunes']} tunes in {name}" for name, row in found.items()))


if __name__ == "__main__":
    sys.exit(main(None))
