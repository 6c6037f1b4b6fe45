"""Write every chorale in every format, and hear it with programs that are not ours.

``python scripts/drills/formats_out.py CHORALES`` prints of how many chorales each program hears all notes in their
voices, key, metre, pickup and fermatas as they were written; a dash is what the program does not tell. CHORALES is a
folder made by ``biaxial-chorales``. It needs ``abc2midi`` and ``lilypond`` (packages ``abcmidi`` and ``lilypond`` of a
distribution) and ``pip install verovio``; what is missing is left out. All of it takes a quarter of an hour on one
core. For MIDI each soprano note is given a syllable.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from biaxial.corpora.reading.music_folder import read_folder
from biaxial.formats.write import save_score
from biaxial.music.score import Score, Syllable
from scripts.drills import outside_readers as outside
from scripts.drills.outside_readers import Heard


class Reader(NamedTuple):
    """A program that reads a format, and what it needs."""

    suffix: str
    name: str
    read: Callable[[Path], Heard]
    program: str = ""
    package: str = ""

    @property
    def is_there(self) -> bool:
        """Whether what it needs is installed."""
        has_program = not self.program or shutil.which(self.program) is not None
        return has_program and (not self.package or find_spec(self.package) is not None)


READERS = (
    Reader(".abc", "abc2midi", outside.abc2midi_reader, program="abc2midi"),
    Reader(".abc", "music21", outside.music21_reader),
    Reader(".krn", "music21", outside.music21_reader),
    Reader(".krn", "verovio", outside.verovio_reader, package="verovio"),
    Reader(".mei", "verovio", outside.verovio_reader, package="verovio"),
    Reader(".mei", "music21", outside.music21_reader),
    Reader(".ly", "lilypond", outside.lilypond_reader, program="lilypond"),
    Reader(".mid", "pretty_midi", outside.pretty_midi_reader),
)
FACTS = tuple(field.name for field in fields(Heard))


def main() -> None:
    """Write, hear, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("--first", type=int, help="only so many chorales")
    parser.add_argument("--only", nargs="+", help="only these endings and programs, such as .krn lilypond")
    options = parser.parse_args()
    items, _ = read_folder(options.folder)
    scores = [item.score for item in items][: options.first]
    print(f"{len(scores)} chorales, {sum(len(score.notes) for score in scores)} notes\n")
    print(f"| format | read by | {' | '.join(FACTS)} |\n|{'---|' * (2 + len(FACTS))}")
    for reader in READERS:
        asked = options.only is None or {reader.name, reader.suffix} & set(options.only)
        if asked and reader.is_there:
            found = [agreement(score, reader) for score in scores]
            print(
                f"| `{reader.suffix}` | {reader.name} | {' | '.join(column(found, fact) for fact in FACTS)} |",
                flush=True,
            )
            for score, facts in zip(scores, found, strict=True):
                for fact in (name for name, agrees in facts.items() if agrees is False):
                    print(f"{reader.suffix}, {reader.name}, {score.title}: {fact}", file=sys.stderr)


def with_words(score: Score) -> Score:
    """A score with a syllable for each note of its soprano."""
    onsets = [note.onset_ticks for note in score.voice_notes(0)]
    return replace(score, lyrics=tuple(Syllable(tick, f"la{index}") for index, tick in enumerate(onsets)))


def agreement(score: Score, reader: Reader) -> dict[str, bool | None]:
    """For each fact whether it was heard as it was written; ``None`` where the program does not tell it."""
    if reader.suffix == ".mid":
        score = with_words(score)
    wanted = outside.written(score, 4 if reader.suffix == ".krn" else 2)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / f"chorale{reader.suffix}"
        save_score(score, path)
        heard = reader.read(path)
    return {
        fact: None if getattr(heard, fact) is None else getattr(heard, fact) == getattr(wanted, fact) for fact in FACTS
    }


def column(found: Sequence[dict[str, bool | None]], fact: str) -> str:
    """How many agree, or a dash where none is told."""
    counts = Counter(facts[fact] for facts in found)
    return str(counts[True]) if counts[True] or counts[False] else "-"


if __name__ == "__main__":
    main()
